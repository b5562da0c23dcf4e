"""The pool and its targets, read as the lottery's commands read them, with every finding kept."""

from __future__ import annotations

from dataclasses import dataclass

from services.sortition.commands.request import Request, state
from services.sortition.commands.terminal import Terminal
from services.sortition.lottery.problem import Problem
from services.sortition.spreadsheet.assemble import NOBODY, IdList, read_ids
from services.sortition.spreadsheet.findings import File, Finding, Reason
from services.sortition.spreadsheet.respondents import RespondentsTable, read_respondents
from services.sortition.spreadsheet.targets import TargetsTable, read_targets


@dataclass(frozen=True, slots=True)
class Pool:
    """What was read. `problem` may be asked for once nothing in `findings` speaks against it."""

    targets: TargetsTable
    respondents: RespondentsTable
    exclude: IdList
    request: Request
    findings: tuple[Finding, ...]

    def problem(self) -> Problem:
        """The lottery's question with the request's size, nobody who must be drawn."""
        return Problem(
            features=self.targets.features,
            targets=self.targets.targets,
            people=self.respondents.people,
            size=self.request.size,
            per_address=self.request.limit,
            exclude=frozenset(self.exclude.ids),
        )


def load(terminal: Terminal, request: Request) -> Pool:
    """Read respondents, targets and the excluded, and state what was recognised."""
    targets = read_targets(request.targets)
    respondents = read_respondents(request.respondents, targets, request.id_column, request.address_columns)
    state(terminal, File.RESPONDENTS, respondents.info)
    state(terminal, File.TARGETS, targets.info)
    exclude = read_ids(request.exclude, File.EXCLUDE) if request.exclude is not None else NOBODY
    findings = [*targets.findings, *respondents.findings, *exclude.findings]
    if respondents.ids:
        findings += [
            Finding(Reason.UNKNOWN_ID, File.EXCLUDE, row, found="…" if respondents.private else person)
            for person, row in zip(exclude.ids, exclude.rows, strict=True)
            if person not in respondents.ids
        ]
    if request.size < 1:
        sizes = (("size", request.size),)
        findings.append(Finding(Reason.SIZE_NOT_POSITIVE, File.REQUEST, sizes=sizes))
    if request.per_address is not None and not request.address_columns:
        findings.append(Finding(Reason.PER_ADDRESS_WITHOUT_ADDRESS, File.REQUEST))
    elif request.limit is not None and request.limit < 1:
        sizes = (("per_address", request.limit),)
        findings.append(
            Finding(Reason.PER_ADDRESS_NOT_POSITIVE, File.REQUEST, found=str(request.limit), sizes=sizes)
        )
    if request.panels < 1:
        sizes = (("panels", request.panels),)
        findings.append(Finding(Reason.PANELS_NOT_POSITIVE, File.REQUEST, sizes=sizes))
    return Pool(targets, respondents, exclude, request, tuple(findings))
