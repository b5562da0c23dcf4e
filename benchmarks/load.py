"""What 98 municipalities and one national assembly need, and what the cluster of `make cluster` gives.

    make cluster
    .venv/bin/python -m benchmarks.load
    make cluster-stop

First what one assembly keeps and tells, counted in the demonstration that runs there, and from it a year by
the model of benchmarks/load_model.py, whose assumptions are printed. Then readers (locust, installed apart)
ask for pages and their files through the ingress at growing rates, with one and with two pods of each
service. What a request more costs in processor time, between two light points, foretells the highest rate;
beside it stands what was measured. Last, what the year's busiest minute asks of a real cluster, by the same
costs.

Load, suite, stores and Kubernetes share this machine's processors: rates are its own, costs carry over.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from benchmarks import load_cluster, load_model
from benchmarks.load_cluster import Point
from benchmarks.load_model import ORGANISERS, Assembly, Costs, Readers
from scripts.cluster import running
from tests.infrastructure.release import SERVICES, Release

BEGIN, END = "<!-- benchmarks.load -->\n", "<!-- end -->"
RATES = (10, 25, 50, 75, 100, 150, 200, 250, 300, 400)
# Costs are those between the first point and this one.
LIGHT = 2
# A reader is content within this; beyond it a rate does not count as borne.
CONTENT_SECONDS = 1.0
MUNICIPALITIES = 98
# Of the processor time there is, in earnest: the rest is for a pod that is away, and for the hour's noise.
FULL = 0.6
# A connection pool of a process at its most (docs/postgresql.md), and what PostgreSQL allows by default.
POOL, CONNECTIONS = 20, 100


@dataclass(frozen=True)
class Measured:
    """With so many pods of each service: points at growing rates, the last beyond what readers bear."""

    replicas: int
    points: Sequence[Point]

    @property
    def highest(self) -> float:
        return max((point.answered for point in self.points if content(point)), default=0.0)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=int, default=20, help="of each point")
    parser.add_argument("--into", type=Path, help="a page with a place for the output")
    options = parser.parse_args()
    output = Output()
    release = running()
    if release is None:
        print("no cluster runs here that was completed: `make cluster` first", file=sys.stderr)
        return 2
    pages, files = load_cluster.places(release)
    tables = load_cluster.table_sizes(release)
    events = load_cluster.events_told(release)
    assembly = load_cluster.assembly_of(tables, events, len(files))
    output.show(sizes(tables, events, assembly, files))
    output.show(years(assembly))
    output.show(entered(release))
    paths = [
        *((1.0, page) for page in pages),
        *((len(pages) / Readers().broadcast_pages, file) for file in files),
    ]
    idle, others = load_cluster.idle(release.cluster, 10), load_cluster.others(release.cluster, 10)
    try:
        load_cluster.lift_limits(release, lifted=True)
        measured = [points(release, paths, replicas, options.seconds, idle) for replicas in (1, 2)]
    finally:
        load_cluster.replicate(release, 1)
        load_cluster.lift_limits(release, lifted=False)
    output.show(seen(measured, pages, files, idle, others))
    costs = costs_of(measured[0].points[0], measured[0].points[LIGHT], idle)
    output.show(foretold(costs, measured))
    output.show(needed(costs, assembly))
    if options.into:
        output.write(options.into)
    failed = sum(point.failed for each in measured for point in each.points if content(point))
    return 1 if failed else 0


def points(
    release: Release, paths: load_cluster.Weighted, replicas: int, seconds: int, idle: float
) -> Measured:
    """Until readers are no longer content, twice in a row."""
    load_cluster.replicate(release, replicas)
    load_cluster.measure(release, paths, RATES[0], 5, idle)  # what is loaded at first use is loaded
    found: list[Point] = []
    for rate in RATES:
        found.append(load_cluster.measure(release, paths, rate, seconds, idle))
        # Once may be the machine's own hiccup.
        if len(found) > LIGHT and not any(map(content, found[-2:])):
            break
    return Measured(replicas, found)


def content(point: Point) -> bool:
    return not point.failed and point.p99 <= CONTENT_SECONDS and point.answered >= 0.9 * point.asked


def costs_of(light: Point, heavier: Point, idle: float) -> Costs:
    """What each request more costs, between two points: what runs anyway is in both."""
    more = heavier.answered - light.answered

    def slope(low: float, high: float) -> float:
        return max(0.0, high * heavier.answered - low * light.answered) / more

    return Costs(
        parts={name: slope(light.parts[name], heavier.parts[name]) for name in heavier.parts},
        client=slope(light.client, heavier.client),
        besides=slope(light.besides, heavier.besides),
        idle=idle,
    )


class Output:
    """What is printed, and kept for a page."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def show(self, lines: Iterator[str]) -> None:
        for line in (*lines, ""):
            print(line, flush=True)
            self._lines.append(line)

    def write(self, page: Path) -> None:
        """Between its marks. Raises ValueError where it has none."""
        head, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
        _, end, tail = rest.partition(END)
        if not begin or not end:
            raise ValueError(f"{page} has no lines {BEGIN} and {END}")
        page.write_text(head + begin + "\n" + "\n".join(self._lines) + end + tail, encoding="utf-8")


