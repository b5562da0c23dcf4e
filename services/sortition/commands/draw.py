"""`lottery draw`: a seeded draw, whole, into a new folder."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from chassis.folders import write_new
from services.sortition.lottery import record
from services.sortition.lottery.audit import Columns
from services.sortition.lottery.draw import solve
from services.sortition.lottery.errors import Infeasible, LegacyStuck
from services.sortition.lottery.feasibility import check
from services.sortition.lottery.lottery import ExactLottery, Method, UniformLottery
from services.sortition.lottery.number import Mode
from services.sortition.lottery.reach import blocked
from services.sortition.lottery.receipt import decimal
from services.sortition.lottery.record import Published
from services.sortition.lottery.types import reduce
from services.sortition.spreadsheet import results
from services.sortition.spreadsheet.findings import File, Finding, Reason
from services.sortition.spreadsheet.writer import csv_bytes
from services.sortition.verdict import blocked_sentence, infeasible_lines, quotas_in_words
from services.sortition.words import Words

from .original import Original
from .outcome import outcome_files, outcome_lines
from .request import Loaded, Request, check_new, load_or_refuse
from .signing import Signer, read_signer
from .terminal import Exit, Refusal, Terminal, interruptible


@dataclass(frozen=True, slots=True)
class Solved:
    """A draw but its number: the lottery and the files that fix it."""

    loaded: Loaded
    exact: ExactLottery
    uniform: UniformLottery
    published: Published
    signer: Signer | None


def run(terminal: Terminal, request: Request, seed: str, out: Path) -> None:
    """Reads, solves, draws by the seed, writes everything, says what was found."""
    solved = solve_request(terminal, request, seed, Mode.SEEDED, out)
    revealed = record.reveal(solved.published.commitment, solved.published.audit)
    files = {
        **fixed_files(solved),
        **outcome_files(
            terminal.words.language,
            solved.published.commitment,
            revealed,
            solved.published.audit,
            Original.of(solved.loaded.respondents),
        ),
    }
    if solved.signer is not None:
        files |= solved.signer.sign("record.json", revealed)
    save(terminal, out, files)
    terminal.result(*lottery_lines(terminal.words, solved), *outcome_lines(terminal.words, revealed))
    terminal.result(terminal.words("draw.seeded"), terminal.words("draw.written", path=str(out)))


def solve_request(
    terminal: Terminal, request: Request, seed: str, mode: Mode, out: Path, announced: str = ""
) -> Solved:
    """Everything before the number. Ends the command with 2 or 3 where there is nothing to draw."""
    words = terminal.words
    signer, more = read_signer(request.sign)
    if not seed.strip():
        more = (*more, Finding(Reason.SEED_EMPTY, File.REQUEST))
    loaded = load_or_refuse(terminal, request, (*check_new(out), *more))
    problem = loaded.problem
    method = Method(request.method)
    terminal.progress(words("cli.progress.solve", n=len(problem.people), seats=problem.size))
    try:
        exact, uniform = interruptible(lambda: solve(problem, method, seed, request.panels, terminal.steps()))
    except LegacyStuck as stuck:
        answer = interruptible(lambda: check(problem))
        if not answer.feasible:
            raise Refusal(Exit.INFEASIBLE, infeasible_lines(words, problem, answer)) from stuck
        raise Refusal(Exit.INFEASIBLE, [words("draw.legacy_stuck", n=stuck.restarts)]) from stuck
    except Infeasible as infeasible:
        terminal.progress(words("cli.progress.cures"))
        answer = interruptible(lambda: check(problem))
        raise Refusal(Exit.INFEASIBLE, infeasible_lines(words, problem, answer)) from infeasible
    terminal.progress(words("cli.progress.record"))
    published = record.build(
        problem,
        exact,
        uniform,
        mode=mode,
        seed=seed,
        token_bytes=secrets.token_bytes,
        program_version=program_version(),
        title=request.title,
        announced=announced,
        columns=Columns(loaded.respondents.header[loaded.respondents.id_column], request.address_columns),
        reasons=why_unreachable(loaded, exact),
    )
    return Solved(loaded, exact, uniform, published, signer)


def program_version() -> str:
    """The installed version, which the record names."""
    from importlib.metadata import version

    return version("borgerting")


def fixed_files(solved: Solved) -> dict[str, bytes]:
    """The files that do not depend on the number."""
    receipts = solved.published.receipts
    return {
        "audit.json": solved.published.audit,
        "receipts.csv": csv_bytes([receipts.header, *receipts.rows]),
        "chances.csv": results.chances_csv(solved.loaded.problem, solved.exact, solved.uniform),
        "panels.csv": results.panels_csv(solved.uniform),
    }


def save(terminal: Terminal, out: Path, files: dict[str, bytes]) -> None:
    """Write a new folder, or refuse with what stood in the way."""
    try:
        write_new(out, files)
    except OSError as error:
        raise Refusal(
            Exit.BAD_INPUT, [terminal.words("cli.cannot_write", path=str(out), why=error.strerror or "")]
        ) from error


def lottery_lines(words: Words, solved: Solved) -> list[str]:
    """What the lottery gives: method, worst and best chance, deviation, who fits no panel."""
    exact, uniform = solved.exact, solved.uniform
    possible = [c for t, c in enumerate(exact.chances) if t not in exact.unreachable]
    chances = {
        member: c for kind, c in zip(exact.types, exact.chances, strict=True) for member in kind.members
    }
    deviation = max((abs(uniform.chances[p] - c) for p, c in chances.items()), default=0)
    lines = [
        words(
            "draw.lottery",
            method=words(f"method.{exact.method.value}"),
            n=len(chances),
            seats=exact.size,
            panels=len(uniform.panels),
        ),
        words("draw.chances", lowest=decimal(min(possible))[:8], highest=decimal(max(possible))[:8]),
        words("draw.deviation", deviation=decimal(Fraction(deviation))[:8]),
    ]
    shut_out = [exact.types[t] for t in exact.unreachable]
    if shut_out:
        lines.append(words("check.blocked", n=sum(len(kind.members) for kind in shut_out)))
        lines += [f"- {sentence}" for sentence in _why(words, solved.loaded, exact)]
    return lines


def _why(words: Words, loaded: Loaded, exact: ExactLottery) -> list[str]:
    reduction = reduce(loaded.problem)
    return [blocked_sentence(words, kind) for kind in blocked(reduction, exact.unreachable)]


def why_unreachable(loaded: Loaded, exact: ExactLottery) -> dict[int, str]:
    """Per unreachable type why, in the one language of the audit file. Without ids: it has them already."""
    if not exact.unreachable:
        return {}
    words = Words("en")
    shut_out = blocked(reduce(loaded.problem), exact.unreachable)
    return {kind.type: quotas_in_words(words, kind) for kind in shut_out}
