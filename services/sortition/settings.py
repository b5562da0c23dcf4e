"""Sortition's own settings, from `BORGERTING_SORTITION__…`."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chassis.config import SettingsError


class SortitionSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    draw_memory_mib: int = Field(
        4096, ge=512, le=1 << 20, description="address space that one draw's engine may take, in MiB"
    )


def read_settings(variables: Mapping[str, str]) -> SortitionSettings:
    """From the service's own variables. Raises SettingsError with everything that is wrong."""
    try:
        return SortitionSettings.model_validate(dict(variables))
    except ValidationError as error:
        raise SettingsError(
            f"BORGERTING_SORTITION__{str(found['loc'][0]).upper()}: {found['msg']}."
            for found in error.errors()
        ) from None
