"""`rotation draw`: one rotation drawn by lot, and the files that the next one begins with."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from services.sortition.commands.draw import save
from services.sortition.commands.tables import text_table
from services.sortition.commands.terminal import Terminal, interruptible
from services.sortition.lottery.receipt import decimal
from services.sortition.rotation.draw import Drawn, draw
from services.sortition.rotation.errors import RotationError
from services.sortition.spreadsheet import results
from services.sortition.spreadsheet.writer import csv_bytes
from services.sortition.words import Words

from .plan import calendar_files
from .reading import Loaded, Request, load
from .said import refusal


def run(terminal: Terminal, request: Request, seed: str, panels: int, out: Path) -> None:
    """Reads, draws, writes the folder, prints the body against its quotas."""
    words = terminal.words
    loaded = load(terminal, request, out)
    terminal.progress(words("rotation.progress", n=request.ahead + 1))
    try:
        drawn = interruptible(lambda: draw(loaded.question, seed, panels, terminal.steps()))
    except RotationError as error:
        raise refusal(words, error) from None
    save(terminal, out, {**files(loaded, drawn), **calendar_files(words, loaded)})
    terminal.result(*lines(words, loaded, drawn), words("rotation.draw.written", path=str(out)))


def body_of(loaded: Loaded, drawn: Drawn) -> list[tuple[str, int, tuple[str, ...]]]:
    """(id, cohort, values) of everybody who sits after the draw, by cohort and id."""
    values = {candidate.id: candidate.values for candidate in loaded.question.candidates}
    body = [(member.id, member.cohort, member.values) for member in loaded.question.members]
    body += [(one.id, one.cohort, values[one.id]) for one in drawn.seated]
    return sorted(body, key=lambda one: (one[1], one[0]))


def files(loaded: Loaded, drawn: Drawn) -> dict[str, bytes]:
    """members.csv and served.csv for the next rotation; drawn.csv, chances.csv, panels.csv of this one."""
    question, dates = loaded.question, loaded.calendar
    today = dates[question.now].day
    left = {**loaded.left, **dict.fromkeys(loaded.leaving, today)}
    seated = [
        (one.id, str(one.cohort), dates[one.start].day.isoformat(), dates[one.end].day.isoformat())
        for one in drawn.seated
    ]
    exact: dict[str, Fraction] = {}
    if drawn.exact is not None:
        for kind, chance in zip(drawn.exact.types, drawn.exact.chances, strict=True):
            exact |= dict.fromkeys(kind.members, chance)
    chances = [
        (person, decimal(exact[person]) if person in exact else "0", decimal(share))
        for person, share in drawn.lottery.chances.items()
    ]
    members = [(person, str(cohort), *values) for person, cohort, values in body_of(loaded, drawn)]
    return {
        "members.csv": csv_bytes([("id", "cohort", *question.features), *members]),
        "served.csv": csv_bytes([("id", "left"), *((p, d.isoformat()) for p, d in sorted(left.items()))]),
        "drawn.csv": csv_bytes([("id", "cohort", "from", "to"), *seated]),
        "chances.csv": csv_bytes([("id", "chance", "share_of_panels"), *chances]),
        "panels.csv": results.panels_csv(drawn.lottery),
    }


def lines(words: Words, loaded: Loaded, drawn: Drawn) -> list[str]:
    question = loaded.question
    body = body_of(loaded, drawn)
    rows = [[words(f"rotation.head.{head}") for head in "feature value quota staying drawn body".split()]]
    seated = {one.id for one in drawn.seated}
    for target in question.targets:
        f = question.features.index(target.feature)
        having = [person for person, _, values in body if values[f] == target.value]
        new = sum(person in seated for person in having)
        quota = f"{target.minimum}-{target.maximum}"
        rows.append([target.feature, target.value, quota, str(len(having) - new), str(new), str(len(having))])
    said = [
        words(
            "rotation.draw.head",
            rotation=question.now,
            date=question.dates[question.now].day.isoformat(),
            n=len(drawn.seated),
        )
    ]
    if drawn.exact is not None:
        able = [c for t, c in enumerate(drawn.exact.chances) if t not in drawn.exact.unreachable]
        barred = sum(len(drawn.exact.types[t].members) for t in drawn.exact.unreachable)
        said.append(
            words(
                "rotation.draw.chances",
                lowest=decimal(min(able))[:8],
                highest=decimal(max(able))[:8],
                number=str(drawn.number),
                last=str(len(drawn.lottery.panels) - 1),
            )
        )
        if barred:
            said.append(words("rotation.draw.barred", n=barred))
    if not drawn.uniform_terms:
        said.append(words("rotation.draw.terms"))
    last = question.dates[-1]
    ahead = words("rotation.draw.ahead", rotation=last.number, date=last.day.isoformat())
    return [*said, "", *text_table(rows, (2, 3, 4, 5)), "", ahead]
