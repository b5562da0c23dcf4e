"""The newest answers as an Atom feed (RFC 4287): how one hears of them without looking."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5
from xml.etree import ElementTree as ET

from chassis.web import HeaderMunicipality
from services.followup.adapters.pages.house import base, promise_base
from services.followup.adapters.pages.stand_words import StandWords
from services.followup.app.views import PromiseView
from services.followup.domain.checkpoint import Answer
from services.followup.domain.promise import Promise

MEDIA_TYPE = "application/atom+xml; charset=utf-8"
NEWEST = 50
_ATOM = "http://www.w3.org/2005/Atom"


def answers_feed(
    views: Sequence[PromiseView], say: StandWords, municipality: HeaderMunicipality, site: str, now: datetime
) -> bytes:
    """`site` is the scheme and host of the pages; `now` stands where nothing was answered yet."""
    answers = [
        (answer, view.promise)
        for view in views
        for checkpoint in view.promise.checkpoints
        for answer in checkpoint.answers
    ]
    newest = sorted(answers, key=lambda each: (each[0].create_time, each[0].number), reverse=True)[:NEWEST]
    here = f"{site}{base(municipality.slug)}"
    feed = ET.Element("feed", {"xmlns": _ATOM, "xml:lang": say.words.language})
    name = say.words.text("feed.answers_name", municipality=municipality.display_name)
    _text(feed, "id", uuid5(NAMESPACE_URL, f"{municipality.slug}/followup/answers").urn)
    _text(feed, "title", name)
    _text(feed, "updated", _instant(newest[0][0].create_time if newest else now))
    ET.SubElement(feed, "link", {"rel": "alternate", "type": "text/html", "href": here})
    ET.SubElement(feed, "link", {"rel": "self", "href": f"{here}/answers.atom"})
    author = ET.SubElement(feed, "author")
    _text(author, "name", municipality.display_name)
    for answer, promise in newest:
        _entry(feed, answer, promise, say, f"{site}{promise_base(municipality.slug, promise.id)}")
    content: bytes = ET.tostring(feed, encoding="utf-8", xml_declaration=True)
    return content


def _entry(feed: ET.Element, answer: Answer, promise: Promise, say: StandWords, address: str) -> None:
    entry = ET.SubElement(feed, "entry")
    _text(entry, "id", answer.id.urn)
    _text(entry, "title", f"{promise.title}: {say.decision(answer)}")
    # What was published never changes, so both are the same.
    _text(entry, "published", _instant(answer.create_time))
    _text(entry, "updated", _instant(answer.create_time))
    ET.SubElement(entry, "link", {"rel": "alternate", "type": "text/html", "href": address})
    _text(entry, "content", answer.reason)


def _text(parent: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(parent, tag).text = text


def _instant(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")
