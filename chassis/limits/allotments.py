"""Who has how much: an allotment for each municipality of the registry, and for each other caller."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from chassis.auth.principal import Principal
from chassis.config_limits import LimitSettings, Rate
from chassis.errors import Code, DomainError
from chassis.limits.bucket import Bucket
from chassis.limits.precedence import Precedence
from chassis.limits.slots import AsyncSlots, Slots
from chassis.metrics import Sample

REASON = "TOO_MANY_REQUESTS"
HOLD_SECONDS = 1.0
"""How long a call waits for its turn at most, and how long a refusal is held back: who asks again and again,
without heeding it, does so once a second."""
PAGE_PATIENCE_SECONDS = 3.0
"""How long a page or REST waits for its turn at most. It takes no thread; a late page is better than none."""
SLOT_SECONDS = 10.0
"""How long a request waits at most for those of its own municipality that are being worked on."""
MOST_ASIDE = 128
"""So many calls of one allotment may wait for their turn at a time: who floods leaves the others room."""
AT_ONCE = (4, 2)
"""How many reads, and how many changes, of one municipality are worked on at a time. Changes would only wait
for one another (ADR 5), and hold a thread and a connection meanwhile."""
AT_ONCE_EMBEDDED = (2, 1)
"""Where every store is in the process: there one thread runs at a time, and one writes."""
AHEAD = 1.5
"""Who has asked so many lately, of which each is forgotten in its time at the rate, goes behind the others
(chassis.limits.precedence). Hardly anybody sees it: where nobody else asks anything just then, it is no wait.
"""
_MOST_CALLERS = 4096


@dataclass(frozen=True, slots=True)
class Usage:
    """What one municipality has asked of this process since its start, by service: pages, REST and gRPC."""

    municipality: str
    service: str
    reads: int
    changes: int
    refused: int


class Allotment:
    """One municipality's, or one caller's. Who is signed in and the public have a bucket each, so that no
    stranger uses up what its secretariat needs.
    """

    __slots__ = (
        "_buckets",
        "_lock",
        "_time",
        "ahead",
        "answered",
        "aside",
        "calls",
        "pages",
        "precedence",
        "refused",
    )

    def __init__(
        self,
        reads: Rate,
        changes: Rate,
        at_once: tuple[int, int],
        precedence: Precedence,
        time_source: Callable[[], float],
    ) -> None:
        self.precedence = precedence
        self._lock = threading.Lock()
        self._time = time_source
        # By 2 * signed in + change.
        self._buckets = tuple(
            Bucket(rate.a_second, rate.burst) if rate.a_second else None
            for _ in (False, True)
            for rate in (reads, changes)
        )
        self.aside = Slots(MOST_ASIDE)
        # By `change`.
        self.calls = (Slots(at_once[0]), Slots(at_once[1]))
        self.ahead = tuple(Ahead(slots, precedence) for slots in self.calls)
        self.pages = (AsyncSlots(at_once[0]), AsyncSlots(at_once[1]))
        self.answered: dict[tuple[str, bool], int] = {}
        self.refused: dict[str, int] = {}

    def take(
        self, service: str, *, change: bool, signed_in: bool, patience: float = 0.0
    ) -> tuple[float, bool]:
        """As `Bucket.take`, counted where the turn was given; and whether it goes behind the others."""
        bucket = self._buckets[2 * signed_in + change]
        with self._lock:
            wait, behind = 0.0, False
            if bucket is not None:
                now = self._time()
                wait = bucket.take(now, patience)
                behind = wait > 0.0 or bucket.lately(now) > AHEAD
            if wait <= patience:
                key = (service, change)
                self.answered[key] = self.answered.get(key, 0) + 1
            return wait, behind

    def count_refusal(self, service: str) -> None:
        with self._lock:
            self.refused[service] = self.refused.get(service, 0) + 1


class Ahead:
    """What a call of who has asked little holds: a thread of its municipality's, and precedence."""

    __slots__ = ("_precedence", "_slots")

    def __init__(self, slots: Slots, precedence: Precedence) -> None:
        self._slots = slots
        self._precedence = precedence

    def leave(self) -> None:
        self._slots.leave()
        self._precedence.end()


