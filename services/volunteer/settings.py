"""The volunteer portal's own settings, from `BORGERTING_VOLUNTEER__…`."""

from __future__ import annotations

from pydantic import Field

from chassis.config import ServiceSettings
from services.volunteer.app.quotas import Quotas


class VolunteerSettings(ServiceSettings):
    followup_seconds: float = Field(
        3.0, gt=0, le=60, description="how long a question to followup may take, in seconds"
    )
    quota_coming_slots: int = Field(
        20_000, ge=1, description="slots to come that one municipality may have over all tasks"
    )

    @property
    def quotas(self) -> Quotas:
        return Quotas(self.quota_coming_slots)
