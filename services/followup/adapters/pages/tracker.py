"""The public tracker: what became of the recommendations. No sign-in, no script, no cookie."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

from fastapi import APIRouter, Request, Response

from chassis.auth.principal import Role
from chassis.errors import FieldViolation
from chassis.rest import site_of
from chassis.web import HeaderMunicipality, invalid
from services.followup.adapters.pages import answers_feed, calendar_feed
from services.followup.adapters.pages.house import House, base, crumbs, has_role, promise_base
from services.followup.adapters.pages.stand_words import StandWords
from services.followup.adapters.pages.timeline import timeline
from services.followup.app.get_tracker import get_tracker
from services.followup.app.views import PromiseView, Tracker
from services.followup.domain.report import HandoverState
from services.followup.domain.standing import Stand

ALL, SEEKING = "all", "volunteers"
# As the addresses spell them.
FILTERS: Mapping[str, Callable[[PromiseView], bool]] = {
    ALL: lambda view: True,
    "overdue": lambda view: view.standing.stand is Stand.OVERDUE,
    "waiting": lambda view: view.standing.stand is Stand.WAITING,
    "followed": lambda view: view.standing.stand is Stand.FOLLOWED,
    "partly": lambda view: view.standing.stand is Stand.PARTLY,
    "under-way": lambda view: view.standing.stand is Stand.UNDER_WAY,
    "not-followed": lambda view: view.standing.stand is Stand.NOT_FOLLOWED,
    SEEKING: lambda view: view.promise.volunteers_wanted > 0,
}


class TrackerPages:
    """`site` is the scheme and host of the pages where it is configured; else whoever asks says it."""

    def __init__(self, house: House, site: str = "") -> None:
        self._house = house
        self._site = site.rstrip("/")

    def router(self) -> APIRouter:
        router = APIRouter()
        router.get("/{municipality}")(self.show)
        router.get("/{municipality}/deadlines.ics")(self.deadlines)
        router.get("/{municipality}/answers.atom")(self.answers)
        return router

    def show(self, request: Request, municipality: str, state: str = ALL) -> Response:
        if state not in FILTERS:
            raise invalid(FieldViolation("state", "STATE_UNKNOWN"))
        header, tracker, say = self._read(request, municipality)
        words = say.words
        shown = [view for view in tracker.promises if FILTERS[state](view)]
        return self._house.page(
            request,
            "tracker",
            header,
            crumbs(words, municipality),
            public=True,
            base=base(municipality),
            officer=has_role(request, municipality, Role.OFFICER, Role.COUNCIL),
            promised=len(tracker.promises),
            waiting_reports=_waiting(tracker),
            lead=_lead(tracker, say),
            figures=_figures(tracker, say),
            filters=_filters(tracker.promises, state, say),
            filtered=state != ALL,
            timeline=timeline(tracker.promises, tracker.today, say),
            assemblies=_assemblies(tracker, shown, municipality, say),
            today=tracker.today,
            changed=max((view.promise.update_time for view in tracker.promises), default=None),
        )

    def deadlines(self, request: Request, municipality: str) -> Response:
        """The dates as a calendar that one can subscribe to."""
        header, tracker, say = self._read(request, municipality)
        content = calendar_feed.calendar_feed(tracker.promises, say, header, self._address(request))
        return _feed(content, calendar_feed.MEDIA_TYPE)

    def answers(self, request: Request, municipality: str) -> Response:
        """The newest answers as a feed."""
        header, tracker, say = self._read(request, municipality)
        now = self._house.clock.now()
        content = answers_feed.answers_feed(tracker.promises, say, header, self._address(request), now)
        return _feed(content, answers_feed.MEDIA_TYPE)

    def _read(self, request: Request, municipality: str) -> tuple[HeaderMunicipality, Tracker, StandWords]:
        header, tracker = self._house.read(
            request, municipality, lambda uow, who: get_tracker(uow, who, clock=self._house.clock)
        )
        return header, tracker, StandWords(self._house.words(request), self._house.formats(request, header))

    def _address(self, request: Request) -> str:
        return self._site or site_of(request)


def _feed(content: bytes, media_type: str) -> Response:
    headers = {"Cache-Control": "public, max-age=300", "X-Content-Type-Options": "nosniff"}
    return Response(content, media_type=media_type, headers=headers)


def _waiting(tracker: Tracker) -> int:
    return sum(handover.state is HandoverState.WAITING for handover in tracker.handovers)


def _counts(tracker: Tracker) -> tuple[int, int, int]:
    """Answered (and nothing overdue), waiting, overdue."""
    overdue = sum(FILTERS["overdue"](view) for view in tracker.promises)
    waiting = sum(FILTERS["waiting"](view) for view in tracker.promises)
    return len(tracker.promises) - overdue - waiting, waiting, overdue


def _lead(tracker: Tracker, say: StandWords) -> str:
    """The finding, in a sentence or two."""
    if not tracker.promises:
        return say.words.text("tracker.empty_lead")
    answered, waiting, overdue = _counts(tracker)
    parts = [say.words.plural("tracker.lead_promised", len(tracker.promises))]
    if answered:
        parts.append(say.words.plural("tracker.lead_answered", answered))
    if waiting:
        parts.append(say.words.plural("tracker.lead_waiting", waiting))
    if overdue:
        parts.append(say.words.plural("tracker.lead_overdue", overdue))
    return " ".join(parts)


def _figures(tracker: Tracker, say: StandWords) -> list[tuple[str, str]]:
    if not tracker.promises:
        return []
    answered, waiting, overdue = _counts(tracker)
    f, text = say.f, say.words.text
    figures = [
        (text("tracker.figure_answered"), f.number(answered)),
        (text("tracker.figure_waiting"), f.number(waiting)),
        (text("tracker.figure_overdue"), f.number(overdue)),
    ]
    dates = [view.standing.next_due for view in tracker.promises if view.standing.next_due]
    if dates:
        first = min(dates)
        words = say.words.plural("tracker.figure_next", dates.count(first))
        figures.append((words, f.date(first)))
    return figures


def _filters(views: Sequence[PromiseView], chosen: str, say: StandWords) -> list[dict[str, Any]]:
    """Only those that show something, and the one that is chosen."""
    counted = [(name, sum(keeps(view) for view in views)) for name, keeps in FILTERS.items()]
    return [
        {
            "name": name,
            "words": say.words.text(f"tracker.filter_{name.replace('-', '_')}"),
            "count": say.f.number(count),
            "current": name == chosen,
        }
        for name, count in counted
        if count or name in (ALL, chosen)
    ]


def _assemblies(
    tracker: Tracker, views: Sequence[PromiseView], municipality: str, say: StandWords
) -> list[dict[str, Any]]:
    """The newest assembly first; in each the report's own order."""
    titles = {handover.assembly: handover for handover in tracker.handovers}
    several = len({view.promise.assembly for view in tracker.promises}) > 1
    found = []
    for assembly, own in groupby(views, lambda view: view.promise.assembly):
        handover = titles.get(assembly)
        promises = list(own)
        themes = [
            {"title": title, "lines": [_line(view, municipality, say) for view in themed]}
            for title, themed in groupby(promises, lambda view: view.promise.recommendation_title)
        ]
        found.append(
            {
                "title": handover.title if handover and several else "",
                "handover": promises[0].promise.handover_date,
                "themes": themes,
            }
        )
    return found[::-1]


def _line(view: PromiseView, municipality: str, say: StandWords) -> dict[str, Any]:
    promise = view.promise
    kind, badge = say.badge(view)
    return {
        "title": promise.title,
        "address": promise_base(municipality, promise.id),
        "kind": kind,
        "badge": badge,
        "standing": say.line(view),
        "volunteers": promise.volunteers_wanted,
    }
