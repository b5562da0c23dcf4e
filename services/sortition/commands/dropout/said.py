"""What the commands say: reasons in words, figures as the language writes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from services.sortition.commands.terminal import Exit, Refusal
from services.sortition.dropout.errors import BadInput, DropoutError, Reason
from services.sortition.dropout.estimates import Estimate
from services.sortition.spreadsheet.findings import Finding
from services.sortition.spreadsheet.words import describe
from services.sortition.words import Words


def sentence(words: Words, reason: Reason) -> str:
    """What is the case, and what to do."""
    params = dict(reason.params)
    key = f"dropout.reason.{reason.code}"
    alone = params.pop("alone", None)
    return words(f"{key}.alone" if alone == "yes" else key, **params)


def refuse(words: Words, findings: Iterable[Finding], reasons: Iterable[Reason] = ()) -> None:
    """End the command with everything that is wrong, if anything is."""
    lines = [f"- {describe(finding, words).line}" for finding in findings]
    lines += [f"- {sentence(words, reason)}" for reason in reasons]
    if lines:
        raise Refusal(Exit.BAD_INPUT, [words("cli.bad_input", n=len(lines)), *lines])


def refusal(words: Words, error: DropoutError) -> Refusal:
    """An engine's refusal as the end of the command."""
    lines = [f"- {sentence(words, reason)}" for reason in error.reasons]
    if isinstance(error, BadInput):
        return Refusal(Exit.BAD_INPUT, [words("cli.bad_input", n=len(lines)), *lines])
    return Refusal(Exit.INFEASIBLE, [words("dropout.infeasible"), *lines])


def notices(words: Words, reasons: Sequence[Reason]) -> list[str]:
    return [words("dropout.notice", text=sentence(words, reason)) for reason in reasons]


def shown(words: Words, number: float, digits: int = 3) -> str:
    """A number for people."""
    text = f"{round(number, digits) + 0.0:.{digits}f}"
    return text.replace(".", ",") if words.language == "da" else text


def percent(words: Words, number: float) -> str:
    return f"{shown(words, 100 * number, 1)} %"


def interval(words: Words, estimate: Estimate) -> str:
    """The mean and the ends of its interval."""
    return f"{shown(words, estimate.mean)} ({shown(words, estimate.low)}–{shown(words, estimate.high)})"


def percents(words: Words, estimate: Estimate) -> str:
    """The same for a share."""
    return f"{percent(words, estimate.mean)} ({percent(words, estimate.low)}–{percent(words, estimate.high)})"


def plain(number: float) -> str:
    """A number for a file: a decimal point, six digits."""
    return f"{round(number, 6) + 0.0:.6f}"
