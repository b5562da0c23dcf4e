"""Stores and log put back to different moments: after a start everything fits that can, each effect is there
once, and what is lost is said by its number.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from chassis.backlog import parked_since
from chassis.commands import command_line
from chassis.doctor import Fault
from chassis.log_mend import give_up_lost
from tests.component.doctor.line import (
    LISTENERS,
    TELLER,
    ClonedStores,
    FileLog,
    FileStores,
    KafkaLog,
    Line,
    template,
)
from tests.infrastructure.kafka import KafkaBroker
from tests.infrastructure.postgres import PostgresServer

EVERYTHING = (TELLER, *LISTENERS, "log")


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return template(tmp_path_factory.mktemp("template"))


@pytest.fixture(params=["embedded", "apart"])
def line(request: pytest.FixtureRequest, tmp_path: Path, migrated: Path) -> Iterator[Line]:
    if request.param == "embedded":
        stores = FileStores(tmp_path, migrated)
        yield Line(stores, FileLog(tmp_path))
        stores.close()
        return
    postgres: PostgresServer = request.getfixturevalue("postgres")
    kafka: KafkaBroker = request.getfixturevalue("kafka")
    cloned = ClonedStores(postgres)
    yield Line(cloned, KafkaLog(kafka.bootstrap))
    cloned.drop()


def check(line: Line) -> None:
    """After a start: nothing is wrong but what was lost; every effect is there once, in order."""
    faults = line.faults()
    assert faults.keys() <= {Fault.LOST}
    told, lost = line.told(), line.lost()
    for name in LISTENERS:
        heard = line.heard(name)
        for key, events in heard.items():
            assert len(set(events)) == len(events), "an effect twice"
            of_teller = [event for event in events if event in set(told.get(key, ()))]
            assert of_teller == told.get(key, []), "an effect is missing, or out of order"
            assert set(events) - set(of_teller) <= lost, "a loss that nobody names"
            numbers = line.numbers(name)[key]
            assert numbers == sorted(set(numbers))
        assert told.keys() <= heard.keys()


def decide(line: Line) -> None:
    from chassis.doctor import lost_keys

    store = line.stores.open(TELLER)
    for key, municipality in lost_keys(store, TELLER).items():
        give_up_lost(store, TELLER, (), command_line(), municipality, key)


def test_a_listener_that_was_put_back_hears_again_what_it_forgot(line: Line) -> None:
    line.tell(1, 2)
    line.run()
    line.save()
    line.tell(1, 1, 3)
    line.run()
    before = line.heard("near")
    line.put_back("near", 0)
    assert line.faults() == {Fault.NOT_HEARD: 2}
    line.run(relay=False)
    assert line.faults() == {}
    assert line.heard("near") == before
    check(line)


def test_a_lost_log_is_filled_again_for_whoever_lacks_something(line: Line) -> None:
    line.tell(1, 1, 2)
    line.run()
    line.save()
    line.tell(1, 3)
    line.run(listeners=("near",))  # the other has yet to hear
    line.stores.close()
    line.log.lose()
    assert line.faults() == {Fault.NOT_IN_LOG: 3}
    line.run()
    assert line.faults() == {}
    check(line)


def test_a_log_of_an_earlier_moment_gets_the_rest(line: Line) -> None:
    line.tell(1, 2)
    line.run()
    line.save()
    line.tell(1, 1, 3)
    line.run()
    line.put_back("log", 0)
    line.put_back("far", 0)
    assert line.faults() == {Fault.NOT_IN_LOG: 2}
    line.tell(1, 4)  # and life goes on
    line.run()
    assert line.faults() == {}
    check(line)


def test_a_teller_that_was_put_back_numbers_on_and_names_what_it_lost(line: Line) -> None:
    line.tell(1, 2)
    line.run()
    line.save()
    line.tell(1, 1, 3)
    line.run()
    lost = {event for events in line.told().values() for event in events}
    line.put_back(TELLER, 0)
    lost -= {event for events in line.told().values() for event in events}
    assert line.faults() == {Fault.AHEAD: 2}
    line.tell(1)  # under a number that is taken
    line.run()
    assert line.faults() == {Fault.LOST: 2}
    assert line.lost() == lost
    check(line)
    for name in LISTENERS:
        assert line.numbers(name)["hjemby/things/1"] == [1, 2, 3, 4]
    # Told to operators until somebody decides, and apart from what only has to be tried again.
    assert parked_since(line.stores.open(TELLER), lost=True).keys() == {"hjemby"}
    assert parked_since(line.stores.open(TELLER)) == {}
    decide(line)
    assert line.faults() == {}
    assert parked_since(line.stores.open(TELLER), lost=True) == {}


def test_teller_and_log_both_earlier_than_the_listeners(line: Line) -> None:
    """The log no longer knows what was lost, the listeners do: numbers without events."""
    line.tell(1)
    line.run()
    line.save()
    line.tell(1, 1, 2)
    line.run()
    line.put_back(TELLER, 0)
    line.put_back("log", 0)
    assert line.faults() == {Fault.AHEAD: 2}
    line.tell(1, 2)
    line.run()
    assert line.faults() == {Fault.LOST: 2}
    for name in LISTENERS:
        numbers = line.numbers(name)
        assert numbers == {"hjemby/things/1": [1, 2, 3, 4], "hjemby/things/2": [1, 2]}
    line.put_back("far", 0)  # which now hears of the lost numbers that nobody knows what they were
    line.run()
    assert line.numbers("far") == {"hjemby/things/1": [1, 4], "hjemby/things/2": [2]}
    assert len(line.lost()) == 3
    decide(line)
    assert line.faults() == {}


def test_mending_without_a_start(line: Line) -> None:
    line.tell(1, 1)
    line.run()
    line.stores.close()
    line.log.lose()
    line.mend()
    assert line.faults() == {}
    assert line.diagnosis().on_the_way == 1
    line.run()
    assert line.diagnosis().on_the_way == 0
    check(line)


MOMENTS = st.lists(st.lists(st.integers(1, 3), max_size=4), min_size=2, max_size=4)
RESTORES = st.dictionaries(st.sampled_from(EVERYTHING), st.integers(0, 3), min_size=1)


# A failure is short as it is; making it shorter would take minutes.
@settings(max_examples=8, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(MOMENTS, RESTORES, st.lists(st.integers(1, 4), max_size=3), st.booleans())
def test_any_moments_of_all_four(
    migrated: Path, told: list[list[int]], restores: dict[str, int], after: list[int], at_once: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        stores = FileStores(Path(folder), migrated)
        line = Line(stores, FileLog(Path(folder)))
        for things in told:
            line.save()
            line.tell(*things)
            line.run()
        for name, moment in restores.items():
            line.put_back(name, moment % len(told))
        if at_once:
            line.tell(*after)
        line.run()
        if not at_once:
            line.tell(*after)
            line.run()
        check_what_can_be(line)
        decide(line)
        assert line.faults() == {}
        line.tell(1, 2, 3)
        line.run()
        for name in LISTENERS:
            told_last = {key: events[-1] for key, events in line.told().items()}
            assert {key: line.heard(name)[key][-1] for key in told_last} == told_last
        stores.close()


def check_what_can_be(line: Line) -> None:
    """As `check`; but what the log has lost as well, a listener that was put back cannot hear again."""
    assert line.faults().keys() <= {Fault.LOST}
    told, lost = line.told(), line.lost()
    for name in LISTENERS:
        for key, events in line.heard(name).items():
            assert len(set(events)) == len(events)
            of_teller = [event for event in events if event in set(told.get(key, ()))]
            assert of_teller == told.get(key, [])[-len(of_teller) :] if of_teller else True
            numbers = line.numbers(name)[key]
            assert numbers == sorted(set(numbers))
    assert lost is not None
