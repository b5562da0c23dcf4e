"""The command group `deadlines`: by when a council answers, and how each date came about.

`python -m services.followup.commands.deadlines` runs it alone. Results go to stdout, refusals to stderr;
exit codes: 0 done, 2 bad input, 3 the calendar does not reach so far.
"""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from enum import IntEnum
from pathlib import Path
from typing import Annotated

import typer

from chassis import folders
from chassis.words import Language, language_of_terminal
from services.followup.commands.deadlines_input import Given, Request, read
from services.followup.commands.deadlines_words import DeadlineWords
from services.followup.deadlines.calendar import DanishCalendar
from services.followup.deadlines.dates import deadlines
from services.followup.deadlines.errors import BadInput, DeadlineError, Reason
from services.followup.deadlines.status import status
from services.followup.deadlines.types import Deadline, Status

FORMAT = "borgerting deadlines 1"
COLUMNS = ("checkpoint", "kind", "months", "rule", "handover", "nominal", "due", "opens", "overdue_from")
STATUS_COLUMNS = ("due_in_force", "on", "state", "days")

Dated = tuple[Deadline, Status | None]


class Exit(IntEnum):
    """The exit codes that scripts rely on."""

    BAD_INPUT = 2
    INFEASIBLE = 3
    DEFECT = 70


app = typer.Typer(
    name="deadlines",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Say by when a council answers, and how each date came about.",
)


@app.callback()
def _group() -> None:
    """Keeps `explain` a command of its own while the group has no other."""


EXPLAIN_HELP = """Count the dates of a handover's checkpoints and explain each of them.

The day of the handover is day zero; months are counted from it. A date that is no Danish working day moves
by its rule: forward (unless you say otherwise), back or none. A checkpoint is overdue from the day after.
With --on it says where each one stood at that time. docs/deadlines.md has the file formats.

\b
Examples, as they stand:
  borgerting deadlines explain --handover 2025-08-28 \\
    --checkpoint within:3 --checkpoint after:10 --checkpoint within:24
  printf 'checkpoint,kind,months,rule\\nfirst,within,3,back\\nsecond,after,10,forward\\n' > checkpoints.csv
  printf 'checkpoint,until,granted,by,why\\nfirst,2026-01-30,2025-11-20,council,budget\\n' > more.csv
  borgerting deadlines explain checkpoints.csv --handover 2025-08-28T17:00+02:00 \\
    --extensions more.csv --on 2025-12-01 --out dates
"""


@app.command("explain", help=EXPLAIN_HELP)
def explain(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="CSV with a row per checkpoint: checkpoint, kind (within, after), months, rule (forward, "
            "back, none), answered. Or JSON with everything in it.",
            metavar="[FILE]",
            show_default=False,
        ),
    ] = None,
    handover: Annotated[
        str | None,
        typer.Option("--handover", help="Day zero: a date, or an instant with its offset.", metavar="DATE"),
    ] = None,
    checkpoint: Annotated[
        list[str] | None,
        typer.Option(
            "--checkpoint",
            help="within:3 or after:10:back, instead of or besides FILE; may be repeated.",
            metavar="KIND:MONTHS[:RULE]",
        ),
    ] = None,
    extensions: Annotated[
        Path | None,
        typer.Option("--extensions", help="CSV: checkpoint, until, granted, by, why.", metavar="FILE"),
    ] = None,
    on: Annotated[
        str | None,
        typer.Option("--on", help="Say where each stood: a date, or an instant with its offset."),
    ] = None,
    zone: Annotated[
        str | None,
        typer.Option("--zone", help="In which instants become dates (Europe/Copenhagen).", metavar="ZONE"),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="A new or empty folder for deadlines.csv and deadlines.json; the explanation is printed.",
            metavar="DIR",
        ),
    ] = None,
    language: Annotated[Language | None, typer.Option("--language", help="Of results and errors.")] = None,
) -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that lacks a letter shows a question mark; it does not end the command.
            stream.reconfigure(errors="replace")
    words = DeadlineWords(language or language_of_terminal(os.environ))
    request = Request(file, handover, tuple(checkpoint or ()), extensions, on, zone)
    try:
        if out is not None:
            out = out.absolute()
            _check_new(out)
        given = read(request)
        dated = _dated(given)
        if out is not None:
            _write(
                out, {"deadlines.csv": deadlines_csv(dated), "deadlines.json": deadlines_json(given, dated)}
            )
    except DeadlineError as error:
        for line in words.error(error):
            typer.echo(line, err=True)
        raise typer.Exit(int(Exit.BAD_INPUT if isinstance(error, BadInput) else Exit.INFEASIBLE)) from None
    except Exception as error:
        # The kind of a defect helps its repair; its text could quote what people are not to see.
        typer.echo(words.catalogue.text("deadlines.defect", kind=type(error).__name__), err=True)
        raise typer.Exit(int(Exit.DEFECT)) from None
    for deadline, standing in dated:
        for line in words.explained(deadline, standing):
            typer.echo(line)
    if out is not None:
        typer.echo(words.catalogue.text("deadlines.written", folder=out.name))


