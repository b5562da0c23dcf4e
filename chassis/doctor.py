"""Do stores and log fit one another? What each teller has told, what the log has, what each consumer took.

Compared are numbers of events per aggregate: facts of no person. Stores and log may have been put back to
different moments; whatever then does not fit is one `Misfit`, and says by what it is mended.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import select

from chassis.dead_letters import EVENT_LOST
from chassis.erasures import erased_in
from chassis.events.envelope import topic_of
from chassis.events.ports import EventLog
from chassis.log_check import LogCheck, Verdict
from chassis.log_scan import Scan, scan
from chassis.tables import dead_letters, inbox_held, inbox_positions

if TYPE_CHECKING:
    from chassis.db import Database


class Fault(StrEnum):
    """AHEAD: others have numbers that the teller's store never gave. LOST: the same, noted, and undecided.
    NOT_IN_LOG: sent once, and the log has it not. NOT_HEARD: the consumer's group has gone past it, its store
    knows nothing of it. PARKED: it could not be handled.
    """

    AHEAD = "ahead"
    LOST = "lost"
    NOT_IN_LOG = "not in the log"
    NOT_HEARD = "not heard"
    PARKED = "parked"


@dataclass(frozen=True, slots=True)
class Misfit:
    """`told`, `in_log` and `taken` are the numbers of the aggregate's last event in the teller's store, the
    log, and the store of `consumer`; None where that store is not seen or not asked.
    """

    fault: Fault
    service: str
    key: str
    told: int | None = None
    in_log: int | None = None
    consumer: str = ""
    taken: int | None = None


@dataclass
class Diagnosis:
    """`compared` aggregates, of `events` in the log. `on_the_way` need nobody: not sent yet, or not read."""

    misfits: list[Misfit] = field(default_factory=list)
    compared: int = 0
    events: int = 0
    on_the_way: int = 0

    @property
    def fits(self) -> bool:
        return not self.misfits


@dataclass(frozen=True, slots=True)
class Listener:
    """A consumer of a topic, and its service's store."""

    consumer: str
    database: Database


def diagnose(
    service: str,
    log: EventLog,
    teller: Database | None,
    listeners: Sequence[Listener],
    *,
    limited: bool = False,
) -> tuple[Diagnosis, Verdict | None]:
    """One service's topic. `teller` is its store, None where it is not seen. Raises CarrierAwayError."""
    # A consumer's store knows what its group has gone past, so the group is asked first.
    passed = {each.consumer: dict(log.passed(each.consumer)) for each in listeners}
    verdict = None
    if teller is not None:
        stores = list({id(each.database): each.database for each in listeners}.values())
        check = LogCheck(service, teller, log, others=stores, limited=limited)
        verdict = check.examine(passed=passed)
        found = verdict.scan
    else:
        erased = erased_in(*(each.database for each in listeners))
        found = scan(log, {}, passed=passed, erased=erased)
    diagnosis = Diagnosis(compared=len(found.highest), events=found.events)
    if verdict is not None and teller is not None:
        diagnosis.compared = len(found.highest.keys() | verdict.sequences.keys())
        diagnosis.misfits += _of_teller(service, teller, verdict)
        diagnosis.on_the_way += len(verdict.waiting)
    for each in listeners:
        diagnosis.misfits += _of_listener(service, each, found, verdict, diagnosis)
    return diagnosis, verdict


def _of_teller(service: str, teller: Database, verdict: Verdict) -> Iterator[Misfit]:
    highest = verdict.scan.highest
    for ahead in verdict.ahead:
        yield Misfit(
            Fault.AHEAD, service, ahead.key, ahead.last, highest.get(ahead.key, 0), taken=ahead.reached
        )
    gone = {each.key for each in verdict.untold} | verdict.missing_keys.keys()
    for key in sorted(gone):
        yield Misfit(Fault.NOT_IN_LOG, service, key, verdict.sequences.get(key), highest.get(key, 0))
    for key in sorted(lost_keys(teller, service)):
        yield Misfit(Fault.LOST, service, key, verdict.sequences.get(key), highest.get(key, 0))


def lost_keys(teller: Database, service: str) -> dict[str, str]:
    """By key of which events are lost, and nobody has decided what is to become of it: its municipality."""
    with teller.reading_across() as transaction:
        rows = transaction.connection.execute(
            select(dead_letters.c.key, dead_letters.c.municipality)
            .where(
                dead_letters.c.consumer == service,
                dead_letters.c.error == EVENT_LOST,
                dead_letters.c.resolved.is_(None),
            )
            .distinct()
        ).all()
    return {row.key: row.municipality for row in rows}


def _of_listener(
    service: str, listener: Listener, found: Scan, verdict: Verdict | None, diagnosis: Diagnosis
) -> Iterator[Misfit]:
    through = found.through.get(listener.consumer, {})
    taken = _positions(listener, service)
    parked, retried = _held(listener, service)
    lacking = {each.key for each in verdict.untold} | verdict.missing_keys.keys() if verdict else set()
    for key, in_log in sorted(found.highest.items()):
        reached = taken.get(key, 0)
        if reached >= in_log:
            continue
        told = verdict.sequences.get(key) if verdict is not None else None
        here = (service, key, told, in_log, listener.consumer, reached)
        if key in parked:
            yield Misfit(Fault.PARKED, *here)
        elif reached >= through.get(key, 0) or key in retried or key in lacking:
            diagnosis.on_the_way += 1
        else:
            yield Misfit(Fault.NOT_HEARD, *here)


def _positions(listener: Listener, service: str) -> Mapping[str, int]:
    with listener.database.reading_across() as transaction:
        rows = transaction.connection.execute(
            select(inbox_positions.c.key, inbox_positions.c.sequence).where(
                inbox_positions.c.consumer == listener.consumer,
                inbox_positions.c.topic == topic_of(service),
            )
        ).all()
    return {row.key: int(row.sequence) for row in rows}


def _held(listener: Listener, service: str) -> tuple[set[str], set[str]]:
    """The keys of which an event is parked, and those of which one is tried again."""
    topic = topic_of(service)
    with listener.database.reading_across() as transaction:
        parked = transaction.connection.execute(
            select(dead_letters.c.key).where(
                dead_letters.c.consumer == listener.consumer,
                dead_letters.c.topic == topic,
                dead_letters.c.resolved.is_(None),
            )
        ).scalars()
        retried = transaction.connection.execute(
            select(inbox_held.c.key).where(
                inbox_held.c.consumer == listener.consumer,
                inbox_held.c.topic == topic,
                inbox_held.c.next_attempt.is_not(None),
            )
        ).scalars()
        return set(parked), set(retried)
