"""Deliberation's own settings, from `BORGERTING_DELIBERATION__…`."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from chassis.config import ServiceSettings, SuiteSettings
from services.deliberation.domain.sign_in_link import LONGEST_TTL, SHORTEST_TTL


class DeliberationSettings(ServiceSettings):
    sign_in_link_minutes: int = Field(
        15,
        ge=int(SHORTEST_TTL.total_seconds() // 60),
        le=int(LONGEST_TTL.total_seconds() // 60),
        description="how long a sign-in link can be spent when it is not said",
    )

    removal_grace_days: int = Field(
        30,
        ge=0,
        le=3650,
        description="for how long a removed municipality can be had back before it is erased",
    )

    @property
    def removal_grace(self) -> timedelta:
        return timedelta(days=self.removal_grace_days)

    @property
    def sign_in_link_ttl(self) -> timedelta:
        return timedelta(minutes=self.sign_in_link_minutes)


def site_url(settings: SuiteSettings) -> str:
    """The site's address:

    as configured, else where this machine serves it; "" when only the server knows the port.
    """
    if settings.base_url:
        return settings.base_url
    if not settings.http_port:
        return ""
    host = "127.0.0.1" if settings.host in ("", "0.0.0.0", "::") else settings.host  # noqa: S104
    return f"http://[{host}]:{settings.http_port}" if ":" in host else f"http://{host}:{settings.http_port}"