class Limits:
    """Those of one process. `know` tells which municipalities there are; until then, and for a slug that is
    none, it is the caller who counts: an address makes no allotments. `at_once`: how many reads, and how many
    changes, of one municipality are worked on at a time, on either surface; the settings' number, where it is
    given, stands for both.
    """

    def __init__(
        self,
        settings: LimitSettings,
        *,
        at_once: tuple[int, int] = AT_ONCE,
        time_source: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        given = settings.limits_at_once
        self._at_once = (given, given) if given else at_once
        self._time = time_source
        self._precedence = Precedence()
        self._municipalities: dict[str, Allotment] = {}
        self._callers: OrderedDict[str, Allotment] = OrderedDict()
        self._callers_lock = threading.Lock()

    def know(self, slugs: Iterable[str]) -> None:
        """The municipalities that there are, from now on. What stood of those that stay, stands."""
        reads, changes = self._settings.limits_of_reads, self._settings.limits_of_changes
        known = self._municipalities
        self._municipalities = {slug: known.get(slug) or self._made(reads, changes) for slug in slugs}

    def of(self, principal: Principal, named: str, address: Callable[[], str]) -> Allotment:
        """Whose account a request is on: the municipality's whose people ask; for the public, the one
        `named`; else the caller's own.
        """
        slug = principal.municipality
        if slug is None and not principal.signed_in:
            slug = named
        found = self._municipalities.get(slug) if slug else None
        if found is not None:
            return found
        return self._caller(f"subject {principal.subject}" if principal.signed_in else address())

    def refusal(self, wait: float = 0.0) -> DomainError:
        """What is said to a request that may come again after so many seconds."""
        return DomainError(Code.RESOURCE_EXHAUSTED, REASON, retry_after=max(wait, HOLD_SECONDS))

    def usage(self) -> list[Usage]:
        """By municipality and service; nothing of a municipality that has asked nothing."""
        return list(self._usage())

    def _usage(self) -> Iterator[Usage]:
        for slug, found in sorted(self._municipalities.items()):
            answered, refused = dict(found.answered), dict(found.refused)
            for service in sorted({service for service, _ in answered} | set(refused)):
                yield Usage(
                    slug,
                    service,
                    answered.get((service, False), 0),
                    answered.get((service, True), 0),
                    refused.get(service, 0),
                )

    def _made(self, reads: Rate, changes: Rate) -> Allotment:
        return Allotment(reads, changes, self._at_once, self._precedence, self._time)

    def _caller(self, key: str) -> Allotment:
        with self._callers_lock:
            found = self._callers.get(key)
            if found is None:
                rate = self._settings.limits_of_callers
                found = self._callers[key] = self._made(rate, rate)
                if len(self._callers) > _MOST_CALLERS:
                    self._callers.popitem(last=False)
            else:
                self._callers.move_to_end(key)
            return found


def network_of(address: str) -> str:
    """Who counts as one caller: an IPv4 address, or an IPv6 network of 64 bits, which one customer has."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False).network_address)
    return str(found)


def requests_by_municipality(limits: Limits) -> tuple[str, str, list[Sample]]:
    """The counter that Metrics.at_scrape takes: its municipalities are the registry's, and no others."""
    name = "borgerting_municipality_requests"
    return (
        name,
        "What each municipality asked, by what came of it: read, change (both answered) or refused",
        [
            (
                f"{name}_total",
                {"service": one.service, "municipality": one.municipality, "outcome": outcome},
                n,
            )
            for one in limits.usage()
            for outcome, n in (("read", one.reads), ("change", one.changes), ("refused", one.refused))
        ],
    )
