"""Who asks, in which language, and under which correlation id: what every use case is handed."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from chassis.auth.principal import NOBODY, Principal
from chassis.trace_context import trace_id

_CORRELATION_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


@dataclass(frozen=True, slots=True)
class Caller:
    """`language` is "da" or "en"; `correlation_id` follows the request through logs, events and jobs."""

    principal: Principal
    correlation_id: str
    language: str = "da"


def new_correlation_id() -> str:
    """The trace's id where the work at hand is traced, else a fresh one of the same form."""
    # It joins lines of log and keeps nobody out, so it may be guessed: the system is not asked for chance.
    return trace_id() or f"{random.getrandbits(128):032x}"


def correlation_id_from(offered: str | None) -> str:
    """The client's own correlation id where it is harmless in a log line and a header, else a fresh one."""
    if offered and _CORRELATION_ID.fullmatch(offered):
        return offered
    return new_correlation_id()


def nobody(language: str = "da") -> Caller:
    """A caller who is not signed in."""
    return Caller(NOBODY, new_correlation_id(), language)


def system(name: str, correlation_id: str = "") -> Caller:
    """The suite itself at work (a consumer, a worker, a command): in the audit trail as `system:NAME`.

    It bears no role, so a use case that authorises refuses it: only code that needs no permission uses it.
    """
    return Caller(
        Principal(f"system:{name}", None, frozenset()), correlation_id or new_correlation_id(), language="en"
    )
