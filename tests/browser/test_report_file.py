"""report.html from a disk in a real browser: quiet, accessible, both languages by a link alone."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from services.sortition.lottery import record
from services.sortition.lottery.draw import solve
from services.sortition.lottery.lottery import Method
from services.sortition.lottery.number import Mode
from services.sortition.lottery.problem import Person, Problem, Target
from services.sortition.report.page import report_html

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
OVERHANG = """[...document.querySelectorAll('main *')]
  .filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.scroll, pre'))
  .map(e => e.outerHTML.slice(0, 80)).slice(0, 5)"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    people = tuple(
        Person(
            f"p{i}",
            ("Kvinde" if i % 5 < 3 else "Mand", ("16–29 år", "30–59 år", "60 år og derover")[i % 7 // 3]),
        )
        for i in range(90)
    )
    targets = (
        Target("Køn", "Kvinde", 6, 6),
        Target("Køn", "Mand", 6, 6),
        Target("Alder", "16–29 år", 3, 4),
        Target("Alder", "30–59 år", 5, 6),
        Target("Alder", "60 år og derover", 3, 3, reason="få af dem siger ja til at blive spurgt igen"),
    )
    problem = Problem(("Køn", "Alder"), targets, people, 12)
    exact, uniform = solve(problem, Method.LEXIMIN, "1848", 1000)
    published = record.build(
        problem,
        exact,
        uniform,
        mode=Mode.PUBLIC,
        seed="1848",
        token_bytes=secrets.token_bytes,
        program_version="0",
        title="Borgerting om ældre og unge",
        announced="tre tisidede terninger på rådhuset",
    )
    content = record.reveal(published.commitment, published.audit, drawn=437)
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_bytes(report_html(content, published.audit))
    return path


@pytest.fixture(params=[360, 1280])
def opened(
    request: pytest.FixtureRequest, chromium: Browser, report: Path
) -> Iterator[tuple[Page, list[str]]]:
    # The page's policy forbids scripts, axe's too: it is lifted for axe, and what the page does is noted.
    page = chromium.new_page(viewport={"width": request.param, "height": 900}, bypass_csp=True)
    noted: list[str] = []
    page.on("console", lambda message: noted.append(message.text))
    page.on("request", lambda asked: noted.append(asked.url) if asked.url != report.as_uri() else None)
    page.goto(report.as_uri())
    yield page, noted
    page.close()


def violations(page: Page) -> list[str]:
    page.add_script_tag(content=AXE.read_text(encoding="utf-8"))
    found = page.evaluate(
        "axe.run().then(r => JSON.stringify(r.violations.map(v => [v.id, v.nodes[0].html])))"
    )
    return [str(violation) for violation in json.loads(found)]


def test_it_is_whole_in_both_languages(opened: tuple[Page, list[str]]) -> None:
    page, noted = opened
    for language, headline in (("da", "12 af 90 blev udtrukket"), ("en", "12 of 90 were drawn")):
        if language == "en":
            page.get_by_text("In English").click()
        assert page.locator("h1:visible").all_inner_texts() == [headline]
        for summary in page.locator("summary:visible").all():
            summary.click()
        assert page.evaluate(OVERHANG) == []
        assert violations(page) == []
    page.get_by_text("På dansk").click()
    assert page.locator("h1:visible").all_inner_texts() == ["12 af 90 blev udtrukket"]
    assert noted == []


def test_its_own_policy_lets_its_style_pass_and_no_script(chromium: Browser, report: Path) -> None:
    page = chromium.new_page()
    noted: list[str] = []
    page.on("console", lambda message: noted.append(message.text))
    page.goto(report.as_uri())
    assert page.evaluate("getComputedStyle(document.querySelector('main')).maxWidth") == "832px"
    assert noted == []
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"document.title=1\">')")
    page.wait_for_timeout(200)
    assert any("Content Security Policy" in text for text in noted)
    page.close()
