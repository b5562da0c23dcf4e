"""What waits is counted per municipality on both stores, and `borgerting outbox` shows it and gets it on."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.wrappers_pb2 import StringValue
from sqlalchemy import MetaData

from chassis import cli
from chassis.backlog import Held, Unsent, held, unsent
from chassis.commands import command_context
from chassis.config import SettingsError
from chassis.db import Database, Transaction, add_to
from chassis.dead_letters import parked
from chassis.events.envelope import Envelope, Event
from chassis.events.ports import Delivery
from chassis.inbox import Inbox, Outcome, RetryPolicy, Subscription
from chassis.testing.stores import an_event, noon
from tests.infrastructure.stores import Stores

METADATA = MetaData()
add_to(METADATA)
TOPIC = "borgerting.toy.v1"


def fail(transaction: Transaction, message: Any, envelope: Envelope) -> None:
    if message.value == "poison":
        raise ValueError("Anna Andersen")


def inbox(database: Database, consumer: str = "toy.one") -> Inbox:
    subscription = Subscription(consumer, TOPIC, {"google.protobuf.StringValue": fail})
    return Inbox(database, subscription, RetryPolicy(attempts=1))


def give(database: Database, *events: Event) -> list[Outcome]:
    one = inbox(database)
    return [one.receive(Delivery(TOPIC, 0, 1, event.envelope.key, event)) for event in events]


def park(database: Database) -> None:
    """One parked event with two behind it, and one of another municipality behind a gap."""
    outcomes = give(
        database,
        an_event(1, text="poison"),
        an_event(2),
        an_event(3),
        an_event(2, municipality="naboby"),
    )
    assert outcomes == [Outcome.PARKED, Outcome.HELD, Outcome.HELD, Outcome.HELD]


def test_what_waits_by_municipality(stores: Stores) -> None:
    time = noon()
    database = stores.new(METADATA, machine_clock=time)
    assert (unsent(database), held(database)) == ([], [])
    for municipality, count in (("hjemby", 2), ("naboby", 1)):
        with database.writing(municipality) as transaction:
            for _ in range(count):
                transaction.outbox.add("toy", "things/1", StringValue())
    park(database)
    time.instant += timedelta(seconds=90)
    assert unsent(database) == [Unsent("hjemby", 2, 90.0, 0), Unsent("naboby", 1, 90.0, 0)]
    assert held(database) == [
        Held("toy.one", "hjemby", True, 2, 90.0),
        Held("toy.one", "naboby", False, 1, 90.0),
    ]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder in which sortition's store has something parked and something unsent."""
    monkeypatch.setenv("BORGERTING_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    with command_context("sortition") as context:
        park(context.database)
        with context.database.writing("hjemby") as transaction:
            transaction.outbox.add("sortition", "selections/1", StringValue())
    return tmp_path


def letter_id() -> str:
    with command_context("sortition") as context:
        (letter,) = parked(context.database)
        return str(letter.id)


def audited() -> list[tuple[str, str]]:
    with command_context("sortition") as context, context.database.reading("hjemby") as transaction:
        return [(entry.subject, entry.action) for _, entry in transaction.audit.entries()]


def test_status_shows_it_and_no_person(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["outbox", "status"]) == 0
    shown = capsys.readouterr().out
    assert "deliberation: nothing waits" in shown
    lines = [line.split() for line in shown.splitlines() if line.startswith("  ")]
    assert [(line[0], line[1]) for line in lines] == [
        ("unsent", "hjemby"),
        ("queued", "hjemby"),
        ("waiting", "naboby"),
        ("parked", "hjemby"),
    ]
    assert lines[3][2:6] == [letter_id(), "toy.one", "hjemby/things/1#1", "ValueError"]
    assert "Anna" not in shown
    assert cli.run(["outbox", "status", "--service", "sortition", "--json"]) == 0
    (state,) = json.loads(capsys.readouterr().out).values()
    assert state["unsent"][0]["count"] == 1
    assert state["parked"][0]["queued_behind"] == 2


def test_replay_and_skip(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = letter_id()
    assert cli.run(["outbox", "replay", first]) == 0
    assert capsys.readouterr().out == "sortition\n"
    with command_context("sortition") as context:
        assert inbox(context.database).retry_due() == [Outcome.PARKED]  # its cause is not gone
    second = letter_id()
    assert second != first
    assert cli.run(["outbox", "skip", second, "--service", "sortition"]) == 0
    with command_context("sortition") as context:
        assert inbox(context.database).retry_due() == [Outcome.HANDLED, Outcome.HANDLED]
        assert parked(context.database) == []
    assert audited() == [("command-line", "inbox.skipped"), ("command-line", "inbox.replayed")]
    capsys.readouterr()
    assert cli.run(["outbox", "skip", second]) == 1
    assert "no longer parked" in capsys.readouterr().err


@pytest.mark.parametrize("way", ["replay", "skip"])
def test_what_is_not_parked_is_refused(folder: Path, capsys: pytest.CaptureFixture[str], way: str) -> None:
    unknown = "01940000-0000-7000-8000-000000000000"
    assert cli.run(["outbox", way, unknown]) == 1
    assert f"There is no parked event {unknown}." in capsys.readouterr().err
    assert cli.run(["outbox", way, letter_id(), "--service", "deliberation"]) == 1
    assert cli.run(["outbox", way, "first"]) == 2
    assert cli.run(["outbox", way, unknown, "--service", "elsewhere"]) == 2
    assert audited() == []


def test_a_command_asks_for_its_own_services_store_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside a service that runs alone no other's address is known; production assumes none."""
    monkeypatch.setenv("BORGERTING_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("BORGERTING_FOLLOWUP__DATABASE_URL", "elsewhere")
    with command_context("sortition") as context:
        context.database.check_writable()
    with pytest.raises(SettingsError, match="BORGERTING_FOLLOWUP__DATABASE_URL"), command_context("followup"):
        pass
