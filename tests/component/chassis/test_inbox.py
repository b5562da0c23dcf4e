"""The inbox: once, in order, and what fails holds up its own aggregate only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from google.protobuf.wrappers_pb2 import StringValue
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select
from sqlalchemy.exc import OperationalError

from chassis.clock import FixedClock
from chassis.consumer import Consumer
from chassis.context import nobody
from chassis.db import Database, Transaction, add_to
from chassis.dead_letters import held_state, parked, replay, skip
from chassis.errors import Code, DomainError
from chassis.events.envelope import Envelope, Event
from chassis.events.ports import Delivery
from chassis.inbox import Inbox, Outcome, RetryPolicy, StoreAway, Subscription
from chassis.metrics import Metrics
from chassis.tables import audit_log
from chassis.testing.brokers import MemoryBroker
from chassis.testing.stores import NOON, an_event, noon
from tests.infrastructure.stores import Stores, everything

TOPIC = "borgerting.toy.v1"
METADATA = MetaData()
add_to(METADATA)
HEARD = Table(
    "listened",
    METADATA,
    Column("seq", Integer, primary_key=True),
    Column("municipality", String(63), nullable=False),
    Column("key", String(512), nullable=False),
    Column("text", String(255), nullable=False),
)


class Listener:
    """A handler that can be told to fail on certain texts."""

    def __init__(self, stores: Stores) -> None:
        self.poison: set[str] = set()
        self.error: Exception = ValueError("Anna Andersen")
        self.time = noon()
        self.database = stores.new(METADATA, machine_clock=self.time)
        self.subscription = Subscription("toy.test", TOPIC, {"google.protobuf.StringValue": self.hear})
        self.inbox = Inbox(self.database, self.subscription, RetryPolicy(attempts=3))

    def hear(self, transaction: Transaction, message: StringValue, envelope: Envelope) -> None:
        transaction.connection.execute(
            insert(HEARD).values(municipality=transaction.municipality, key=envelope.key, text=message.value)
        )
        # What it does after a failure must leave no trace either.
        if message.value in self.poison:
            raise self.error

    def give(self, event: Event) -> Outcome:
        return self.inbox.receive(Delivery(TOPIC, 0, 1, event.envelope.key, event))

    def give_all(self, events: list[Event]) -> list[Outcome]:
        return self.inbox.receive_all([Delivery(TOPIC, 0, 1, one.envelope.key, one) for one in events])

    def heard(self, key: str | None = None) -> list[str]:
        query = select(HEARD.c.text).order_by(HEARD.c.seq)
        if key is not None:
            query = query.where(HEARD.c.key == key)
        with everything(self.database) as transaction:
            return list(transaction.connection.execute(query).scalars())

    def pass_time(self, seconds: float) -> list[Outcome]:
        self.time.instant += timedelta(seconds=seconds)
        return self.inbox.retry_due()

    def park(self, sequence: int) -> None:
        self.poison = {str(sequence)}
        assert self.give(an_event(sequence)) is Outcome.FAILED
        assert self.pass_time(1) == [Outcome.FAILED]
        assert self.pass_time(1) == [Outcome.PARKED]


@pytest.fixture
def listener(stores: Stores) -> Iterator[Listener]:
    made = Listener(stores)
    yield made
    made.database.close()


def test_in_order_and_in_the_event_s_municipality(listener: Listener) -> None:
    assert [listener.give(an_event(number)) for number in (1, 2, 3)] == [Outcome.HANDLED] * 3
    with everything(listener.database) as transaction:
        assert set(transaction.connection.execute(select(HEARD.c.municipality)).scalars()) == {"hjemby"}
    assert listener.heard() == ["1", "2", "3"]


def test_the_same_event_twice_counts_once(listener: Listener) -> None:
    event = an_event(1)
    assert listener.give(event) is Outcome.HANDLED
    assert listener.give(event) is Outcome.DUPLICATE
    assert listener.heard() == ["1"]


def test_another_event_with_a_used_number_is_a_duplicate(listener: Listener) -> None:
    listener.give(an_event(1))
    listener.give(an_event(2))
    assert listener.give(an_event(1, text="again")) is Outcome.DUPLICATE
    assert listener.heard() == ["1", "2"]


def test_a_gap_waits_until_it_is_filled(listener: Listener) -> None:
    assert listener.give(an_event(1)) is Outcome.HANDLED
    assert listener.give(an_event(4)) is Outcome.HELD
    assert listener.give(an_event(3)) is Outcome.HELD
    state = held_state(listener.database, "toy.test")
    assert (state.waiting, state.parked) == (2, 0)
    listener.time.instant += timedelta(seconds=90)
    assert held_state(listener.database, "toy.test").oldest_waiting_seconds == 90
    assert listener.give(an_event(2)) is Outcome.HANDLED
    assert listener.heard() == ["1", "2", "3", "4"]
    assert held_state(listener.database, "toy.test").waiting == 0


def test_a_gap_in_one_aggregate_holds_up_no_other(listener: Listener) -> None:
    listener.give(an_event(2))
    assert listener.give(an_event(1, aggregate="things/2", text="other")) is Outcome.HANDLED
    assert listener.give(an_event(1, municipality="udby", text="elsewhere")) is Outcome.HANDLED
    assert listener.heard() == ["other", "elsewhere"]


def test_types_nobody_handles_keep_their_place_in_the_order(listener: Listener) -> None:
    silent = Inbox(listener.database, Subscription("toy.silent", TOPIC, {}))
    for number in (1, 2):
        assert silent.receive(Delivery(TOPIC, 0, 1, "", an_event(number))) is Outcome.HANDLED
    assert listener.heard() == []


def test_a_snapshot_is_taken_across_a_gap(listener: Listener) -> None:
    listener.give(an_event(1))
    listener.give(an_event(3))
    assert listener.give(an_event(5, snapshot=True, text="state")) is Outcome.HANDLED
    assert listener.give(an_event(4)) is Outcome.DUPLICATE
    assert listener.give(an_event(6)) is Outcome.HANDLED
    assert listener.heard() == ["1", "state", "6"]
    assert held_state(listener.database, "toy.test").waiting == 0


def test_a_snapshot_of_what_is_known_is_dropped(listener: Listener) -> None:
    listener.give(an_event(1))
    listener.give(an_event(2))
    assert listener.give(an_event(2, snapshot=True, text="state")) is Outcome.DUPLICATE


def test_a_failing_event_is_tried_again_and_leaves_no_trace(listener: Listener) -> None:
    listener.poison = {"1"}
    assert listener.give(an_event(1)) is Outcome.FAILED
    assert listener.heard() == []
    assert listener.pass_time(0.1) == []  # not yet due
    assert listener.give(an_event(2)) is Outcome.HELD
    listener.poison = set()
    assert listener.pass_time(1) == [Outcome.HANDLED, Outcome.HANDLED]
    assert listener.heard() == ["1", "2"]


def test_a_poison_event_parks_its_aggregate_alone(listener: Listener) -> None:
    listener.park(1)
    assert listener.give(an_event(2)) is Outcome.HELD
    assert listener.give(an_event(9, snapshot=True)) is Outcome.HELD
    assert listener.give(an_event(1, aggregate="things/2", text="other")) is Outcome.HANDLED
    assert listener.pass_time(3600) == []
    (letter,) = parked(listener.database)
    assert (letter.sequence, letter.attempts, letter.error, letter.waiting) == (1, 3, "ValueError", 2)
    assert letter.key == "hjemby/things/1"
    state = held_state(listener.database, "toy.test")
    assert (state.parked, state.queued, state.waiting) == (1, 2, 0)
    assert listener.heard() == ["other"]


def test_redelivery_of_a_parked_event_changes_nothing(listener: Listener) -> None:
    event = an_event(1)
    listener.poison = {"1"}
    listener.give(event)
    assert listener.give(event) is Outcome.DUPLICATE
    listener.pass_time(1)
    listener.pass_time(1)
    assert listener.give(event) is Outcome.DUPLICATE
    assert len(parked(listener.database)) == 1


def test_replay_handles_it_and_what_queued_behind(listener: Listener) -> None:
    listener.park(1)
    for number in (2, 3):
        listener.give(an_event(number))
    listener.poison = set()
    replay(listener.database, nobody(), parked(listener.database)[0].id)
    assert listener.inbox.retry_due() == [Outcome.HANDLED] * 3
    assert listener.heard() == ["1", "2", "3"]
    assert parked(listener.database) == []


def test_a_replay_that_fails_again_parks_again(listener: Listener) -> None:
    listener.park(1)
    first = parked(listener.database)[0].id
    replay(listener.database, nobody(), first)
    assert listener.inbox.retry_due() == [Outcome.FAILED]
    listener.pass_time(1)
    assert listener.pass_time(1) == [Outcome.PARKED]
    assert parked(listener.database)[0].id != first


def test_skip_gives_it_up_and_goes_on(listener: Listener) -> None:
    listener.park(1)
    poison = an_event(1)
    listener.give(an_event(2))
    skip(listener.database, nobody(), parked(listener.database)[0].id)
    assert listener.inbox.retry_due() == [Outcome.HANDLED]
    assert listener.give(poison) is Outcome.DUPLICATE
    assert listener.heard() == ["2"]
    assert parked(listener.database) == []


def test_replay_and_skip_are_audited_and_only_once(listener: Listener) -> None:
    listener.park(1)
    letter = parked(listener.database)[0]
    skip(listener.database, nobody(), letter.id)
    with listener.database.reading("hjemby") as transaction:
        ((_, entry),) = transaction.audit.entries()
    assert (entry.action, entry.resource) == ("inbox.skipped", "hjemby/things/1")
    assert entry.details["event"] == str(letter.event_id)
    for again in (skip, replay):
        with pytest.raises(DomainError) as refused:
            again(listener.database, nobody(), letter.id)
        assert (refused.value.code, refused.value.reason) == (
            Code.FAILED_PRECONDITION,
            "DEAD_LETTER_RESOLVED",
        )
    with everything(listener.database) as transaction:
        assert len(transaction.connection.execute(select(audit_log)).all()) == 1


def test_an_unknown_dead_letter_is_not_found(listener: Listener) -> None:
    with pytest.raises(DomainError) as refused:
        replay(listener.database, nobody(), an_event(1).envelope.id)
    assert refused.value.reason == "DEAD_LETTER_UNKNOWN"


def test_a_refusal_s_reason_stands_in_the_dead_letter(listener: Listener) -> None:
    listener.error = DomainError(Code.FAILED_PRECONDITION, "POOL_MISSING")
    listener.park(1)
    assert parked(listener.database)[0].error == "POOL_MISSING"


def test_a_value_that_is_no_message_is_poison(listener: Listener) -> None:
    assert listener.give(an_event(1, value=b"\xff\xff\xff")) is Outcome.FAILED


def test_what_is_no_event_is_noted_once_and_holds_nothing_up(listener: Listener) -> None:
    bad = Delivery(TOPIC, 0, 7, "whatever", None, "MalformedEventError: ce_id")
    assert listener.inbox.receive(bad) is Outcome.PARKED
    assert listener.inbox.receive(bad) is Outcome.DUPLICATE
    assert parked(listener.database) == []  # nothing to replay
    assert listener.give(an_event(1)) is Outcome.HANDLED


def test_a_store_that_is_away_blames_no_event(listener: Listener) -> None:
    listener.error = OperationalError("select", {}, Exception("disk I/O error"))
    listener.poison = {"1"}
    with pytest.raises(StoreAway):
        listener.give(an_event(1))
    listener.poison = set()
    assert listener.give(an_event(1)) is Outcome.HANDLED


def test_many_at_once_are_as_one_by_one(listener: Listener) -> None:
    again = an_event(2)
    listener.give(an_event(6))
    given = [
        an_event(1),
        again,
        again,
        an_event(4),
        an_event(1, municipality="udby", text="elsewhere"),
        an_event(3),
        an_event(1, aggregate="things/2", text="other"),
    ]
    held, duplicate, handled = Outcome.HELD, Outcome.DUPLICATE, Outcome.HANDLED
    assert listener.give_all(given) == [handled, handled, duplicate, held, handled, handled, handled]
    assert listener.heard("hjemby/things/1") == ["1", "2", "3", "4"]
    assert listener.heard("udby/things/1") == ["elsewhere"]
    with everything(listener.database) as transaction:
        rows = transaction.connection.execute(select(HEARD.c.municipality, HEARD.c.key)).all()
    assert all(key.startswith(f"{municipality}/") for municipality, key in rows)


def test_one_that_fails_among_many_fails_alone(listener: Listener) -> None:
    listener.poison = {"2"}
    others = [an_event(1, aggregate=f"things/{number}", text="other") for number in (7, 8)]
    assert listener.give_all([an_event(1), others[0], an_event(2), an_event(3), others[1]]) == [
        Outcome.HANDLED,
        Outcome.HANDLED,
        Outcome.FAILED,
        Outcome.HELD,
        Outcome.HANDLED,
    ]
    assert listener.heard() == ["1", "other", "other"]


def test_what_is_unreadable_among_many_is_noted(listener: Listener) -> None:
    bad = Delivery(TOPIC, 0, 7, "whatever", None, "MalformedEventError: ce_id")
    good = [Delivery(TOPIC, 0, 1, "", an_event(number)) for number in (1, 2)]
    outcomes = listener.inbox.receive_all([good[0], bad, good[1]])
    assert outcomes == [Outcome.HANDLED, Outcome.PARKED, Outcome.HANDLED]


def test_a_store_that_is_away_blames_none_of_many(listener: Listener) -> None:
    listener.poison, listener.error = {"2"}, OperationalError("x", {}, Exception("disk I/O error"))
    with pytest.raises(StoreAway):
        listener.give_all([an_event(1), an_event(2)])
    assert listener.heard() == []


def test_retries_come_later_each_time() -> None:
    policy = RetryPolicy(first=timedelta(seconds=1), longest=timedelta(seconds=5))
    assert [policy.pause(number).total_seconds() for number in (1, 2, 3, 4)] == [1, 3, 5, 5]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_the_carrier_does_each_effect_is_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Duplicates, re-ordering and failures that pass: in the end every aggregate heard 1, 2, …, n."""
    listener = Listener(Stores("sqlite", tmp_path_factory.mktemp("inbox"), None))
    events = [an_event(number, aggregate=f"things/{thing}") for thing in (1, 2) for number in range(1, 6)]
    deliveries = data.draw(st.permutations(events + data.draw(st.lists(st.sampled_from(events), max_size=8))))
    flaky = Counter(data.draw(st.lists(st.sampled_from(["1", "2", "3", "4", "5"]), max_size=2)))
    listener.inbox = Inbox(listener.database, listener.subscription, RetryPolicy(attempts=20))
    hear = listener.hear

    def sometimes(transaction: Transaction, message: StringValue, envelope: Envelope) -> None:
        hear(transaction, message, envelope)
        if flaky[message.value] > 0:
            flaky[message.value] -= 1
            raise ValueError

    handlers: dict[str, Any] = listener.subscription.handlers  # type: ignore[assignment]
    handlers["google.protobuf.StringValue"] = sometimes
    if data.draw(st.booleans()):
        for event in deliveries:
            listener.give(event)
    else:
        listener.give_all(deliveries)
    for _ in range(5):
        listener.pass_time(60)
    for thing in (1, 2):
        assert listener.heard(f"hjemby/things/{thing}") == ["1", "2", "3", "4", "5"]
    listener.database.close()


