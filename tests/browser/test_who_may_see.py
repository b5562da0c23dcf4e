"""Every page of the secretariat's, asked for by who may not see it; and forms that are not ours."""

from __future__ import annotations

import html
from collections.abc import Iterator

import httpx
import pytest

from tests.browser.conftest import MUNICIPALITY, House, Stages, public
from tests.browser.desk import HIDDEN, Desk, volunteers
from tests.browser.test_every_page import secretariat_pages

OTHER = "havnby"


@pytest.fixture(scope="module")
def neighbour(house: House) -> Iterator[Desk]:
    """The secretariat of another municipality."""
    house.command("municipality", "create", OTHER, "--name", "Havnby Kommune")
    made = Desk(house.suite.http, house.sign_in_link(OTHER), OTHER)
    yield made
    made.client.close()


@pytest.fixture
def visitor(house: House) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=house.suite.http, headers={"Origin": house.suite.http}) as client:
        yield client


def guarded(stages: Stages) -> dict[str, str]:
    """The secretariat's pages but the municipality's own, which everyone may see (with less on it)."""
    pages = secretariat_pages(stages)
    return {name: path for name, path in pages.items() if path != f"/deliberation/{MUNICIPALITY}"}


def test_nobody_sees_the_secretariats_pages(visitor: httpx.Client, stages: Stages) -> None:
    answers = {name: visitor.get(path).status_code for name, path in guarded(stages).items()}
    assert set(answers.values()) == {401}, answers


def test_a_neighbour_sees_none_of_it(neighbour: Desk, stages: Stages) -> None:
    answers = {name: neighbour.client.get(path).status_code for name, path in guarded(stages).items()}
    assert set(answers.values()) == {403}, answers
    # Under the neighbour's own address there is nothing of it either.
    own = stages.asked.replace(f"/{MUNICIPALITY}/", f"/{OTHER}/")
    for page in ("", "/panel", "/pool", "/targets", "/representation"):
        assert neighbour.client.get(own + page).status_code == 404, page
    draw = public(stages.confirmed_draw)
    assert neighbour.client.get(draw.replace(f"/{MUNICIPALITY}/", f"/{OTHER}/")).status_code == 404


def posts(stages: Stages) -> list[str]:
    listing = f"/sortition/{MUNICIPALITY}/selections"
    return [
        f"{listing}/new",
        f"{stages.ready}/settings",
        f"{stages.ready}/targets",
        f"{stages.ready}/targets/check",
        f"{stages.ready}/targets/import",
        f"{stages.ready}/pool",
        f"{stages.wrong_rows}/pool/accept",
        f"{stages.person}/inclusion",
        f"{stages.person}/erase",
        f"{stages.ready}/draws/new",
        f"{stages.ready}/draws",
        f"{stages.panels_ready_draw}/commit",
        f"{stages.panels_ready_draw}/cancel",
        f"{stages.committed_draw}/reveal",
        f"{stages.committed_draw}/reveal/confirmed",
        f"{stages.committed_draw}/publish",
        f"{stages.asked}/panel/confirm",
        f"{stages.asked}/seats/01900000-0000-4000-8000-000000000000/answer",
        f"/deliberation/{MUNICIPALITY}/assemblies/new",
        f"{stages.assembly}/settings",
        f"{stages.assembly}/report/words",
        f"{stages.assembly}/report/recommendations/new",
        stages.recommendation,
        f"{stages.recommendation}/move",
        f"{stages.recommendation}/delete",
        f"{stages.recommendation}/initiatives/new",
        stages.initiative,
        f"{stages.initiative}/move",
        f"{stages.initiative}/delete",
        f"{stages.assembly}/report/hand-over",
    ]


def test_a_form_of_another_site_changes_nothing(desk: Desk, stages: Stages) -> None:
    """With the secretariat's own cookie: a page elsewhere cannot send forms in their name."""
    before = desk.client.get(stages.panels_ready_draw).text.count("<h1>")
    for path in posts(stages):
        foreign = desk.client.post(path, data={}, headers={"Origin": "https://evil.example"})
        assert foreign.status_code == 403, path
        without_token = desk.client.post(path, data={"csrf_token": ""})
        assert without_token.status_code == 403, path
    assert desk.client.get(stages.panels_ready_draw).text.count("<h1>") == before


def test_nobody_can_send_the_secretariats_forms(visitor: httpx.Client, stages: Stages) -> None:
    for path in posts(stages):
        assert visitor.post(path, data={}).status_code == 403, path


