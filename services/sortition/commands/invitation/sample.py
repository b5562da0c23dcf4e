"""`invitation sample`: a register or totals in; whom to write to, and what may come of it, out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from services.sortition.commands.draw import save
from services.sortition.commands.request import state
from services.sortition.commands.terminal import Exit, Refusal, Terminal
from services.sortition.invitation.allocation import check_register
from services.sortition.invitation.chances import EndToEnd, end_to_end
from services.sortition.invitation.choice import SIMULATIONS, choose
from services.sortition.invitation.errors import BadInput, InvitationError, Reason
from services.sortition.invitation.forecast import Forecast, forecast
from services.sortition.invitation.pool import Panels
from services.sortition.invitation.rates import Experience, estimate, given
from services.sortition.invitation.register import Register, read
from services.sortition.invitation.sample import draw, share_out
from services.sortition.invitation.types import Cell, Design, Integers, Question, Rates, Reals
from services.sortition.spreadsheet.findings import File, Finding, UnreadableInputError
from services.sortition.spreadsheet.findings import Reason as Found
from services.sortition.spreadsheet.register import open_register, pick
from services.sortition.spreadsheet.targets import TargetsTable
from services.sortition.spreadsheet.writer import csv_bytes
from services.sortition.words import Words

from .question import begin, question, value_rows
from .reading import COUNT, Columns, TypeTable, read_types, share
from .said import percent, refusal, refuse, sentence, value_table, verdict


@dataclass(frozen=True, slots=True)
class Request:
    """The options as given."""

    targets: Path
    size: int
    letters: int
    seed: str
    register: Path | None
    totals: Path | None
    rate: str | None
    rates: Path | None
    earlier: Path | None
    design: str
    address: tuple[str, ...]
    id_column: str | None
    columns: tuple[str, ...]
    per_seat: float
    spread: float
    prior: float
    level: float
    interval: float
    simulations: int


@dataclass(frozen=True, slots=True)
class Source:
    """The people: a register, or only how many there are of each type."""

    cells: tuple[Cell, ...]
    people: Integers
    register: Register | None
    header: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Letters:
    """Letters per type, the mean chance of one, and who gets them (places in the register)."""

    counts: Integers
    chances: Reals
    invited: Integers
    units: int


def run(terminal: Terminal, request: Request, out: Path) -> None:
    """Reads everything, draws, forecasts, writes the folder, prints the values and the verdict."""
    words = terminal.words
    _one_of(words, register=request.register, totals=request.totals)
    _one_of(words, rate=request.rate, rates=request.rates, earlier=request.earlier)
    targets, findings = begin(terminal, request.targets, request.size, request.seed, out)
    try:
        source, more = _source(terminal, request, targets)
        table, rate, rate_findings = _rates(terminal, request, targets)
        refuse(terminal, [*findings, *more, *rate_findings])
        asked = question(targets, request.size, request.per_seat)
        panels = Panels(asked, source.cells)
        check_register(panels, source.people)
        rates = _prior(request, asked, source.cells, table, rate)
        terminal.progress(words("invitation.progress.sample"))
        letters = _letters(request, panels, source, rates)
        chances = end_to_end(panels, source.people, letters.chances, rates.mean)
        terminal.progress(words("invitation.progress.forecast"))
        made = forecast(
            panels,
            rates,
            letters.counts,
            np.zeros(len(source.cells), dtype=np.int64),
            request.seed,
            level=request.level,
            simulations=request.simulations,
            interval=request.interval,
        )
    except InvitationError as error:
        raise refusal(words, error) from None
    save(terminal, out, _files(terminal, request, source, rates, letters, (asked, chances, made)))
    shown = [("people", panels.per_value(source.people).tolist()),
             ("letters", panels.per_value(letters.counts).tolist())]  # fmt: skip
    terminal.result(
        words("invitation.sample.head", n=int(letters.counts.sum()), people=int(source.people.sum())), ""
    )
    terminal.result(*value_table(words, asked, shown, made), "", *verdict(words, asked, made))
    terminal.result(*_chance_lines(words, source, chances), *_notices(words, request, letters))
    terminal.result(words("invitation.sample.written", path=str(out)))


def _one_of(words: Words, **options: object) -> None:
    if sum(value is not None for value in options.values()) != 1:
        names = ", ".join(f"--{name}" for name in options)
        raise Refusal(Exit.BAD_INPUT, [words("invitation.one_of", options=names)])


def _source(terminal: Terminal, request: Request, targets: TargetsTable) -> tuple[Source, Sequence[Finding]]:
    nothing = Source((), np.zeros(0, dtype=np.int64), None)
    if request.totals is not None:
        columns = Columns({"people": COUNT}, {})
        table = read_types(
            request.totals, File.TOTALS, targets.values, columns, every_feature=True, once=True
        )
        state(terminal, File.TOTALS, table.info)
        if table.findings or not targets.values:
            return nothing, table.findings
        rows = sorted((row.values, row.count("people")) for row in table.rows if row.count("people"))
        people = np.array([count for _, count in rows], dtype=np.int64)
        return Source(tuple(values for values, _ in rows), people, None), ()
    assert request.register is not None  # noqa: S101 - one of the two is there
    with open_register(request.register, targets.values, request.id_column, request.address) as opened:
        try:
            register = read(opened.rows, request.seed)
        except BadInput as error:
            return nothing, [*opened.findings, *(_twice(reason) for reason in error.reasons)]
        state(terminal, File.REGISTER, opened.info if opened.header else None)
        findings = [*opened.findings, *_columns(request, opened.header)]
        return Source(register.cells, register.people, register, opened.header), findings


def _twice(reason: Reason) -> Finding:
    """A repeated id as a finding: by its rows, since an id may be a person's number."""
    sizes = (("first", int(reason.params["first"])),)
    return Finding(Found.DUPLICATE_ID, File.REGISTER, int(reason.params["row"]), found="…", sizes=sizes)


