"""Follow-up's own settings, from `BORGERTING_FOLLOWUP__…`."""

from __future__ import annotations

from pydantic import Field

from chassis.config import ServiceSettings


class FollowupSettings(ServiceSettings):
    sweep_seconds: int = Field(
        60, ge=1, le=86_400, description="pause between two looks for due dates that have passed"
    )
