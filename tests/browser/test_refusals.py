"""What pages say to what they cannot do: in words, with the right status, and nothing changed."""

from __future__ import annotations

import html
import re

import httpx
import pytest

from tests.browser.conftest import MUNICIPALITY, Stages, public
from tests.browser.desk import HIDDEN, Desk

LISTING = f"/sortition/{MUNICIPALITY}/selections"
UNKNOWN = "01900000-0000-7000-8000-000000000000"


def send(desk: Desk, page: str, fields: dict[str, str], *, to: str | None = None) -> httpx.Response:
    """A form that may be refused."""
    shown = desk.client.get(page)
    hidden = {name: html.unescape(value) for name, value in HIDDEN.findall(shown.text)}
    return desk.client.post(to or page, data=hidden | fields)


def heading(answer: httpx.Response) -> str:
    found = re.search(r"<h1>(.*?)</h1>", answer.text, re.DOTALL)
    assert found
    return html.unescape(found.group(1)).strip()


@pytest.mark.parametrize(
    "path",
    [
        f"{LISTING}/{UNKNOWN}",
        f"{LISTING}/not-an-id",
        f"{LISTING}/{UNKNOWN}/targets",
        f"{LISTING}/{UNKNOWN}/pool",
        f"{LISTING}/{UNKNOWN}/panel",
        f"{LISTING}/{UNKNOWN}/people/{UNKNOWN}",
        f"{LISTING}/{UNKNOWN}/draws/{UNKNOWN}",
        f"{LISTING}/{UNKNOWN}/draws/{UNKNOWN}/commit",
        f"{LISTING}/{UNKNOWN}/draws/{UNKNOWN}/files/record.json",
        f"/sortition/{MUNICIPALITY}/draws/{UNKNOWN}",
        f"/sortition/{MUNICIPALITY}/draws/not-an-id",
        f"/sortition/{MUNICIPALITY}/draws/ffffffff-ffff-ffff-ffff-ffffffffffff",
        "/sortition/nowhere",
        "/sortition",
        "/nothing/at/all",
    ],
)
def test_what_does_not_exist(desk: Desk, path: str) -> None:
    answer = desk.client.get(path)
    assert (answer.status_code, heading(answer)) == (404, "Siden findes ikke")


def test_an_address_that_somebody_typed(desk: Desk, stages: Stages) -> None:
    assert desk.client.get(f"{LISTING}?page_token=nonsense").status_code == 400
    assert desk.client.get(f"/sortition/{MUNICIPALITY}?page_token=nonsense").status_code == 400
    # An act that is not possible now leads to where the draw stands.
    for act in ("commit", "publish", "nonsense"):
        answer = desk.client.get(f"{stages.committed_draw}/{act}")
        assert answer.url.path == stages.committed_draw, act
    # A panel cannot be confirmed before all have answered, nor twice.
    for selection in (stages.asked, stages.confirmed):
        assert desk.client.get(f"{selection}/panel/confirm").url.path == f"{selection}/panel"


def test_pages_of_a_later_stage_wait(desk: Desk, stages: Stages) -> None:
    answer = desk.client.get(f"{stages.ready}/panel")
    assert (answer.status_code, heading(answer)) == (400, "Det kan ikke lade sig gøre")
    assert "Der er ikke offentliggjort en lodtrækning endnu." in answer.text


def test_what_is_fixed_cannot_be_changed_by_an_old_form(desk: Desk, stages: Stages) -> None:
    token = dict(HIDDEN.findall(desk.client.get(f"{stages.ready}/targets").text))["csrf_token"]
    forms: dict[str, dict[str, str]] = {
        f"{stages.asked}/targets": {
            "shape": "1",
            "f0": "køn",
            "f0r0v": "x",
            "f0r0l": "1",
            "f0r0h": "2",
            "act": "save",
        },
        f"{stages.asked}/pool/accept": {},
        f"{stages.asked_draw}/publish": {},
        f"{stages.asked_draw}/cancel": {},
        f"{stages.committed_draw}/commit": {},
        f"{stages.seeded_draw}/reveal/confirmed": {"source": "number", "number": "3"},
        f"{stages.confirmed}/panel/confirm": {},
    }
    for path, fields in forms.items():
        answer = desk.client.post(path, data={"csrf_token": token} | fields)
        assert answer.status_code == 400, path
        assert heading(answer) == "Det kan ikke lade sig gøre", path


def test_a_draw_set_up_wrongly(desk: Desk, stages: Stages) -> None:
    page = f"{stages.ready}/draws/new"
    right = {"mode": "seeded", "method": "leximin", "panels": "100", "seed": "x", "announced": ""}
    assert send(desk, page, right).status_code == 200
    for wrong, words in (
        ({"seed": ""}, "Udfyld feltet."),
        ({"seed": "x" * 201}, "højst have 200 tegn"),
        ({"panels": "77"}, "et af disse: 10, 100, 1000, 10000"),
        ({"panels": "mange"}, "Skriv et helt tal"),
        ({"mode": "magic"}, "Udfyld feltet."),
    ):
        answer = send(desk, page, right | wrong)
        assert answer.status_code == 400, wrong
        assert words in html.unescape(answer.text), wrong
    # The second draw of a selection waits for the first.
    busy = send(desk, f"{stages.committed}/draws/new", right)
    hidden = {name: html.unescape(value) for name, value in HIDDEN.findall(busy.text)}
    refused = desk.client.post(f"{stages.committed}/draws", data=hidden)
    assert refused.status_code == 400
    assert "Der er allerede en lodtrækning i gang" in refused.text


