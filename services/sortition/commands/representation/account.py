"""`representation account`: counts by stage in, the whole account and the part that may be published out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from services.sortition.commands.draw import save
from services.sortition.commands.request import check_new
from services.sortition.commands.tables import text_table
from services.sortition.commands.terminal import Exit, Refusal, Terminal
from services.sortition.representation.account import account
from services.sortition.representation.errors import BadInput, Reason
from services.sortition.representation.publication import Publication, publish
from services.sortition.representation.suppression import PUBLIC, Suppression, suppress, target_limits
from services.sortition.representation.system import intervals
from services.sortition.representation.types import Account, Key, Stage, Table
from services.sortition.spreadsheet.findings import File, Finding
from services.sortition.spreadsheet.respondents import read_respondents
from services.sortition.spreadsheet.targets import TargetsTable, read_targets
from services.sortition.spreadsheet.writer import csv_bytes
from services.sortition.words import Words

from .reading import Figures, read_cross, read_features
from .said import notices, plain, refusal, refuse, shown, stated

STAGES = tuple(str(stage) for stage in Stage)


@dataclass(frozen=True, slots=True)
class Request:
    """The options as given; `people` are STAGE=FILE."""

    counts: Path
    crosses: tuple[Path, ...]
    people: tuple[str, ...]
    targets: Path | None
    hide_population: bool


def run(terminal: Terminal, request: Request, out: Path) -> None:
    """Reads, accounts, hides, writes both folders' worth of files, prints what may be published."""
    words = terminal.words
    tables, targets = _read(terminal, request, out)
    try:
        made = account(tables)
        limits = target_limits(made.tables, targets.targets) if targets is not None else {}
        terminal.progress(words("representation.progress"))
        public = frozenset[Stage]() if request.hide_population else PUBLIC
        hidden = suppress(made.tables, public=public, limits=limits)
    except BadInput as error:
        raise refusal(words, error) from None
    published = publish(made, hidden)
    ranges = intervals(made.tables, hidden.hidden, limits)
    save(terminal, out, files(made, hidden, ranges, published))
    terminal.result(*_lines(words, made, published), *notices(words, made.notices))
    terminal.result(
        words(
            "representation.account.hidden",
            n=len(hidden.hidden),
            figures=len(made.figures),
            secondary=len(hidden.secondary),
        ),
        words("representation.account.written", path=str(out)),
    )


def _read(terminal: Terminal, request: Request, out: Path) -> tuple[list[Table], TargetsTable | None]:
    words = terminal.words
    counts = read_features(request.counts, File.COUNTS, (), STAGES)
    stated(terminal, File.COUNTS, counts.info)
    findings: list[Finding | tuple[str, Finding]] = [*check_new(out), *counts.findings]
    values: dict[str, list[str]] = {}
    faults: list[Reason] = []
    for row in counts.rows:
        feature, value = row.values
        if value in values.setdefault(feature, []):
            faults.append(Reason("VALUE_TWICE", {"place": f"{feature}: {value}"}))
        values[feature].append(value)
    crosses = []
    for path in request.crosses:
        read = read_cross(path, tuple(values), (), STAGES)
        stated(terminal, File.CROSS, read.info)
        findings += [(path.name, finding) for finding in read.findings]
        if read.info is not None and len(read.features) < 2:
            faults.append(Reason("CROSS_TOO_FEW", {"cross": path.name}))
        crosses.append(read)
    targets = read_targets(request.targets) if request.targets is not None else None
    if targets is not None:
        stated(terminal, File.TARGETS, targets.info)
        findings += targets.findings
    lists = _people_files(words, request.people, counts.columns, faults)
    known = TargetsTable(None, (), (), {f: tuple(v) for f, v in values.items()}, ())
    people: dict[str, list[tuple[str, ...]]] = {}
    for stage, path in lists.items():
        respondents = read_respondents(path, known)
        stated(terminal, File.RESPONDENTS, respondents.info)
        findings += [(path.name, finding) for finding in respondents.findings]
        people[stage] = [person.values for person in respondents.people]
    refuse(terminal, findings)
    for read in (counts, *crosses):
        faults += _empty(read)
    if not counts.columns and not people:
        faults.append(Reason("NO_STAGES", {"stages": ", ".join(STAGES)}))
    if faults:
        raise refusal(words, BadInput(faults))
    features = list(values)
    tables = [_feature_table(counts, feature, features.index(feature), people) for feature in features]
    return tables + [_cross_table(read, features, people) for read in crosses], targets


def _people_files(
    words: Words, given: Sequence[str], columns: Sequence[str], faults: list[Reason]
) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for text in given:
        stage, equals, name = text.partition("=")
        stage = stage.strip().lower()
        if stage not in STAGES or not equals or not name:
            raise Refusal(Exit.BAD_INPUT, [words("representation.people.shape", stages=", ".join(STAGES))])
        if stage in found or stage in columns:
            faults.append(Reason("STAGE_TWICE", {"stage": stage}))
        found[stage] = Path(name)
    return found


def _empty(read: Figures) -> list[Reason]:
    """Counts that are missing: an empty cell is no zero."""
    return [
        Reason("COUNT_MISSING", {"place": " × ".join(row.values), "row": str(row.number), "stage": column})
        for row in read.rows
        for column in read.columns
        if row.figures[column] is None
    ]


