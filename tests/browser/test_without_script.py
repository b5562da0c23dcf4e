"""The whole journey in a browser without JavaScript: from a new selection to the confirmed panel."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import MUNICIPALITY, House, until_known
from tests.browser.desk import TARGETS, volunteers


@pytest.fixture
def page(chromium: Browser, house: House) -> Page:
    until_known(house)
    context = chromium.new_context(
        java_script_enabled=False, viewport={"width": 360, "height": 740}, base_url=house.suite.http
    )
    return context.new_page()


def press(page: Page, words: str) -> None:
    page.get_by_role("button", name=words).click()


def task(page: Page, words: str, state: str) -> None:
    """The task list's line has this state."""
    line = page.locator("li.task", has_text=words)
    expect(line.locator(".task-state")).to_have_text(state)


def test_the_whole_journey(page: Page, house: House, tmp_path: Path) -> None:
    # Signing in takes a press of a button: a mail scanner that follows links spends nothing.
    page.goto(house.sign_in_link())
    page.locator("main button[type=submit]").click()
    page.goto(f"/sortition/{MUNICIPALITY}/selections")
    page.get_by_role("link", name="Opret en udvælgelse").click()

    # A form with faults keeps what was typed, and says what is wrong at the top and at the field.
    page.get_by_label("Hvad skal panelet hedde?").fill("Ting uden script")
    page.get_by_label("Hvor mange pladser er der?").fill("tyve")
    press(page, "Opret")
    expect(page.get_by_role("alert")).to_contain_text("Skriv et helt tal")
    expect(page.get_by_label("Hvad skal panelet hedde?")).to_have_value("Ting uden script")
    expect(page.get_by_label("Hvor mange pladser er der?")).to_have_value("tyve")
    expect(page.get_by_label("Hvor mange pladser er der?")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Hvor mange pladser er der?").fill("20")
    press(page, "Opret")
    selection = page.url
    task(page, "Sæt mål", "Venter på dig")

    # Targets, by file and then by hand.
    page.get_by_role("link", name="Sæt mål for panelet").click()
    (tmp_path / "targets.csv").write_text(TARGETS.replace("alder,60+,5,8", "alder,60+,8,5"), encoding="utf-8")
    page.get_by_label("Regneark med mål").set_input_files(tmp_path / "targets.csv")
    press(page, "Hent målene")
    expect(page.locator("table", has_text="Filen blev ikke brugt")).to_be_visible()
    # The other language is asked for where the page stands, not where the form was sent.
    page.get_by_role("link", name="English").click()
    expect(page.locator("h1")).to_have_text("Who should have the 20 seats?")
    page.get_by_role("link", name="Dansk").click()
    (tmp_path / "targets.csv").write_text(TARGETS, encoding="utf-8")
    page.get_by_label("Regneark med mål").set_input_files(tmp_path / "targets.csv")
    press(page, "Hent målene")
    expect(page.locator("#f0r0v")).to_have_value("kvinde")
    page.locator("#f0r0l").fill("10")
    press(page, "Gem målene")
    expect(page.locator("#f0r0l")).to_have_value("10")

    # Volunteers: all errors by cell, a copy to correct, and the good rows.
    page.goto(f"{selection}/pool")
    (tmp_path / "pool.csv").write_bytes(volunteers(wrong=2))
    page.get_by_label("Regneark med de frivillige").set_input_files(tmp_path / "pool.csv")
    page.get_by_label("Kolonner, der tilsammen er adressen").fill("vej")
    page.get_by_label("Kolonner med navn og telefon").fill("navn, telefon")
    press(page, "Hent ind")
    expect(page.get_by_role("alert")).to_contain_text("2 rækker har fejl")
    expect(page.get_by_role("alert")).to_contain_text("78 rækker er i orden")
    assert page.locator("table tbody tr").count() == 2
    with page.expect_download() as copy:
        page.get_by_role("link", name="Hent en kopi med fejlene markeret").click()
    assert "ukendt" in Path(copy.value.path()).read_text(encoding="utf-8-sig")
    press(page, "Brug de 78 rækker")
    expect(page.locator("h1")).to_have_text("78 frivillige")

    # Targets that cannot be met: the cure is one press.
    page.goto(f"{selection}/targets")
    expect(page.get_by_text("Målene kan nås")).to_be_visible()
    for field in ("#f0r0h", "#f0r1h"):
        page.locator(field).fill("2")
    for field in ("#f0r0l", "#f0r1l"):
        page.locator(field).fill("1")
    press(page, "Tjek målene")
    expect(page.get_by_text("Målene kan ikke nås med de frivillige, I har")).to_be_visible()
    page.get_by_role("button", name="Brug denne ændring").first.click()
    expect(page.get_by_text("Målene kan nås")).to_be_visible()

    # The draw: what will be fixed, once more asked, and a wait that needs no script.
    page.goto(selection)
    page.get_by_role("link", name="Beregn panelerne").click()
    page.get_by_label("Hvor skal tallet komme fra?").fill("en lotteritromle på biblioteket")
    page.get_by_label("100 paneler (tal til og med 99)", exact=True).check()
    press(page, "Se, hvad der lægges fast")
    expect(page.get_by_text("De 78 frivillige, som de står nu")).to_be_visible()
    press(page, "Ja, beregn panelerne")
    expect(page.locator("h1")).to_have_text("100 paneler er klar", timeout=60_000)
    draw = page.url

    page.get_by_role("link", name="Offentliggør panelerne").click()
    expect(page.get_by_text("kan ikke ændres bagefter")).to_be_visible()
    press(page, "Ja, offentliggør panelerne")
    page.get_by_label("Tallet", exact=True).fill("100")
    press(page, "Læs tallet en gang til")
    expect(page.get_by_role("alert")).to_contain_text("mellem 0 og 99")
    page.get_by_label("Tallet", exact=True).fill("7")
    press(page, "Læs tallet en gang til")
    expect(page.locator("h1")).to_have_text("Blev tallet 07?")
    press(page, "Ja, det er rigtigt")
    expect(page.locator("h1")).to_have_text("Panel nummer 07 er trukket")
    page.get_by_role("link", name="Offentliggør lodtrækningen").click()
    press(page, "Ja, offentliggør lodtrækningen")
    page.get_by_role("link", name="Se den offentlige side").click()
    expect(page.locator("h1")).to_have_text("20 af 78 blev udtrukket")

    # The phone list, each answer, and the panel: an act of its own.
    page.goto(f"{selection}/panel")
    for seat in range(20):
        words = "Siger nej" if seat == 0 else "Siger ja"
        page.locator(".seat").nth(seat).get_by_role("button", name=words).click()
    expect(page.get_by_text("Alle har svaret")).to_be_visible()
    page.get_by_role("link", name="Bekræft panelet").click()
    expect(page.locator("h1")).to_have_text("Skal panelet på 19 personer bekræftes?")
    press(page, "Ja, bekræft panelet")
    task(page, "Bekræft panelet", "Færdig")
    expect(page.get_by_text("Her er ikke mere at gøre")).to_be_visible()
    page.goto(draw)
    assert page.get_by_role("button", name=re.compile("Ja,")).count() == 0


def test_somebody_with_a_receipt(page: Page, house: House, stages: object) -> None:
    """A receipt's number is answered without script or cookie, and never stands in an address."""
    page.goto(f"/sortition/{MUNICIPALITY}")
    page.locator(".card-line a").last.click()
    page.get_by_label("Nummeret på din kvittering").fill("ABC")
    press(page, "Se min chance")
    expect(page.get_by_role("alert")).to_contain_text("findes ikke i denne lodtrækning")
    expect(page.get_by_label("Nummeret på din kvittering")).to_have_value("ABC")
    address = page.url.removesuffix("#receipt").removesuffix("/receipt")
    for name in ("record.json", "commitment.json"):
        answer = page.request.get(f"{address}/files/{name}")
        if answer.ok:
            break
    number = next(iter(answer.json()["commitments"]))
    page.get_by_label("Nummeret på din kvittering").fill(f" {number.lower()} ")
    press(page, "Se min chance")
    expect(page.get_by_text("Du var med i lodtrækningen", exact=True)).to_be_visible()
    assert number not in page.url.upper()
    assert page.context.cookies() == []
