"""HTTP: what a page's or an API's request passes before its route."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from ipaddress import ip_address

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.auth.principal import Principal
from chassis.config_limits import Network
from chassis.errors import DomainError
from chassis.limits.allotments import (
    HOLD_SECONDS,
    PAGE_PATIENCE_SECONDS,
    SLOT_SECONDS,
    Allotment,
    Limits,
    network_of,
)
from chassis.limits.calls import municipality_in
from chassis.limits.precedence import Behind

_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_API = "api/v1/"


class RequestLimits:
    """ASGI middleware. `identify` says who asks, `refuse` makes the answer to who may not yet.

    Static files pass unlimited: they come from memory, and every page needs some. A thread is taken once the
    request's body is here, and given back when the answer begins: a slow line takes none.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        limits: Limits,
        services: Collection[str],
        root: str,
        proxies: Sequence[Network],
        identify: Callable[[Request], Principal],
        refuse: Callable[[Request, DomainError], Response],
    ) -> None:
        self._app = app
        self._limits = limits
        self._services = frozenset(services)
        self._root = root
        self._proxies = proxies
        self._identify = identify
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        service, named = self._place(scope["path"])
        if named == "static":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        principal = self._identify(request)
        found = self._limits.of(principal, named, lambda: caller_address(scope, self._proxies))
        change = scope["method"] not in _READS
        wait, behind = found.take(
            service, change=change, signed_in=principal.signed_in, patience=PAGE_PATIENCE_SECONDS
        )
        over = wait > PAGE_PATIENCE_SECONDS
        if wait:
            await asyncio.sleep(HOLD_SECONDS if over else wait)
        if over:
            found.count_refusal(service)
            await self._refuse(request, self._limits.refusal(wait - HOLD_SECONDS))(scope, receive, send)
            return
        turn = _Turn(self._limits, found, service, change, behind)
        try:
            if not change:
                await turn.take()
            await self._app(scope, turn.after(receive), turn.until(send))
        except _NoTurn as error:
            await self._refuse(request, error.refusal)(scope, receive, send)
        finally:
            turn.give_back()

    def _place(self, path: str) -> tuple[str, str]:
        """The service, and the segment that names a municipality where one is named."""
        _, _, rest = path.partition("/")
        service, _, rest = rest.partition("/")
        if service not in self._services:
            return self._root, ""
        if rest.startswith(_API):
            return service, municipality_in(rest.removeprefix(_API))
        return service, rest.partition("/")[0]


class _NoTurn(Exception):  # noqa: N818 - it never leaves this module
    def __init__(self, refusal: DomainError) -> None:
        super().__init__()
        self.refusal = refusal


class _Turn:
    """One request's share of the municipality's threads."""

    def __init__(
        self, limits: Limits, allotment: Allotment, service: str, change: bool, behind: bool
    ) -> None:
        self._limits = limits
        self._allotment = allotment
        self._slots = allotment.pages[change]
        self._service = service
        self._asked = False
        self._held = False
        self._precedence = allotment.precedence
        self._behind = Behind(allotment.precedence, allotment) if behind else None

    async def take(self) -> None:
        """Raises _NoTurn."""
        self._asked = True
        if not await self._slots.wait(SLOT_SECONDS):
            self._allotment.count_refusal(self._service)
            raise _NoTurn(self._limits.refusal())
        self._held = True
        if self._behind is None:
            self._precedence.begin()
        else:
            await self._behind.enter_later()

    def give_back(self) -> None:
        if self._held:
            self._held = False
            self._slots.leave()
            if self._behind is None:
                self._precedence.end()
            else:
                self._behind.leave()

    def after(self, receive: Receive) -> Receive:
        """The request's body; with its end comes the turn."""

        async def received() -> Message:
            message = await receive()
            if not self._asked and not message.get("more_body", False) and message["type"] == "http.request":
                try:
                    await self.take()
                except _NoTurn as error:
                    # Inside the application its own handlers render it.
                    raise error.refusal from None
            return message

        return received

    def until(self, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.give_back()
            await send(message)

        return sending


def caller_address(scope: Scope, proxies: Sequence[Network]) -> str:
    """Who asks, as the network tells, or as the proxies that are trusted do: the last address in
    X-Forwarded-For that is none of theirs.
    """
    client = scope.get("client")
    address = str(client[0]) if client else ""
    if proxies and _among(address, proxies):
        told = ",".join(Headers(scope=scope).getlist("x-forwarded-for")).split(",")
        for one in reversed([part.strip() for part in told if part.strip()]):
            address = one
            if not _among(one, proxies):
                break
    return network_of(address)


def _among(address: str, networks: Sequence[Network]) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in networks)
