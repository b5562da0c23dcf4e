"""A release and the one after it rolled out under load, and what must hold at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, LiteralString
from uuid import UUID

import psycopg

from tests.e2e.rolling.fleet import Fleet, Release, Replica
from tests.e2e.rolling.load import CALLS, PAGES, Load, Sample
from tests.e2e.rolling.portal import Batch, Portal

EVENTS = "events"
KINDS = (CALLS, PAGES, EVENTS)


@dataclass(frozen=True, slots=True)
class Phase:
    name: str
    begin: float
    end: float


@dataclass
class Update:
    fleet: Fleet
    load: Load
    releases: Sequence[Release]
    """The one that runs, the next, and the one after it."""
    replicas: list[Replica]
    phases: list[Phase] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    """By the migrations."""

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        begin = time.time()
        yield
        self.phases.append(Phase(name, begin, time.time()))

    def roll_out(self, release: Release, *steps: Sequence[Replica]) -> None:
        """Migrate, then replace the replicas of one step after the other."""
        self.said.append(self.fleet.migrate(release))
        for step in steps:
            self.replace(step, release)

    def replace(self, replicas: Sequence[Replica], release: Release) -> list[Replica]:
        new = self.fleet.replace(replicas, release)
        self.replicas = [replica for replica in self.replicas if replica not in replicas] + new
        return new

    def of(self, service: str) -> list[Replica]:
        return [replica for replica in self.replicas if replica.service == service]

    def samples(self) -> list[Sample]:
        """What was asked, and how long each event took from its cause to its effect."""
        return [*self.load.samples, *self._events()]

    def _events(self) -> Iterator[Sample]:
        with psycopg.connect(self.fleet.databases["volunteer"].superuser) as connection:
            told = pairs(connection, "SELECT id, created FROM outbox")
        with psycopg.connect(self.fleet.databases["deliberation"].superuser) as connection:
            heard = pairs(connection, "SELECT event_id, received FROM inbox")
        for event, created in told.items():
            error = "" if event in heard else f"{event} was never heard"
            seconds = (heard[event] - created).total_seconds() if event in heard else 0.0
            yield Sample(EVENTS, created.timestamp(), seconds, error)


@contextmanager
def begun(
    fleet: Fleet,
    releases: Sequence[Release],
    counts: dict[str, int],
    *,
    people: int,
    calls: float,
    pages: float,
) -> Iterator[Update]:
    """So many replicas of each service, of the first release, and people who are about to ask them."""
    starting = [fleet.start(service, releases[0]) for service, count in counts.items() for _ in range(count)]
    for replica in starting:
        fleet.take_up(replica)
    portal = Portal(fleet)
    try:
        portal.found()
        names = [f"volunteer-{number}" for number in range(people)]
        for who in names:
            portal.know(who)
        load = Load(portal, fleet.ingress.address, portal.open(2, 20, people), names, calls, pages)
        yield Update(fleet, load, releases, starting)
    finally:
        portal.close()


def awaited(holds: Callable[[], bool], what: str, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            raise AssertionError(f"it never came about: {what}")
        time.sleep(0.1)


def everything_heard(fleet: Fleet) -> bool:
    """Whether all that the volunteer portal told is sent, and deliberation has heard as much."""
    with psycopg.connect(fleet.databases["volunteer"].superuser) as connection:
        told, unsent = connection.execute(
            "SELECT count(*), count(*) FILTER (WHERE published IS NULL) FROM outbox"
        ).fetchone() or (0, 1)
    with psycopg.connect(fleet.databases["deliberation"].superuser) as connection:
        (heard,) = connection.execute(
            "SELECT count(*) FROM inbox WHERE consumer = 'deliberation.tasks'"
        ).fetchone() or (0,)
    return bool(unsent == 0 and told == heard)


def wrong(update: Update, counted: Batch | None) -> list[str]:
    """In words, what is not as it must be in the stores. Of `counted` deliberation's new column tells how
    often an event had its effect: programs of the new release alone were at work on these tasks.
    """
    fleet = update.fleet
    found = []
    with (
        psycopg.connect(fleet.databases["volunteer"].superuser) as volunteer,
        psycopg.connect(fleet.databases["deliberation"].superuser) as deliberation,
    ):
        stored = {
            str(sign_up): (state, by)
            for sign_up, state, by in volunteer.execute("SELECT sign_up_id, state, ended_by FROM sign_ups")
        }
        for name, who in update.load.standing.items():
            wanted = ("CONFIRMED", "") if who else ("CANCELLED", "VOLUNTEER")
            there = stored.pop(name.rsplit("/", 1)[1], None)
            if there != wanted:
                found.append(f"{name} is {there}, must be {wanted}")
        if extra := len(stored):
            found.append(f"{extra} sign-ups stand that nobody was told of")
        events = pairs(volunteer, "SELECT id, key FROM outbox")
        heard = {event for (event,) in deliberation.execute("SELECT event_id FROM inbox")}
        found += [f"event {event} of {events[event]} was lost" for event in events.keys() - heard]
        for table, what in (("inbox_held", "held"), ("dead_letters", "parked")):
            (count,) = deliberation.execute(f"SELECT count(*) FROM {table}").fetchone() or (1,)  # noqa: S608
            if count:
                found.append(f"{count} events are {what}")
        free = pairs(
            volunteer,
            "SELECT task_id, sum(capacity - confirmed) FROM slots"
            " JOIN tasks USING (municipality_id, task_id) WHERE tasks.state = 'OPEN' GROUP BY task_id",
        )
        copied = pairs(deliberation, "SELECT task_id, free FROM tasks")
        if copied != free:
            found.append(f"deliberation has heard of {copied} free places, there are {free}")
        told = pairs(deliberation, "SELECT task_id, told FROM tasks")
        for name in () if counted is None else counted.tasks:
            task = name.rsplit("/", 1)[1]
            times = sum(key.endswith(task) for key in events.values())
            if told.get(UUID(task)) != times:
                found.append(f"{times} events of {name} had their effect {told.get(UUID(task))} times")
    return found


def pairs(connection: psycopg.Connection, query: LiteralString) -> dict[Any, Any]:
    return dict(connection.execute(query).fetchall())


def table(update: Update) -> str:
    """Failures, and the 99th percentile of each kind in each phase, in milliseconds."""
    lines = [
        "| | " + " | ".join(phase.name for phase in update.phases) + " |",
        "|---" * (len(update.phases) + 1) + "|",
    ]
    samples = update.samples()
    for kind in KINDS:
        cells = []
        for phase in update.phases:
            found = [each for each in samples if each.kind == kind and phase.begin <= each.due < phase.end]
            failed = sum(bool(each.error) for each in found)
            cells.append(f"{failed} of {len(found):,} failed, p99 {_p99(found)}")
        lines.append(f"| {kind} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _p99(samples: Sequence[Sample]) -> str:
    times = sorted(sample.seconds for sample in samples if not sample.error)
    if not times:
        return "–"
    return f"{times[min(len(times) - 1, int(len(times) * 0.99))] * 1000:,.0f} ms"


def trees(folder: Path) -> tuple[Release, Release, Release]:
    from tests.e2e.rolling.releases import next_release, release_after

    expanded = next_release(folder / "expanded")
    return (
        Release("now"),
        Release("expanded", expanded),
        Release("contracted", release_after(expanded, folder / "contracted")),
    )
