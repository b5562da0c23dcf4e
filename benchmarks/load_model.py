"""What Denmark's 98 municipalities and one national assembly ask of the suite in a year: a model.

Its assumptions stand here, named. Sizes are not assumed: they are those of the demonstration, one whole
assembly, as benchmarks.load measures them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SECONDS_A_YEAR = 365 * 24 * 3600


@dataclass(frozen=True)
class Organiser:
    """Who holds assemblies, `count` of them alike."""

    name: str
    count: int
    inhabitants: int
    assemblies_a_year: float
    # In its pool; the demonstration's has 240 in its assembly's.
    volunteers: int
    # Whether its draw is shown on television, which is then its busiest minute.
    broadcast: bool = False


# The mean of 98, who are 6.0 million inhabitants together.
MUNICIPALITIES = Organiser("municipalities", 98, 61_000, 1.0, 500)
NATION = Organiser("national assembly", 1, 6_000_000, 1.0, 20_000, broadcast=True)
ORGANISERS = (MUNICIPALITIES, NATION)


@dataclass(frozen=True)
class Readers:
    """Who reads, and when."""

    # Of the inhabitants, in a year.
    visitors: float = 0.05
    pages_a_visit: float = 5.0
    # Of a year's visits those on the busiest day, of that day's those in its busiest hour, and how much
    # busier than that hour's mean its busiest minute is.
    busiest_day: float = 0.10
    busiest_hour: float = 0.20
    busiest_minute: float = 3.0
    # How many municipalities have that minute at once.
    at_once: float = 0.25
    # The national draw on television: so many of the inhabitants open two pages within a quarter of an hour.
    broadcast: float = 0.02
    broadcast_pages: float = 2.0
    broadcast_seconds: float = 900.0


@dataclass(frozen=True)
class Assembly:
    """The demonstration's, measured: what one assembly and what came of it keeps and tells."""

    volunteers: int
    rows_per_volunteer: float
    rows_besides: float
    bytes_per_volunteer: float
    bytes_besides: float
    # Events, those of sortition's pool included: none is told per volunteer.
    events: int
    # Files that a page brings along at a visitor's first page.
    files: int


@dataclass(frozen=True)
class Year:
    """Of all organisers of a kind."""

    pages: float
    files: float
    events: float
    rows: float
    bytes: float
    # A second, in the busiest minute of those who are busy at once.
    peak_pages: float
    peak_files: float


def year(organiser: Organiser, assembly: Assembly, readers: Readers = Readers()) -> Year:
    visits = organiser.inhabitants * readers.visitors * organiser.count
    held = organiser.count * organiser.assemblies_a_year
    if organiser.broadcast:
        viewers = organiser.inhabitants * readers.broadcast
        peak_visits = viewers / readers.broadcast_seconds
        pages = readers.broadcast_pages
    else:
        minute = readers.busiest_day * readers.busiest_hour / 3600 * readers.busiest_minute
        peak_visits, pages = visits * minute * readers.at_once, readers.pages_a_visit
    return Year(
        pages=visits * readers.pages_a_visit,
        files=visits * assembly.files,
        events=held * assembly.events,
        rows=held * (assembly.rows_besides + organiser.volunteers * assembly.rows_per_volunteer),
        bytes=held * (assembly.bytes_besides + organiser.volunteers * assembly.bytes_per_volunteer),
        peak_pages=peak_visits * pages,
        peak_files=peak_visits * assembly.files,
    )


@dataclass(frozen=True)
class Costs:
    """Processor time in seconds: per request where the load was light, and what runs anyway, per second."""

    # By pod's part: a service's name, "postgresql", "controller", "kafka".
    parts: Mapping[str, float]
    # The load generator's own, and what the machine does besides (kernel, kubelet, API server).
    client: float
    besides: float
    idle: float

    @property
    def request(self) -> float:
        return sum(self.parts.values()) + self.client + self.besides


def highest_rate(
    costs: Costs, services: frozenset[str], replicas: int, processors: float
) -> tuple[float, str]:
    """Requests a second, and what is full there: the machine, or the one thread that Python runs at a time in
    each of the busiest service's pods.
    """
    machine = (processors - costs.idle) / costs.request
    busiest = max(services, key=lambda name: costs.parts.get(name, 0.0))
    threads = replicas / costs.parts[busiest]
    return (threads, f"{busiest}'s interpreters") if threads < machine else (machine, "the machine")