def _columns(request: Request, header: tuple[str, ...]) -> list[Finding]:
    from services.sortition.spreadsheet import normal

    places = normal.positions(header)
    return [
        Finding(Found.MISSING_COLUMN, File.REGISTER, None, name, sizes=(("columns", len(header)),))
        for name in request.columns
        if header and normal.header(name) not in places
    ]


def _rates(
    terminal: Terminal, request: Request, targets: TargetsTable
) -> tuple[TypeTable | None, float, Sequence[Finding]]:
    if request.rate is not None:
        rate = share(request.rate)
        if isinstance(rate, Found):
            return None, 0.0, [Finding(rate, File.REQUEST, column="--rate", found=request.rate)]
        return None, rate, ()
    if request.rates is not None:
        path, file, columns = request.rates, File.RATES, Columns({"rate": share}, {})
    else:
        assert request.earlier is not None  # noqa: S101 - one of the three is there
        columns = Columns({"letters": COUNT, "replies": COUNT}, {}, ("assembly", "year"))
        path, file = request.earlier, File.EARLIER
    table = read_types(path, file, targets.values, columns, every_feature=False, once=file is File.RATES)
    state(terminal, file, table.info)
    return table, 0.0, table.findings


def _prior(
    request: Request, asked: Question, cells: Sequence[Cell], table: TypeTable | None, rate: float
) -> Rates:
    if table is None:
        return given(asked.features, cells, (), {(): rate}, request.prior)
    if request.rates is not None:
        by_values = {row.values: row.share("rate") for row in table.rows}
        return given(asked.features, cells, table.features, by_values, request.prior)
    rows = [
        Experience(row.values, row.count("letters"), row.count("replies"), row.number) for row in table.rows
    ]
    return estimate(asked.features, cells, table.features, rows, request.prior)


def _letters(request: Request, panels: Panels, source: Source, rates: Rates) -> Letters:
    design = Design(request.design)
    weights = np.ones(len(source.cells))
    if design is Design.WEIGHTED:
        tried = choose(
            panels,
            source.people,
            rates,
            request.letters,
            request.seed,
            spread=request.spread,
            level=request.level,
            simulations=min(SIMULATIONS, request.simulations),
        )
        weights = tried.chances
    if source.register is None:
        counts, chances = share_out(source.people, weights, request.letters, request.seed)
        return Letters(counts, chances, np.zeros(0, dtype=np.int64), int(source.people.sum()))
    register = source.register
    drawn = draw(
        register, weights, request.letters, request.seed, design, one_per_address=bool(request.address)
    )
    types = len(source.cells)
    counts = np.bincount(register.types[drawn.invited], minlength=types).astype(np.int64)
    chances = np.bincount(register.types, drawn.chances, minlength=types) / source.people
    return Letters(counts, chances, drawn.invited, drawn.units)


