"""`dropout alternates`: a drawn panel and participation rates in, the alternates to keep ready out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from services.sortition.commands.draw import save
from services.sortition.commands.original import Original
from services.sortition.commands.request import Request, check_new
from services.sortition.commands.tables import text_table
from services.sortition.commands.terminal import Terminal, interruptible
from services.sortition.dropout.alternates import Alternates, Comparison, choose
from services.sortition.dropout.errors import DropoutError
from services.sortition.spreadsheet.findings import File, Finding, Reason
from services.sortition.spreadsheet.writer import csv_bytes
from services.sortition.words import Words

from .loading import load
from .reading import read_list, read_rates
from .said import interval, percent, percents, plain, refusal, refuse, shown


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of this command alone."""

    panel: Path
    rates: Path | None
    rate: str | None
    count: int
    samples: int
    fresh: int
    nodes: int


def run(terminal: Terminal, request: Request, asked: Asked, seed: str, out: Path) -> None:
    """Reads, chooses, compares with the practitioners' choice, writes the folder, prints the losses."""
    words = terminal.words
    findings: list[Finding] = [*check_new(out)]
    if not seed.strip():
        findings.append(Finding(Reason.SEED_EMPTY, File.REQUEST))
    pool = load(terminal, request)
    panel = read_list(asked.panel, File.PANEL, pool.respondents)
    rates, more, reasons = read_rates(terminal, asked.rates, asked.rate, pool.targets)
    refuse(words, [*pool.findings, *panel.findings, *more, *findings], reasons)
    assert rates is not None  # noqa: S101 - else there was a finding or a reason
    problem = replace(pool.problem(), size=max(1, len(panel.ids)))
    told: set[str] = set()

    def progress(step: str) -> None:
        if step not in told:
            told.add(step)
            terminal.progress(words(f"dropout.progress.{step}"))

    try:
        made = interruptible(
            lambda: choose(
                problem,
                panel.ids,
                rates,
                asked.count,
                seed,
                samples=asked.samples,
                fresh=asked.fresh,
                nodes=asked.nodes,
                progress=progress,
            )
        )
    except DropoutError as error:
        raise refusal(words, error) from None
    save(terminal, out, files(made, Original.of(pool.respondents)))
    terminal.result(*_lines(words, made), words("dropout.alternates.written", path=str(out)))


def files(made: Alternates, original: Original) -> dict[str, bytes]:
    """alternates.csv as the pool's columns, naive.csv the practitioners' choice, loss.csv the figures."""
    head = ("choice", "people", "loss", "low", "high", "all_met", "met_low", "met_high", "scenarios")
    rows = [
        (name, str(people), *(plain(x) for x in (c.loss.mean, c.loss.low, c.loss.high)),
         *(plain(x) for x in (c.met.mean, c.met.low, c.met.high)), str(made.fresh))
        for name, people, c in _rows(made)
    ]  # fmt: skip
    figures = [
        ("samples", str(made.samples)),
        ("loss on the samples", plain(made.trained)),
        ("lower bound on the samples", plain(made.bound)),
        ("gap", plain(made.gap)),
        ("naive minus optimal", plain(made.saved.mean)),
        ("naive minus optimal, low", plain(made.saved.low)),
        ("naive minus optimal, high", plain(made.saved.high)),
        ("naive quotas moved by", str(made.naive_loosened)),
        ("expected drop-outs", plain(made.expected_dropouts)),
    ]
    return {
        "alternates.csv": original.split(made.ids)[0],
        "naive.csv": original.split(made.naive_ids)[0],
        "loss.csv": csv_bytes([head, *rows]),
        "figures.csv": csv_bytes([("figure", "value"), *figures]),
    }


def _rows(made: Alternates) -> list[tuple[str, int, Comparison]]:
    return [
        ("optimal", len(made.ids), made.optimal),
        ("naive", len(made.naive_ids), made.naive),
        ("nobody", 0, made.nobody),
    ]


def _lines(words: Words, made: Alternates) -> list[str]:
    rows = [[words(f"dropout.head.{head}") for head in ("choice", "people", "loss", "met")]]
    rows += [
        [
            words(f"dropout.choice.{name}"),
            str(people),
            interval(words, c.loss),
            percents(words, c.met),
        ]
        for name, people, c in _rows(made)
    ]
    lines = [
        words("dropout.alternates.head", n=len(made.ids), gone=shown(words, made.expected_dropouts, 1)),
        "",
        *text_table(rows, (1,)),
        "",
        words("dropout.alternates.saved", saved=interval(words, made.saved), n=made.fresh),
        words(
            "dropout.alternates.gap",
            n=made.samples,
            loss=shown(words, made.trained),
            bound=shown(words, made.bound),
            gap=percent(words, made.gap),
        ),
    ]
    if made.naive_loosened:
        lines.append(words("dropout.alternates.loosened", n=made.naive_loosened))
    return lines
