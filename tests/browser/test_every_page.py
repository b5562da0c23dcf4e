"""Every page, in both languages, on a phone and at a desk: accessible, quiet, self-contained."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import MUNICIPALITY, House, Stages, public
from tests.browser.desk import Desk

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
WIDTHS = (360, 1280)
LANGUAGES = ("da", "en")
# What sticks out to the right, but for what scrolls inside a box of its own.
OVERHANG = """[...document.querySelectorAll('body *')]
  .filter(e => e.getBoundingClientRect().right > innerWidth + 1
    && !e.closest('.table--responsive-scroll, pre, .sr-only'))
  .map(e => e.tagName + '.' + e.className).slice(0, 5)"""


def secretariat_pages(stages: Stages) -> dict[str, str]:
    listing = f"/sortition/{MUNICIPALITY}/selections"
    return {
        "own municipality": f"/deliberation/{MUNICIPALITY}",
        "particulars": f"/deliberation/{MUNICIPALITY}/edit",
        "new sign-in link": f"/deliberation/{MUNICIPALITY}/sign-in-links/new",
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
    }


class Watched:
    """A page whose every complaint is noted."""

    def __init__(self, page: Page, site: str) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", lambda message: self._console(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(f"script error: {error}"))
        page.on("request", lambda request: self._request(request.url, site))

    def _console(self, kind: str, text: str) -> None:
        # A page that says 404 is itself one of the pages under test.
        if kind in ("error", "warning") and "status of 40" not in text:
            self.complaints.append(f"console {kind}: {text}")

    def _request(self, url: str, site: str) -> None:
        if not url.startswith(site + "/"):
            self.complaints.append(f"asked another site: {url}")

    def problems(self, address: str) -> list[str]:
        """Everything wrong with one page."""
        self.complaints.clear()
        self.page.goto(address)
        found = [f"axe: {violation}" for violation in self._axe()]
        sticking_out = self.page.evaluate(OVERHANG)
        if sticking_out:
            found.append(f"wider than the screen: {sticking_out}")
        text = self.page.inner_text("body")
        # A key instead of words, or a hole where a figure should stand.
        found += [f"no words: {key}" for key in re.findall(r"\b[a-z_]+\.[a-z]+_[a-z_A-Z.]+\b", text)]
        found += [
            f"a program's words: {word}" for word in re.findall(r"<[^>]* object |built-in|\bNone\b", text)
        ]
        if self.page.locator("[style], style, script:not([src]), [onclick]").count():
            found.append("inline style or script")
        if self.page.locator("h1").count() != 1:
            found.append("not exactly one main heading")
        return found + self.complaints

    def _axe(self) -> list[Any]:
        """axe-core in an isolated world: the page's own policy stays in force for the page."""
        session = self.page.context.new_cdp_session(self.page)
        tree = session.send("Page.getFrameTree")
        world = session.send(
            "Page.createIsolatedWorld",
            {"frameId": tree["frameTree"]["frame"]["id"], "worldName": "axe"},
        )
        run = ";axe.run(document, {resultTypes: ['violations']}).then(r => JSON.stringify(r.violations"
        run += ".map(v => [v.id, v.nodes.slice(0, 3).map(n => n.html.slice(0, 200))])))"
        answer = session.send(
            "Runtime.evaluate",
            {
                "expression": AXE.read_text(encoding="utf-8") + run,
                "contextId": world["executionContextId"],
                "awaitPromise": True,
            },
        )
        session.detach()
        assert "value" in answer["result"], answer
        violations: list[Any] = json.loads(answer["result"]["value"])
        return violations


@pytest.fixture(params=WIDTHS, ids=lambda width: f"{width}px")
def width(request: pytest.FixtureRequest) -> int:
    value: int = request.param
    return value


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    value: str = request.param
    return value


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
    assert watched.page.url == f"{house.suite.http}/deliberation/{MUNICIPALITY}"
    assert watched.problems(watched.page.url) == []


def test_the_operator_s_pages(watched: Watched, house: House) -> None:
    watched.page.goto(house.operator_link())
    watched.page.click("main button[type=submit]")
    problems = {
        path: found
        for path in ("/", "/deliberation/ops", "/sortition/ops", "/deliberation/new")
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
    assert [violation[0] for violation in watched._axe()] == ["image-alt"]
    watched.page.evaluate("document.querySelector('h1').style.minWidth = '5000px'")
    assert watched.page.evaluate(OVERHANG)
