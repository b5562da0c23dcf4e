"""Names, addresses and phone numbers stay in the one table that is theirs: looked for everywhere else."""

from __future__ import annotations

import json
import sqlite3
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from borgerting.sortition.v1 import selection_service_pb2 as pb
from borgerting.sortition.v1 import selection_service_pb2_grpc
from chassis.rpc.client import tcp_channel
from chassis.testing.processes import SuiteProcess, running_suite
from tests.e2e.sortition.site import TARGETS, Site, command, respondents, wait_for_municipality

MARKS = ("NAMEMARK", "PHONEMARK", "STREETMARK")
COLUMNS = "contactColumns=name,phone&addressColumns=street"


@pytest.fixture
def suite(tmp_path: Path) -> Iterator[SuiteProcess]:
    with running_suite(tmp_path, environment={"BORGERTING_LOG_LEVEL": "debug"}) as running:
        yield running


class Watched(Site):
    """Keeps every answer that may hold no mark."""

    def __init__(self, suite: SuiteProcess, token: str) -> None:
        super().__init__(suite, token)
        self.seen: list[str] = []

    def call(self, method: str, path: str, *arguments: Any, **options: Any) -> Any:
        answer = super().call(method, path, *arguments, **options)
        text = answer.content.decode("utf-8", "replace")
        self.seen.append(f"{method} {path}: {text}")
        return answer


def test_marks_are_where_they_belong_and_nowhere_else(suite: SuiteProcess, tmp_path: Path) -> None:
    command(tmp_path, "municipality", "create", "strandby", "--name", "Strandby")
    token = command(tmp_path, "token", "--municipality", "strandby", "--role", "secretariat")
    wait_for_municipality(Site(suite), "strandby")
    site = Watched(suite, token)
    selection = site.post("municipalities/strandby/selections", {"title": "Welfare", "size": 12}, status=201)[
        "name"
    ]
    site.upload(f"{selection}:importTargets", TARGETS)

    for broken in _broken_files():
        site.call(
            "POST",
            f"{selection}:importPool?{COLUMNS}",
            content=broken,
            content_type="text/csv",
            headers={"Idempotency-Key": str(uuid.uuid4())},
        )
    with tcp_channel(suite.grpc) as channel:
        stub = selection_service_pb2_grpc.SelectionServiceStub(channel)
        metadata = (("authorization", f"Bearer {token}"),)
        for broken in _broken_files():
            request = pb.ImportPoolRequest(name=selection, file=broken, contact_columns=["name"])
            try:
                site.seen.append(str(stub.ImportPool(request, metadata=metadata)))
            except grpc.RpcError as error:
                site.seen.append(f"{error} {error.details()} {error.trailing_metadata()}")
    site.upload(f"{selection}:importPool?{COLUMNS}", respondents())
    people = site.get(f"{selection}/people?pageSize=2")["people"]
    site.call("DELETE", people[0]["name"])
    site.call("PATCH", people[1]["name"], {"inclusion": "NAMEMARK"})
    draw = site.post(f"{selection}/draws", {"panels": 100}, status=201)["name"]
    site.wait_for_draw(draw, "PANELS_READY")
    site.post(f"{draw}:publishCommitment")
    site.post(f"{draw}:reveal", {"randomness": "beacon"})
    site.post(f"{draw}:publish")
    for filename in ("audit.json", "receipts.csv", "chances.csv", "panels.csv", "record.json"):
        assert site.call("GET", f"{draw}/files/{filename}").status == 200
    for seat in site.get(f"{selection}/seats")["seats"]:
        site.post(f"{seat['name']}:setAnswer", {"answer": "ACCEPTED"})
    site.post(f"{selection}:confirmPanel")
    site.get(f"{draw}/public")
    _the_assembly_s_report(site, suite, selection)
    metrics = suite.get("/metrics", base=suite.ops)

    # They are there: the phone list has them. Then everything else is searched.
    contacts = Site(suite, token).get(f"{selection}/seatContacts")["seatContacts"]
    assert all(mark in json.dumps(contacts) for mark in MARKS)
    assert suite.terminate() == 0
    for text in (*site.seen, metrics, suite.log, suite.output):
        found = [mark for mark in MARKS if mark in text]
        assert not found, text[max(0, text.find(found[0]) - 300) :][:600]
    assert _tables_with_marks(tmp_path) == {("sortition.sqlite3", "person_contacts")}


def _the_assembly_s_report(site: Watched, suite: SuiteProcess, selection: str) -> None:
    """What deliberation makes of the panel, until its report is the council's: seats by id, and no person."""
    site.base = f"{suite.http}/deliberation/api/v1"
    assembly = site.post(
        "municipalities/strandby/assemblies", {"title": "Welfare", "selection": selection}, status=201
    )["name"]
    until = time.monotonic() + 15
    while site.get(assembly)["state"] != "SEATED":
        assert time.monotonic() < until, "the panel's event did not arrive"
        time.sleep(0.1)
    assert len(site.get(f"{assembly}/members")["members"]) == 12
    report = f"{assembly}/report"
    recommendation = site.post(f"{report}/recommendations", {"title": "Economy"}, status=201)["name"]
    site.post(f"{recommendation}/initiatives", {"title": "Bus"}, status=201)
    site.post(f"{report}:handOver", {"etag": site.get(report)["etag"]})
    for page in ("", f"/assemblies/{assembly.rsplit('/', 1)[1]}", f"/{report.split('/', 2)[2]}"):
        site.seen.append(suite.get(f"/deliberation/strandby{page}"))
    site.base = f"{suite.http}/sortition/api/v1"


def _broken_files() -> list[bytes]:
    """Each wrong in another way, with names and addresses in reach of whoever quotes too much."""
    good = respondents(20)
    lines = good.splitlines()
    return [
        good.replace(b"p0003,male", b"p0003,mael").replace(b"p0004,female", b"p0004,femlae"),
        b"\n".join([lines[0], *lines[1:], lines[5]]),
        b"\n".join([lines[0], lines[1] + b",STREETMARKX,NAMEMARKX", *lines[2:]]),
        b"\n".join(lines[1:]),
        good.replace(b"gender", b"NAMEMARKcolumn"),
        good.replace(b",name,", b",NAMEMARKS,"),
        good.replace(b"NAMEMARK3,", b'"NAMEMARK3,'),
        b"id;gender;age\nNAMEMARK\x00STREETMARK",
    ]


def _tables_with_marks(folder: Path) -> set[tuple[str, str]]:
    found = set()
    for path in sorted((folder / "data").glob("*.sqlite3")):
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as store:
            for (table,) in store.execute("SELECT name FROM sqlite_master WHERE type='table'"):
                for row in store.execute(f'SELECT * FROM "{table}"'):  # noqa: S608 - our own tables
                    if any(mark in repr(row) for mark in MARKS):
                        found.add((path.name, table))
    return found
