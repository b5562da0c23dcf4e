"""Settings of how much of a process one municipality may have."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from pydantic import Field
from pydantic_settings import BaseSettings

_PREFIX = "BORGERTING_LIMITS__"

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Rate:
    """So many a second, and so many at once after a rest. `a_second` 0: no limit."""

    a_second: float
    burst: int


class LimitSettings(BaseSettings):
    """Part of SuiteSettings."""

    limits_reads: float = Field(
        30.0,
        alias="BORGERTING_LIMITS__READS",
        ge=0,
        description="pages and reading calls a second that a process answers one municipality; 0: no limit",
    )
    limits_reads_burst: int = Field(
        50, alias="BORGERTING_LIMITS__READS_BURST", ge=1, description="so many of them at once, after a rest"
    )
    limits_changes: float = Field(
        20.0,
        alias="BORGERTING_LIMITS__CHANGES",
        ge=0,
        description="forms and changing calls a second that a process takes of one municipality; 0: no limit",
    )
    limits_changes_burst: int = Field(
        40,
        alias="BORGERTING_LIMITS__CHANGES_BURST",
        ge=1,
        description="so many of them at once, after a rest",
    )
    limits_caller: float = Field(
        100.0,
        alias="BORGERTING_LIMITS__CALLER",
        ge=0,
        description="requests a second that name no municipality, of one address or token; 0: no limit",
    )
    limits_caller_burst: int = Field(
        400,
        alias="BORGERTING_LIMITS__CALLER_BURST",
        ge=1,
        description="so many of them at once, after a rest",
    )
    limits_at_once: int = Field(
        0,
        alias="BORGERTING_LIMITS__AT_ONCE",
        ge=0,
        le=32,
        description="threads for calls, and for pages, that one municipality may have in a process at a "
        "time; 0: 4, of them 2 for changes, and half of that on SQLite",
    )
    limits_trusted_proxies: str = Field(
        "",
        alias="BORGERTING_LIMITS__TRUSTED_PROXIES",
        description="whose X-Forwarded-For tells a page's caller, as CIDRs with commas; empty: nobody's",
    )

    @property
    def limits_of_reads(self) -> Rate:
        return Rate(self.limits_reads, self.limits_reads_burst)

    @property
    def limits_of_changes(self) -> Rate:
        return Rate(self.limits_changes, self.limits_changes_burst)

    @property
    def limits_of_callers(self) -> Rate:
        return Rate(self.limits_caller, self.limits_caller_burst)

    @property
    def limits_proxies(self) -> tuple[Network, ...]:
        """Raises ValueError."""
        parts = (part.strip() for part in self.limits_trusted_proxies.split(","))
        return tuple(ipaddress.ip_network(part) for part in parts if part)


def limit_problems(settings: LimitSettings) -> list[str]:
    """All that is wrong with them, a sentence each."""
    try:
        _ = settings.limits_proxies
    except ValueError:
        return [
            f"{_PREFIX}TRUSTED_PROXIES must be networks as 10.0.0.0/8, separated by commas "
            f"(found {settings.limits_trusted_proxies!r})."
        ]
    return []
