"""Every page of follow-up, in both languages, on a phone and at a desk; an answer with no script."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page

from borgerting.deliberation.v1 import sign_in_link_service_pb2 as link_pb
from borgerting.deliberation.v1 import sign_in_link_service_pb2_grpc as link_grpc
from borgerting.followup.v1 import promise_service_pb2 as pb
from tests.browser.watched import Watched
from tests.component.followup.suite import HERE, SECRETARIAT, THERE, Running, running_suite

BASE = f"/followup/{HERE}"
# No word of it may be broken off by a narrow screen.
LONG = "Selvejerboligforeningsrepræsentantskabsformandskabsmøder og frivilligkoordinatoruddannelser"


@dataclass(frozen=True)
class Stages:
    """Promises in each state that pages show, and an officer's session."""

    running: Running
    answered: pb.Promise
    extended: pb.Promise
    unanswered: pb.Promise
    cookies: list[Any]


@pytest.fixture(scope="session")
def stages(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[Stages]:
    with running_suite(tmp_path_factory.mktemp("followup")) as running:
        answered, extended, unanswered = running.handed_over()
        running.go("2025-11-10")
        answer(running, answered, pb.Answer.DECISION_PARTLY, office="Veje", committee=LONG[:100])
        answer(running, answered, pb.Answer.DECISION_FOLLOWED, actions="Udbud i marts.")
        more = pb.Extension(office="Velfærd", reason="Budgettet mangler")
        more.until_date.year, more.until_date.month, more.until_date.day = 2026, 1, 31
        request = pb.CreateExtensionRequest(parent=extended.checkpoints[0].name, extension=more)
        running.promises.CreateExtension(request, metadata=running.metadata())
        running.promises.SeekVolunteers(
            pb.SeekVolunteersRequest(name=answered.name, wanted=12, task=LONG), metadata=running.metadata()
        )
        running.go("2025-12-03")
        yield Stages(running, answered, extended, unanswered, sign_in(running, chromium))


def answer(running: Running, promise: pb.Promise, decision: Any, **fields: str) -> None:
    uri = f"https://hjemby.example.dk/{'dagsorden/' * 12}"
    wanted = pb.Answer(decision=decision, reason=f"Fordi.\n{LONG}", evidence_uris=[uri], **fields)
    request = pb.CreateAnswerRequest(parent=promise.checkpoints[0].name, answer=wanted)
    running.promises.CreateAnswer(request, metadata=running.metadata())


def sign_in(running: Running, chromium: Browser) -> list[Any]:
    wish = link_pb.SignInLink(municipality=f"municipalities/{HERE}", role="officer", subject="officer-1")
    made = link_grpc.SignInLinkServiceStub(running.channel).CreateSignInLink(
        link_pb.CreateSignInLinkRequest(sign_in_link=wish), metadata=running.metadata(SECRETARIAT)
    )
    context = chromium.new_context()
    page = context.new_page()
    page.goto(running.addresses.http + httpx.URL(made.uri).path)
    page.click("main button[type=submit]")
    cookies = [
        {name: cookie[name] for name in ("name", "value", "domain", "path")}  # type: ignore[literal-required]
        for cookie in context.cookies()
    ]
    context.close()
    return cookies


def address(promise: pb.Promise) -> str:
    return f"{BASE}/promises/{promise.name[-36:]}"


def place(promise: pb.Promise, act: str, number: int = 0) -> str:
    return f"{address(promise)}/checkpoints/{promise.checkpoints[number].name[-36:]}/{act}"


def public_pages(stages: Stages) -> dict[str, str]:
    return {
        "nothing yet": f"/followup/{THERE}",
        "tracker": BASE,
        "overdue only": f"{BASE}?state=overdue",
        "none of these": f"{BASE}?state=not-followed",
        "no such filter": f"{BASE}?state=x",
        "answered": address(stages.answered),
        "extended": address(stages.extended),
        "no answer": address(stages.unanswered),
        "sign in first": f"{BASE}/owed",
        "not found": f"{BASE}/promises/01900000-0000-7000-8000-000000000000",
    }


def officers_pages(stages: Stages) -> dict[str, str]:
    return {
        "tracker": BASE,
        "owed": f"{BASE}/owed",
        "promise": address(stages.unanswered),
        "answer": place(stages.unanswered, "answer"),
        "another answer": place(stages.answered, "answer"),
        "too early": place(stages.unanswered, "answer", 1),
        "extension": place(stages.unanswered, "extension"),
        "nothing to extend": place(stages.answered, "extension"),
        "volunteers": f"{address(stages.answered)}/volunteers",
        "no volunteers yet": f"{address(stages.unanswered)}/volunteers",
    }


@pytest.fixture
def site(stages: Stages) -> str:
    return stages.running.addresses.http


@pytest.fixture
def watched(chromium: Browser, site: str, width: int, language: str) -> Iterator[Watched]:
    context = chromium.new_context(viewport={"width": width, "height": 800})
    context.add_cookies([{"name": "language", "value": language, "url": site}])
    yield Watched(context.new_page(), site)
    context.close()


def problems(watched: Watched, site: str, pages: dict[str, str]) -> dict[str, list[str]]:
    return {name: found for name, path in pages.items() if (found := watched.problems(site + path))}


def test_public_pages(watched: Watched, stages: Stages, site: str, language: str) -> None:
    assert problems(watched, site, public_pages(stages)) == {}
    assert watched.page.locator("html").get_attribute("lang") == language


def test_officers_pages(watched: Watched, stages: Stages, site: str) -> None:
    watched.page.context.add_cookies(stages.cookies)
    assert problems(watched, site, officers_pages(stages)) == {}


def test_pages_that_answer_a_form(watched: Watched, stages: Stages, site: str) -> None:
    """What a form leads to has no address of its own: errors, and the last look before it is public."""
    page = watched.page
    page.context.add_cookies(stages.cookies)
    page.goto(site + place(stages.unanswered, "answer"))
    page.fill("#evidence_uris", "ikke en adresse")
    page.click("main button[type=submit]")
    assert page.locator("#error-summary").count() == 1
    assert watched.problems_here() == []
    write(page)
    page.click("main button[type=submit]")
    assert page.locator("button[value=confirm]").count() == 1
    assert watched.problems_here() == []
    page.goto(site + place(stages.unanswered, "extension"))
    page.fill("#until_date", "2026-02-28")
    page.fill("#office", LONG)
    page.fill("#reason", LONG)
    page.click("main button[type=submit]")
    assert page.locator("button[value=confirm]").count() == 1
    assert watched.problems_here() == []


def write(page: Page) -> None:
    page.check("#decision-NOT_FOLLOWED")
    page.fill("#reason", f"Pengene er der ikke.\n{LONG}")
    page.fill("#evidence_uris", "https://hjemby.example.dk/budget")


def test_an_answer_with_no_script_from_what_we_owe_to_the_public_page(
    chromium: Browser, stages: Stages, site: str
) -> None:
    context = chromium.new_context(viewport={"width": 360, "height": 800}, java_script_enabled=False)
    context.add_cookies(stages.cookies)
    page = context.new_page()
    page.goto(f"{site}{BASE}/owed")
    page.click(f"a[href='{place(stages.extended, 'answer', 2)}']")
    write(page)
    page.click("main button[type=submit]")
    page.click("button[value=edit]")
    assert page.input_value("#reason").startswith("Pengene er der ikke.")
    page.fill("#office", "Økonomi")
    page.click("main button[type=submit]")
    page.click("button[value=confirm]")
    assert page.url == site + address(stages.extended)
    assert "Pengene er der ikke." in page.inner_text("main")
    assert "Økonomi" in page.inner_text("main")
    context.close()


def test_it_prints_what_it_says_and_no_links_to_press(chromium: Browser, stages: Stages, site: str) -> None:
    context = chromium.new_context(viewport={"width": 800, "height": 800})
    page = context.new_page()
    page.goto(site + BASE)
    page.emulate_media(media="print")
    assert not page.locator(".filters").is_visible()
    assert page.locator("svg.line").is_visible()
    page.goto(site + address(stages.unanswered))
    # How a date came about is open on paper.
    assert page.get_by_text("28. juni 2026 er ikke en arbejdsdag").first.is_visible()
    context.close()
