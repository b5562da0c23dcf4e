"""The volunteer portal's own settings, from `BORGERTING_VOLUNTEER__…`."""

from __future__ import annotations

from pydantic import Field

from chassis.config import ServiceSettings


class VolunteerSettings(ServiceSettings):
    followup_seconds: float = Field(
        3.0, gt=0, le=60, description="how long a question to followup may take, in seconds"
    )
