"""Where gRPC and REST meet the use cases: each method one call in one unit of work, done once per request id.

Requests and answers are the protobuf messages; what desks have in common stands here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import ClassVar, Generic, TypeVar

from google.protobuf.message import Message

from chassis.aip.updates import check_request_id
from chassis.clock import Clock
from chassis.context import Caller
from chassis.entry import Entry
from chassis.errors import DomainError
from chassis.text import Catalogue, catalogues

U = TypeVar("U")
A = TypeVar("A", bound=Message)


class Desk(Generic[U]):
    """What the desks of a service do alike: one per gRPC service, its methods the RPCs in snake case.

    `locale_package` holds the words that answers are made with ("services.sortition").
    """

    locale_package: ClassVar[str]

    def __init__(self, entry: Entry[U], clock: Clock) -> None:
        self._entry = entry
        self._clock = clock

    def read(self, caller: Caller, municipality: str, answer: Callable[[U], A]) -> A:
        return self._entry.read(caller, municipality, answer)

    def write(
        self,
        caller: Caller,
        municipality: str,
        request: Message,
        answer: Callable[[U], A],
        restore: Callable[[bytes], A],
    ) -> A:
        return self._entry.write(
            caller,
            municipality,
            answer,
            request_id=check_request_id(getattr(request, "request_id", "")),
            fingerprint=fingerprint(request),
            store=lambda message: message.SerializeToString(),
            restore=restore,
        )

    def words(self, caller: Caller) -> Catalogue:
        return catalogues((self.locale_package,))[caller.language]


def fingerprint(request: Message) -> bytes:
    """What makes two requests the same, whatever their request id. The message's type names the method."""
    copy = type(request)()
    copy.CopyFrom(request)
    copy.ClearField("request_id")
    content = copy.SerializeToString(deterministic=True)
    return hashlib.sha256(request.DESCRIPTOR.full_name.encode() + b"\0" + content).digest()


@contextmanager
def inside(field: str) -> Iterator[None]:
    """Lead the path of each wrong field by the request's field that holds the resource."""
    try:
        yield
    except DomainError as error:
        error.violations = tuple(
            violation
            if violation.field.startswith("update_mask")
            else replace(violation, field=f"{field}.{violation.field}")
            for violation in error.violations
        )
        raise