def sizes(
    tables: Sequence[load_cluster.Table], events: dict[str, int], assembly: Assembly, files: Sequence[str]
) -> Iterator[str]:
    yield (
        "One assembly and what came of it, counted in the demonstration "
        f"({assembly.volunteers} volunteers in two pools):"
    )
    yield ""
    yield "| service | rows | of these in the largest table | kB, with indexes and empty space | events |"
    yield "|---|---|---|---|---|"
    for service in SERVICES:
        own = [table for table in tables if table.service == service]
        largest = max(own, key=lambda table: table.rows)
        rows, size = sum(table.rows for table in own), sum(table.bytes for table in own)
        most = f"{largest.rows} ({largest.name})"
        yield f"| {service} | {rows} | {most} | {size / 1000:.0f} | {events[service]} |"
    yield ""
    yield (
        f"Per volunteer in a pool {assembly.rows_per_volunteer:.1f} rows and "
        f"{assembly.bytes_per_volunteer / 1000:.2f} kB; besides {assembly.rows_besides:.0f} rows and "
        f"{assembly.bytes_besides / 1000:.0f} kB an assembly. "
        f"A first page brings {len(files)} files along."
    )


def years(assembly: Assembly) -> Iterator[str]:
    yield "Assumed:"
    yield ""
    for organiser in ORGANISERS:
        yield (
            f"- {organiser.name}: {organiser.count}, each of {organiser.inhabitants:,} inhabitants, "
            f"{organiser.assemblies_a_year:g} assembly a year, {organiser.volunteers:,} volunteers in a pool"
        )
    readers = Readers()
    yield "- readers: " + ", ".join(
        f"{field.name.replace('_', ' ')} {getattr(readers, field.name):g}" for field in fields(readers)
    )
    yield ""
    yield "| a year of | pages | files | events | rows | MB | pages a second in the busiest minute | files |"
    yield "|---|---|---|---|---|---|---|---|"
    for organiser in ORGANISERS:
        year = load_model.year(organiser, assembly)
        peak = f"{year.peak_pages:,.1f} | {year.peak_files:,.1f}"
        yield (
            f"| {organiser.name} | {year.pages:,.0f} | {year.files:,.0f} | {year.events:,.0f} "
            f"| {year.rows:,.0f} | {year.bytes / 1e6:,.0f} | {peak} |"
        )


def entered(release: Release) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        written, heard = load_cluster.enter_municipalities(release, Path(folder) / "keys", MUNICIPALITIES)
    yield (
        f"{MUNICIPALITIES} municipalities entered by REST, one after the other: "
        f"{MUNICIPALITIES / written:.0f} a second; {heard:.1f} s after the last every service knew it, "
        "having heard of all by events."
    )