def test_the_loop_resumes_where_a_crash_left_it(stores: Stores) -> None:
    """The offset is committed after the handling: what a crash in between repeats is dropped."""
    listener = Listener(stores)
    broker = MemoryBroker()
    publisher = broker.publisher()
    for number in range(1, 6):
        publisher.send(an_event(number))
    publisher.flush(1)

    def consumer() -> Consumer:
        source = broker.source("toy.test", TOPIC)
        return Consumer("toy", listener.subscription, listener.database, source, Metrics())

    first = consumer()
    commits: list[Delivery] = []
    first.source.commit = commits.append  # type: ignore[method-assign]
    assert first.run_once() == 5
    assert [one.offset for one in commits] == [5]
    assert consumer().run_once() == 5  # all again
    assert consumer().run_once() == 0
    assert listener.heard() == ["1", "2", "3", "4", "5"]
    listener.database.close()


def test_the_loop_outlives_a_store_that_is_away(stores: Stores) -> None:
    listener = Listener(stores)
    broker = MemoryBroker()
    failures = iter([OperationalError("x", {}, Exception("disk I/O error"))] * 2)
    hear = listener.hear

    def flaky(transaction: Transaction, message: StringValue, envelope: Envelope) -> None:
        for error in failures:
            raise error
        hear(transaction, message, envelope)

    subscription = Subscription("toy.test", TOPIC, {"google.protobuf.StringValue": flaky})
    consumer = Consumer("toy", subscription, listener.database, broker.source("toy.test", TOPIC), Metrics())
    consumer.start()
    publisher = broker.publisher()
    for number in (1, 2):
        publisher.send(an_event(number))
    publisher.flush(1)
    for _ in range(200):
        if listener.heard() == ["1", "2"]:
            break
        consumer._stopping.wait(0.02)
    assert consumer.alive
    assert consumer.stop(5)
    assert listener.heard() == ["1", "2"]
    assert consumer.gauges()["lag"] == 0
    listener.database.close()


