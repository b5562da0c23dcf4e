"""Checkpoints as iCalendar (RFC 5545): whole days, one event for all that falls due on a date."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

from chassis.web import HeaderMunicipality
from services.followup.adapters.pages.house import base
from services.followup.adapters.pages.stand_words import StandWords
from services.followup.app.views import PromiseView
from services.followup.domain.checkpoint import Checkpoint
from services.followup.domain.promise import Promise

MEDIA_TYPE = "text/calendar; charset=utf-8"


def calendar_feed(
    views: Sequence[PromiseView], say: StandWords, municipality: HeaderMunicipality, site: str
) -> bytes:
    """`site` is the scheme and host under which the pages are."""
    from icalendar import Calendar, Event  # when a calendar is fetched, not at start

    words = say.words
    calendar = Calendar()
    calendar.add("prodid", "-//Borgerting//followup//")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", words.text("feed.name", municipality=municipality.display_name))
    by_day: dict[tuple[date, str], list[tuple[Promise, Checkpoint]]] = defaultdict(list)
    for view in views:
        for checkpoint in view.promise.checkpoints:
            by_day[checkpoint.effective_due, view.promise.assembly_name].append((view.promise, checkpoint))
    address = f"{site}{base(municipality.slug)}"
    for (day, assembly), due in sorted(by_day.items()):
        event = Event()
        event.add("uid", f"{uuid5(NAMESPACE_URL, f'{assembly}/{day.isoformat()}')}@followup")
        event.add("dtstamp", _changed(due))
        event.add("dtstart", day)
        event.add("dtend", day + timedelta(days=1))
        open_ones = [promise for promise, checkpoint in due if not checkpoint.answers]
        event.add("summary", words.plural("feed.summary", len(due), open=len(open_ones)))
        event.add("description", "\n".join(f"- {promise.title}" for promise, _ in due))
        event.add("url", address)
        event.add("transp", "TRANSPARENT")
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def _changed(due: Sequence[tuple[Promise, Checkpoint]]) -> datetime:
    """When what stands in the event last changed: the same content is the same bytes."""
    return max(promise.update_time for promise, _ in due)
