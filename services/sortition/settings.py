"""Sortition's own settings, from `BORGERTING_SORTITION__…`."""

from __future__ import annotations

from pydantic import Field

from chassis.config import ServiceSettings


class SortitionSettings(ServiceSettings):
    draw_memory_mib: int = Field(
        4096, ge=512, le=1 << 20, description="address space that one draw's engine may take, in MiB"
    )