def _dated(given: Given) -> list[Dated]:
    made = deadlines(given.handover, given.checkpoints, DanishCalendar(), given.zone, given.extensions)
    if given.on is None:
        return [(deadline, None) for deadline in made]
    return [
        (deadline, status(deadline, given.on, given.zone, given.answered.get(deadline.checkpoint.id)))
        for deadline in made
    ]


def deadlines_csv(dated: Sequence[Dated]) -> bytes:
    """A row per checkpoint, dates in ISO 8601; the last four columns are empty without --on."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*COLUMNS, *STATUS_COLUMNS])
    for deadline, standing in dated:
        row = _row(deadline)
        writer.writerow([*row.values(), *(_standing(standing).values() if standing else [""] * 4)])
    return text.getvalue().encode()


def deadlines_json(given: Given, dated: Sequence[Dated]) -> bytes:
    """Everything: dates, reasons as codes with parameters, extensions, where each stands."""
    content = {
        "format": FORMAT,
        "handover": given.handover.isoformat(),
        "zone": given.zone_name,
        "checkpoints": [
            {
                **_row(deadline),
                "reasons": _reasons(deadline.reasons),
                "extensions": [
                    {
                        "until": each.until.isoformat(),
                        "due": each.due.isoformat(),
                        "granted": each.extension.granted.isoformat(),
                        "by": each.extension.by,
                        "why": each.extension.why,
                        "reasons": _reasons(each.reasons),
                    }
                    for each in deadline.extensions
                ],
                "status": {**_standing(standing), "reasons": _reasons(standing.reasons)}
                if standing
                else None,
            }
            for deadline, standing in dated
        ],
    }
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


def _row(deadline: Deadline) -> dict[str, str | int]:
    promise = deadline.checkpoint
    dates = (deadline.handover, deadline.nominal, deadline.due, deadline.opens, deadline.overdue_from)
    values: tuple[str | int, ...] = (
        promise.id,
        promise.kind.value.lower(),
        promise.months,
        promise.rule.value.lower(),
        *(each.isoformat() for each in dates),
    )
    return dict(zip(COLUMNS, values, strict=True))


def _standing(found: Status) -> dict[str, str | int]:
    values = (found.due.isoformat(), found.on.isoformat(), found.state.value.lower(), found.days)
    return dict(zip(STATUS_COLUMNS, values, strict=True))


def _reasons(reasons: Sequence[Reason]) -> list[dict[str, str | int]]:
    return [
        {
            "reason": reason.code,
            **{k: v.isoformat() if isinstance(v, date) else v for k, v in reason.params.items()},
        }
        for reason in reasons
    ]


def _check_new(out: Path) -> None:
    """Before anything long is done. Raises BadInput for a folder that results cannot go to."""
    if code := folders.refused(out):
        raise BadInput([Reason(code, {"folder": out.name})])


def _write(out: Path, files: Mapping[str, bytes]) -> None:
    try:
        folders.write_new(out, files)
    except OSError:
        raise BadInput([Reason("OUT_NOT_WRITABLE", {"folder": out.name})]) from None


if __name__ == "__main__":
    app(prog_name="borgerting deadlines")
