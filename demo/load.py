"""The demonstration's story in chapters, each told to a suite whose clock stands where it happened."""

from __future__ import annotations

import calendar
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from google.protobuf.duration_pb2 import Duration

from borgerting.deliberation.v1 import municipality_service_pb2 as registry
from borgerting.deliberation.v1 import municipality_service_pb2_grpc as registry_grpc
from borgerting.deliberation.v1 import sign_in_link_service_pb2 as links
from borgerting.deliberation.v1 import sign_in_link_service_pb2_grpc as links_grpc
from borgerting.followup.v1 import promise_service_pb2 as promises
from borgerting.followup.v1 import promise_service_pb2_grpc as promises_grpc
from borgerting.sortition.v1 import selection_service_pb2 as selections
from borgerting.sortition.v1 import selection_service_pb2_grpc as selections_grpc
from borgerting.volunteer.v1 import task_service_pb2 as tasks
from borgerting.volunteer.v1 import task_service_pb2_grpc as tasks_grpc
from demo.access import EGEBAEK, HAVNSTED, Access, request_id, until
from demo.answer_words import IN_TIME, LATE, SOUGHT, SOUGHT_LATE
from demo.assembly import hand_over, seat_assembly
from demo.lottery import Lotteries
from demo.promises import answer, await_promises, grant_more_time, seek_volunteers
from demo.volunteer_words import ASTA
from demo.volunteers import open_portal

ZONE = ZoneInfo("Europe/Copenhagen")
_LINK_LIFETIME_S = 24 * 3600


@dataclass(frozen=True)
class Chapter:
    """What happened at one time. `tell` makes it happen in a suite whose clock begins at `begin`."""

    begin: datetime
    tell: Callable[[Access], None]


def chapters(today: date) -> list[Chapter]:
    """The story that ends today. The first answers fell due about a month ago; the second comes in half a
    year.
    """
    handover = _weekday(_months_before(today, 4), -1)
    in_time = _weekday(handover + timedelta(days=75))
    # The due date is at most 97 days after the handover, moved over Easter or Christmas.
    late = _weekday(handover + timedelta(days=107))
    more_time = _weekday(today + timedelta(days=40))

    def answers(access: Access) -> None:
        answer(access, IN_TIME)
        grant_more_time(access, more_time)
        seek_volunteers(access, SOUGHT)

    def volunteering(access: Access) -> None:
        answer(access, LATE)
        seek_volunteers(access, [SOUGHT_LATE])
        open_portal(access, today, ZONE)
        lotteries = Lotteries(access)
        lotteries.standing_council()
        lotteries.climate_council()

    return [
        Chapter(_at(_weekday(_months_before(handover, 6)), time(10)), _lottery),
        Chapter(_at(handover, time(17, 30)), _handover),
        Chapter(_at(in_time, time(9)), answers),
        Chapter(_at(late, time(9)), volunteering),
    ]


def _lottery(access: Access) -> None:
    _municipality(access, HAVNSTED, "Havnsted Kommune")
    _municipality(access, EGEBAEK, "Egebæk Kommune")
    seat_assembly(access, Lotteries(access).assembly())


def _handover(access: Access) -> None:
    hand_over(access)
    await_promises(access)


def is_empty(access: Access) -> bool:
    """Whether the suite serves no municipality yet."""
    desk = registry_grpc.MunicipalityServiceStub(access.channel)
    return not desk.ListMunicipalities(registry.ListMunicipalitiesRequest()).municipalities


def shows_the_demonstration(access: Access) -> bool:
    desk = registry_grpc.MunicipalityServiceStub(access.channel)
    found = desk.ListMunicipalities(registry.ListMunicipalitiesRequest(page_size=1000)).municipalities
    return f"municipalities/{HAVNSTED}" in [each.name for each in found]


def sign_in_link(access: Access, role: str, municipality: str | None) -> str:
    """A one-time link, good for a day. The volunteer's signs in the one with sign-ups."""
    link = links.SignInLink(
        role=role,
        municipality=f"municipalities/{municipality}" if municipality else "",
        subject=ASTA.subject if role == "volunteer" else "",
        ttl=Duration(seconds=_LINK_LIFETIME_S),
    )
    return (
        links_grpc.SignInLinkServiceStub(access.channel)
        .CreateSignInLink(
            links.CreateSignInLinkRequest(sign_in_link=link, request_id=request_id()),
            metadata=access.signed_in(None, "operator"),
        )
        .uri
    )


def _municipality(access: Access, slug: str, name: str) -> None:
    registry_grpc.MunicipalityServiceStub(access.channel).CreateMunicipality(
        registry.CreateMunicipalityRequest(
            municipality_id=slug,
            municipality=registry.Municipality(display_name=name),
            request_id=request_id(),
        ),
        metadata=access.signed_in(None, "operator"),
    )
    parent = f"municipalities/{slug}"
    sortition = selections_grpc.SelectionServiceStub(access.channel)
    followup = promises_grpc.PromiseServiceStub(access.channel)
    volunteer = tasks_grpc.TaskServiceStub(access.channel)
    metadata = access.signed_in(slug, "secretariat")
    # The others learn of it by event.
    until(
        lambda: sortition.ListSelections(selections.ListSelectionsRequest(parent=parent), metadata=metadata),
        f"{parent} in sortition",
    )
    until(lambda: followup.ListPromises(promises.ListPromisesRequest(parent=parent)), f"{parent} in followup")
    until(lambda: volunteer.ListTasks(tasks.ListTasksRequest(parent=parent)), f"{parent} in volunteer")


def _months_before(day: date, months: int) -> date:
    index = day.year * 12 + day.month - 1 - months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _weekday(day: date, step: int = 1) -> date:
    """The day, or where it is a Saturday or Sunday the next weekday in that direction."""
    while day.weekday() > 4:
        day += timedelta(days=step)
    return day


def _at(day: date, hour: time) -> datetime:
    return datetime.combine(day, hour, ZONE)
