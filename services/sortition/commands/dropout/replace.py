"""`dropout replace`: who dropped out in, a drawn and verifiable replacement out."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from dataclasses import replace as changed
from pathlib import Path

from services.sortition.commands.draw import Solved, fixed_files, program_version, save, why_unreachable
from services.sortition.commands.original import Original
from services.sortition.commands.outcome import outcome_files, outcome_lines
from services.sortition.commands.request import Loaded, Request, check_new
from services.sortition.commands.terminal import Exit, Refusal, Terminal, interruptible
from services.sortition.dropout.errors import DropoutError
from services.sortition.dropout.replacement import Plan, Replacement, draw, plan
from services.sortition.lottery import record
from services.sortition.lottery.audit import Columns
from services.sortition.lottery.number import Mode
from services.sortition.lottery.receipt import decimal, optimal_chances
from services.sortition.spreadsheet.findings import File, Finding, Reason
from services.sortition.words import Words

from .loading import Pool, load
from .reading import read_list
from .said import refusal, refuse, sentence


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of this command alone. `size` None is the panel's own."""

    panel: Path
    dropped: Path
    candidates: Path | None
    size: int | None
    least_violation: bool


def run(terminal: Terminal, request: Request, asked: Asked, seed: str, out: Path) -> None:
    """Reads, plans, draws by the seed, writes what `lottery draw` writes and replacements.csv."""
    words = terminal.words
    findings: list[Finding] = [*check_new(out)]
    if not seed.strip():
        findings.append(Finding(Reason.SEED_EMPTY, File.REQUEST))
    if asked.size is not None and asked.size < 1:
        findings.append(Finding(Reason.SIZE_NOT_POSITIVE, File.REQUEST, sizes=(("size", asked.size),)))
    pool = load(terminal, request)
    panel = read_list(asked.panel, File.PANEL, pool.respondents)
    dropped = read_list(asked.dropped, File.DROPPED, pool.respondents)
    chosen = read_list(asked.candidates, File.CANDIDATES, pool.respondents) if asked.candidates else None
    more = chosen.findings if chosen is not None else ()
    refuse(words, [*pool.findings, *panel.findings, *dropped.findings, *more, *findings])
    problem = changed(pool.problem(), size=asked.size or max(1, len(panel.ids)))
    everybody = {person.id for person in problem.people}
    candidates = set(chosen.ids) if chosen is not None else everybody - set(panel.ids)
    try:
        made = plan(problem, panel.ids, dropped.ids, candidates)
    except DropoutError as error:
        raise refusal(words, error) from None
    reasons = [f"- {sentence(words, reason)}" for reason in made.reasons]
    if not made.restores and not asked.least_violation:
        head, cure = words("dropout.replace.not_restored"), words("dropout.replace.cure")
        raise Refusal(Exit.INFEASIBLE, [head, *reasons, cure])
    terminal.progress(words("dropout.progress.replace", n=made.problem.size - len(made.staying)))
    drawn = interruptible(lambda: draw(made, seed, request.panels))
    files = _files(words, pool, drawn, seed)
    save(terminal, out, files.written)
    if reasons:
        terminal.result(words("dropout.replace.least"), *reasons, "")
    terminal.result(*_lines(words, made, drawn), *outcome_lines(words, files.revealed))
    terminal.result(words("dropout.replace.written", path=str(out)))


@dataclass(frozen=True, slots=True)
class _Written:
    written: dict[str, bytes]
    revealed: bytes


def _files(words: Words, pool: Pool, drawn: Replacement, seed: str) -> _Written:
    """The lottery's own files of the whole panel, so that `lottery verify` checks them, and who is new."""
    problem = drawn.plan.problem
    table = pool.respondents
    loaded = Loaded(problem, pool.targets, table)
    published = record.build(
        problem,
        drawn.exact,
        drawn.uniform,
        mode=Mode.SEEDED,
        seed=seed,
        token_bytes=secrets.token_bytes,
        program_version=program_version(),
        title=words("dropout.replace.title"),
        announced="",
        columns=Columns(table.header[table.id_column], pool.request.address_columns),
        reasons=why_unreachable(loaded, drawn.exact),
    )
    revealed = record.reveal(published.commitment, published.audit)
    original = Original.of(table)
    written = {
        **fixed_files(Solved(loaded, drawn.exact, drawn.uniform, published, None)),
        **outcome_files(words.language, published.commitment, revealed, published.audit, original),
        "replacements.csv": original.split(drawn.chosen)[0],
    }
    return _Written(written, revealed)


def _lines(words: Words, made: Plan, drawn: Replacement) -> list[str]:
    new = {person: chance for person, chance in optimal_chances(made.problem, drawn.exact).items()
           if person not in made.staying and person not in made.problem.exclude}  # fmt: skip
    lines = [
        words("dropout.replace.drawn", n=len(drawn.chosen), staying=len(made.staying), candidates=len(new)),
    ]
    possible = [chance for chance in new.values() if chance > 0]
    if possible:
        low, high = decimal(min(possible))[:8], decimal(max(possible))[:8]
        lines.append(words("dropout.replace.chances", lowest=low, highest=high))
    if len(possible) < len(new):
        lines.append(words("dropout.replace.no_chance", n=len(new) - len(possible)))
    return lines
