"""What the commands say: reasons and shortfalls in words."""

from __future__ import annotations

from services.sortition.commands.terminal import Exit, Refusal
from services.sortition.rotation.errors import BadInput, Infeasible, RotationError
from services.sortition.words import Words


def refusal(words: Words, error: RotationError) -> Refusal:
    """The engine's refusal as the end of the command."""
    if isinstance(error, BadInput):
        lines = [f"- {words(f'rotation.reason.{reason.code}', **reason.params)}" for reason in error.reasons]
        return Refusal(Exit.BAD_INPUT, [words("cli.bad_input", n=len(lines)), *lines])
    assert isinstance(error, Infeasible)  # noqa: S101 - the other kind there is
    if not error.shortfalls:
        few = words("rotation.too_few", rotation=error.rotation, seats=error.seats, people=error.people)
        return Refusal(Exit.INFEASIBLE, [few])
    lines = [
        "- "
        + words(
            f"rotation.shortfall.{s.side.value}",
            rotation=s.rotation,
            place=f"{s.feature}: {s.value}",
            quota=s.quota,
            reached=s.reached,
        )
        for s in error.shortfalls
    ]
    head = words("rotation.infeasible", rotation=error.rotation)
    return Refusal(
        Exit.INFEASIBLE, [head, *lines, words("rotation.infeasible.cure", rotation=error.rotation)]
    )
