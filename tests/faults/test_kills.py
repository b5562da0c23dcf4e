"""Every service killed at every step between a commit and its acknowledgement, and at random: each event's
effect exactly once, in order, and nothing lost or doubled of what was acknowledged. The checker finds what is
planted.

`python -m tests.faults kills` does a thousand.
"""

from __future__ import annotations

import pytest

from tests.e2e.assembly.town import Town
from tests.faults.checker import findings
from tests.faults.evidence import read, superusers
from tests.faults.house import FaultHouse
from tests.faults.killer import Killer
from tests.faults.kills import APART, PATIENCE, settled
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


@pytest.fixture(scope="module")
def killed(house: FaultHouse) -> list[Stream]:
    """What was asked for while each was killed at each step, and at random: in disorder, by clocks apart."""
    house.clocks_apart(APART)
    house.disorder("7")
    house.pass_days(0)
    town = Town(house, "drabsby", PATIENCE)
    stream = Stream(town, "7", again=False, pause=0.05)
    stream.start()
    try:
        assert stream.promised.wait(300)
        killer = Killer(house, "7")
        killer.kill_at(OFTEN)
        killer.kill(sum(map(len, OFTEN.values())) + 10)
    finally:
        stream.stop()
        town.close()
    house.clocks_apart(dict.fromkeys(APART, 0))
    house.disorder("")
    house.pass_days(0)
    return [stream]


def test_each_effect_is_there_once_and_in_order_whatever_is_killed(
    house: FaultHouse, killed: list[Stream]
) -> None:
    assert [problem for stream in killed for problem in stream.problems] == []
    assert settled(house, [stream.ledger for stream in killed]) == []
    ledger = killed[0].ledger
    assert all((ledger.answers, ledger.sign_ups, ledger.assemblies, ledger.display_name != "Navn 0"))


# Keys and triggers that would refuse what is planted are off while it is.
UNBOUND = "SET LOCAL session_replication_role = replica"
AN_EFFECT = "(SELECT event_id FROM fault_effects WHERE consumer = 'deliberation.promises' LIMIT 1)"
# Service, statement, and what the checker then says.
PLANTED = {
    "an effect is lost": (
        "deliberation",
        f"DELETE FROM fault_effects WHERE event_id = {AN_EFFECT}",  # noqa: S608
        "had 0 effects",
    ),
    "an effect happens twice": (
        "deliberation",
        "INSERT INTO fault_effects (municipality, consumer, topic, key, sequence, event_id)"  # noqa: S608
        " SELECT municipality, consumer, topic, key, sequence, event_id FROM fault_effects"
        f" WHERE event_id = {AN_EFFECT}",
        "had 2 effects",
    ),
    "two effects change places": (
        "volunteer",
        "UPDATE fault_effects SET sequence = 3 - sequence"
        " WHERE consumer = 'volunteer.municipalities' AND sequence IN (1, 2)",
        "came in the order",
    ),
    "an effect of nothing": (
        "sortition",
        "UPDATE fault_effects SET event_id = gen_random_uuid()"
        " WHERE seq = (SELECT max(seq) FROM fault_effects)",
        "which nobody told",
    ),
    "an event is lost before it is sent": (
        "volunteer",
        "DELETE FROM outbox WHERE seq = (SELECT max(seq) FROM outbox)",
        "the outbox numbers",
    ),
    "an event stays unsent": (
        "followup",
        "UPDATE outbox SET published = NULL WHERE seq = (SELECT max(seq) FROM outbox)",
        "was never sent",
    ),
    "a consumer stands still": (
        "sortition",
        "UPDATE inbox_positions SET sequence = sequence - 1",
        "has reached",
    ),
    "the inbox forgets": (
        "volunteer",
        "DELETE FROM inbox WHERE consumer = 'volunteer.promises'",
        "not in both",
    ),
    "a promise is lost": ("followup", "DELETE FROM promises WHERE position = 1", "promises of"),
    "a promise is made twice": (
        "followup",
        "CREATE TEMPORARY TABLE twice AS SELECT * FROM promises WHERE position = 1;"
        " UPDATE twice SET promise_id = gen_random_uuid(), position = 100, subject = 'again/' || subject;"
        " INSERT INTO promises SELECT * FROM twice",
        "promises of",
    ),
    "an answer is lost": ("followup", "DELETE FROM answers", "was acknowledged and is not there"),
    "an answer is not on the front page": (
        "deliberation",
        "UPDATE promises SET answered = '[]' WHERE answered::text <> '[]'",
        "has other answers",
    ),
    "a sign-up is lost": (
        "volunteer",
        "DELETE FROM sign_ups WHERE sign_up_id = (SELECT sign_up_id FROM sign_ups LIMIT 1)",
        "was acknowledged and is not there",
    ),
    "a sign-up counts twice": (
        "volunteer",
        "CREATE TEMPORARY TABLE twice AS SELECT * FROM sign_ups LIMIT 1;"
        " UPDATE twice SET state = 'CANCELLED', sign_up_id = gen_random_uuid(), number = 1000;"
        " INSERT INTO sign_ups SELECT * FROM twice",
        "asked for by nobody, or twice",
    ),
    "a cancelled sign-up is back": (
        "volunteer",
        "DROP INDEX uq_sign_ups_live; UPDATE sign_ups SET state = 'WAITLISTED' WHERE state = 'CANCELLED'",
        "acknowledged was otherwise",
    ),
    "a draw is lost": ("sortition", "DELETE FROM draws", "was acknowledged and is not there"),
    "a draw is made twice": (
        "sortition",
        "CREATE TEMPORARY TABLE twice AS SELECT * FROM draws;"
        " UPDATE twice SET draw_id = gen_random_uuid(); INSERT INTO draws SELECT * FROM twice",
        "asked for by nobody, or twice",
    ),
    "a seat is taken from a member": ("deliberation", "DELETE FROM members", "are not the seats of"),
}


@pytest.mark.parametrize("what", PLANTED)
def test_the_checker_finds(what: str, house: FaultHouse, killed: list[Stream]) -> None:
    service, statements, words = PLANTED[what]
    ledgers = [stream.ledger for stream in killed]
    with superusers(house.urls) as stores:
        stores[service].execute(UNBOUND)
        for statement in statements.split("; "):
            done = stores[service].execute(statement)
        assert done.rowcount > 0
        found = findings(read(stores), ledgers)
    assert [one for one in found if words in one], found
