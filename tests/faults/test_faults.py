"""What carries events, what keeps them and who is asked: stopped, cut off, slow, told again, under a stream
of commands; then every service killed at every step between a commit and its acknowledgement, and at random.
Each event's effect is there once and in order, nothing of what was acknowledged is lost or doubled, and the
checker that says so finds what is planted.

`python -m tests.faults` makes more of them: a thousand kills, and what takes longer to be noticed.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.assembly.town import Town
from tests.faults.checker import findings
from tests.faults.evidence import read, superusers
from tests.faults.faults import SHORT, make
from tests.faults.killer import Killer
from tests.faults.kills import APART, PATIENCE, settled
from tests.faults.lines import LinedHouse, lined_house
from tests.faults.planted import PLANTED, UNBOUND
from tests.faults.steps import Step
from tests.faults.stream import Stream

TELLING = (Step.COMMAND_COMMITTED, Step.EVENT_COMMITTED, Step.EVENT_HANDED_OVER, Step.EVENT_ACKNOWLEDGED)
HEARING = (Step.DELIVERY_FETCHED, Step.EFFECT_MADE, Step.EFFECT_COMMITTED, Step.OFFSET_COMMITTED)
# What an ordinary hour brings about: a draw, and the reading of a report, happen once.
OFTEN = {
    "deliberation": (*TELLING, *HEARING),
    "followup": (*TELLING, *HEARING),
    "sortition": HEARING,
    "volunteer": (*TELLING, *HEARING),
}
MORE = 8


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LinedHouse]:
    """One for all: its parts are broken, and whole again at the end of each test."""
    with lined_house(tmp_path_factory.mktemp("faults")) as made:
        made.clocks_apart(APART)
        made.disorder("7")
        yield made


@pytest.fixture(scope="module")
def stream(house: LinedHouse) -> Iterator[Stream]:
    """A municipality with an assembly whose report has been handed over, and people who are busy."""
    town = Town(house, "travlby", PATIENCE)
    made = Stream(town, "short", again=False, pause=0.1)
    made.start()
    try:
        assert made.promised.wait(PATIENCE)
        assert made.problems == [], made.problems
        yield made
    finally:
        made.stop()
        town.close()


@pytest.mark.parametrize("what", SHORT)
def test_nothing_is_lost_doubled_or_out_of_order(what: str, house: LinedHouse, stream: Stream) -> None:
    assert make(SHORT[what], house, stream) == []


@pytest.fixture(scope="module")
def killed(house: LinedHouse, stream: Stream) -> Iterator[Stream]:
    """What was asked for while each was killed at each step, and at random; nobody asks for more."""
    killer = Killer(house, "7")
    killer.kill_at(OFTEN)
    killer.kill(killer.kills + MORE)
    with stream.paused():
        yield stream


def test_each_effect_is_there_once_and_in_order_whatever_is_killed(house: LinedHouse, killed: Stream) -> None:
    assert killed.problems == []
    assert settled(house, [killed.ledger]) == []
    ledger = killed.ledger
    assert all((ledger.answers, ledger.sign_ups, ledger.assemblies, ledger.display_name != "Navn 0"))


@pytest.mark.parametrize("what", PLANTED)
def test_the_checker_finds(what: str, house: LinedHouse, killed: Stream) -> None:
    service, statements, words = PLANTED[what]
    with superusers(house.urls) as stores:
        stores[service].execute(UNBOUND)
        for statement in statements.split("; "):
            done = stores[service].execute(statement)
        assert done.rowcount > 0
        found = findings(read(stores), [killed.ledger])
    assert [one for one in found if words in one], found
