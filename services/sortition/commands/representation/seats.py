"""`representation seats`: population figures in, seats and the lottery's targets out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from services.sortition.commands.draw import save
from services.sortition.commands.request import check_new
from services.sortition.commands.tables import text_table
from services.sortition.commands.terminal import Terminal
from services.sortition.representation.errors import RepresentationError
from services.sortition.representation.seats import seats
from services.sortition.representation.types import (
    Cross,
    CrossSeats,
    PopulationCell,
    PopulationValue,
    Seats,
)
from services.sortition.spreadsheet.findings import File, Finding, Reason
from services.sortition.spreadsheet.writer import csv_bytes
from services.sortition.words import Words

from .reading import Figures, Row, read_cross, read_features
from .said import notices, plain, refusal, refuse, shown, stated

_REQUIRED, _OPTIONAL = ("population/count",), ("floor", "ceiling")


@dataclass(frozen=True, slots=True)
class Request:
    """The options as given."""

    population: Path
    crosses: tuple[Path, ...]
    size: int
    slack: int
    exact: bool
    cross_targets: bool


def run(terminal: Terminal, request: Request, out: Path) -> None:
    """Reads, shares the seats, writes the folder, prints the seats."""
    words = terminal.words
    findings: list[Finding | tuple[str, Finding]] = [*check_new(out)]
    if request.size < 1:
        size = (("size", request.size),)
        findings.append(Finding(Reason.SIZE_NOT_POSITIVE, File.REQUEST, sizes=size))
    table = read_features(request.population, File.POPULATION, _REQUIRED, _OPTIONAL)
    stated(terminal, File.POPULATION, table.info)
    findings += table.findings
    values = [
        PopulationValue(row.values[0], row.values[1], _people(row), row.figures.get("floor") or 0,
                        row.figures.get("ceiling"))
        for row in table.rows
    ]  # fmt: skip
    names = tuple(dict.fromkeys(value.feature for value in values))
    crosses = []
    for path in request.crosses:
        read = read_cross(path, names, _REQUIRED, _OPTIONAL)
        stated(terminal, File.CROSS, read.info)
        findings += [(path.name, finding) for finding in read.findings]
        crosses.append(_cross(read))
    refuse(terminal, findings)
    try:
        made = seats(request.size, values, crosses, slack=request.slack, exact=request.exact)
    except RepresentationError as error:
        raise refusal(words, error) from None
    save(terminal, out, files(made, request.cross_targets))
    terminal.result(*_lines(words, made), *notices(words, made.notices))
    terminal.result(words("representation.seats.written", path=str(out)))


def _people(row: Row) -> int:
    people = row.figures.get("population")
    return 0 if people is None else people


def _cross(read: Figures) -> Cross:
    cells = [
        PopulationCell(row.values, _people(row), row.figures.get("floor") or 0, row.figures.get("ceiling"))
        for row in read.rows
    ]
    return Cross(read.features, tuple(cells))


def files(made: Seats, cross_targets: bool) -> dict[str, bytes]:
    """targets.csv as the lottery reads it, seats.csv with what they stand for, cross.csv if there are any."""
    targets = [(v.feature, v.value, str(v.minimum), str(v.maximum)) for v in made.values]
    crossed = [row for cross in made.crosses for row in _cross_rows(cross)]
    if cross_targets:
        targets += [(row[0], row[1], row[5], row[6]) for row in crossed]
    head = ("feature", "value", "population", "base", "percent", "share", "fair", "seats", "min", "max")
    rows = [
        (v.feature, v.value, str(v.population), str(v.base), plain(_percent(v.population, v.base)),
         plain(v.share, 4), plain(v.fair, 4), str(v.seats), str(v.minimum), str(v.maximum))
        for v in made.values
    ]  # fmt: skip
    written = {
        "targets.csv": csv_bytes([("feature", "value", "min", "max"), *targets]),
        "seats.csv": csv_bytes([head, *rows]),
    }
    if crossed:
        cross_head = ("feature", "value", "population", "fitted", "seats", "min", "max")
        written["cross.csv"] = csv_bytes([cross_head, *crossed])
    return written


def _cross_rows(cross: CrossSeats) -> list[tuple[str, ...]]:
    return [
        (" × ".join(cross.features), " × ".join(cell.values), str(cell.population), plain(cell.fitted, 4),
         str(cell.seats), str(cell.minimum), str(cell.maximum))
        for cell in cross.cells
    ]  # fmt: skip


def _percent(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


def _lines(words: Words, made: Seats) -> list[str]:
    heads = ("feature", "value", "population", "percent", "share", "seats", "min", "max")
    rows = [[words(f"representation.head.{head}") for head in heads]]
    for v in made.values:
        share = [shown(words, _percent(v.population, v.base)), shown(words, v.fair, 2)]
        bounds = [str(v.seats), str(v.minimum), str(v.maximum)]
        rows.append([v.feature, v.value, str(v.population), *share, *bounds])
    for cross in made.crosses:
        total = sum(cell.population for cell in cross.cells)
        for cell in cross.cells:
            share = [shown(words, _percent(cell.population, total)), shown(words, cell.fitted, 2)]
            bounds = [str(cell.seats), str(cell.minimum), str(cell.maximum)]
            name = " × ".join(cross.features)
            rows.append([name, " × ".join(cell.values), str(cell.population), *share, *bounds])
    return [words("representation.seats.size", n=made.size), "", *text_table(rows, range(2, 8)), ""]