def test_secret_files_are_nobodys(visitor: httpx.Client, desk: Desk, stages: Stages) -> None:
    draw = public(stages.confirmed_draw)
    for name in ("audit.json", "receipts.csv", "chances.csv", "panels.csv"):
        assert visitor.get(f"{draw}/files/{name}").status_code == 404, name
        assert desk.client.get(f"{stages.confirmed_draw}/files/{name}").status_code == 200, name
    for name in ("record.json", "commitment.json", "verifier.py", "key.pem", "record.json.sig"):
        answer = visitor.get(f"{draw}/files/{name}")
        assert answer.status_code == 200, name
        assert answer.headers["content-disposition"].startswith("attachment;"), name
    for name in ("record.json", "nothing.txt"):
        assert visitor.get(f"{public(stages.committed_draw)}/files/{name}").status_code == 404, name
    assert visitor.get(f"{public(stages.panels_ready_draw)}").status_code == 404
    assert visitor.get(f"{public(stages.panels_ready_draw)}/files/verifier.py").status_code == 404


def test_no_name_leaves_the_phone_list(visitor: httpx.Client, desk: Desk, stages: Stages) -> None:
    assert "Frivillig " in desk.client.get(f"{stages.asked}/panel").text
    for path in (stages.asked, f"{stages.asked}/pool", f"{stages.asked}/representation", stages.asked_draw):
        text = desk.client.get(path).text
        assert "Frivillig " not in text, path
        assert "+45 20" not in text, path
    draw = public(stages.asked_draw)
    for path in (draw, f"{draw}/files/record.json", f"{draw}/files/commitment.json"):
        text = visitor.get(path).text
        assert "Frivillig " not in text, path
        assert "Prøvevej" not in text, path


def test_a_form_sent_twice_makes_one_selection(desk: Desk) -> None:
    listing = f"/sortition/{MUNICIPALITY}/selections"
    form = {"title": "Dobbelt ting", "size": "20", "per_address": "1"}
    form["request_id"] = "6c84fb90-12c4-4a9e-8a56-02d1c9d55f0a"
    first = desk.submit(f"{listing}/new", form)
    second = desk.submit(f"{listing}/new", form)
    assert first.url.path == second.url.path
    shown = desk.client.get(f"{listing}/new").text
    assert "Dobbelt" not in shown


def test_an_old_page_overwrites_nothing(desk: Desk) -> None:
    """Two people edit: the second is told, and what they typed is kept."""
    selection = desk.create("Samtidigt ting")
    page = f"{selection}/settings"
    old = desk.client.get(page).text
    desk.submit(page, {"title": "Ændret af én", "purpose": "", "size": "20", "per_address": "1"})

    hidden = {name: html.unescape(value) for name, value in HIDDEN.findall(old)}
    late = desk.client.post(
        page, data=hidden | {"title": "Ændret af en anden", "purpose": "", "size": "20", "per_address": "1"}
    )
    assert late.status_code == 400
    assert "Ændret af en anden" in late.text
    assert "ændret" in late.text.split("error-summary")[1][:800]
    assert "Ændret af én" in desk.client.get(selection).text


def test_one_volunteer(desk: Desk) -> None:
    """Kept out of the draw, handed their data, and erased."""
    selection = desk.create("Ting med én mindre")
    desk.set_targets(selection)
    desk.bring_in(selection, volunteers())
    people = desk.people(selection)
    assert len(people) == 80
    person = people[0]
    assert "Frivillig 0" not in desk.client.get(person).text
    desk.submit(person, {"inclusion": "must_not"}, to=f"{person}/inclusion")
    assert "0 skal med, 1 holdes ude" in desk.client.get(f"{selection}/pool").text
    kept = desk.client.get(f"{person}/export.json").json()
    assert kept["contact"]["navn"] == "Frivillig 0"
    assert kept["inclusion"] == "MUST_NOT"
    draw = desk.draw(selection)
    desk.submit(f"{person}/erase", {})
    assert len(desk.people(selection)) == 79
    assert "79 frivillige" in desk.client.get(f"{selection}/pool").text
    # The draw that had taken them in stands, and its public page says that somebody was kept out.
    assert "100 paneler er klar" in desk.client.get(draw).text
    desk.commit(draw)
    assert "1 person var holdt ude af lodtrækningen." in desk.client.get(public(draw)).text
    assert desk.client.get(f"{selection}/people/nobody").status_code == 404
