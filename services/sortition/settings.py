"""Sortition's own settings, from `BORGERTING_SORTITION__…`."""

from __future__ import annotations

from pydantic import Field

from chassis.config import ServiceSettings
from services.sortition.app.quotas import Quotas


class SortitionSettings(ServiceSettings):
    draw_memory_mib: int = Field(
        4096, ge=512, le=1 << 20, description="address space that one draw's engine may take, in MiB"
    )
    quota_open_draws: int = Field(
        50, ge=1, description="draws of one municipality that may be queued or under way at a time"
    )
    quota_people: int = Field(
        1_000_000, ge=1, description="people in the pools of one municipality's selections together"
    )

    @property
    def quotas(self) -> Quotas:
        return Quotas(self.quota_open_draws, self.quota_people)
