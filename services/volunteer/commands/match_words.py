"""What the matching engine's reasons say to a person, in Danish or English, from the catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from chassis.text import Catalogue, catalogues
from chassis.web.formats import Formats
from services.volunteer.commands.running import Refusal
from services.volunteer.commands.slots_words import printable
from services.volunteer.matching.errors import Reason

# Parameters that are metres and read as kilometres.
_METRES = ("metres", "reach")


class MatchWords:
    """One language's sentences."""

    def __init__(self, language: str) -> None:
        self.catalogue: Catalogue = catalogues(("services.volunteer",))[language]
        self._formats = Formats(language)

    def error(self, error: Refusal) -> Iterator[str]:
        """The lines of a refusal: what is wrong, where, and what to do."""
        for reason in error.reasons:
            key = f"match.fault.{reason.code}"
            if key not in self.catalogue:
                # What can be wrong with a table is said in the same words for every command.
                key = f"slots.fault.{reason.code}"
            yield printable(self.catalogue.text(key, **self._shown(reason)).strip())

    def reason(self, reason: Reason) -> str:
        """One sentence about a person, a task, a slot or a host."""
        return printable(self.catalogue.text(f"match.reason.{reason.code}", **self._shown(reason)))

    def text(self, key: str, /, **params: str | int) -> str:
        return printable(self.catalogue.text(key, **params))

    def gap(self, share: float) -> str:
        return self._formats.percent(share, 2)

    def _shown(self, reason: Reason) -> Mapping[str, str | int]:
        shown: dict[str, str | int] = {}
        for name, value in reason.params.items():
            if name == "row":
                shown["place"] = self.catalogue.text("slots.row", row=value) if value else ""
            elif isinstance(value, date):
                shown[name] = self._formats.date(value)
            elif isinstance(value, tuple):
                shown[name] = ", ".join(value)
            elif name in _METRES and isinstance(value, int):
                shown[name] = self.catalogue.text("match.km", km=self._formats.number(value / 1000, 1))
            else:
                shown[name] = value
        return shown
