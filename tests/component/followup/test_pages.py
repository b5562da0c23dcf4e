"""Follow-up's pages without scripts: what anyone reads, and how the council answers."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import closing
from uuid import uuid4
from xml.etree import ElementTree

import httpx
import pytest
from icalendar import Calendar

from borgerting.deliberation.v1 import sign_in_link_service_pb2 as link_pb
from borgerting.deliberation.v1 import sign_in_link_service_pb2_grpc as link_grpc
from borgerting.followup.v1 import promise_service_pb2 as pb
from chassis.db import Database
from services.followup.adapters.repository import SqlHandovers
from services.followup.domain.report import Handover
from tests.component.followup.suite import HERE, SECRETARIAT, THERE, Running, enter

BASE = f"/followup/{HERE}"
ATOM = "{http://www.w3.org/2005/Atom}"
LINK = re.compile(r'href="(/[^"]*)"')
HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


class Browser(httpx.Client):
    """Keeps cookies and sends forms with their hidden fields, as a browser does."""

    def __init__(self, running: Running, role: str = "") -> None:
        super().__init__(base_url=running.addresses.http, trust_env=False, timeout=20)
        self.origin = running.addresses.http
        if role:
            municipality = f"municipalities/{HERE}"
            wish = link_pb.SignInLink(municipality=municipality, role=role, subject=f"{role}-1")
            made = link_grpc.SignInLinkServiceStub(running.channel).CreateSignInLink(
                link_pb.CreateSignInLinkRequest(sign_in_link=wish), metadata=running.metadata(SECRETARIAT)
            )
            self.submit(httpx.URL(made.uri).path)

    def page(self, path: str, status: int = 200) -> str:
        answer = self.get(path)
        assert answer.status_code == status, answer.text
        return html.unescape(answer.text)

    def send_form(self, path: str, data: dict[str, str]) -> httpx.Response:
        return self.post(path, data=data, headers={"origin": self.origin, "sec-fetch-site": "same-origin"})

    def submit(self, path: str, fields: dict[str, str] | None = None) -> httpx.Response:
        return self.send_form(path, hidden(self.get(path)) | (fields or {}))


def hidden(page: httpx.Response) -> dict[str, str]:
    return {name: html.unescape(value) for name, value in HIDDEN.findall(page.text)}


@pytest.fixture
def anyone(running: Running) -> Iterator[Browser]:
    with closing(Browser(running)) as made:
        yield made


@pytest.fixture
def officer(running: Running) -> Iterator[Browser]:
    running.go("2025-08-28")
    with closing(Browser(running, "officer")) as made:
        yield made


@pytest.fixture
def promises(running: Running) -> list[pb.Promise]:
    """Those of a new assembly."""
    running.go("2025-08-28")
    return running.handed_over()


def address(promise: pb.Promise) -> str:
    return f"{BASE}/promises/{promise.name[-36:]}"


def place(promise: pb.Promise, act: str, number: int = 0) -> str:
    return f"{address(promise)}/checkpoints/{promise.checkpoints[number].name[-36:]}/{act}"


def now(running: Running, promise: pb.Promise) -> pb.Promise:
    return running.promises.GetPromise(pb.GetPromiseRequest(name=promise.name))


ANSWER = {
    "decision": "PARTLY",
    "reason": "Vi gør halvdelen.\r\nResten venter.",
    "actions": "",
    "committee": "Klima <og> Veje",
    "office": "",
    "evidence_uris": "https://hjemby.dk/a\r\nhttps://hjemby.dk/b",
}
EXTENSION = {"until_date": "2026-01-31", "office": "Veje", "reason": "Budgettet mangler"}


class TestTheTracker:
    def test_before_anything_was_handed_over(self, running: Running, anyone: Browser) -> None:
        page = anyone.page(f"/followup/{THERE}")
        assert "Der er endnu ikke overdraget en rapport" in page
        assert '<svg class="line"' not in page

    def test_a_report_that_is_not_read_yet(self, running: Running, anyone: Browser) -> None:
        enter(running, "tredjeby")
        database = Database(f"sqlite:///{running.folder / 'followup.sqlite3'}", clock=running.clock)
        with database.writing("tredjeby") as transaction:
            waiting = Handover("tredjeby", uuid4(), "a" * 64, running.clock.now())
            SqlHandovers(transaction).put(waiting)
        database.close()
        page = anyone.page("/followup/tredjeby")
        assert "En rapport er lige overdraget" in page
        assert "Der er endnu ikke overdraget en rapport" not in page

    def test_no_answer_stands_there_the_day_after_by_itself(
        self, running: Running, anyone: Browser, promises: list[pb.Promise]
    ) -> None:
        running.go("2025-11-28")
        page = anyone.page(f"{BASE}?state=overdue")
        assert address(promises[0]) not in page
        running.go("2025-11-29")
        page = anyone.page(f"{BASE}?state=overdue")
        assert address(promises[0]) in page
        assert "Skulle være besvaret senest 28. november 2025." in page
        one = anyone.page(address(promises[0]))
        assert "Kommunen skulle have svaret senest fredag 28. november 2025, men har ikke svaret." in one
        assert "Fristen er overskredet med en dag." in one

    def test_it_needs_no_cookie_and_may_be_kept_shortly(
        self, anyone: Browser, promises: list[pb.Promise]
    ) -> None:
        for path in (BASE, address(promises[0]), f"{BASE}/deadlines.ics", f"{BASE}/answers.atom"):
            answer = anyone.get(path)
            assert answer.status_code == 200
            assert "set-cookie" not in answer.headers
            assert answer.headers["cache-control"].startswith("public")

    def test_both_dates_and_how_they_came_about(self, anyone: Browser, promises: list[pb.Promise]) -> None:
        page = anyone.page(address(promises[0]))
        for words in (
            "søndag 28. juni 2026",
            "mandag 29. juni 2026",
            "Fristen er derfor den næste arbejdsdag, mandag 29. juni 2026.",
        ):
            assert words in page
        english = anyone.page(f"{address(promises[0])}?language=en")
        assert "The date is therefore the next working day, Monday 29 June 2026." in english

    def test_filters_are_links_and_count_what_they_show(
        self, running: Running, anyone: Browser, promises: list[pb.Promise]
    ) -> None:
        page = anyone.page(BASE)
        for name, count in re.findall(r'\?state=([a-z-]+)#promises"[^>]*>[^<]*\((\d+)\)', page):
            shown = anyone.page(f"{BASE}?state={name}")
            assert shown.count('class="card-line promise-line"') == int(count) > 0
        assert "Sådan kan listen ikke deles op" in anyone.page(f"{BASE}?state=x", 400)

    def test_the_calendar_has_every_date(self, anyone: Browser, promises: list[pb.Promise]) -> None:
        answer = anyone.get(f"{BASE}/deadlines.ics")
        assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
        events = Calendar.from_ical(answer.content).walk("VEVENT")
        days = {event.decoded("dtstart").isoformat() for event in events}
        assert {"2025-11-28", "2026-06-29", "2027-08-30"} <= days
        assert len({event["uid"] for event in events}) == len(events)

    def test_the_feed_has_the_newest_answers_first(
        self, running: Running, anyone: Browser, promises: list[pb.Promise]
    ) -> None:
        running.go("2025-09-01")
        for reason in ("Først <dette>", "Så dette"):
            answer = pb.Answer(decision=pb.Answer.DECISION_FOLLOWED, reason=reason)
            request = pb.CreateAnswerRequest(parent=promises[0].checkpoints[0].name, answer=answer)
            running.promises.CreateAnswer(request, metadata=running.metadata())
        answer = anyone.get(f"{BASE}/answers.atom")
        assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
        feed = ElementTree.fromstring(answer.content)  # noqa: S314 - our own
        entries = feed.findall(f"{ATOM}entry")
        assert [entry.findtext(f"{ATOM}content") for entry in entries[:2]] == ["Så dette", "Først <dette>"]
        assert entries[0].findtext(f"{ATOM}title") == "Buslinje til metroen: Følges"
        link = entries[0].find(f"{ATOM}link")
        assert link is not None
        assert link.get("href") == f"{anyone.origin}{address(promises[0])}"
        assert len({entry.findtext(f"{ATOM}id") for entry in entries}) == len(entries)
        assert feed.findtext(f"{ATOM}updated") == "2025-09-01T12:00:00Z"
        empty = ElementTree.fromstring(anyone.get(f"/followup/{THERE}/answers.atom").content)  # noqa: S314
        assert empty.findall(f"{ATOM}entry") == []

    def test_what_is_not_there(self, anyone: Browser) -> None:
        for path in ("/followup/atlantis", f"{BASE}/promises/x", f"{BASE}/promises/{uuid4()}"):
            assert anyone.get(path).status_code == 404


def test_no_link_is_dead(running: Running, promises: list[pb.Promise]) -> None:
    """Anyone's pages, and an officer's: every link that they show leads somewhere."""
    answer = pb.Answer(decision=pb.Answer.DECISION_PARTLY, reason="Ja")
    request = pb.CreateAnswerRequest(parent=promises[0].checkpoints[0].name, answer=answer)
    running.promises.CreateAnswer(request, metadata=running.metadata())
    seek = pb.SeekVolunteersRequest(name=promises[0].name, wanted=3, task="Gå ture")
    running.promises.SeekVolunteers(seek, metadata=running.metadata())
    for role in ("", "officer"):
        with closing(Browser(running, role)) as browser:
            waiting, seen = [BASE], {BASE}
            while waiting:
                page = browser.get(waiting.pop(), follow_redirects=True)
                assert page.status_code == 200, f"{role} {page.url}"
                if not page.url.path.startswith(BASE) or "html" not in page.headers["content-type"]:
                    continue
                found = {link.partition("#")[0] for link in LINK.findall(html.unescape(page.text))}
                waiting += sorted(found - seen - {""})
                seen |= found
            assert f"/volunteer/{HERE}" in seen
            assert (place(promises[1], "answer") in seen) is bool(role)


class TestAnswering:
    def test_write_look_publish(
        self, running: Running, officer: Browser, anyone: Browser, promises: list[pb.Promise]
    ) -> None:
        assert place(promises[0], "answer") in officer.page(address(promises[0]))
        assert place(promises[0], "answer") not in anyone.page(address(promises[0]))
        path = place(promises[0], "answer")
        preview = officer.submit(path, ANSWER)
        assert preview.status_code == 200
        assert "Svaret kan ikke ændres og ikke tages tilbage" in preview.text
        assert "Klima &lt;og&gt; Veje" in preview.text
        assert not now(running, promises[0]).checkpoints[0].answers
        sent = hidden(preview) | {"act": "confirm"}
        done = officer.send_form(f"{path}/published", sent)
        assert (done.status_code, done.headers["location"]) == (303, address(promises[0]))
        # A form that is sent twice publishes once.
        assert officer.send_form(f"{path}/published", sent).status_code == 303
        (answer,) = now(running, promises[0]).checkpoints[0].answers
        assert answer.reason == "Vi gør halvdelen.\nResten venter."
        assert list(answer.evidence_uris) == ["https://hjemby.dk/a", "https://hjemby.dk/b"]
        page = anyone.page(address(promises[0]))
        assert "Vi gør halvdelen." in page
        assert 'href="https://hjemby.dk/b"' in page

    def test_back_from_the_preview_everything_typed_is_there(
        self, running: Running, officer: Browser, promises: list[pb.Promise]
    ) -> None:
        path = place(promises[0], "answer")
        preview = officer.submit(path, ANSWER)
        again = officer.send_form(f"{path}/published", hidden(preview) | {"act": "edit"})
        assert again.status_code == 200
        shown = html.unescape(again.text)
        assert 'value="PARTLY" checked' in shown
        assert "Vi gør halvdelen.\r\nResten venter.</textarea>" in shown.replace("\r\r", "\r")
        assert 'value="Klima <og> Veje"' in shown
        assert not now(running, promises[0]).checkpoints[0].answers

    def test_every_error_at_its_field_and_nothing_lost(
        self, running: Running, officer: Browser, promises: list[pb.Promise]
    ) -> None:
        path = place(promises[0], "answer")
        fields = {**ANSWER, "decision": "", "reason": " ", "evidence_uris": "https://x.dk\nikke en"}
        answer = officer.submit(path, fields)
        assert answer.status_code == 400
        page = html.unescape(answer.text)
        for field in ("decision", "reason", "evidence_uris"):
            assert f'<a href="#{field}">' in page
            assert f'id="{field}-error"' in page
        assert "Adresse nr. 2 er ikke en hel webadresse" in page
        assert "ikke en</textarea>" in page
        # The last page checks it all again: what was sent past the form is no way round.
        past = officer.send_form(f"{path}/published", hidden(answer) | fields | {"act": "confirm"})
        assert past.status_code == 400
        assert not now(running, promises[0]).checkpoints[0].answers

    def test_too_early_is_said_before_and_after(self, officer: Browser, promises: list[pb.Promise]) -> None:
        path = place(promises[0], "answer", 1)
        page = officer.get(path)
        assert "Her kan der svares fra søndag 28. juni 2026" in page.text
        assert "<textarea" not in page.text
        token = hidden(officer.get(place(promises[0], "answer")))["csrf_token"]
        told = officer.send_form(path, {**ANSWER, "csrf_token": token})
        assert told.status_code == 400
        assert "Det er for tidligt at svare" in told.text

    def test_a_form_from_elsewhere_is_refused(
        self, running: Running, officer: Browser, promises: list[pb.Promise]
    ) -> None:
        path = place(promises[0], "answer")
        sent = hidden(officer.submit(path, ANSWER))
        for data, headers in (
            ({**sent, "csrf_token": "x"}, {"origin": officer.origin}),
            (sent, {"origin": "https://elsewhere.example"}),
        ):
            assert officer.post(f"{path}/published", data=data, headers=headers).status_code == 403
        assert not now(running, promises[0]).checkpoints[0].answers

    @pytest.mark.parametrize("act", ["answer", "extension", "volunteers"])
    def test_who_may(self, running: Running, anyone: Browser, promises: list[pb.Promise], act: str) -> None:
        path = f"{address(promises[0])}/volunteers" if act == "volunteers" else place(promises[0], act)
        assert anyone.get(path).status_code == 401
        assert anyone.get(f"{BASE}/owed").status_code == 401
        with closing(Browser(running, "secretariat")) as secretariat:
            assert secretariat.get(path).status_code == 403
            assert secretariat.get(f"{BASE}/owed").status_code == 403
        with closing(Browser(running, "coordinator")) as coordinator:
            assert coordinator.get(path).status_code == (200 if act == "volunteers" else 403)

    def test_what_we_owe_by_date(self, running: Running, promises: list[pb.Promise]) -> None:
        running.go("2025-11-29")
        with closing(Browser(running, "council")) as council:
            page = council.page(f"{BASE}/owed")
            assert f"{BASE}/owed" in council.page(BASE)
        assert "Fredag 28. november 2025" in page
        assert "over fristen" in page
        assert place(promises[0], "answer") in page
        assert place(promises[0], "answer", 1) not in page


class TestMoreTime:
    def test_write_look_grant(
        self, running: Running, officer: Browser, anyone: Browser, promises: list[pb.Promise]
    ) -> None:
        path = place(promises[0], "extension")
        preview = officer.submit(path, EXTENSION)
        assert "Den nye frist bliver mandag 2. februar 2026." in preview.text
        assert not now(running, promises[0]).checkpoints[0].extensions
        again = officer.send_form(f"{path}/granted", hidden(preview) | {"act": "edit"})
        assert 'value="2026-01-31"' in again.text
        done = officer.send_form(f"{path}/granted", hidden(preview) | {"act": "confirm"})
        assert done.headers["location"] == address(promises[0])
        page = anyone.page(address(promises[0]))
        assert "Fristen er forlænget til mandag 2. februar 2026" in page
        assert "fredag 28. november 2025" in page
        assert "Budgettet mangler" in page

    def test_errors_stand_at_their_fields(self, officer: Browser, promises: list[pb.Promise]) -> None:
        path = place(promises[0], "extension")
        answer = officer.submit(path, {"until_date": "31/1", "office": "", "reason": "Kladde"})
        assert answer.status_code == 400
        for field in ("until_date", "office"):
            assert f'id="{field}-error"' in answer.text
        assert "Kladde</textarea>" in answer.text

    def test_nothing_is_left_to_extend_after_an_answer(
        self, running: Running, officer: Browser, promises: list[pb.Promise]
    ) -> None:
        answer = pb.Answer(decision=pb.Answer.DECISION_FOLLOWED, reason="Ja")
        request = pb.CreateAnswerRequest(parent=promises[0].checkpoints[0].name, answer=answer)
        path = place(promises[0], "extension")
        form = hidden(officer.get(path))
        running.promises.CreateAnswer(request, metadata=running.metadata())
        assert "Der er allerede svaret" in officer.page(path)
        told = officer.send_form(path, form | EXTENSION)
        assert told.status_code == 400
        assert "Der er allerede svaret" in told.text
        assert place(promises[0], "extension") not in officer.page(address(promises[0]))


class TestVolunteers:
    def test_only_once_it_is_followed(
        self, running: Running, officer: Browser, promises: list[pb.Promise]
    ) -> None:
        path = f"{address(promises[0])}/volunteers"
        assert "Der kan først søges frivillige" in officer.page(path)
        assert path not in officer.page(address(promises[0]))

    def test_seek_change_and_stop(
        self, running: Running, officer: Browser, anyone: Browser, promises: list[pb.Promise]
    ) -> None:
        answer = pb.Answer(decision=pb.Answer.DECISION_PARTLY, reason="Ja")
        request = pb.CreateAnswerRequest(parent=promises[0].checkpoints[0].name, answer=answer)
        running.promises.CreateAnswer(request, metadata=running.metadata())
        path = f"{address(promises[0])}/volunteers"
        assert path in officer.page(address(promises[0]))
        wrong = officer.submit(path, {"wanted": "mange", "task": "Gå ture", "act": "seek"})
        assert wrong.status_code == 400
        assert 'id="wanted-error"' in wrong.text
        assert "Gå ture</textarea>" in wrong.text
        form = hidden(officer.get(path))
        done = officer.send_form(path, form | {"wanted": "1.000", "task": "Gå ture", "act": "seek"})
        assert done.headers["location"] == address(promises[0])
        page = anyone.page(address(promises[0]))
        assert "Der søges 1000 frivillige" in page
        assert f'href="/volunteer/{HERE}">Se, hvor du kan hjælpe' in page
        stale = officer.send_form(path, form | {"wanted": "5", "task": "Andet", "act": "seek"})
        assert stale.status_code == 400
        assert "Andet</textarea>" in stale.text
        assert officer.submit(path, {"wanted": "", "task": "", "act": "stop"}).status_code == 303
        assert now(running, promises[0]).volunteers_wanted == 0
