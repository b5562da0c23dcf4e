"""From the tables to the lottery's question, or to every reason why there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from services.sortition.lottery.problem import Problem, Target

from . import normal
from .findings import File, Finding, Findings, Reason, UnreadableInputError, quote
from .respondents import RespondentsTable
from .source import opened
from .targets import TargetsTable


@dataclass(frozen=True, slots=True)
class IdList:
    """Ids from an include or exclude file, one a line, with their row numbers."""

    file: File
    ids: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()
    findings: tuple[Finding, ...] = ()


NOBODY = IdList(File.INCLUDE)


def read_ids(source: bytes | Path, file: File) -> IdList:
    """Ids, one a line, first column; a first line `id` is a header. An empty file is nobody."""
    try:
        with opened(source, file, ("id",)) as sheet:
            found = [(row, normal.value(cells[0])) for row, cells in sheet.rows]
            trailing = tuple(sheet.trailing)
    except UnreadableInputError as refusal:
        if refusal.finding.reason is Reason.EMPTY_FILE:
            return IdList(file)
        return IdList(file, findings=(refusal.finding,))
    if found and normal.header(found[0][1]) == "id":
        found = found[1:]
    found = [(row, person) for row, person in found if person]
    return IdList(file, tuple(p for _, p in found), tuple(r for r, _ in found), trailing)


def listed(file: File, ids: Sequence[str]) -> IdList:
    """The same from ids at hand, numbered from 1."""
    return IdList(file, tuple(normal.value(i) for i in ids), tuple(range(1, len(ids) + 1)))


def to_problem(
    targets: TargetsTable,
    respondents: RespondentsTable,
    size: int,
    per_address: int | None = None,
    include: IdList = NOBODY,
    exclude: IdList = NOBODY,
) -> Problem | Findings:
    """The problem, or all findings of all files and of the request together, files first."""
    findings: list[Finding] = [
        *targets.findings,
        *respondents.findings,
        *include.findings,
        *exclude.findings,
        *_check_lists(respondents, include, exclude),
        *_check_size(targets, respondents, size, include, exclude),
    ]
    if per_address is not None and per_address < 1:
        findings.append(
            Finding(
                Reason.PER_ADDRESS_NOT_POSITIVE,
                File.REQUEST,
                found=str(per_address),
                sizes=(("per_address", per_address),),
            )
        )
    if findings:
        return Findings(tuple(findings))
    return Problem(
        features=targets.features,
        targets=targets.targets,
        people=respondents.people,
        size=size,
        per_address=per_address,
        include=frozenset(include.ids),
        exclude=frozenset(exclude.ids),
    )


def minima(targets: Sequence[Target]) -> dict[str, int]:
    """The sum of minima per feature, in the order of the targets."""
    sums: dict[str, int] = {}
    for target in targets:
        sums[target.feature] = sums.get(target.feature, 0) + target.minimum
    return sums


def _check_lists(respondents: RespondentsTable, include: IdList, exclude: IdList) -> list[Finding]:
    def shown(person: str, instead: str = "") -> str:
        return instead if respondents.private else quote(person)

    findings = []
    if respondents.info is not None and respondents.ids:
        for chosen in (include, exclude):
            findings += [
                Finding(Reason.UNKNOWN_ID, chosen.file, row=row, found=shown(person, "…"), id=shown(person))
                for person, row in zip(chosen.ids, chosen.rows, strict=True)
                if person not in respondents.ids
            ]
    barred = dict(zip(exclude.ids, exclude.rows, strict=True))
    findings += [
        Finding(
            Reason.INCLUDED_AND_EXCLUDED,
            File.INCLUDE,
            row=row,
            found=shown(person, "…"),
            id=shown(person),
            sizes=(("other", barred[person]),),
        )
        for person, row in zip(include.ids, include.rows, strict=True)
        if person in barred
    ]
    return findings


def _check_size(
    targets: TargetsTable, respondents: RespondentsTable, size: int, include: IdList, exclude: IdList
) -> list[Finding]:
    def wrong(reason: Reason, column: str = "", **sizes: int) -> Finding:
        return Finding(
            reason, File.REQUEST, column=quote(column), found=str(size), sizes=tuple(sizes.items())
        )

    if size < 1:
        return [wrong(Reason.SIZE_NOT_POSITIVE, size=size)]
    findings = []
    pool = len(respondents.store)
    barred = len(respondents.ids.intersection(exclude.ids))
    if pool and size > pool - barred:
        findings.append(wrong(Reason.SIZE_OVER_POOL, size=size, pool=pool, excluded=barred))
    if len(set(include.ids)) > size:
        findings.append(wrong(Reason.INCLUDED_OVER_SIZE, size=size, included=len(set(include.ids))))
    findings += [
        wrong(Reason.MINIMA_OVER_SIZE, feature, size=size, minima=total)
        for feature, total in minima(targets.targets).items()
        if total > size
    ]
    return findings
