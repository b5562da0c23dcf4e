"""`lottery check`: the pool against the targets, and what is wrong or would help."""

from __future__ import annotations

from services.sortition.lottery.feasibility import Feasibility, check
from services.sortition.spreadsheet.findings import Findings
from services.sortition.verdict import blocked_lines, infeasible_lines
from services.sortition.words import Words

from .request import Request, lines_of, load
from .tables import text_table
from .terminal import Exit, Refusal, Terminal, interruptible


def run(terminal: Terminal, request: Request) -> None:
    """Prints the table and the verdict; ends with 0, 2 or 3."""
    loaded = load(terminal, request)
    if isinstance(loaded, Findings):
        raise Refusal(Exit.BAD_INPUT, lines_of(terminal, loaded), result=True)
    problem = loaded.problem
    terminal.progress(terminal.words("cli.progress.check"))
    answer = interruptible(lambda: check(problem))
    terminal.result(*overview(terminal.words, answer))
    if not answer.feasible:
        raise Refusal(Exit.INFEASIBLE, infeasible_lines(terminal.words, problem, answer), result=True)
    terminal.result(terminal.words("check.feasible", n=answer.size), *blocked_lines(terminal.words, answer))


def overview(words: Words, answer: Feasibility) -> list[str]:
    """People, seats, and a table of every target with the pool's count."""
    head = [words(f"check.head.{name}") for name in ("feature", "value", "min", "max", "pool", "note")]
    rows = [
        [
            count.feature,
            count.value,
            str(count.minimum),
            str(count.maximum),
            str(count.pool),
            words("check.short", n=count.short_by) if count.short_by else "",
        ]
        for count in answer.counts
    ]
    return [
        words("check.pool", people=answer.people, seats=answer.size),
        "",
        *text_table([head, *rows], numbers=(2, 3, 4)),
        "",
    ]
