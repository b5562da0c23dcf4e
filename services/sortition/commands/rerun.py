"""`verify --rerun`: read the same input, solve it again, and say whether the draw comes out the same."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from services.sortition.lottery.errors import LotteryError
from services.sortition.lottery.problem import Problem
from services.sortition.lottery.verifier import TOLERANCE
from services.sortition.report.verification import Asked, NoAuditFileError, asked, rerun
from services.sortition.spreadsheet.assemble import listed, to_problem
from services.sortition.spreadsheet.findings import File, Findings
from services.sortition.spreadsheet.respondents import read_respondents
from services.sortition.spreadsheet.targets import read_targets

from .request import column_names, lines_of, state
from .terminal import Exit, Refusal, Terminal, interruptible


@dataclass(frozen=True, slots=True)
class Again:
    """What --rerun reads; `address` and `id_column` only if they are other than the audit file says."""

    respondents: Path
    targets: Path
    address: str | None
    id_column: str | None


def solve_again(terminal: Terminal, again: Again, record: bytes, audit: bytes) -> tuple[list[str], bool]:
    """(lines, whether the draw is borne out). Both files must have passed the verifier."""
    words = terminal.words
    try:
        question = asked(audit)
    except NoAuditFileError as error:
        raise Refusal(Exit.BAD_INPUT, [words("verify.rerun.needs")]) from error
    problem = _problem(terminal, again, question)
    if isinstance(problem, Findings):
        raise Refusal(Exit.BAD_INPUT, lines_of(terminal, problem))
    terminal.progress(words("cli.progress.solve", n=len(problem.people), seats=problem.size))
    try:
        result = interruptible(lambda: rerun(record, audit, problem))
    except LotteryError:
        return [words("verify.rerun.no_panel")], False
    if result.same:
        return [words("verify.rerun.same")], True
    lines = [words("verify.rerun.other", difference=difference) for difference in result.differences]
    if result.apart is not None and result.apart <= TOLERANCE:
        return [*lines, words("verify.rerun.other_panels")], True
    return lines, False


def _problem(terminal: Terminal, again: Again, question: Asked) -> Problem | Findings:
    columns = question.columns.address if again.address is None else column_names(again.address)
    targets = read_targets(again.targets)
    respondents = read_respondents(
        again.respondents, targets, again.id_column or question.columns.id or None, columns
    )
    state(terminal, File.RESPONDENTS, respondents.info)
    state(terminal, File.TARGETS, targets.info)
    include = listed(File.INCLUDE, sorted(question.include))
    exclude = listed(File.EXCLUDE, sorted(question.exclude))
    return to_problem(targets, respondents, question.size, question.per_address, include, exclude)
