"""The demonstration's people are looked for where nobody may be: events, logs, metrics, answers to mistakes,
and every table but the two that are theirs.
"""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from borgerting.sortition.v1 import selection_service_pb2 as selections
from borgerting.sortition.v1 import selection_service_pb2_grpc as selections_grpc
from borgerting.volunteer.v1 import person_service_pb2 as people
from borgerting.volunteer.v1 import person_service_pb2_grpc as people_grpc
from chassis.rpc.client import tcp_channel
from demo.lottery import assembly_pool
from demo.volunteer_words import ASTA
from tests.e2e.demo.conftest import FirstStart
from tests.e2e.demo.people import MARKS
from tests.e2e.demo.running import demonstration, get, get_json
from tests.infrastructure.places import free_port

_CONTACTS = {("sortition.sqlite3", "person_contacts"), ("volunteer.sqlite3", "person_contacts")}


def _marks_in(content: str | bytes) -> list[str]:
    if isinstance(content, bytes):
        return [mark for mark in MARKS if mark.encode() in content]
    return [mark for mark in MARKS if mark in content]


def test_there_are_people_to_look_for() -> None:
    assert len(MARKS) > 1000
    assert _marks_in(f"x {ASTA.name} y") == [ASTA.name]
    assert _marks_in(f"x {ASTA.phone} y".encode()) == [ASTA.phone]


def test_the_log_of_all_chapters_names_nobody(first_start: FirstStart) -> None:
    log = (first_start.folder / "log").read_text()
    assert "240 volunteers" in log
    assert _marks_in(log) == []


def test_stores_and_events_name_nobody_but_in_the_tables_of_contacts(
    first_start: FirstStart, tmp_path: Path
) -> None:
    # Reading makes files beside a store: not where others look.
    data = shutil.copytree(first_start.folder / "data", tmp_path / "data")
    found = {(store, table) for store, table, content in _cells(data) if _marks_in(content)}
    assert found == _CONTACTS


def test_metrics_public_pages_and_answers_to_mistakes_name_nobody(
    first_start: FirstStart, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    shutil.copytree(first_start.folder / "data", data)
    ports = {name: free_port() for name in ("GRPC", "OPS")}
    environment = {f"BORGERTING_{name}_PORT": str(port) for name, port in ports.items()}
    with demonstration(data, environment | {"BORGERTING_LOG_LEVEL": "debug"}) as (front, *_):
        answers = [
            *_refused_by_grpc(f"127.0.0.1:{ports['GRPC']}", data),
            *_refused_by_rest(front, data),
            *_public_pages(front),
            get(f"http://127.0.0.1:{ports['OPS']}/metrics")[1],
        ]
    assert "borgerting_volunteer_sign_ups_total" in answers[-1]
    for answer in answers:
        assert _marks_in(answer) == [], answer[:500]
    assert _marks_in((tmp_path / "log").read_text()) == []
    after = {(store, table) for store, table, content in _cells(data) if _marks_in(content)}
    # A file with mistakes waits, whole, for its secretariat to correct it or to take its good rows.
    assert after == _CONTACTS | {("sortition.sqlite3", "pool_imports")}


def _cells(folder: Path) -> Iterator[tuple[str, str, str | bytes]]:
    """Store, table and content of every text and every blob."""
    stores = sorted(folder.glob("*.sqlite3"))
    assert {path.stem for path in stores} == {
        "deliberation",
        "events",
        "followup",
        "sortition",
        "volunteer",
    }
    for path in stores:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as store:
            for (table,) in store.execute("SELECT name FROM sqlite_master WHERE type='table'"):
                for row in store.execute(f'SELECT * FROM "{table}"'):  # noqa: S608 - our own tables
                    # One string for a row: 800,000 cells by 1,000 marks would take minutes.
                    yield path.name, table, "\n".join(each for each in row if isinstance(each, str))
                    yield path.name, table, b"\n".join(each for each in row if isinstance(each, bytes))


def _token(data: Path, role: str) -> str:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "chassis", "token"),
            *("--municipality", "havnsted", "--role", role, "--data-dir", str(data)),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.strip()


