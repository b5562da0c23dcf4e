"""`rotation plan`: every rotation's room and composition, the terms, and a calendar."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from services.sortition.commands.draw import save
from services.sortition.commands.tables import text_table
from services.sortition.commands.terminal import Terminal, interruptible
from services.sortition.rotation.calendar import Rotation, renewed
from services.sortition.rotation.errors import RotationError
from services.sortition.rotation.plan import Plan, plan
from services.sortition.spreadsheet.writer import csv_bytes
from services.sortition.words import Words

from .ics import calendar_ics
from .reading import Loaded, Request, load
from .said import refusal


def run(terminal: Terminal, request: Request, out: Path) -> None:
    """Reads, plans, writes the folder, prints the plan."""
    words = terminal.words
    loaded = load(terminal, request, out)
    terminal.progress(words("rotation.progress", n=request.ahead + 1))
    try:
        made = interruptible(lambda: plan(loaded.question))
    except RotationError as error:
        raise refusal(words, error) from None
    save(terminal, out, {**plan_files(loaded, made), **calendar_files(words, loaded)})
    terminal.result(*plan_lines(words, loaded, made), words("rotation.plan.written", path=str(out)))


def plan_files(loaded: Loaded, made: Plan) -> dict[str, bytes]:
    """plan.csv: a row per rotation and value. terms.csv: a row per draw of the plan."""
    dates = loaded.calendar
    head = "rotation date feature value min max staying lowest highest planned body".split()
    rows = [
        (
            str(r.rotation), dates[r.rotation].day.isoformat(), r.feature, r.value, str(r.minimum),
            str(r.maximum), str(r.staying), str(r.lowest), str(r.highest), str(r.planned), str(r.body),
        )
        for r in made.rooms
    ]  # fmt: skip
    terms = [
        (
            str(g.start),
            str(g.cohort),
            str(g.seats),
            dates[g.start].day.isoformat(),
            dates[g.end].day.isoformat(),
        )
        for g in made.draws
    ]
    return {
        "plan.csv": csv_bytes([head, *rows]),
        "terms.csv": csv_bytes([("rotation", "cohort", "seats", "from", "to"), *terms]),
    }


def calendar_files(words: Words, loaded: Loaded) -> dict[str, bytes]:
    """calendar.csv and calendar.ics: the rotations from now to the last one planned."""
    ahead = loaded.question.dates[loaded.question.now :]
    head = ("rotation", "date", "nominal", "cohort", "months_since_election")
    rows = [
        (
            str(r.number), r.day.isoformat(), r.nominal.isoformat(), cohort_of(loaded, r),
            "" if r.since_election is None else str(r.since_election),
        )
        for r in ahead
    ]  # fmt: skip
    return {
        "calendar.csv": csv_bytes([head, *rows]),
        "calendar.ics": calendar_ics(
            words, ahead, loaded.calendar[0].nominal, len(loaded.question.cohorts), datetime.now(UTC)
        ),
    }


def cohort_of(loaded: Loaded, rotation: Rotation) -> str:
    """The cohort renewed; empty at the founding, when all are."""
    return str(renewed(rotation.number, len(loaded.question.cohorts))) if rotation.number else ""


def plan_lines(words: Words, loaded: Loaded, made: Plan) -> list[str]:
    heads = "rotation date feature value quota staying room planned body".split()
    rows = [[words(f"rotation.head.{head}") for head in heads]]
    for r in made.rooms:
        rows.append(
            [
                str(r.rotation), loaded.calendar[r.rotation].day.isoformat(), r.feature, r.value,
                f"{r.minimum}-{r.maximum}", str(r.staying), f"{r.lowest}-{r.highest}", str(r.planned),
                str(r.body),
            ]
        )  # fmt: skip
    question = loaded.question
    moved = [
        words("rotation.moved", rotation=r.number, nominal=r.nominal.isoformat(), date=r.day.isoformat())
        for r in question.dates[question.now :]
        if r.moved
    ]
    counts = words("rotation.plan.head", n=len(question.dates) - question.now, size=question.size)
    return [counts, "", *text_table(rows, (4, 5, 6, 7, 8)), "", *moved]
