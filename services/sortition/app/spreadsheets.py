"""Between the spreadsheet reader and the use cases: its tables, its findings in words."""

from __future__ import annotations

from collections.abc import Sequence

from chassis.errors import Code, DomainError, FieldViolation
from services.sortition.app.views import CellError
from services.sortition.domain.target import Target
from services.sortition.lottery.problem import Target as LotteryTarget
from services.sortition.spreadsheet.findings import Finding
from services.sortition.spreadsheet.source import SourceInfo
from services.sortition.spreadsheet.targets import TargetsTable
from services.sortition.spreadsheet.words import Words, describe

MAX_TARGETS_FILE = 1 << 20
# Read within one unit of work, during which nobody else of the service writes: some 200,000 volunteers.
MAX_POOL_FILE = 8 << 20


def cell_errors(findings: Sequence[Finding], language: str) -> tuple[CellError, ...]:
    words = Words(language)
    errors = []
    for finding in findings:
        described = describe(finding, words)
        errors.append(
            CellError(
                row=finding.row or 0,
                column=finding.column,
                found=finding.found,
                reason=finding.reason.value,
                place=described.place,
                what=described.what,
                cure=described.cure,
            )
        )
    return tuple(errors)


def file_format(info: SourceInfo | None) -> str:
    """What was recognised, in short: `utf-8 ;` or `xlsx Sheet1`; "" for a file that could not be read."""
    if info is None:
        return ""
    if info.kind == "workbook":
        return f"workbook {info.sheet}"
    return f"{info.encoding} {'TAB' if info.delimiter == chr(9) else info.delimiter}"


def check_size(content: bytes, limit: int) -> None:
    """Raises DomainError RESOURCE_EXHAUSTED FILE_TOO_LARGE, INVALID_ARGUMENT FILE_MISSING."""
    if not content:
        violation = FieldViolation("file", "REQUIRED")
        raise DomainError(Code.INVALID_ARGUMENT, "FILE_MISSING", {}, (violation,))
    if len(content) > limit:
        metadata = {"limit_mib": str(limit >> 20)}
        violation = FieldViolation("file", "FILE_TOO_LARGE", metadata)
        raise DomainError(Code.RESOURCE_EXHAUSTED, "FILE_TOO_LARGE", metadata, (violation,))


def lottery_targets(targets: Sequence[Target]) -> tuple[LotteryTarget, ...]:
    return tuple(
        LotteryTarget(t.feature, t.value, t.minimum, t.maximum, t.min_flex, t.max_flex, t.reason)
        for t in targets
    )


def domain_targets(targets: Sequence[LotteryTarget]) -> tuple[Target, ...]:
    return tuple(
        Target(t.feature, t.value, t.minimum, t.maximum, t.min_flex, t.max_flex, t.reason) for t in targets
    )


def targets_table(targets: Sequence[Target]) -> TargetsTable:
    """A selection's targets as the reader of respondents wants them."""
    values: dict[str, tuple[str, ...]] = {}
    for target in targets:
        values[target.feature] = (*values.get(target.feature, ()), target.value)
    return TargetsTable(None, lottery_targets(targets), (), values, ())
