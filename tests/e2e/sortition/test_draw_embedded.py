"""A whole draw on a real `borgerting serve`, from an empty data folder to the confirmed panel."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from borgerting.sortition.v1.events_pb2 import PanelConfirmed
from chassis.testing.processes import SuiteProcess, running_suite
from tests.e2e.sortition.site import TARGETS, Site, command, respondents, wait_for_municipality

MARKS = ("NAMEMARK", "PHONEMARK", "STREETMARK")


@pytest.fixture
def suite(tmp_path: Path):
    with running_suite(tmp_path) as running:
        yield running


def test_a_draw_in_public_mode_from_pool_to_confirmed_panel(suite: SuiteProcess, tmp_path: Path) -> None:
    command(tmp_path, "municipality", "create", "strandby", "--name", "Strandby Kommune")
    token = command(tmp_path, "token", "--municipality", "strandby", "--role", "secretariat")
    anyone = Site(suite)
    wait_for_municipality(anyone, "strandby")
    secretariat = Site(suite, token)

    selection = secretariat.post(
        "municipalities/strandby/selections",
        {"title": "Welfare 2035", "purpose": "To advise the council.", "size": 12, "perAddress": 1},
        status=201,
    )["name"]
    imported = secretariat.upload(f"{selection}:importTargets", TARGETS)
    assert imported["errors"] == []
    pool = secretariat.upload(
        f"{selection}:importPool?contactColumns=name,phone&addressColumns=street", respondents()
    )
    assert (pool["state"], pool["acceptedRows"], pool["rejectedRows"]) == ("APPLIED", 60, 0)
    check = secretariat.post(f"{selection}:checkTargets")
    assert check["feasible"] is True
    assert sum(f["people"] for f in check["findings"] if f["feature"] == "gender") == 60

    draw = secretariat.post(
        f"{selection}/draws", {"mode": "PUBLIC", "panels": 100, "announced": "Two dice"}, status=201
    )["name"]
    secretariat.wait_for_draw(draw, "PANELS_READY")
    assert anyone.call("GET", f"{draw}/public").status == 404
    assert anyone.call("GET", f"{draw}/files/commitment.json").status == 404

    secretariat.post(f"{draw}:publishCommitment")
    committed = anyone.get(f"{draw}/public")
    assert (committed["state"], committed["number"], committed["outcome"]) == ("COMMITTED", None, [])
    commitment = anyone.call("GET", f"{draw}/files/commitment.json").content

    both = secretariat.call("POST", f"{draw}:reveal", {"number": 42, "randomness": "beacon"})
    assert both.json["errors"][0]["reason"] == "NUMBER_AND_RANDOMNESS"
    secretariat.post(f"{draw}:reveal", {"number": 42, "note": "Two ten-sided dice"})
    assert anyone.call("GET", f"{draw}/files/record.json").status == 404
    secretariat.post(f"{draw}:publish")
    published = anyone.get(f"{draw}/public")
    assert published["number"] == 42
    assert len(published["outcome"]) == 12
    assert 0 < published["lowestChance"] <= published["optimalLowestChance"] + 0.01
    assert sum(group["people"] for group in published["chances"]) == 60
    assert anyone.call("GET", f"{draw}/files/audit.json").status == 404

    _check_with_the_verifier(anyone, secretariat, draw, commitment, tmp_path)
    receipts = secretariat.call("GET", f"{draw}/files/receipts.csv").content.decode().splitlines()
    random_id = receipts[1].split(",")[1]
    receipt = anyone.post(f"{draw}:checkReceipt", {"randomId": random_id.lower()})
    assert receipt["chance"] == receipt["panelsWith"] / 100
    assert receipt["drawn"] is (random_id in published["outcome"])

    seats = secretariat.get(f"{selection}/seats")["seats"]
    assert len(seats) == 12
    refused = secretariat.call("POST", f"{selection}:confirmPanel", {})
    assert (refused.status, refused.json["reason"]) == (400, "SEATS_UNANSWERED")
    for index, seat in enumerate(seats):
        answer = "DECLINED" if index == 0 else "ACCEPTED"
        secretariat.post(f"{seat['name']}:setAnswer", {"answer": answer})
    contacts = secretariat.get(f"{selection}/seatContacts")["seatContacts"]
    assert all(field["text"] for contact in contacts for field in contact["fields"])
    panel = secretariat.post(f"{selection}:confirmPanel")
    assert (panel["accepted"], panel["declined"]) == (11, 1)
    again = secretariat.call("POST", f"{selection}:confirmPanel", {})
    assert (again.status, again.json["reason"]) == (400, "PANEL_CONFIRMED")
    shown = secretariat.get(f"{selection}/representation")
    assert sum(v["accepted"] for v in shown["values"] if v["target"]["feature"] == "gender") == 11

    accepted = {seat["name"].rsplit("/", 1)[1] for seat in seats[1:]}
    assert suite.terminate() == 0
    events = _panel_confirmed_events(tmp_path)
    assert len(events) == 1
    assert events[0].selection == selection
    assert set(events[0].seats) == accepted
    _no_marks(tmp_path, suite.log, commitment)


def _check_with_the_verifier(
    anyone: Site, secretariat: Site, draw: str, commitment: bytes, folder: Path
) -> None:
    from services.sortition.lottery import verifier

    record = anyone.call("GET", f"{draw}/files/record.json").content
    signature = anyone.call("GET", f"{draw}/files/record.json.sig").content
    key = anyone.get("municipalities/strandby/signingKey")["publicKeyPem"]
    audit = secretariat.call("GET", f"{draw}/files/audit.json").content
    (folder / "record.json").write_bytes(record)
    (folder / "record.json.sig").write_bytes(signature)
    (folder / "commitment.json").write_bytes(commitment)
    (folder / "audit.json").write_bytes(audit)
    (folder / "key.pem").write_text(key)
    # As people get it: one file in a folder of theirs.
    (folder / "verifier.py").write_bytes(Path(str(verifier.__file__)).read_bytes())
    for extra in ([], ["--audit", "audit.json"], ["--commitment", "commitment.json"]):
        done = subprocess.run(
            [sys.executable, "-I", "verifier.py", "record.json", *extra],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, (extra, done.stdout, done.stderr)
    done = subprocess.run(
        [sys.executable, "-m", "chassis", "lottery", "verify", "record.json", "--key", "key.pem"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert not any(mark.encode() in record + audit + commitment for mark in MARKS)


def _panel_confirmed_events(folder: Path) -> list[PanelConfirmed]:
    """What stands in the durable event log of the embedded suite."""
    with sqlite3.connect(f"file:{folder}/data/events.sqlite3?mode=ro", uri=True) as log:
        rows = log.execute("SELECT headers, value FROM log ORDER BY position").fetchall()
    kind = PanelConfirmed.DESCRIPTOR.full_name
    return [
        PanelConfirmed.FromString(value) for headers, value in rows if json.loads(headers)["ce_type"] == kind
    ]


def _no_marks(folder: Path, log: str, commitment: bytes) -> None:
    """Names, phones and addresses are in sortition's own store, in their own table, and nowhere else."""
    assert not any(mark in log for mark in MARKS)
    for path in (folder / "data").glob("*.sqlite3"):
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as store:
            for (table,) in store.execute("SELECT name FROM sqlite_master WHERE type='table'"):
                for row in store.execute(f'SELECT * FROM "{table}"'):  # noqa: S608 - our own tables
                    text = repr(row)
                    if any(mark in text for mark in MARKS):
                        assert (path.name, table) == ("sortition.sqlite3", "person_contacts")
