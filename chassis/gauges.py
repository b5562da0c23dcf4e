"""What is read from the stores when Prometheus asks: what waits, for how long, and whose it is.

`municipality` is a label of gauges that are counted per municipality: as many series as there are
municipalities, and no more. The platform's own is "-".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from chassis.backlog import Unsent, held, parked_since, unsent, work_at_hand
from chassis.erasures import erasures_in
from chassis.jobs import JobTally, job_tallies
from chassis.metrics import Sample

if TYPE_CHECKING:
    from chassis.db import Database
    from chassis.running import RunningService

Gauges = Iterable[tuple[str, str, Iterable[Sample]]]
Labelled = tuple[Mapping[str, str], float]

_CONSUMERS = (
    ("lag", "Events ahead of a consumer: news that it has yet to hear"),
    ("parked", "Aggregates that stand still behind an event which cannot be handled, until somebody acts"),
    ("queued", "Events that queue behind a parked one"),
    ("waiting", "Events that came too early or failed, and are tried again by themselves"),
    ("oldest_waiting_seconds", "For how long the oldest of these waits"),
)


def gauge(name: str, documentation: str, samples: Iterable[Labelled]) -> tuple[str, str, list[Sample]]:
    """One gauge as `Metrics.at_scrape` takes it."""
    return name, documentation, [(name, dict(labels), value) for labels, value in samples]


def gauges(running: Sequence[RunningService]) -> Gauges:
    """Of the services in this process."""
    waiting = {one.name: unsent(one.database) for one in running}
    for name, documentation, measure in (
        (
            "borgerting_outbox_unpublished",
            "Events that wait to be sent: what the other services have not been told yet",
            lambda found: sum(each.count for each in found),
        ),
        (
            "borgerting_outbox_oldest_seconds",
            "For how long the oldest of them waits: minutes mean that the broker is away or refuses",
            lambda found: max((each.oldest_seconds for each in found), default=0.0),
        ),
        (
            "borgerting_outbox_attempts",
            "How often one of them was tried in vain at most",
            lambda found: max((each.most_attempts for each in found), default=0),
        ),
    ):
        samples = [({"service": service}, measure(found)) for service, found in waiting.items()]
        yield gauge(name, documentation, samples)
    yield from _consumers(running)
    yield from _work({one.name: job_tallies(one.database) for one in running})
    yield gauge(
        "borgerting_municipality_oldest_seconds",
        "For how long the oldest of what waits does so, by municipality and what it is: unsent, waiting or "
        "parked events, QUEUED or RUNNING work, erasing: its erasure, lost: what a restore lost; nothing "
        "where nothing waits",
        [
            ({"service": one.name, "municipality": municipality or "-", "what": what}, seconds)
            for one in running
            for (municipality, what), seconds in _oldest(one.database, waiting[one.name]).items()
        ],
    )
    yield gauge(
        "borgerting_municipality_stored_bytes",
        "What a municipality's rows hold in the service's store, measured each hour; indexes and empty space "
        "come on top",
        [
            ({"service": one.name, "municipality": municipality}, octets)
            for one in running
            if one.stored is not None
            for municipality, octets in one.stored.now().items()
        ],
    )


def _consumers(running: Sequence[RunningService]) -> Gauges:
    found = [
        ({"service": one.name, "consumer": consumer.subscription.consumer}, consumer.gauges())
        for one in running
        for consumer in one.consumers
    ]
    for name, documentation in _CONSUMERS:
        samples = [(labels, values[name]) for labels, values in found if name in values]
        yield gauge(f"borgerting_inbox_{name}", documentation, samples)


def _work(tallies: Mapping[str, Sequence[JobTally]]) -> Gauges:
    found = [
        ({"service": service, "kind": each.kind, "state": each.state}, each)
        for service, tallied in tallies.items()
        for each in tallied
    ]
    yield gauge(
        "borgerting_jobs",
        "Work that was asked for and outlives its request, by where it stands",
        [(labels, each.count) for labels, each in found],
    )
    yield gauge(
        "borgerting_jobs_oldest_seconds",
        "How long ago the oldest work that is not over was asked for",
        [(labels, each.oldest_seconds) for labels, each in found if not each.state.over],
    )


def _oldest(database: Database, waiting: Sequence[Unsent]) -> dict[tuple[str, str], float]:
    """(municipality, what) -> seconds."""
    found = {(one.municipality, "unsent"): one.oldest_seconds for one in waiting}
    found |= {(one, "parked"): seconds for one, seconds in parked_since(database).items()}
    found |= {(one, "lost"): seconds for one, seconds in parked_since(database, lost=True).items()}
    late = [((one.municipality, "waiting"), one.oldest_seconds) for one in held(database) if not one.parked]
    late += [((one.municipality, one.state), one.oldest_seconds) for one in work_at_hand(database)]
    late += [((one.municipality, "erasing"), one.seconds) for one in erasures_in(database) if not one.done]
    for key, seconds in late:
        found[key] = max(found.get(key, 0.0), seconds)
    return found