def test_a_number_typed_wrongly(desk: Desk, stages: Stages) -> None:
    draw = stages.committed_draw
    for fields, words in (
        ({"source": "number", "number": ""}, "Udfyld feltet."),
        ({"source": "number", "number": "100"}, "mellem 0 og 99"),
        ({"source": "number", "number": "syv"}, "Skriv et helt tal"),
        ({"source": "randomness", "randomness": " "}, "Udfyld feltet."),
        ({"source": "randomness", "randomness": "x" * 1001}, "højst have 1000 tegn"),
        ({"source": "number", "number": "7", "note": "x" * 501}, "højst have 500 tegn"),
    ):
        answer = send(desk, draw, fields, to=f"{draw}/reveal")
        assert answer.status_code == 400, fields
        assert words in html.unescape(answer.text), fields
        assert heading(answer) == "Panelerne er offentlige. Nu mangler tallet"
    text = send(desk, draw, {"source": "randomness", "randomness": "Lotto 1 2 3"}, to=f"{draw}/reveal")
    assert heading(text) == "Er det den rigtige tekst?"


def test_targets_typed_wrongly(desk: Desk, stages: Stages) -> None:
    page = f"{stages.ready}/targets"
    shown = desk.client.get(page).text
    typed = {
        name: html.unescape(v) for name, v in re.findall(r'id="[^"]+" name="(f[^"]+)" value="([^"]*)"', shown)
    }
    for wrong, field, words in (
        ({"f0r0l": "ni"}, "f0r0l", "Skriv et helt tal"),
        ({"f0r0h": ""}, "f0r0h", "Udfyld feltet."),
        ({"f0r0l": "12", "f0r0h": "3"}, "f0r0h", "større end"),
        ({"f0r1v": "kvinde"}, "f0r1v", "Gruppen står to gange"),
        ({"f0": ""}, "f0", "Udfyld feltet."),
    ):
        answer = send(desk, page, typed | wrong | {"act": "save"})
        assert answer.status_code == 400, wrong
        assert f'<a href="#{field}">' in answer.text, wrong
        assert words in html.unescape(answer.text), wrong
        for name, value in wrong.items():
            assert re.search(rf'name="{name}" value="{value}"', answer.text), wrong
    # Buttons that no form of ours has.
    assert send(desk, page, typed | {"act": "cure:{}"}).status_code == 400
    assert send(desk, page, typed | {"shape": "x", "act": "save"}).status_code == 400
    more = send(desk, page, typed | {"act": "row-0"})
    assert (more.status_code, 'id="f0r2v"' in more.text) == (200, True)
    assert send(desk, page, typed | {"act": "row-99"}).status_code == 200


def test_files_that_are_none(desk: Desk, stages: Stages) -> None:
    for page, to in (
        (f"{stages.ready}/pool", None),
        (f"{stages.ready}/targets", f"{stages.ready}/targets/import"),
    ):
        answer = send(desk, page, {}, to=to)
        assert answer.status_code == 400
        assert "Vælg en fil." in answer.text
    pool = f"{stages.ready}/pool"
    shown = {name: html.unescape(value) for name, value in HIDDEN.findall(desk.client.get(pool).text)}
    columns = {"contact_columns": "navn, køn", "address_columns": "alder"}
    answer = desk.client.post(pool, data=shown | columns, files={"file": ("p.csv", b"id,k\xc3\xb8n,alder\n")})
    assert answer.status_code == 400
    assert answer.text.count("Kolonnen bruges i målene") >= 2
    assert 'value="navn, køn"' in answer.text


def test_an_answer_that_is_none(desk: Desk, stages: Stages) -> None:
    shown = desk.client.get(f"{stages.asked}/panel").text
    action = re.search(r'action="([^"]+/answer)"', shown)
    assert action
    answer = send(desk, f"{stages.asked}/panel", {"answer": "maybe"}, to=action.group(1))
    assert answer.status_code == 400
    unknown = f"{stages.asked}/seats/{UNKNOWN}/answer"
    assert send(desk, f"{stages.asked}/panel", {"answer": "asked"}, to=unknown).status_code == 404


def test_a_withdrawn_and_a_seeded_draw_say_so(desk: Desk, stages: Stages) -> None:
    assert "Den gælder ikke" in desk.client.get(public(stages.withdrawn_draw)).text
    seeded = desk.client.get(public(stages.seeded_draw)).text
    assert "Denne lodtrækning beviser ikke, at den er upartisk" in seeded
    assert "At lodtrækningen var upartisk" in seeded
    assert "--commitment" not in seeded
