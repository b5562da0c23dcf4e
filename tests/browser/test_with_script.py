"""What htmx adds: answers while typing and while waiting, and the cursor stays where it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import House, Stages, public
from tests.browser.desk import Desk
from tests.browser.test_every_page import sign_in


@pytest.fixture
def page(chromium: Browser, house: House, desk: Desk) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, base_url=house.suite.http)
    made = context.new_page()
    complaints: list[str] = []

    def note(kind: str, text: str) -> None:
        # A form that is refused is answered with 400 and shown again.
        if kind == "error" and "status of 400" not in text:
            complaints.append(text)

    made.on("console", lambda message: note(message.type, message.text))
    made.on("pageerror", lambda error: complaints.append(str(error)))
    sign_in(made, desk)
    yield made
    assert complaints == []
    context.close()


def test_feasibility_while_typing(page: Page, stages: Stages) -> None:
    page.goto(f"{stages.ready}/targets")
    expect(page.locator("#verdict")).to_contain_text("Målene kan nås")
    loads: list[str] = []
    page.on("framenavigated", lambda frame: loads.append(frame.url))
    least = page.locator("#f0r0l")
    least.fill("999")
    expect(page.locator("#verdict")).to_contain_text("Der er noget, der skal rettes")
    page.locator("#f0r0h").fill("999")
    expect(page.locator("#verdict")).to_contain_text("giver tilsammen")
    least.fill("0")
    page.locator("#f0r0h").fill("2")
    expect(page.locator("#verdict")).to_contain_text("Målene kan ikke nås")
    expect(page.locator("#f0r1n")).to_contain_text("de andre mål giver kun plads til 18–")
    expect(page.locator("#f0r0h")).to_be_focused()
    expect(page.locator("#f0r0h")).to_have_value("2")
    assert loads == []
    # Nothing was saved: a reload shows the stored targets.
    page.reload()
    expect(page.locator("#f0r0l")).to_have_value("9")


def test_progress_comes_by_itself_and_survives_a_reload(page: Page, desk: Desk, stages: Stages) -> None:
    page.goto(f"{stages.ready}/draws/new")
    page.get_by_label("Hvor skal tallet komme fra?").fill("en lotteritromle")
    page.get_by_role("button", name="Se, hvad der lægges fast").click()
    page.get_by_role("button", name="Ja, beregn panelerne").click()
    page.reload()
    expect(page.locator("h1")).to_have_text("1.000 paneler er klar", timeout=60_000)
    page.get_by_role("link", name="Stop lodtrækningen").click()
    page.get_by_role("button", name="Ja, stop lodtrækningen").click()
    expect(page.locator("h1")).to_have_text("Lodtrækningen er stoppet")


def test_keyboard_order(page: Page, stages: Stages) -> None:
    """Tab goes through a page in its order, beginning with the way past the header; focus is always seen."""
    page.goto(public(stages.confirmed_draw))
    page.keyboard.press("Tab")
    expect(page.locator("a.skipnav")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.evaluate("window.scrollTo(0, 0)")
    page.locator("body").click(position={"x": 2, "y": 2})
    assert page.locator("[tabindex]:not([tabindex='0']):not([tabindex='-1'])").count() == 0
    seen: list[int] = []
    for _ in range(80):
        page.keyboard.press("Tab")
        at, outlined = page.evaluate(
            """() => {
              const e = document.activeElement;
              if (!e || e === document.body) return [-1, true];
              const style = getComputedStyle(e);
              const all = [...document.querySelectorAll('*')];
              return [all.indexOf(e), style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2];
            }"""
        )
        if at == -1:
            break
        assert outlined, page.evaluate("document.activeElement.outerHTML").strip()[:200]
        seen.append(at)
    assert len(seen) > 15
    assert seen == sorted(seen)


def test_an_error_is_one_press_from_its_field(page: Page, stages: Stages) -> None:
    page.goto(f"{stages.ready}/settings")
    page.get_by_label("Hvor mange pladser er der?").fill("nul")
    page.get_by_role("button", name="Gem").click()
    assert page.title().startswith("Fejl: ")
    page.locator("#error-summary a").click()
    expect(page.locator("#size")).to_be_focused()
    expect(page.locator("#size-error")).to_contain_text("Skriv et helt tal")


def test_printing_the_public_page(page: Page, stages: Stages) -> None:
    """On paper: no forms and no menus, but the tables and explanations that stand folded on the screen."""
    page.goto(public(stages.confirmed_draw))
    page.emulate_media(media="print")
    for away in (".site-tools", "form", ".site-footer"):
        assert not page.locator(away).first.is_visible()
    assert page.locator(".chart-line").first.is_visible()
    for table in page.locator("details table").all():
        box = table.bounding_box()
        assert box is not None
        assert box["height"] > 100
    assert re.search(r"\d+ af \d+ blev udtrukket", page.locator("h1").inner_text())
