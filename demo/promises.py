"""What became of the report: promises, answered in time, late or not at all, and what seeks volunteers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from google.type.date_pb2 import Date

from borgerting.followup.v1 import promise_service_pb2 as promises
from borgerting.followup.v1 import promise_service_pb2_grpc as promises_grpc
from demo import report_words as words
from demo.access import HAVNSTED, Access, request_id, until
from demo.answer_words import BUS_OFFICE, BUS_REASON, AnswerWords

_INITIATIVES = sum(len(each.initiatives) for each in words.REPORT)


def await_promises(access: Access) -> Mapping[str, promises.Promise]:
    """Every initiative's promise by its title, once followup has read the report."""
    desk = promises_grpc.PromiseServiceStub(access.channel)
    request = promises.ListPromisesRequest(parent=f"municipalities/{HAVNSTED}", page_size=100)

    def all_of_them() -> Mapping[str, promises.Promise] | None:
        found = desk.ListPromises(request).promises
        return {each.title: each for each in found} if len(found) == _INITIATIVES else None

    return until(all_of_them, "the report's promises")


def answer(access: Access, answers: Sequence[AnswerWords]) -> None:
    """Each published for its promise's first checkpoint."""
    desk = promises_grpc.PromiseServiceStub(access.channel)
    found, metadata = await_promises(access), access.signed_in(HAVNSTED, "officer")
    for each in answers:
        desk.CreateAnswer(
            promises.CreateAnswerRequest(
                parent=found[each.initiative].checkpoints[0].name,
                answer=promises.Answer(
                    decision=each.decision,
                    reason=each.reason,
                    committee=each.committee,
                    office=each.office,
                    actions=each.actions,
                ),
                request_id=request_id(),
            ),
            metadata=metadata,
        )
    access.say(f"{HAVNSTED}: the council answered {len(answers)} proposals")


def grant_more_time(access: Access, until_date: date) -> None:
    """For the first answer about the bus line."""
    promises_grpc.PromiseServiceStub(access.channel).CreateExtension(
        promises.CreateExtensionRequest(
            parent=await_promises(access)[words.BUS].checkpoints[0].name,
            extension=promises.Extension(
                until_date=Date(year=until_date.year, month=until_date.month, day=until_date.day),
                office=BUS_OFFICE,
                reason=BUS_REASON,
            ),
            request_id=request_id(),
        ),
        metadata=access.signed_in(HAVNSTED, "officer"),
    )


def seek_volunteers(access: Access, sought: Iterable[tuple[str, int, str]]) -> None:
    """`sought`: an initiative's title, how many are wanted, what for."""
    desk = promises_grpc.PromiseServiceStub(access.channel)
    found, metadata = await_promises(access), access.signed_in(HAVNSTED, "officer")
    for title, wanted, task in sought:
        desk.SeekVolunteers(
            promises.SeekVolunteersRequest(
                name=found[title].name,
                wanted=wanted,
                task=task,
                etag=found[title].etag,
                request_id=request_id(),
            ),
            metadata=metadata,
        )
