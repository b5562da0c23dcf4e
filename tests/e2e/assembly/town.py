"""The people of one municipality, who ask the suite through its public APIs and pages.

They ask again when it is away, under the same request id: what a careful program does.
"""

from __future__ import annotations

import re
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message

from chassis.auth.keys import FileKeys
from chassis.auth.principal import Principal, Role
from chassis.auth.tokens import LocalTokens
from tests.e2e.assembly.houses import House

T = TypeVar("T")
Stub = Callable[[grpc.Channel], Any]

PATIENCE_SECONDS = 90.0
# What a call meets whose server was killed or is not there yet, or where all come at once after a standstill.
AWAY = {
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.DEADLINE_EXCEEDED,
}


class Town:
    def __init__(self, house: House, slug: str, patience: float = PATIENCE_SECONDS) -> None:
        self.house = house
        self._patience = patience
        self.slug = slug
        self.name = f"municipalities/{slug}"
        self._channels: dict[str, grpc.Channel] = {}

    def close(self) -> None:
        for channel in self._channels.values():
            channel.close()
        self._channels.clear()

    def ask(
        self,
        stub: Stub,
        method: str,
        request: Message,
        role: str = "",
        who: str = "",
    ) -> Any:
        """The answer of `method`. A mutation gets a request id of its own, kept through every repetition."""
        if "request_id" in request.DESCRIPTOR.fields_by_name:
            request.request_id = str(uuid.uuid4())  # type: ignore[attr-defined]  # just seen
        return self._until_there(lambda: self._call(stub, method, request, role, who))

    def once(self, stub: Stub, method: str, request: Message, role: str = "") -> Any:
        """The answer of `method`, asked a single time. Raises grpc.RpcError."""
        return self._call(stub, method, request, role, "")

    def refusal(self, stub: Stub, method: str, request: Message, role: str) -> grpc.StatusCode:
        """The code with which `method` refuses. Raises AssertionError when it does not."""
        try:
            self.ask(stub, method, request, role)
        except grpc.RpcError as error:
            code: grpc.StatusCode = error.code()
            return code
        raise AssertionError(f"{method} was not refused")

    def read(self, path: str) -> str:
        """A public page in English: its words, without marks."""

        def fetch() -> str:
            separator = "&" if "?" in path else "?"
            address = f"{self.house.site}{path}{separator}language=en"
            asked = urllib.request.Request(
                address, headers={"Host": self.house.host} if self.house.host else {}
            )
            with urllib.request.urlopen(asked, timeout=10) as page:
                body: str = page.read().decode()
            main = re.sub(r"<[^>]+>", " ", body.partition("<main")[2])
            return " ".join(main.split())

        until = time.monotonic() + self._patience
        while True:
            try:
                return fetch()
            except urllib.error.HTTPError as error:
                # The ingress says 502 and 504 of a process that is away, a starting one 503.
                if error.code not in (502, 503, 504) or time.monotonic() > until:
                    raise
            except OSError:
                if time.monotonic() > until:
                    raise
            time.sleep(0.1)

    def eventually(
        self, look: Callable[[], T], holds: Callable[[T], bool], seconds: float | None = None
    ) -> T:
        """What `look` sees once it `holds`: facts travel between services by events."""
        until = time.monotonic() + (seconds or self._patience)
        while True:
            seen = look()
            if holds(seen):
                return seen
            if time.monotonic() > until:
                raise AssertionError(f"it never came about; last seen: {str(seen)[:2000]}")
            time.sleep(0.1)

    def eventually_known(self, act: Callable[[], T]) -> T:
        """`act` once nothing it needs is unknown any more."""
        until = time.monotonic() + self._patience
        while True:
            try:
                return act()
            except grpc.RpcError as error:
                if error.code() is not grpc.StatusCode.NOT_FOUND or time.monotonic() > until:
                    raise
                time.sleep(0.1)

    def _until_there(self, act: Callable[[], T]) -> T:
        until = time.monotonic() + self._patience
        while True:
            try:
                return act()
            except grpc.RpcError as error:
                if error.code() not in AWAY or time.monotonic() > until:
                    raise
                time.sleep(0.1)

    def _call(self, stub: Stub, method: str, request: Message, role: str, who: str) -> Any:
        # borgerting.sortition.v1.… belongs to sortition.
        service = request.DESCRIPTOR.full_name.split(".")[1]
        if service not in self._channels:
            self._channels[service] = self.house.channel(service)
        answer = getattr(stub(self._channels[service]), method)
        metadata = (("accept-language", "en"), *self._authorization(role, who))
        return answer(request, metadata=metadata, timeout=20)

    def _authorization(self, role: str, who: str) -> tuple[tuple[str, str], ...]:
        if not role:
            return ()
        clock = self.house.clock
        place = None if role == "operator" else self.slug
        principal = Principal(who or f"{role}-1", place, frozenset({Role(role)}))
        token = LocalTokens(FileKeys(self.house.keys, clock), clock).issue(principal)
        return (("authorization", f"Bearer {token}"),)
