"""Every page, in both languages, on a phone and at a desk: accessible, quiet, self-contained."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import MUNICIPALITY, House, Stages, public
from tests.browser.desk import Desk
from tests.browser.watched import OVERHANG, Watched


def secretariat_pages(stages: Stages) -> dict[str, str]:
    listing = f"/sortition/{MUNICIPALITY}/selections"
    assemblies = f"/deliberation/{MUNICIPALITY}/assemblies"
    return {
        "own municipality": f"/deliberation/{MUNICIPALITY}",
        "particulars": f"/deliberation/{MUNICIPALITY}/edit",
        "new sign-in link": f"/deliberation/{MUNICIPALITY}/sign-in-links/new",
        "export": f"/deliberation/{MUNICIPALITY}/export",
        "selections": listing,
        "new selection": f"{listing}/new",
        "empty selection": stages.empty,
        "empty targets": f"{stages.empty}/targets",
        "pool before targets": f"{stages.empty}/pool",
        "pool with errors": f"{stages.wrong_rows}/pool",
        "infeasible targets": f"{stages.infeasible}/targets",
        "feasible targets": f"{stages.ready}/targets",
        "pool": f"{stages.ready}/pool",
        "settings": f"{stages.ready}/settings",
        "people": f"{stages.ready}/people",
        "person": stages.person,
        "confirm erasing": f"{stages.person}/erase",
        "new draw": f"{stages.ready}/draws/new",
        "representation before": f"{stages.ready}/representation",
        "panels ready": stages.panels_ready_draw,
        "confirm commitment": f"{stages.panels_ready_draw}/commit",
        "confirm cancel": f"{stages.panels_ready_draw}/cancel",
        "committed": stages.committed_draw,
        "confirm withdrawal": f"{stages.committed_draw}/cancel",
        "published": stages.asked_draw,
        "tasks after the draw": stages.asked,
        "phone list": f"{stages.asked}/panel",
        "closed targets": f"{stages.asked}/targets",
        "closed pool": f"{stages.asked}/pool",
        "tasks at the end": stages.confirmed,
        "confirmed panel": f"{stages.confirmed}/panel",
        "representation": f"{stages.confirmed}/representation",
        "not found": f"{listing}/01900000-0000-7000-8000-000000000000",
        "assemblies": assemblies,
        "choose a panel": f"{assemblies}/new",
        "new assembly": f"{assemblies}/new?selection={stages.empty.rsplit('/', 1)[1]}",
        "tasks before the panel": f"{stages.waiting_assembly}/tasks",
        "tasks before the handover": f"{stages.assembly}/tasks",
        "tasks after the handover": f"{stages.handed_over}/tasks",
        "task and promises": f"{stages.assembly}/settings",
        "empty report": f"{stages.waiting_assembly}/report/edit",
        "write the report": f"{stages.assembly}/report/edit",
        "title and preface": f"{stages.assembly}/report/words",
        "new recommendation": f"{stages.assembly}/report/recommendations/new",
        "recommendation": stages.recommendation,
        "confirm deleting a recommendation": f"{stages.recommendation}/delete",
        "new initiative": f"{stages.recommendation}/initiatives/new",
        "initiative": stages.initiative,
        "confirm deleting an initiative": f"{stages.initiative}/delete",
        "preview": f"{stages.assembly}/report/preview",
        "handover not yet": f"{stages.waiting_assembly}/report/hand-over",
        "handover": f"{stages.assembly}/report/hand-over",
        "report was handed over": f"{stages.handed_over}/report/edit",
    }


def public_pages(stages: Stages) -> dict[str, str]:
    return {
        "front": "/",
        "municipality": f"/deliberation/{MUNICIPALITY}",
        "sign-in": "/deliberation/sign-in",
        "dead link": "/deliberation/sign-in/nonsense",
        "draws": f"/sortition/{MUNICIPALITY}",
        "committed": public(stages.committed_draw),
        "withdrawn": public(stages.withdrawn_draw),
        "seeded": public(stages.seeded_draw),
        "published": public(stages.confirmed_draw),
        "sign in first": f"/sortition/{MUNICIPALITY}/selections",
        "unknown municipality": "/sortition/nowhere",
        "assembly before its members": stages.waiting_assembly,
        "assembly": stages.assembly,
        "assembly handed over": stages.handed_over,
        "report": f"{stages.handed_over}/report",
        "report not public": f"{stages.assembly}/report",
    }


@pytest.fixture
def watched(chromium: Browser, house: House, width: int, language: str) -> Iterator[Watched]:
    context = chromium.new_context(viewport={"width": width, "height": 800})
    context.add_cookies([{"name": "language", "value": language, "url": house.suite.http}])
    yield Watched(context.new_page(), house.suite.http)
    context.close()


def test_public_pages(watched: Watched, stages: Stages, house: House, language: str) -> None:
    problems = {
        name: found
        for name, path in public_pages(stages).items()
        if (found := watched.problems(house.suite.http + path))
    }
    assert problems == {}
    assert watched.page.locator("html").get_attribute("lang") == language


def test_secretariat_pages(watched: Watched, stages: Stages, desk: Desk, house: House) -> None:
    sign_in(watched.page, desk)
    problems = {
        name: found
        for name, path in secretariat_pages(stages).items()
        if (found := watched.problems(house.suite.http + path))
    }
    assert problems == {}


def test_the_page_of_a_sign_in_link(watched: Watched, house: House) -> None:
    assert watched.problems(house.sign_in_link()) == []
    watched.page.click("main button[type=submit]")
    assert watched.page.url == f"{house.suite.http}/deliberation/{MUNICIPALITY}/assemblies"
    assert watched.problems(watched.page.url) == []


def test_the_operator_s_pages(watched: Watched, house: House) -> None:
    watched.page.goto(house.operator_link())
    watched.page.click("main button[type=submit]")
    problems = {
        path: found
        for path in (
            "/",
            "/deliberation/ops",
            "/sortition/ops",
            "/deliberation/new",
            "/deliberation/municipalities",
            f"/deliberation/municipalities/{MUNICIPALITY}",
            f"/deliberation/municipalities/{MUNICIPALITY}/suspend",
            f"/volunteer/ops/municipalities/{MUNICIPALITY}",
        )
        if (found := watched.problems(house.suite.http + path))
    }
    assert problems == {}


def sign_in(page: Page, desk: Desk) -> None:
    """The desk's own session, in the browser."""
    for cookie in desk.client.cookies.jar:
        page.context.add_cookies([{"name": cookie.name, "value": cookie.value or "", "url": desk.site}])


def test_axe_would_find_something(watched: Watched, house: House, width: int) -> None:
    """The check itself can fail: a page with an image without words is found out."""
    watched.page.goto(f"{house.suite.http}/")
    watched.page.evaluate("document.querySelector('main').appendChild(document.createElement('img'))")
    assert [violation[0] for violation in watched.axe()] == ["image-alt"]
    watched.page.evaluate("document.querySelector('h1').style.minWidth = '5000px'")
    assert watched.page.evaluate(OVERHANG)
