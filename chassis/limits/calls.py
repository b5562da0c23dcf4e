"""gRPC: what a call passes before its handler, in the thread that will answer it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import grpc

from chassis.auth.principal import Principal
from chassis.limits.allotments import HOLD_SECONDS, SLOT_SECONDS, Allotment, Limits, network_of
from chassis.limits.precedence import Behind, Passed
from chassis.limits.slots import Slots

Aside = Callable[[], AbstractContextManager[bool]]

_COLLECTION = "municipalities/"
_HOLDERS = ("name", "parent", "municipality")


class CallLimits:
    """`aside` lets another thread answer calls while this one waits, and says whether there is one; it may
    be set after this is made. `owner` names the service whose method it is, "" for health and reflection,
    which nothing limits.
    """

    def __init__(
        self,
        limits: Limits,
        owner: Callable[[str], str],
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.limits = limits
        self.aside: Aside = lambda: nullcontext(False)
        self._owner = owner
        self._sleep = sleep

    def gate(self, method: str) -> Gate | None:
        """What calls of a method pass; None: they pass nothing."""
        service = self._owner(method)
        return Gate(self, service, method, self._sleep) if service else None


class Gate:
    """One method's."""

    __slots__ = ("_change", "_named", "_of", "_service", "_sleep")

    def __init__(self, of: CallLimits, service: str, method: str, sleep: Callable[[float], None]) -> None:
        self._of = of
        self._service = service
        self._change = not method.rpartition("/")[2].startswith(("Get", "List"))
        self._named: Callable[[Any], str] | None = None
        self._sleep = sleep

    def enter(self, request: Any, context: grpc.ServicerContext, principal: Principal) -> Passed:
        """Returns what is to be left afterwards. Raises DomainError RESOURCE_EXHAUSTED TOO_MANY_REQUESTS."""
        named = self._named
        if named is None:
            named = self._named = name_reader(type(request))
        limits = self._of.limits
        found = limits.of(principal, municipality_in(named(request)), lambda: _address(context.peer()))
        change, signed_in = self._change, principal.signed_in
        wait, behind = found.take(self._service, change=change, signed_in=signed_in)
        if wait:
            with self._aside(found) as room:
                patience = min(HOLD_SECONDS, context.time_remaining() / 2) if room else 0.0
                wait, behind = found.take(
                    self._service, change=change, signed_in=signed_in, patience=patience
                )
                if patience:
                    self._sleep(min(wait, patience))
            if wait > patience:
                found.count_refusal(self._service)
                raise limits.refusal(wait - patience)
        slots = found.calls[change]
        if not slots.enter():
            with self._aside(found) as room:
                got = room and slots.wait(min(SLOT_SECONDS, context.time_remaining()))
            if not got:
                found.count_refusal(self._service)
                raise limits.refusal()
        if behind:
            passed = BehindCall(slots, found)
            try:
                passed.enter(lambda: self._aside(found))
            except BaseException:
                passed.leave()
                raise
            return passed
        found.precedence.begin()
        return found.ahead[change]

    @contextmanager
    def _aside(self, allotment: Allotment) -> Iterator[bool]:
        if not allotment.aside.enter():
            yield False
            return
        try:
            with self._of.aside() as room:
                yield room
        finally:
            allotment.aside.leave()


class BehindCall:
    """What a call of who has asked much holds."""

    __slots__ = ("_behind", "_slots", "enter")

    def __init__(self, slots: Slots, allotment: Allotment) -> None:
        self._slots = slots
        self._behind = Behind(allotment.precedence, allotment)
        self.enter = self._behind.enter

    def leave(self) -> None:
        self._slots.leave()
        self._behind.leave()


def name_reader(message: type[Any]) -> Callable[[Any], str]:
    """What reads the resource's name in requests of this kind: the request's own, or that of the resource
    in it; "" where there is none.
    """
    fields = message.DESCRIPTOR.fields
    for field in fields:
        if field.name in _HOLDERS and field.type == field.TYPE_STRING:
            return _reading(field.name)
    for field in fields:
        if field.type == field.TYPE_MESSAGE and not field.is_repeated:
            for inner in field.message_type.fields:
                if inner.name in ("municipality", "name") and inner.type == inner.TYPE_STRING:
                    return _reading(field.name, _holder(field.message_type))
    return lambda request: ""


def _holder(resource: Any) -> str:
    """A link names its municipality beside itself; all else is named below it."""
    return "municipality" if "municipality" in resource.fields_by_name else "name"


def _reading(first: str, second: str = "") -> Callable[[Any], str]:
    if second:
        return lambda request: str(getattr(getattr(request, first), second))
    return lambda request: str(getattr(request, first))


def municipality_in(name: str) -> str:
    """The slug in `municipalities/{slug}` and all below; "" in any other text."""
    if not name.startswith(_COLLECTION):
        return ""
    end = name.find("/", len(_COLLECTION))
    return name[len(_COLLECTION) :] if end < 0 else name[len(_COLLECTION) : end]


def _address(peer: str) -> str:
    """Of `ipv4:127.0.0.1:5000`, `ipv6:%5B::1%5D:5000`, `unix:…`: the address without the port."""
    kind, _, rest = peer.partition(":")
    if kind not in ("ipv4", "ipv6"):
        return peer
    host = rest.rpartition(":")[0].replace("%5B", "").replace("%5D", "").strip("[]")
    return network_of(host)
