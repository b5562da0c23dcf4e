"""What reasons of deadlines say to a person, in Danish or English, from the catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from chassis.text import Catalogue, catalogues
from chassis.web.formats import Formats
from services.followup.deadlines.errors import DeadlineError, Reason
from services.followup.deadlines.types import Deadline, Status


def printable(line: str) -> str:
    """A line without the characters that would steer a terminal: each shows as a replacement mark."""
    return "".join(letter if letter.isprintable() or letter == "\u00a0" else "\ufffd" for letter in line)


class DeadlineWords:
    """One language's sentences."""

    def __init__(self, language: str) -> None:
        self.catalogue: Catalogue = catalogues(("services.followup",))[language]
        self._formats = Formats(language)

    def fault(self, reason: Reason) -> str:
        """One sentence: what is wrong, where, and what to do."""
        return self.catalogue.text(f"deadlines.fault.{reason.code}", **self._shown(reason)).strip()

    def error(self, error: DeadlineError) -> Iterator[str]:
        """The lines of a refusal."""
        for reason in error.reasons:
            yield printable(self.fault(reason))

    def reason(self, reason: Reason) -> str:
        """One sentence of an explanation."""
        key = f"deadlines.reason.{reason.code}"
        counted = reason.params.get("days", reason.params.get("months"))
        if isinstance(counted, int):
            return self.catalogue.plural(key, counted, **self._shown(reason))
        return self.catalogue.text(key, **self._shown(reason))

    def explained(self, deadline: Deadline, status: Status | None) -> Iterator[str]:
        """A deadline in lines: the original with its reasons, each extension, and where it stands."""
        text = self.catalogue.text

        def day(shown: date) -> str:
            return self._formats.date(shown, weekday=True)

        yield text("deadlines.head", checkpoint=deadline.checkpoint.id, due=day(deadline.due))
        for reason in deadline.reasons:
            yield f"  - {self.reason(reason)}"
        for each in deadline.extensions:
            extension = each.extension
            line = text("deadlines.extended", due=day(each.due), by=extension.by, why=extension.why)
            yield f"  {printable(line)}"
            for reason in each.reasons:
                yield f"    - {self.reason(reason)}"
        if status is not None:
            for reason in status.reasons:
                yield f"  > {self.reason(reason)}"

    def _shown(self, reason: Reason) -> Mapping[str, str | int]:
        shown: dict[str, str | int] = {}
        for name, value in reason.params.items():
            if name == "why":
                shown[name] = self.catalogue.text(f"deadlines.day_off.{value}")
            elif name == "row":
                shown["place"] = self.catalogue.text("deadlines.row", row=value) if value else ""
            else:
                shown[name] = self._formats.date(value, weekday=True) if isinstance(value, date) else value
        return shown