def _broken_pools() -> list[bytes]:
    """The demonstration's own, each wrong in another way."""
    good = assembly_pool().respondents_csv()
    lines = good.splitlines()
    return [
        good.replace(b",kvinde,", b",kivnde,"),
        b"\n".join([*lines, lines[1]]),
        b"\n".join([lines[0], lines[1] + b"," + lines[2], *lines[2:]]),
        b"\n".join(lines[1:]),
        good[:-1] + b',"',
    ]


def _refused_by_grpc(address: str, data: Path) -> list[str]:
    found = []
    with tcp_channel(address) as channel:
        secretariat = (("authorization", f"Bearer {_token(data, 'secretariat')}"),)
        desk = selections_grpc.SelectionServiceStub(channel)
        parent = "municipalities/havnsted"
        selection = desk.CreateSelection(
            selections.CreateSelectionRequest(
                parent=parent, selection=selections.Selection(title="Another", size=36)
            ),
            metadata=secretariat,
        )
        desk.ImportTargets(
            selections.ImportTargetsRequest(name=selection.name, file=assembly_pool().targets_csv()),
            metadata=secretariat,
        )
        for broken in _broken_pools():
            request = selections.ImportPoolRequest(
                name=selection.name,
                file=broken,
                id_column="id",
                address_columns=["adresse"],
                contact_columns=["navn", "e-mail", "telefon"],
            )
            try:
                answer = desk.ImportPool(request, metadata=secretariat)
                assert answer.errors
                found.append(str(answer))
            except grpc.RpcError as error:
                found.append(f"{error} {error.details()} {error.trailing_metadata()}")
        coordinator = (("authorization", f"Bearer {_token(data, 'coordinator')}"),)
        wrong = people.Person(display_name=ASTA.name, phone="1", email=f"{ASTA.email} {ASTA.phone}")
        with pytest.raises(grpc.RpcError) as refused:
            people_grpc.PersonServiceStub(channel).CreatePerson(
                people.CreatePersonRequest(parent=parent, person=wrong), metadata=coordinator
            )
        found.append(f"{refused.value} {refused.value.details()} {refused.value.trailing_metadata()}")
    return found


def _refused_by_rest(front: str, data: Path) -> list[str]:
    """Mistakes that carry a name, to each of the four."""
    tokens = {role: _token(data, role) for role in ("secretariat", "coordinator", "officer")}
    promise = get_json(f"{front}followup/api/v1/municipalities/havnsted/promises?pageSize=1")["promises"][0]
    person = f'{{"displayName": "{ASTA.name}", "phone": "", "email": "{ASTA.email}"}}'
    calls = [
        ("coordinator", "volunteer/api/v1/municipalities/havnsted/people", person),
        ("coordinator", f"volunteer/api/v1/municipalities/havnsted/people?{ASTA.email}=1", person[:-1]),
        ("secretariat", "sortition/api/v1/municipalities/havnsted/selections", f'{{"{ASTA.email}": 1}}'),
        (
            "secretariat",
            "deliberation/api/v1/signInLinks",
            f'{{"role": "volunteer", "municipality": "municipalities/havnsted", "subject": "{ASTA.name}"}}',
        ),
        (
            "officer",
            f"followup/api/v1/{promise['checkpoints'][0]['name']}/answers",
            f'{{"decision": "{ASTA.name}", "reason": "{ASTA.phone}"}}',
        ),
    ]
    return [_post(front + path, body, tokens[role]) for role, path, body in calls]


def _post(url: str, body: str, token: str) -> str:
    request = urllib.request.Request(
        url,
        body.encode(),
        {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "Idempotency-Key": str(uuid.uuid4()),
        },
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=30)
    assert 400 <= refused.value.code < 500
    return f"{refused.value.headers} {refused.value.read().decode()}"


def _public_pages(front: str) -> list[str]:
    task = get_json(f"{front}volunteer/api/v1/municipalities/havnsted/tasks")["tasks"][0]
    paths = (
        "deliberation/havnsted",
        "followup/havnsted",
        "sortition/havnsted",
        "volunteer/havnsted",
        f"volunteer/havnsted/tasks/{task['name'].rsplit('/', 1)[1]}",
    )
    return [get(f"{front}{path}")[1] for path in paths]
