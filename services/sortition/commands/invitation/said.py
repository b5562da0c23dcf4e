"""What the commands say: reasons in words, chances and forecasts as the language writes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from services.sortition.commands.request import lines_of
from services.sortition.commands.tables import text_table
from services.sortition.commands.terminal import Exit, Refusal, Terminal
from services.sortition.invitation.errors import BadInput, InvitationError, Reason
from services.sortition.invitation.forecast import Forecast, Share
from services.sortition.invitation.types import Question
from services.sortition.spreadsheet.findings import Finding, Findings
from services.sortition.words import Words


def sentence(words: Words, reason: Reason) -> str:
    """What is the case, and what to do."""
    return words(f"invitation.reason.{reason.code}", **reason.params)


def refuse(terminal: Terminal, findings: Iterable[Finding]) -> None:
    """End the command with every finding, if there is any."""
    found = tuple(findings)
    if found:
        raise Refusal(Exit.BAD_INPUT, lines_of(terminal, Findings(found)))


def refusal(words: Words, error: InvitationError) -> Refusal:
    """An engine's refusal as the end of the command."""
    lines = [f"- {sentence(words, reason)}" for reason in error.reasons]
    if isinstance(error, BadInput):
        return Refusal(Exit.BAD_INPUT, [words("cli.bad_input", n=len(lines)), *lines])
    return Refusal(Exit.INFEASIBLE, [words("invitation.infeasible"), *lines])


def decimal(words: Words, number: float, digits: int = 1) -> str:
    """A number for people."""
    text = f"{round(number, digits) + 0.0:.{digits}f}"
    return text.replace(".", ",") if words.language == "da" else text


def percent(words: Words, share: float) -> str:
    return f"{decimal(words, 100 * share)} %"


def certain(words: Words, share: Share) -> str:
    """A simulated chance with its own error."""
    return words(
        "invitation.share",
        share=percent(words, share.share),
        low=percent(words, share.low),
        high=percent(words, share.high),
    )


def value_table(
    words: Words, question: Question, figures: Sequence[tuple[str, Sequence[int]]], made: Forecast
) -> list[str]:
    """A row per target: the figures given (a head's key and a number per target), then the forecast."""
    heads = ["feature", "value", *(head for head, _ in figures), "expected", "range", "needed", "enough"]
    rows = [[words(f"invitation.head.{head}") for head in heads]]
    for i, target in enumerate(question.targets):
        value = made.values[i]
        rows.append(
            [
                target.feature,
                target.value,
                *(str(numbers[i]) for _, numbers in figures),
                decimal(words, value.pool.mean),
                f"{value.pool.low}–{value.pool.high}",
                str(value.needed),
                percent(words, value.enough.share),
            ]
        )
    return text_table(rows, range(2, len(heads)))


def verdict(words: Words, question: Question, made: Forecast) -> list[str]:
    """The pool, and the chances that it fills the panel."""
    return [
        words(
            "invitation.pool",
            letters=made.letters,
            mean=decimal(words, made.pool.mean, 0),
            low=made.pool.low,
            high=made.pool.high,
            interval=f"{decimal(words, 100 * made.level, 0)} %",
        ),
        words("invitation.panel", share=certain(words, made.panel), seats=question.size),
        words(
            "invitation.covered",
            share=certain(words, made.covered),
            per_seat=decimal(words, question.per_seat).removesuffix(",0").removesuffix(".0"),
        ),
        words("invitation.meets", share=certain(words, made.meets)),
        words("invitation.error", simulations=made.simulations),
    ]