def _feature_table(
    counts: Figures, feature: str, position: int, people: dict[str, list[tuple[str, ...]]]
) -> Table:
    rows = [row for row in counts.rows if row.values[0] == feature]
    cells = tuple((row.values[1],) for row in rows)
    by_stage = {Stage(c): tuple(row.figures[c] or 0 for row in rows) for c in counts.columns}
    for stage, persons in people.items():
        found = Counter((person[position],) for person in persons)
        by_stage[Stage(stage)] = tuple(found[cell] for cell in cells)
    return Table((feature,), cells, by_stage)


def _cross_table(read: Figures, features: Sequence[str], people: dict[str, list[tuple[str, ...]]]) -> Table:
    places = [features.index(feature) for feature in read.features]
    found = {
        stage: Counter(tuple(person[place] for place in places) for person in persons)
        for stage, persons in people.items()
    }
    listed = [row.values for row in read.rows]
    more = {cell: None for counter in found.values() for cell in counter if cell not in set(listed)}
    cells = (*listed, *more)
    by_stage = {
        Stage(c): (*(row.figures[c] or 0 for row in read.rows), *(0 for _ in more)) for c in read.columns
    }
    for stage, counter in found.items():
        by_stage[Stage(stage)] = tuple(counter[cell] for cell in cells)
    return Table(read.features, cells, by_stage)


def files(
    made: Account, hidden: Suppression, ranges: dict[Key, tuple[int, int]], published: Publication
) -> dict[str, bytes]:
    """account.csv and index.csv whole, public.csv and public-index.csv to be published."""
    head = ("feature", "value", "stage", "count", "base", "percent", "difference")
    whole = []
    for figure in made.figures:
        key = figure.key
        kind = "shown"
        if key in hidden.hidden:
            kind = "secondary" if key in hidden.secondary else "hidden"
        low, high = (str(end) for end in ranges.get(key, (figure.count, figure.count)))
        percent = None if figure.share is None else 100 * figure.share
        figures = (str(figure.count), str(figure.base), plain(percent), plain(figure.difference))
        whole.append((*_place(key), *figures, kind, low, high))
    public = []
    for shown_figure in published.figures:
        percent = None if shown_figure.share is None else 100 * shown_figure.share
        count = "" if shown_figure.count is None else str(shown_figure.count)
        figures = (count, str(shown_figure.base), plain(percent), plain(shown_figure.difference))
        public.append((*_place(shown_figure.key), *figures, "yes" if shown_figure.hidden else ""))
    index_head = ("feature", "stage", "base", "index", "attainable")
    indices = [
        (" × ".join(i.features), str(i.stage), str(i.base), plain(i.value, 4), plain(i.attainable, 4))
        for i in made.indices
    ]
    indices += [("", str(stage), "", plain(value, 4), "") for stage, value in made.means.items()]
    open_indices = [
        (" × ".join(p.index.features), str(p.index.stage), str(p.index.base), plain(p.index.value, 4),
         plain(p.index.attainable, 4), "yes" if p.at_least else "")
        for p in published.indices
    ]  # fmt: skip
    open_indices += [
        ("", str(stage), "", plain(value, 4), "", "yes" if bound else "")
        for stage, (value, bound) in published.means.items()
    ]
    return {
        "account.csv": csv_bytes([(*head, "published", "lowest", "highest"), *whole]),
        "index.csv": csv_bytes([index_head, *indices]),
        "public.csv": csv_bytes([(*head, "hidden"), *public]),
        "public-index.csv": csv_bytes([(*index_head, "at_least"), *open_indices]),
    }


def _place(key: Key) -> tuple[str, str, str]:
    return " × ".join(key.features), " × ".join(key.values), str(key.stage)


def _lines(words: Words, made: Account, published: Publication) -> list[str]:
    """A row per value, a column per stage: count, percent, difference. Only what may be published."""
    stages = [words(f"representation.stage.{stage}") for stage in made.stages]
    heads = [words("representation.head.feature"), words("representation.head.value"), *stages]
    rows = [heads]
    figures = iter(published.figures)
    for table in made.tables:
        for cell in table.cells:
            row = [" × ".join(table.features), " × ".join(cell)]
            for stage in made.stages:
                figure = next(figures)
                if figure.hidden:
                    row.append(words("representation.hidden"))
                    continue
                text = (
                    f"{figure.count} ({shown(words, None if figure.share is None else 100 * figure.share)} %"
                )
                if stage != made.reference and figure.difference is not None:
                    text += f", {shown(words, figure.difference, sign=True)}"
                row.append(text + ")")
            rows.append(row)
    for table in made.tables:
        own = [p for p in published.indices if p.index.features == table.features]
        row = [words("representation.index"), " × ".join(table.features)]
        rows.append(row + [_index(words, p.index.value, p.at_least) for p in own])
    if len([table for table in made.tables if len(table.features) == 1]) > 1:
        means = [_index(words, *published.means[stage]) for stage in made.stages]
        rows.append([words("representation.index"), words("representation.mean"), *means])
    reference = words(f"representation.stage.{made.reference}")
    return [
        words("representation.account.head", reference=reference),
        "",
        *text_table(rows, range(2, 2 + len(stages))),
        "",
    ]


def _index(words: Words, value: object, at_least: bool) -> str:
    text = shown(words, value, 3)  # type: ignore[arg-type]
    return f"≥ {text}" if at_least else text
