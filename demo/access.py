"""How the demonstration speaks to a running suite: its gRPC port, tokens, and patience for events."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import grpc

HAVNSTED, EGEBAEK = "havnsted", "egebaek"
EVENT_LIMIT_S = 60

Metadata = tuple[tuple[str, str], ...]
TokenFor = Callable[[str | None, str, str], str]
"""A bearer token for (municipality or None, role, subject)."""

T = TypeVar("T")


@dataclass(frozen=True)
class Access:
    """`channel` reaches the suite's gRPC port; `say` tells whoever waits what has been done."""

    channel: grpc.Channel
    token_for: TokenFor
    say: Callable[[str], None]

    def signed_in(self, municipality: str | None, role: str, subject: str = "demo") -> Metadata:
        """What a call of theirs carries."""
        return (
            ("authorization", f"Bearer {self.token_for(municipality, role, subject)}"),
            ("accept-language", "da"),
        )


def request_id() -> str:
    return str(uuid.uuid4())


def until(ask: Callable[[], T | None], what: str, limit_s: float = EVENT_LIMIT_S) -> T:
    """The first answer that is one: what is told by event is there a little later.

    Raises RuntimeError, with `what` is waited for, when it takes too long.
    """
    end = time.monotonic() + limit_s
    while True:
        try:
            answer = ask()
        except grpc.RpcError as error:
            # NOT_FOUND: the service has not heard of it yet.
            if error.code() is not grpc.StatusCode.NOT_FOUND or time.monotonic() > end:
                raise
            answer = None
        if answer is not None:
            return answer
        if time.monotonic() > end:
            raise RuntimeError(f"the demonstration waited {limit_s} s in vain for {what}")
        time.sleep(0.1)
