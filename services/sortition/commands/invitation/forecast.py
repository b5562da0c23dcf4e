"""`invitation forecast`: letters sent and replies so far in; what the pool will be, how surely, out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from services.sortition.commands.draw import save
from services.sortition.commands.request import state
from services.sortition.commands.terminal import Terminal
from services.sortition.invitation.allocation import check_register
from services.sortition.invitation.errors import BadInput, InvitationError, Reason
from services.sortition.invitation.forecast import CLOSED, FLAT, Arrived, Forecast, forecast
from services.sortition.invitation.pool import Panels
from services.sortition.invitation.types import Cell, Integers, Question, Rates
from services.sortition.spreadsheet.findings import File
from services.sortition.spreadsheet.writer import csv_bytes
from services.sortition.words import Words

from .question import begin, question, value_rows
from .reading import COUNT, Columns, TypeTable, number, read_types, share
from .said import decimal, percent, refusal, refuse, sentence, value_table, verdict

_TYPES = Columns(
    {"letters": COUNT, "rate": share, "prior": number},
    {},
    ("people", "letter_chance", "expected", "seat_chance", "none"),
)


@dataclass(frozen=True, slots=True)
class Request:
    """The options as given."""

    types: Path
    replies: Path
    targets: Path
    size: int
    seed: str
    day: int | None
    close: int | None
    curve: Path | None
    curve_weight: float
    per_seat: float
    level: float
    interval: float
    simulations: int


def run(terminal: Terminal, request: Request, out: Path) -> None:
    """Reads everything, forecasts, writes the folder, prints the values and the verdict."""
    words = terminal.words
    targets, findings = begin(terminal, request.targets, request.size, request.seed, out)
    types = read_types(request.types, File.TYPES, targets.values, _TYPES, every_feature=True, once=True)
    state(terminal, File.TYPES, types.info)
    columns = Columns({}, {"day": COUNT, "replies": COUNT}, ("id",))
    replies = read_types(
        request.replies, File.REPLIES, targets.values, columns, every_feature=True, once=False
    )
    state(terminal, File.REPLIES, replies.info)
    findings += [*types.findings, *replies.findings]
    curve = None
    if request.curve is not None:
        shape = Columns({"day": COUNT, "replies": COUNT}, {})
        curve = read_types(request.curve, File.CURVE, {}, shape, every_feature=False, once=False)
        state(terminal, File.CURVE, curve.info)
        findings += curve.findings
    refuse(terminal, findings)
    try:
        asked = question(targets, request.size, request.per_seat)
        rows = sorted(types.rows, key=lambda row: row.values)
        cells = tuple(row.values for row in rows)
        letters = np.array([row.count("letters") for row in rows], dtype=np.int64)
        mean = np.array([row.share("rate") for row in rows])
        weight = np.array([row.share("prior") for row in rows])
        if (weight <= 0).any():
            raise BadInput([Reason("PRIOR_OUT_OF_RANGE", {"found": "0"})])
        panels = Panels(asked, cells)
        check_register(panels, letters)
        day, by_day, counts = _counted(request, replies, cells, letters)
        arrived = _arrived(request, curve, day)
        terminal.progress(words("invitation.progress.forecast"))
        made = forecast(
            panels,
            Rates(weight * mean, weight * (1 - mean)),
            letters,
            counts,
            request.seed,
            arrived=arrived,
            level=request.level,
            simulations=request.simulations,
            interval=request.interval,
        )
    except InvitationError as error:
        raise refusal(words, error) from None
    save(terminal, out, _files(asked, cells, letters.tolist(), counts.tolist(), by_day, made))
    shown = [("letters", panels.per_value(letters).tolist()), ("replies", panels.per_value(counts).tolist())]
    terminal.result(words("invitation.forecast.head", n=made.replies, letters=made.letters, day=str(day)), "")
    terminal.result(*value_table(words, asked, shown, made), "", *verdict(words, asked, made))
    terminal.result(*_about(words, request, made), words("invitation.forecast.written", path=str(out)))


def _counted(
    request: Request, replies: TypeTable, cells: tuple[Cell, ...], letters: Integers
) -> tuple[int, Counter[int], Integers]:
    """(the day of the forecast, replies by day until it, replies by type). Later days are left out."""
    last = max((row.count("day") for row in replies.rows), default=0)
    day = last if request.day is None else request.day
    place = {cell: t for t, cell in enumerate(cells)}
    by_day: Counter[int] = Counter()
    counts = np.zeros(len(cells), dtype=np.int64)
    faults = []
    for row in replies.rows:
        if row.count("day") > day:
            continue
        times = row.count("replies", 1)
        t = place.get(row.values)
        if t is None or counts[t] + times > letters[t]:
            sent = 0 if t is None else int(letters[t])
            figures: dict[str, str | int] = {"row": str(row.number), "letters": sent}
            faults.append(Reason("REPLY_WITHOUT_LETTER", figures))
            continue
        counts[t] += times
        by_day[row.count("day")] += times
    if day < 0:
        faults.append(Reason("DAY_NEGATIVE"))
    if faults:
        raise BadInput(faults)
    return day, by_day, counts


def _arrived(request: Request, curve: TypeTable | None, day: int) -> Arrived:
    """What the curve of earlier replies says of this day; flat without one, certain at the close."""
    if request.close is not None and day >= request.close:
        return CLOSED
    if curve is None:
        return FLAT
    if not 0 < request.curve_weight <= 1e6:
        raise BadInput([Reason("CURVE_WEIGHT_OUT_OF_RANGE", {"found": f"{request.curve_weight:g}"})])
    total = sum(row.count("replies") for row in curve.rows)
    if not total:
        raise BadInput([Reason("CURVE_EMPTY")])
    until = sum(row.count("replies") for row in curve.rows if row.count("day") <= day)
    # Half a reply on either side: no curve is certain that nobody, or everybody, has answered.
    return Arrived((until + 0.5) / (total + 1), min(request.curve_weight, total))


def _files(
    asked: Question,
    cells: tuple[Cell, ...],
    letters: list[int],
    replies: list[int],
    by_day: Counter[int],
    made: Forecast,
) -> dict[str, bytes]:
    """forecast.csv per value, types.csv per type, days.csv."""
    types = [
        (*cell, str(letters[t]), str(replies[t]), f"{span.mean:.2f}", str(span.low), str(span.high))
        for t, (cell, span) in enumerate(zip(cells, made.types, strict=True))
    ]
    days = []
    so_far = 0
    for day in sorted(by_day):
        so_far += by_day[day]
        days.append((str(day), str(by_day[day]), str(so_far)))
    values = ("feature", "value", "expected", "low", "high", "needed", "enough")
    summary = [
        (name, f"{found.share:.4f}", f"{found.low:.4f}", f"{found.high:.4f}")
        for name, found in (("panel", made.panel), ("covered", made.covered), ("meets", made.meets))
    ]
    return {
        "forecast.csv": csv_bytes([values, *value_rows(asked, made)]),
        "chances.csv": csv_bytes([("event", "chance", "low", "high"), *summary]),
        "types.csv": csv_bytes([(*asked.features, "letters", "replies", "expected", "low", "high"), *types]),
        "days.csv": csv_bytes([("day", "replies", "so_far"), *days]),
    }


def _about(words: Words, request: Request, made: Forecast) -> list[str]:
    lines = [
        words(
            "invitation.learned",
            arrived=percent(words, made.arrived),
            factor=decimal(words, made.factor, 2),
        )
    ]
    if request.curve is None and made.arrived < 1:
        lines.append(words("invitation.notice", text=sentence(words, Reason("NO_CURVE"))))
    return lines