def test_the_clock_of_the_suite_moves_no_retry(stores: Stores) -> None:
    """Back-offs go by the machine's clock: a suite whose clock stands still must retry all the same."""
    standing = FixedClock(NOON)
    database: Database = stores.new(METADATA, clock=standing)
    calls = []

    def fail_once(transaction: Transaction, message: StringValue, envelope: Envelope) -> None:
        calls.append(message.value)
        if len(calls) == 1:
            raise ValueError

    subscription = Subscription("toy.test", TOPIC, {"google.protobuf.StringValue": fail_once})
    policy = RetryPolicy(first=timedelta(milliseconds=1))
    inbox = Inbox(database, subscription, policy)
    assert inbox.receive(Delivery(TOPIC, 0, 1, "", an_event(1))) is Outcome.FAILED
    outcomes: list[Outcome] = []
    for _ in range(1000):
        outcomes += inbox.retry_due()
        if outcomes:
            break
    assert outcomes == [Outcome.HANDLED]
    database.close()


def test_municipalities_in_a_batch_are_taken_each_for_itself(listener: Listener) -> None:
    """And each delivery's outcome stands where the delivery stood."""
    listener.poison = {"bad"}
    events = [
        an_event(1, text="a1"),
        an_event(1, municipality="udby", text="b1"),
        an_event(2, text="a2"),
        an_event(1, municipality="nyby", text="bad"),
        an_event(2, municipality="udby", text="b2"),
        an_event(1, text="a1 again"),
    ]
    deliveries = [Delivery(TOPIC, 0, 1, one.envelope.key, one) for one in events]
    deliveries.insert(2, Delivery(TOPIC, 0, 7, "junk", None, "MalformedEventError: ce_id"))
    assert listener.inbox.receive_all(deliveries) == [
        Outcome.HANDLED,
        Outcome.HANDLED,
        Outcome.PARKED,
        Outcome.HANDLED,
        Outcome.FAILED,
        Outcome.HANDLED,
        Outcome.DUPLICATE,
    ]
    assert listener.heard("hjemby/things/1") == ["a1", "a2"]
    assert listener.heard("udby/things/1") == ["b1", "b2"]
    assert listener.heard("nyby/things/1") == []


def test_an_event_that_comes_alone_and_fails_is_tried_once(listener: Listener) -> None:
    """A batch of one is not taken twice; the tries that follow have their times."""
    calls = []

    def fail(transaction: Transaction, message: StringValue, envelope: Envelope) -> None:
        calls.append(envelope.id)
        raise ValueError(message.value)

    subscription = Subscription("toy.alone", TOPIC, {"google.protobuf.StringValue": fail})
    inbox = Inbox(listener.database, subscription, RetryPolicy(attempts=2))
    event = an_event(1)
    assert inbox.receive_all([Delivery(TOPIC, 0, 1, event.envelope.key, event)]) == [Outcome.FAILED]
    assert len(calls) == 1
    listener.time.instant += timedelta(seconds=1)
    assert inbox.retry_due() == [Outcome.PARKED]
    assert len(calls) == 2
