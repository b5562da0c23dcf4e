"""What both commands ask for alike: the targets, the panel's size, a seed, a new folder."""

from __future__ import annotations

from pathlib import Path

from services.sortition.commands.request import check_new, state
from services.sortition.commands.terminal import Terminal
from services.sortition.invitation.forecast import Forecast
from services.sortition.invitation.types import Question
from services.sortition.spreadsheet.findings import File, Finding, Reason
from services.sortition.spreadsheet.targets import TargetsTable, read_targets


def begin(
    terminal: Terminal, path: Path, size: int, seed: str, out: Path
) -> tuple[TargetsTable, list[Finding]]:
    """The targets as read, and everything wrong with them and the request."""
    findings = [*check_new(out)]
    if size < 1:
        findings.append(Finding(Reason.SIZE_NOT_POSITIVE, File.REQUEST, sizes=(("size", size),)))
    if not seed.strip():
        findings.append(Finding(Reason.SEED_EMPTY, File.REQUEST))
    targets = read_targets(path)
    state(terminal, File.TARGETS, targets.info)
    return targets, [*findings, *targets.findings]


def question(targets: TargetsTable, size: int, per_seat: float) -> Question:
    """Raises BadInput or Infeasible."""
    return Question(targets.features, targets.targets, size, per_seat)


def value_rows(asked: Question, made: Forecast) -> list[tuple[str, ...]]:
    """Per target: feature, value, expected, low, high, needed, enough."""
    return [
        (
            target.feature,
            target.value,
            f"{value.pool.mean:.2f}",
            str(value.pool.low),
            str(value.pool.high),
            str(value.needed),
            f"{value.enough.share:.4f}",
        )
        for target, value in zip(asked.targets, made.values, strict=True)
    ]
