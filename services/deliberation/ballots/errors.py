"""Why a ballot cannot go on, as stable reasons with parameters. Words are made elsewhere, from catalogues.

Parameters carry counts, roles, random ids and names of fields; never a person, a choice or a credential.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Parameter = str | int


@dataclass(frozen=True, slots=True)
class Reason:
    """A stable UPPER_SNAKE code and the parameters of its words."""

    code: str
    params: Mapping[str, Parameter] = field(default_factory=dict)


class BallotError(Exception):
    """Base of all that ballots raise on purpose. `reasons` holds every fault found, not only the first."""

    def __init__(self, reasons: Sequence[Reason]) -> None:
        super().__init__(", ".join(sorted({reason.code for reason in reasons})))
        self.reasons = tuple(reasons)


class BadInput(BallotError):  # noqa: N818 - says what is the case, as callers say it
    """The input contradicts itself, is incomplete, or has another form than it must have."""


class Refused(BallotError):  # noqa: N818
    """Well formed, and not to be accepted: a forged credential, a second vote, more votes than issued."""


def reason(code: str, **params: Parameter) -> Reason:
    return Reason(code, params)


def bad(code: str, **params: Parameter) -> BadInput:
    """A BadInput of one reason."""
    return BadInput([Reason(code, params)])


def refused(code: str, **params: Parameter) -> Refused:
    """A Refused of one reason."""
    return Refused([Reason(code, params)])
