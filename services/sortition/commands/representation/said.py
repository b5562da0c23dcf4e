"""What the commands say: reasons and clashes in words, figures as the language writes them, files read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from services.sortition.commands.request import state
from services.sortition.commands.terminal import Exit, Refusal, Terminal
from services.sortition.representation.errors import BadInput, Infeasible, Limit, Reason, RepresentationError
from services.sortition.spreadsheet.findings import File, Finding
from services.sortition.spreadsheet.source import SourceInfo
from services.sortition.spreadsheet.words import describe
from services.sortition.words import Words

_STAGES = frozenset({"stage", "later", "earlier"})


def sentence(words: Words, reason: Reason) -> str:
    """What is the case, and what to do."""
    params = {
        name: words(f"representation.stage.{value}") if name in _STAGES else value
        for name, value in reason.params.items()
    }
    return words(f"representation.reason.{reason.code}", **params)


def refuse(terminal: Terminal, findings: Iterable[Finding | tuple[str, Finding]]) -> None:
    """End the command with every finding, if there is any. One may carry the name of its file."""
    words = terminal.words
    lines = []
    for finding in findings:
        name, found = finding if isinstance(finding, tuple) else ("", finding)
        line = describe(found, words).line
        lines.append(f"- {name}: {line}" if name else f"- {line}")
    if lines:
        raise Refusal(Exit.BAD_INPUT, [words("cli.bad_input", n=len(lines)), *lines])


def refusal(words: Words, error: RepresentationError) -> Refusal:
    """An engine's refusal as the end of the command."""
    if isinstance(error, BadInput):
        lines = [f"- {sentence(words, reason)}" for reason in error.reasons]
        return Refusal(Exit.BAD_INPUT, [words("cli.bad_input", n=len(lines)), *lines])
    assert isinstance(error, Infeasible)  # noqa: S101 - the other kind there is
    lines = [f"- {sentence(words, reason)}" for reason in error.reasons]
    if error.clash:
        lines = [f"- {_limit(words, limit)}" for limit in error.clash]
        return Refusal(
            Exit.INFEASIBLE, [words("representation.clash"), *lines, words("representation.clash.cure")]
        )
    return Refusal(Exit.INFEASIBLE, [words("representation.infeasible"), *lines])


def _limit(words: Words, limit: Limit) -> str:
    place = f"{' × '.join(limit.features)}: {' × '.join(limit.values)}"
    return words(f"representation.limit.{limit.kind}", place=place, n=limit.seats)


def notices(words: Words, reasons: Sequence[Reason]) -> list[str]:
    return [words("representation.notice", text=sentence(words, reason)) for reason in reasons]


def stated(terminal: Terminal, file: File, info: SourceInfo | None) -> None:
    """Say on stderr as what a file was read."""
    state(terminal, file, info)


def shown(words: Words, number: Fraction | float | None, digits: int = 1, *, sign: bool = False) -> str:
    """A number for people; a dash where there is none."""
    if number is None:
        return "–"
    # Rounded first, and 0 added, so that nothing is shown as -0.0.
    text = f"{round(float(number), digits) + 0.0:{'+' if sign else ''}.{digits}f}"
    return text.replace(".", ",") if words.language == "da" else text


def plain(number: Fraction | float | None, digits: int = 2) -> str:
    """A number for a file: a decimal point, empty where there is none."""
    return "" if number is None else f"{round(float(number), digits) + 0.0:.{digits}f}"