def _files(
    terminal: Terminal,
    request: Request,
    source: Source,
    rates: Rates,
    letters: Letters,
    made: tuple[Question, EndToEnd, Forecast],
) -> dict[str, bytes]:
    """invited.csv (ids, and the columns asked for), types.csv, values.csv, sample.json."""
    asked, chances, told = made
    head = (*asked.features, "people", "letters", "letter_chance", "rate", "prior", "expected",
            "seat_chance", "none")  # fmt: skip
    mean, weight = rates.mean, rates.alpha + rates.beta
    types = [
        (*cell, str(source.people[t]), str(letters.counts[t]), f"{letters.chances[t]:.8f}", f"{mean[t]:.8f}",
         f"{weight[t]:.4f}", f"{chances.expected[t]:.4f}",
         "" if chances.seats is None else f"{chances.seats[t]:.8f}", chances.why[t] or "")
        for t, cell in enumerate(source.cells)
    ]  # fmt: skip
    values = ("feature", "value", "expected", "low", "high", "needed", "enough")
    about = {
        "design": request.design,
        "seed": request.seed,
        "asked": request.letters,
        "letters": int(letters.counts.sum()),
        "people": int(source.people.sum()),
        "one_per_address": bool(request.address),
        "size": request.size,
        "per_seat": request.per_seat,
        "chance_of_a_panel": told.panel.share,
        "chance_of_meeting_the_targets": told.meets.share,
        "simulations": told.simulations,
    }
    files = {
        "types.csv": csv_bytes([head, *types]),
        "values.csv": csv_bytes([values, *value_rows(asked, told)]),
        "sample.json": (json.dumps(about, ensure_ascii=False, indent=2) + "\n").encode(),
    }
    if source.register is not None:
        files["invited.csv"] = _invited(terminal, request, source.register, letters.invited)
    return files


def _invited(terminal: Terminal, request: Request, register: Register, invited: Integers) -> bytes:
    """Ids, and the columns asked for, from a second reading of the register."""
    people = [(register.id(person), int(register.rows[person])) for person in invited.tolist()]
    picked: dict[int, tuple[str, ...]] = {}
    if request.columns and request.register is not None:
        try:
            picked = pick(request.register, {row for _, row in people}, request.columns)
        except UnreadableInputError as error:
            refuse(terminal, [error.finding])
    return csv_bytes([("id", *request.columns), *((name, *picked.get(row, ())) for name, row in people)])


def _chance_lines(words: Words, source: Source, chances: EndToEnd) -> list[str]:
    """The range of chances end to end, and how many people have none for what reason."""
    lines = []
    if chances.seats is None:
        lines.append(words("invitation.chances.none"))
    else:
        some = chances.seats[chances.seats > 0]
        if len(some):
            low, high = _chance(words, float(some.min())), _chance(words, float(some.max()))
            key = "invitation.chances" if low != high else "invitation.chances.equal"
            lines.append(words(key, low=low, high=high))
    for why in dict.fromkeys(reason for reason in chances.why if reason is not None):
        people = int(sum(source.people[t] for t, w in enumerate(chances.why) if w is why))
        types = sum(w is why for w in chances.why)
        lines.append(words(f"invitation.why.{why}", n=people, types=types))
    return lines


def _chance(words: Words, chance: float) -> str:
    """1 in so many, which is plainer than a small percentage."""
    return words("invitation.one_in", n=round(1 / chance)) if chance < 0.1 else percent(words, chance)


def _notices(words: Words, request: Request, letters: Letters) -> list[str]:
    sent = int(letters.counts.sum())
    reasons = []
    if sent < request.letters:
        reasons.append(Reason("EVERYBODY_HAS_ONE", {"asked": request.letters, "letters": sent}))
    return [words("invitation.notice", text=sentence(words, reason)) for reason in reasons]