def seen(
    measured: Sequence[Measured], pages: Sequence[str], files: Sequence[str], idle: float, others: float
) -> Iterator[str]:
    yield (
        f"Requests a second through the ingress ({len(pages)} kinds of page, {len(files)} files; "
        f"{Readers().broadcast_pages:g} pages to {len(files)} files), on {os.cpu_count()} processors "
        f"of which, when nobody asks, the node has {idle:.2f} busy, and others on this machine {others:.2f}:"
    )
    yield ""
    yield (
        "| pods of each service | asked | answered | p50 ms | p99 ms | failed "
        "| ms of processor per request: services | store | ingress | load | all else |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|---|"
    for each in measured:
        for point in each.points:
            services = sum(point.parts.get(name, 0.0) for name in SERVICES)
            known = [services, point.parts["postgresql"], point.parts["controller"], point.client]
            spent = " | ".join(f"{cost * 1000:.1f}" for cost in (*known, point.request - sum(known)))
            yield (
                f"| {each.replicas} | {point.asked} | {point.answered:.1f} | {point.p50 * 1000:.0f} "
                f"| {point.p99 * 1000:.0f} | {point.failed} | {spent} |"
            )


def foretold(costs: Costs, measured: Sequence[Measured]) -> Iterator[str]:
    yield (
        f"Foretold from the points at {RATES[0]} and {RATES[LIGHT]} a second, for a machine without other "
        f"work; borne is a rate whose p99 is within {CONTENT_SECONDS:g} s:"
    )
    yield ""
    yield "| pods of each service | foretold at most | full is | borne | answered at most | of the foretold |"
    yield "|---|---|---|---|---|---|"
    for each in measured:
        rate, full = load_model.highest_rate(
            costs, frozenset(SERVICES), each.replicas, float(os.cpu_count() or 1)
        )
        reached = max(point.answered for point in each.points)
        borne = f"{each.highest:.0f} | {reached:.0f} | {reached / rate:.0%}"
        yield f"| {each.replicas} | {rate:.0f} | {full} | {borne} |"


def needed(costs: Costs, assembly: Assembly) -> Iterator[str]:
    """In earnest: the load comes from outside, and nothing is fuller than FULL."""
    found = [load_model.year(organiser, assembly) for organiser in ORGANISERS]
    rate = sum(year.peak_pages + year.peak_files for year in found)
    yield f"In the busiest minute {rate:.0f} requests a second. At {FULL:.0%} of each processor that takes:"
    yield ""
    yield "| part | processors | which is |"
    yield "|---|---|---|"
    pods = 0
    for service in SERVICES:
        busy = rate * costs.parts[service] / FULL
        pods += max(2, math.ceil(busy))
        yield f"| {service} | {busy:.1f} | {max(2, math.ceil(busy))} pods |"
    store = rate * costs.parts["postgresql"] / FULL
    ingress = rate * costs.parts["controller"] / FULL
    yield f"| PostgreSQL | {store:.1f} | one primary, or one for each service |"
    yield f"| ingress | {ingress:.1f} | |"
    yield (
        f"| connections | | {pods * POOL} at the most, of {CONNECTIONS} that PostgreSQL allows by default: "
        f"{'pgbouncer, or more of them' if pods * POOL > CONNECTIONS else 'none needed besides'} |"
    )
    one = max(year.peak_pages / organiser.count for year, organiser in zip(found, ORGANISERS, strict=True))
    yield f"| `limits.reads` | | at least {one:.0f} a second over a service's pods, for the nation's |"
    events = sum(year.events for year in found)
    yield f"| events | | {events:,.0f} a year: one every {load_model.SECONDS_A_YEAR / events:,.0f} s |"
    files = sum(year.peak_files for year in found) / rate
    yield ""
    yield f"{files:.0%} of these requests are for files, which an ingress can keep: pods see the rest."
    size = sum(year.bytes for year in found)
    yield f"Disk: {size / 1e6:,.0f} MB a year in PostgreSQL, {10 * size / 1e9:.1f} GB in ten."


if __name__ == "__main__":
    raise SystemExit(main())
