"""What the commands of the volunteer portal's engines share: exit codes, files out, refusals as words."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from enum import IntEnum
from pathlib import Path
from typing import Protocol, TypeVar

import typer

from chassis import folders
from chassis.text import Catalogue
from services.volunteer.commands.tables import Faults
from services.volunteer.matching.errors import MatchingError
from services.volunteer.schedule.errors import BadInput, Reason, ScheduleError

Result = TypeVar("Result")
Refusal = ScheduleError | MatchingError


class Exit(IntEnum):
    """The exit codes that scripts rely on."""

    BAD_INPUT = 2
    BROKEN = 3
    DEFECT = 70


class Words(Protocol):
    """One command group's words in one language."""

    catalogue: Catalogue

    def error(self, error: Refusal) -> Iterator[str]:
        """The lines of a refusal."""
        ...


def guarded(words: Words, run: Callable[[], Result], unmet: type[Exception] | None = None) -> Result:
    """What `run` gives; its refusals and defects become words and an exit code, 3 for an error of kind
    `unmet`."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that lacks a letter shows a question mark; it does not end the command.
            stream.reconfigure(errors="replace")
    try:
        return run()
    except (ScheduleError, MatchingError) as error:
        for line in words.error(error):
            typer.echo(line, err=True)
        code = Exit.BROKEN if unmet is not None and isinstance(error, unmet) else Exit.BAD_INPUT
        raise typer.Exit(int(code)) from None
    except Exception as error:
        # The kind of a defect helps its repair; its text could quote what people are not to see.
        typer.echo(words.catalogue.text("slots.defect", kind=type(error).__name__), err=True)
        raise typer.Exit(int(Exit.DEFECT)) from None


def as_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


def option_date(text: str, option: str, faults: Faults) -> date:
    """The date of an option; 1 January 2000 beside a fault."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        faults.add("DATE_EXPECTED", file="", row=0, column=option, value=text)
        return date(2000, 1, 1)


def check_new(out: Path | None) -> None:
    """Before anything long is done. Raises BadInput for a folder that results cannot go to."""
    if out is not None and (code := folders.refused(out)):
        raise BadInput([Reason(code, {"folder": out.name})])


def write(out: Path, files: Mapping[str, bytes]) -> None:
    try:
        folders.write_new(out, files)
    except OSError:
        raise BadInput([Reason("OUT_NOT_WRITABLE", {"folder": out.name})]) from None
