"""`dropout overdraw`: targets and participation rates in, enlarged targets for the lottery out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from services.sortition.commands.draw import save
from services.sortition.commands.request import Request, check_new
from services.sortition.commands.tables import text_table
from services.sortition.commands.terminal import Terminal, interruptible
from services.sortition.dropout.errors import DropoutError
from services.sortition.dropout.estimates import Estimate
from services.sortition.dropout.outlook import Outlook
from services.sortition.dropout.overdraw import Overdraw, ValueOutlook, overdraw
from services.sortition.spreadsheet.findings import File, Finding, Reason
from services.sortition.spreadsheet.writer import csv_bytes
from services.sortition.words import Words

from .loading import load
from .reading import read_rates
from .said import interval, notices, percent, percents, plain, refusal, refuse, shown


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of this command alone."""

    rates: Path | None
    rate: str | None
    trials: int


def run(terminal: Terminal, request: Request, asked: Asked, seed: str, out: Path) -> None:
    """Reads, enlarges, writes targets.csv for the lottery and outlook.csv, prints both sides."""
    words = terminal.words
    findings: list[Finding] = [*check_new(out)]
    if not seed.strip():
        findings.append(Finding(Reason.SEED_EMPTY, File.REQUEST))
    pool = load(terminal, request)
    rates, more, reasons = read_rates(terminal, asked.rates, asked.rate, pool.targets)
    refuse(words, [*pool.findings, *more, *findings], reasons)
    assert rates is not None  # noqa: S101 - else there was a finding or a reason
    terminal.progress(words("dropout.progress.overdraw"))
    try:
        made = interruptible(
            lambda: overdraw(
                pool.problem(),
                rates,
                seed,
                trials=asked.trials,
                reason=words("dropout.overdraw.reason"),
            )
        )
    except DropoutError as error:
        raise refusal(words, error) from None
    save(terminal, out, files(made))
    terminal.result(*_lines(words, made, request.size), *notices(words, made.notices))
    terminal.result(words("dropout.overdraw.written", path=str(out), n=made.size))


def files(made: Overdraw) -> dict[str, bytes]:
    """targets.csv as the lottery reads it, with the recorded reasons; outlook.csv what is expected of it."""
    targets = [(t.feature, t.value, str(t.minimum), str(t.maximum), t.reason) for t in made.problem.targets]
    head = (
        *("feature", "value", "min", "max", "drawn_min", "drawn_max"),
        *("rate", "expected", "lowest", "highest", "chance"),
    )
    rows = [
        (v.target.feature, v.target.value, str(v.target.minimum), str(v.target.maximum), str(v.minimum),
         str(v.maximum), *(plain(x) for x in (v.rate, v.expected, v.lowest, v.highest, v.chance)))
        for v in made.values
    ]  # fmt: skip
    return {
        "targets.csv": csv_bytes([("feature", "value", "min", "max", "reason"), *targets]),
        "outlook.csv": csv_bytes([head, *rows]),
    }


def _lines(words: Words, made: Overdraw, final: int) -> list[str]:
    heads = ("feature", "value", "min", "max", "drawn", "rate", "expected", "chance")
    rows = [[words(f"dropout.head.{head}") for head in heads], *(_row(words, v) for v in made.values)]
    lines = [words("dropout.overdraw.head", n=made.size, final=final), "", *text_table(rows, range(2, 8)), ""]
    if made.plain is not None:
        lines.append(_outlook(words, "plain", made.plain))
    lines.append(_outlook(words, "enlarged", made.enlarged))
    return lines


def _row(words: Words, v: ValueOutlook) -> list[str]:
    drawn = str(v.minimum) if v.minimum == v.maximum else f"{v.minimum}–{v.maximum}"
    figures = [percent(words, v.rate), shown(words, v.expected, 1), percent(words, v.chance)]
    return [v.target.feature, v.target.value, str(v.target.minimum), str(v.target.maximum), drawn, *figures]


def _outlook(words: Words, which: str, seen: Outlook) -> str:
    all_met = percents(words, Estimate(seen.chance_all, seen.chance_low, seen.chance_high))
    return words(
        f"dropout.overdraw.{which}",
        size=shown(words, seen.expected_size, 1),
        loss=interval(words, seen.expected_loss),
        met=all_met,
        n=seen.trials,
    )
