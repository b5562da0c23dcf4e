"""Every page of the volunteer portal, both languages, phone and desk; its journeys with no script."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.watched import Watched
from tests.component.volunteer.suite import HERE, THERE, Running, principal, running_suite

BASE = f"/volunteer/{HERE}"
# No word of it may be broken off by a narrow screen.
LONG = "Frivilligkoordinatoruddannelsesstartpakkeoverrækkelse og selvejerboligforeningsformandskab"
WORDS = {
    "title": "Læseven på skolen",
    "text": f"Læs højt for et barn.\n{LONG}",
    "requirements": "Tålmodighed, og at du kommer hver gang.",
    "place": "Skolens bibliotek, Skolevej 1",
    "privateText": "Ring på ved sidedøren.",
    "contactOffice": "Frivilligkoordinatoren",
    "contactPhone": "20 00 00 01",
}


@dataclass(frozen=True)
class Stages:
    """Addresses of tasks and slots, one for each state that pages show."""

    running: Running
    promise: str
    open: str
    free: str
    full: str
    place: str
    queue: str
    draft: str
    empty: str
    closed: str
    cancelled: str


def post(running: Running, path: str, body: Any, **options: Any) -> dict[str, Any]:
    answer = running.rest("POST", path, body, **options)
    assert answer.status_code in (200, 201), answer.text
    return dict(answer.json())


def page_of(name: str) -> str:
    """The page of a resource; its sign-ups have another spelling there."""
    return f"/volunteer/{name.removeprefix('municipalities/').replace('signUps', 'sign-ups')}"


def a_task(running: Running, **fields: str) -> str:
    return str(post(running, f"municipalities/{HERE}/tasks", {**WORDS, **fields})["name"])


def a_slot(running: Running, task: str, days: int, capacity: int) -> str:
    start = datetime.now(UTC).replace(hour=14, minute=0, second=0, microsecond=0) + timedelta(days=days)
    when = {"startTime": start.isoformat(), "endTime": (start + timedelta(hours=2)).isoformat()}
    return str(post(running, f"{task}/slots", {**when, "capacity": capacity})["name"])


def known(running: Running, subject: str) -> Any:
    who = principal("volunteer", subject=subject)
    body = {"displayName": "Åse Ærlig", "phone": "20 77 77 77", "email": "aase.aerlig@eksempel.dk"}
    path = f"municipalities/{HERE}/people/me"
    assert running.rest("PATCH", path, body, who=who).status_code == 200
    return who


@pytest.fixture(scope="session")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stages]:
    with running_suite(tmp_path_factory.mktemp("volunteer")) as running:
        promise = running.followup.promise("Frivillige mentorer for børn og unge", 5, task=LONG)
        served = running.followup.promise("Læsevenner", 3)
        opened = a_task(running, promise=served)
        free, full = a_slot(running, opened, 3, 4), a_slot(running, opened, 5, 1)
        post(running, f"{opened}:publish", {})
        volunteer, other = known(running, "v-1"), known(running, "v-2")
        phoned = {"displayName": "Bo Bertelsen", "phone": "30 00 00 00"}
        person = post(running, f"municipalities/{HERE}/people", phoned)["name"]
        place = post(running, f"{free}/signUps", {}, who=volunteer)["name"]
        post(running, f"{full}/signUps", {}, who=other)
        queue = post(running, f"{full}/signUps", {}, who=volunteer)["name"]
        post(running, f"{full}/signUps", {"person": person})
        draft = a_task(running, title="Et udkast")
        a_slot(running, draft, 9, 2)
        closed, cancelled = a_task(running, title="Lukket opgave"), a_task(running, title="Aflyst opgave")
        for task, act in ((closed, "close"), (cancelled, "cancel")):
            a_slot(running, task, 11, 2)
            post(running, f"{task}:publish", {})
            post(running, f"{task}:{act}", {})
        empty = a_task(running, title="Et tomt udkast")
        names = (opened, free, full, place, queue, draft, empty, closed, cancelled)
        made = Stages(running, promise, *map(page_of, names))
        until_sought(running)
        yield made


def until_sought(running: Running) -> None:
    """The portal learns of promises by event: a moment after they were made."""
    until = datetime.now(UTC) + timedelta(seconds=20)
    while "mentorer" not in running.page(f"{BASE}/desk", principal("coordinator")):
        assert datetime.now(UTC) < until


def public_pages(stages: Stages) -> dict[str, str]:
    return {
        "nothing yet": f"/volunteer/{THERE}",
        "tasks": BASE,
        "task": stages.open,
        "closed": stages.closed,
        "cancelled": stages.cancelled,
        "sign up, not signed in": f"{stages.free}/sign-up",
        "queue, not signed in": f"{stages.full}/sign-up",
        "sign in first": f"{BASE}/mine",
        "a draft": stages.draft,
        "no such municipality": "/volunteer/nowhere",
    }


def volunteers_pages(stages: Stages) -> dict[str, str]:
    return {
        "tasks": BASE,
        "task": stages.open,
        "sign up": f"{stages.free}/sign-up",
        "queue": f"{stages.full}/sign-up",
        "mine": f"{BASE}/mine",
        "just got a place": f"{BASE}/mine?new={stages.place.rsplit('/', 1)[1]}",
        "just waits": f"{BASE}/mine?new={stages.queue.rsplit('/', 1)[1]}",
        "give up a place": f"{stages.place}/cancel",
        "leave the queue": f"{stages.queue}/cancel",
        "me": f"{BASE}/me",
        "saved": f"{BASE}/me?saved=1",
        "erase": f"{BASE}/me/erase",
        "not theirs": f"{BASE}/desk",
    }


def new_volunteers_pages(stages: Stages) -> dict[str, str]:
    return {
        "sign up": f"{stages.free}/sign-up",
        "queue": f"{stages.full}/sign-up",
        "mine": f"{BASE}/mine",
        "me": f"{BASE}/me",
        "nothing to erase": f"{BASE}/me/erase",
    }


def coordinators_pages(stages: Stages) -> dict[str, str]:
    return {
        "tasks": BASE,
        "desk": f"{BASE}/desk",
        "new task": f"{BASE}/tasks/new",
        "task from an initiative": f"{BASE}/tasks/new?promise={stages.promise.rsplit('/', 1)[1]}",
        "no such initiative": f"{BASE}/tasks/new?promise={uuid.uuid4()}",
        "a draft as others will see it": stages.draft,
        "open": f"{stages.open}/manage",
        "draft": f"{stages.draft}/manage",
        "draft without a time": f"{stages.empty}/manage",
        "closed": f"{stages.closed}/manage",
        "cancelled": f"{stages.cancelled}/manage",
        "words": f"{stages.open}/edit",
        "new time": f"{stages.open}/slots/new",
        "time that stands": f"{stages.full}/edit",
        "call a time off": f"{stages.full}/cancel",
        "call a task off": f"{stages.open}/cancel",
        "who comes": f"{stages.free}/people",
        "who waits": f"{stages.full}/people",
        "cancel for somebody": f"{stages.queue}/cancel",
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


def sign_in(page: Page, stages: Stages, role: str, subject: str = "") -> None:
    name, _, value = stages.running.signed_in(principal(role, subject=subject))["cookie"].partition("=")
    page.context.add_cookies([{"name": name, "value": value, "url": stages.running.addresses.http}])


def problems(watched: Watched, site: str, pages: dict[str, str]) -> dict[str, list[str]]:
    found = {}
    for name, path in pages.items():
        wrong = watched.problems(site + path)
        # A long word runs out of its box without making the box wider.
        if watched.page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wrong.append("scrolls sideways")
        if wrong:
            found[name] = wrong
    return found


def test_public_pages(watched: Watched, stages: Stages, site: str, language: str) -> None:
    assert problems(watched, site, public_pages(stages)) == {}
    assert watched.page.locator("html").get_attribute("lang") == language


def test_volunteers_pages(watched: Watched, stages: Stages, site: str) -> None:
    sign_in(watched.page, stages, "volunteer", "v-1")
    assert problems(watched, site, volunteers_pages(stages)) == {}


def test_new_volunteers_pages(watched: Watched, stages: Stages, site: str) -> None:
    sign_in(watched.page, stages, "volunteer", "v-new")
    assert problems(watched, site, new_volunteers_pages(stages)) == {}


def test_coordinators_pages(watched: Watched, stages: Stages, site: str) -> None:
    sign_in(watched.page, stages, "coordinator")
    assert problems(watched, site, coordinators_pages(stages)) == {}


def test_forms_that_were_filled_in_wrongly(watched: Watched, stages: Stages, site: str) -> None:
    page = watched.page
    sign_in(page, stages, "coordinator")
    for address, field, typed in (
        (f"{BASE}/tasks/new", "title", LONG),
        (f"{stages.open}/edit", "contact_phone", "none"),
        (f"{stages.open}/slots/new", "capacity", "many"),
        (f"{stages.full}/edit", "capacity", "0"),
        (f"{stages.free}/people", "phone", "none"),
    ):
        page.goto(site + address)
        page.fill(f"#{field}", typed)
        page.click("main form[novalidate] button[type=submit]")
        assert page.locator("#error-summary").count() == 1, address
        assert page.input_value(f"#{field}") == typed
        assert watched.problems_here() == [], address
    page.context.clear_cookies(name="borgerting-session")
    sign_in(page, stages, "volunteer", "v-new")
    for address in (f"{stages.free}/sign-up", f"{BASE}/me"):
        page.goto(site + address)
        page.fill("#phone", "none")
        page.click("main button[type=submit]")
        assert page.locator("#display_name-error").count() == 1
        assert page.input_value("#phone") == "none"
        assert watched.problems_here() == []


def test_the_calendars_address_is_shown_once(watched: Watched, stages: Stages, site: str) -> None:
    page = watched.page
    sign_in(page, stages, "volunteer", "v-1")
    page.goto(f"{site}{BASE}/me")
    page.click("form[action$='/calendar'] button")
    assert page.inner_text("code").startswith(f"{site}{BASE}/calendar/")
    assert watched.problems_here() == []


@pytest.fixture
def phone(chromium: Browser) -> Iterator[Page]:
    """360 px wide, no script."""
    context = chromium.new_context(viewport={"width": 360, "height": 800}, java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_from_an_initiative_to_the_waiting_list_and_up_it(phone: Page, stages: Stages, site: str) -> None:
    """A coordinator makes a task of an initiative; the last place is taken; who waits gets it."""
    promise = stages.running.followup.promise("Frivilligdag", 5, task="Hjælp til at stille op.")
    sign_in(phone, stages, "coordinator")
    phone.goto(f"{site}{BASE}/tasks/new?promise={promise.rsplit('/', 1)[1]}")
    assert phone.input_value("#title") == "Frivilligdag"
    assert phone.input_value("#text") == "Hjælp til at stille op."
    phone.fill("#place", "Torvet")
    phone.fill("#contact_office", "Frivilligkoordinatoren")
    phone.fill("#contact_phone", "20 00 00 01")
    phone.click("main button[type=submit]")
    manage = phone.url
    phone.click("main a[href$='/slots/new']")
    day = datetime.now(UTC) + timedelta(days=20)
    phone.fill("#date", day.date().isoformat())
    phone.fill("#start", "22:00")
    phone.fill("#end", "02:00")
    phone.fill("#capacity", "1")
    phone.click("main button[type=submit]")
    assert phone.url == manage
    phone.click("form[action$='/publish'] button")
    assert phone.locator("form[action$='/close']").count() == 1
    task = manage.removesuffix("/manage")

    def as_volunteer(subject: str) -> None:
        phone.context.clear_cookies()
        sign_in(phone, stages, "volunteer", subject)
        phone.goto(task)
        phone.click("a.slot-button")

    as_volunteer("day-1")
    phone.fill("#display_name", "Ida")
    phone.fill("#phone", "20 00 00 11")
    phone.click("main button[type=submit]")
    assert "/mine?new=" in phone.url
    assert phone.locator(".alert-success").count() == 1
    as_volunteer("day-2")
    phone.fill("#display_name", "Jens")
    phone.fill("#phone", "20 00 00 12")
    phone.click("main button[type=submit]")
    assert "nummer 1 på ventelisten" in phone.inner_text("main")
    # The first cancels, and the second has the place.
    phone.context.clear_cookies()
    sign_in(phone, stages, "volunteer", "day-1")
    phone.goto(f"{site}{BASE}/mine")
    phone.click("main a[href$='/cancel']")
    phone.click("main button[type=submit]")
    assert phone.url == f"{site}{BASE}/mine"
    assert phone.locator(".card-line").count() == 0
    phone.context.clear_cookies()
    sign_in(phone, stages, "volunteer", "day-2")
    phone.goto(f"{site}{BASE}/mine")
    assert "Du har en plads" in phone.inner_text("main")
    assert "kl. 22.00–" in phone.inner_text("main")


def test_somebody_who_phones_is_signed_up_and_cancelled(phone: Page, stages: Stages, site: str) -> None:
    running = stages.running
    task = a_task(running, title="Ringeopgaven")
    slot = page_of(a_slot(running, task, 30, 2))
    post(running, f"{task}:publish", {})
    sign_in(phone, stages, "coordinator")
    phone.goto(f"{site}{slot}/people")
    phone.fill("#display_name", "Karen Ringer")
    phone.fill("#phone", "20 00 00 21")
    phone.click("main form[novalidate] button[type=submit]")
    assert "Karen Ringer" in phone.inner_text("main")
    phone.click("main a[href$='/cancel']")
    phone.click("main button[type=submit]")
    assert phone.url == f"{site}{slot}/people"
    assert "Karen Ringer" not in phone.inner_text("main")


def test_what_is_kept_is_downloaded_and_erased(phone: Page, stages: Stages, site: str) -> None:
    who = known(stages.running, "leaves")
    sign_in(phone, stages, "volunteer", "leaves")
    phone.goto(f"{site}{BASE}/me")
    with phone.expect_download() as download:
        phone.click("a[download]")
    assert "Åse Ærlig" in download.value.path().read_text(encoding="utf-8")
    phone.click("main a[href$='/erase']")
    phone.click("main button[type=submit]")
    assert phone.url == f"{site}{BASE}/me"
    assert phone.input_value("#display_name") == ""
    assert stages.running.rest("GET", f"municipalities/{HERE}/people/me", who=who).status_code == 404


def test_calling_a_task_off_asks_once_more_and_is_final(phone: Page, stages: Stages, site: str) -> None:
    running = stages.running
    task = a_task(running, title="Opgives")
    a_slot(running, task, 40, 2)
    post(running, f"{task}:publish", {})
    sign_in(phone, stages, "coordinator")
    phone.goto(f"{site}{page_of(task)}/cancel")
    phone.click(".confirm button[type=submit]")
    assert phone.url == f"{site}{page_of(task)}/manage"
    assert phone.locator("form[action$='/publish']").count() == 0
    phone.context.clear_cookies()
    phone.goto(f"{site}{page_of(task)}")
    assert "aflyst" in phone.inner_text("main")


def test_no_link_leads_nowhere(phone: Page, stages: Stages, site: str) -> None:
    """Every link of every page is followed by who sees it; followup's pages are its own to test."""
    for role, subject, pages in (
        ("", "", public_pages(stages)),
        ("volunteer", "v-1", volunteers_pages(stages)),
        ("coordinator", "", coordinators_pages(stages)),
    ):
        phone.context.clear_cookies()
        if role:
            sign_in(phone, stages, role, subject)
        links: set[str] = set()
        for path in pages.values():
            shown = phone.goto(site + path)
            if shown is None or shown.status != 200:
                continue  # what refuses leads to itself in the other language
            found = phone.locator("a[href^='/']").evaluate_all("all => all.map(a => a.getAttribute('href'))")
            links |= {each.partition("#")[0] for each in found}
        assert links
        for link in sorted(links):
            if not link.startswith("/followup/") and not link.endswith("export.json"):
                answer = phone.request.get(site + link)
                assert answer.status == 200, (role, link, answer.status)
