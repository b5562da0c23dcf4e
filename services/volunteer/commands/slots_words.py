"""What the schedule's reasons say to a person, in Danish or English, from the catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from chassis.text import Catalogue, catalogues
from chassis.web.formats import Formats
from services.volunteer.commands.running import Refusal
from services.volunteer.schedule.errors import Reason
from services.volunteer.schedule.types import Slot

# Parameters that are minutes and read as hours and minutes.
_MINUTES = ("minutes", "limit", "after")


def printable(line: str) -> str:
    """A line without the characters that would steer a terminal: each shows as a replacement mark."""
    return "".join(letter if letter.isprintable() or letter == "\u00a0" else "\ufffd" for letter in line)


class SlotWords:
    """One language's sentences."""

    def __init__(self, language: str) -> None:
        self.catalogue: Catalogue = catalogues(("services.volunteer",))[language]
        self._language = language
        self._formats = Formats(language)

    def error(self, error: Refusal) -> Iterator[str]:
        """The lines of a refusal: what is wrong, where, and what to do."""
        for reason in error.reasons:
            text = self.catalogue.text(f"slots.fault.{reason.code}", **self._shown(reason))
            yield printable(text.strip())

    def reason(self, reason: Reason) -> str:
        """One sentence about a slot or a shift."""
        return self.catalogue.text(f"slots.reason.{reason.code}", **self._shown(reason))

    def slot(self, slot: Slot) -> Iterator[str]:
        """A slot in local time, and what a change night did to it."""
        formats = Formats(self._language, str(getattr(slot.zone, "key", "UTC")))
        key = "slots.slot.cancelled" if slot.cancelled else "slots.slot"
        times = {
            "start": formats.moment(slot.start),
            "end": formats.clock(slot.end),
            "hours": self.hours(int(slot.length.total_seconds()) // 60),
        }
        yield printable(self.catalogue.text(key, series=slot.series, capacity=slot.capacity, **times))
        for note in slot.notes:
            yield f"  > {self.reason(note)}"

    def hours(self, minutes: int) -> str:
        """'2 h 30 min', '2 t. 30 min.'"""
        text = self.catalogue.text("slots.hours", hours=minutes // 60)
        if minutes % 60:
            text += " " + self.catalogue.text("slots.minutes", minutes=minutes % 60)
        return text

    def _shown(self, reason: Reason) -> Mapping[str, str | int]:
        counted_in_days = reason.code == "FREE_DAYS_MISSING"
        shown: dict[str, str | int] = {}
        for name, value in reason.params.items():
            if name == "row":
                shown["place"] = self.catalogue.text("slots.row", row=value) if value else ""
            elif isinstance(value, date):
                shown[name] = self._formats.date(value, weekday=True)
            elif isinstance(value, tuple):
                shown[name] = ", ".join(value)
            elif isinstance(value, int) and name in _MINUTES and not counted_in_days:
                shown[name] = self.hours(value)
            else:
                shown[name] = value
        return shown
