"""What the council owes of one initiative (or recommendation): its checkpoints, their answers, what follows.

Promises come from a report that was handed over. Their dates never change, answers are never taken back, and
whether one is overdue is never stored: it is read off the clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, tzinfo
from uuid import UUID

from chassis.errors import Code, DomainError
from services.followup.deadlines.calendar import WorkingCalendar
from services.followup.deadlines.dates import local_date, moved_date
from services.followup.deadlines.errors import Infeasible, Reason
from services.followup.deadlines.types import Status
from services.followup.domain.checkpoint import Answer, Checkpoint, Extension
from services.followup.domain.fields import AnswerFields, ExtensionFields, SeekFields, refused_extension
from services.followup.domain.report import AnswerUnit


@dataclass(frozen=True, slots=True)
class Promise:
    """`subject` is the initiative's (or recommendation's) name in deliberation, `position` its place in the
    report. `version` counts the changes; it makes the etag.
    """

    municipality: str
    id: UUID
    assembly: UUID
    position: int
    unit: AnswerUnit
    subject: str
    title: str
    text: str
    recommendation_title: str
    handover_date: date
    checkpoints: tuple[Checkpoint, ...]
    create_time: datetime
    update_time: datetime
    volunteers_wanted: int = 0
    volunteers_task: str = ""
    version: int = 1

    @property
    def name(self) -> str:
        return f"municipalities/{self.municipality}/promises/{self.id}"

    @property
    def assembly_name(self) -> str:
        return f"municipalities/{self.municipality}/assemblies/{self.assembly}"

    def checkpoint_name(self, checkpoint: Checkpoint) -> str:
        return f"{self.name}/checkpoints/{checkpoint.id}"

    def checkpoint(self, checkpoint_id: UUID) -> Checkpoint:
        """Raises DomainError NOT_FOUND CHECKPOINT_UNKNOWN."""
        for checkpoint in self.checkpoints:
            if checkpoint.id == checkpoint_id:
                return checkpoint
        raise DomainError(Code.NOT_FOUND, "CHECKPOINT_UNKNOWN")

    @property
    def latest_answer(self) -> Answer | None:
        """The newest of all checkpoints: it says where the matter stands."""
        answers = [answer for checkpoint in self.checkpoints for answer in checkpoint.answers]
        return max(answers, key=lambda answer: answer.number, default=None)

    def statuses(self, now: datetime, zone: tzinfo) -> Mapping[UUID, Status]:
        """By checkpoint."""
        return {checkpoint.id: checkpoint.status(now, zone) for checkpoint in self.checkpoints}

    def answered(
        self, checkpoint_id: UUID, fields: AnswerFields, *, answer_id: UUID, now: datetime, zone: tzinfo
    ) -> tuple[Promise, Answer]:
        """With one more answer. Raises DomainError INVALID_ARGUMENT ANSWER_INVALID with every wrong field,
        FAILED_PRECONDITION CHECKPOINT_NOT_OPEN before its first day.
        """
        checkpoint = self.checkpoint(checkpoint_id)
        checked, decision = fields.checked()
        today = local_date(now, zone)
        if today < checkpoint.opens:
            metadata = {"opens": checkpoint.opens.isoformat()}
            raise DomainError(Code.FAILED_PRECONDITION, "CHECKPOINT_NOT_OPEN", metadata)
        answer = Answer(
            id=answer_id,
            number=self.version + 1,
            decision=decision,
            reason=checked.reason,
            committee=checked.committee,
            office=checked.office,
            actions=checked.actions,
            evidence_uris=checked.evidence_uris,
            answer_date=today,
            create_time=now,
        )
        changed = replace(checkpoint, answers=(*checkpoint.answers, answer))
        return self._with(changed, now), answer

    def extended(
        self,
        checkpoint_id: UUID,
        fields: ExtensionFields,
        *,
        extension_id: UUID,
        now: datetime,
        zone: tzinfo,
        calendar: WorkingCalendar,
    ) -> tuple[Promise, Extension]:
        """With more time for a checkpoint. Raises DomainError INVALID_ARGUMENT EXTENSION_INVALID with every
        wrong field, FAILED_PRECONDITION CHECKPOINT_ANSWERED when there is nothing left to wait for.
        """
        checkpoint = self.checkpoint(checkpoint_id)
        checked, until = fields.checked()
        if checkpoint.answers:
            raise DomainError(Code.FAILED_PRECONDITION, "CHECKPOINT_ANSWERED")
        today = local_date(now, zone)
        try:
            due, moves = moved_date(until, checkpoint.rule, calendar)
        except Infeasible:
            raise refused_extension("until_date", "DATE_OUT_OF_CALENDAR") from None
        if due <= checkpoint.effective_due:
            before = {"due": checkpoint.effective_due.isoformat()}
            raise refused_extension("until_date", "EXTENSION_NOT_LATER", before)
        if due < today:
            raise refused_extension("until_date", "EXTENSION_PAST")
        granted = Reason("EXTENDED", {"granted": today, "date": until, "original": checkpoint.due})
        extension = Extension(
            id=extension_id,
            number=self.version + 1,
            until=until,
            due=due,
            granted_on=today,
            office=checked.office,
            reason=checked.reason,
            reasons=(granted, *moves),
            create_time=now,
        )
        changed = replace(checkpoint, extensions=(*checkpoint.extensions, extension))
        return self._with(changed, now), extension

    def seeking(self, fields: SeekFields, now: datetime) -> Promise:
        """Seeking so many volunteers, or (0) none any more. Raises DomainError INVALID_ARGUMENT SEEK_INVALID
        with every wrong field, FAILED_PRECONDITION PROMISE_NOT_FOLLOWED.
        """
        checked = fields.checked()
        latest = self.latest_answer
        if checked.wanted and (latest is None or not latest.decision.follows):
            raise DomainError(Code.FAILED_PRECONDITION, "PROMISE_NOT_FOLLOWED")
        return replace(
            self,
            volunteers_wanted=checked.wanted,
            volunteers_task=checked.task,
            update_time=now,
            version=self.version + 1,
        )

    def _with(self, changed: Checkpoint, now: datetime) -> Promise:
        checkpoints = tuple(changed if each.id == changed.id else each for each in self.checkpoints)
        return replace(self, checkpoints=checkpoints, update_time=now, version=self.version + 1)
