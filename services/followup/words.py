"""How dates came about and where they stand, in words that a citizen can follow, from the catalogues."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from chassis.text import Catalogue
from chassis.web.formats import Formats
from services.followup.deadlines.errors import Reason
from services.followup.deadlines.types import Status
from services.followup.domain.checkpoint import Checkpoint


class DateWords:
    """One language's sentences."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._formats = Formats(catalogue.language)

    def reason(self, reason: Reason) -> str:
        """One sentence."""
        key = f"explain.{reason.code}"
        counted = reason.params.get("days", reason.params.get("months"))
        if isinstance(counted, int):
            words = self._catalogue.plural(key, counted, **self._shown(reason))
        else:
            words = self._catalogue.text(key, **self._shown(reason))
        return words[:1].upper() + words[1:]  # some begin with a date

    def dates(self, reasons: Sequence[Reason]) -> list[str]:
        """How the dates came about, a sentence each."""
        return [self.reason(reason) for reason in reasons]

    def explanation(self, checkpoint: Checkpoint, status: Status) -> Iterator[str]:
        """All there is to say of a checkpoint: its dates, each extension, and where it stands."""
        yield from self.dates(checkpoint.reasons)
        for extension in checkpoint.extensions:
            yield from self.dates(extension.reasons)
        yield from self.dates(status.reasons)

    def _shown(self, reason: Reason) -> Mapping[str, str | int]:
        shown: dict[str, str | int] = {}
        for name, value in reason.params.items():
            if name == "why":
                shown[name] = self._catalogue.text(f"deadlines.day_off.{value}")
            else:
                shown[name] = self._formats.date(value, weekday=True) if isinstance(value, date) else value
        return shown
