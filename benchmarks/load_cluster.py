"""The running cluster of `make cluster`, as benchmarks.load looks at it and sets it."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load_model import Assembly
from benchmarks.peers.environment import peer_python
from benchmarks.rates import UNLIMITED
from chassis.auth.keys import FileKeys
from chassis.auth.principal import Principal, Role
from chassis.auth.tokens import LocalTokens
from chassis.clock import SystemClock
from demo.access import HAVNSTED
from tests.infrastructure.cluster import Cluster
from tests.infrastructure.release import SERVICES, Release

Weighted = Sequence[tuple[float, str]]

# What is kept for each volunteer of a pool; all other rows are of the assembly itself.
_PER_VOLUNTEER = {"people", "person_contacts", "draw_people"}
NODE = "node"
_COUNTS = "/sys/fs/cgroup/cpuacct"
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Table:
    service: str
    name: str
    rows: int
    bytes: float


@dataclass(frozen=True)
class Point:
    """What readers met who asked `asked` times a second; times in seconds, processor time per request."""

    asked: int
    answered: float
    p50: float
    p99: float
    failed: int
    # Of each part's pods, of the load itself, and of what else the node did besides idling.
    parts: Mapping[str, float]
    client: float
    besides: float

    @property
    def request(self) -> float:
        return sum(self.parts.values()) + self.client + self.besides


def table_sizes(release: Release, municipality: str = HAVNSTED) -> list[Table]:
    """The rows of one municipality; of a table's disk (indexes, large values) their share of it."""
    found = []
    for service in SERVICES:
        base = f"{release.name}_{service}"
        listed = release.beside.sql(
            base,
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' "
            "AND column_name IN ('municipality', 'municipality_id') ORDER BY 1",
        )
        for name, column in (line.split("|") for line in listed.split()):
            counted = release.beside.sql(
                base,
                f"SELECT count(*) FILTER (WHERE {column} = '{municipality}'), count(*), "  # noqa: S608 - its own names
                f"pg_total_relation_size('{name}') FROM {name}",
            )
            own, rows, size = map(int, counted.split("|"))
            if own:
                found.append(Table(service, name, own, size * own / rows))
    return found


def events_told(release: Release, municipality: str = HAVNSTED) -> dict[str, int]:
    return {
        service: int(
            release.beside.sql(
                f"{release.name}_{service}",
                f"SELECT count(*) FROM outbox WHERE municipality = '{municipality}'",  # noqa: S608 - a constant
            )
        )
        for service in SERVICES
    }


def assembly_of(tables: Sequence[Table], events: Mapping[str, int], files: int) -> Assembly:
    """Of the demonstration's two pools, the assembly's and the standing panel's, each volunteer alike."""
    many = [table for table in tables if table.service == "sortition" and table.name in _PER_VOLUNTEER]
    rest = [table for table in tables if table not in many]
    [volunteers] = [table.rows for table in many if table.name == "people"]
    return Assembly(
        volunteers=volunteers,
        rows_per_volunteer=sum(table.rows for table in many) / volunteers,
        bytes_per_volunteer=sum(table.bytes for table in many) / volunteers,
        rows_besides=sum(table.rows for table in rest),
        bytes_besides=sum(table.bytes for table in rest),
        events=sum(events.values()),
        files=files,
    )


def read(release: Release, path: str) -> str:
    asked = urllib.request.Request(f"{release.way}{path}", headers={"Host": release.host})  # noqa: S310
    with urllib.request.urlopen(asked, timeout=30) as page:  # noqa: S310 - the cluster's own address
        body: str = page.read().decode()
    return body


def places(release: Release) -> tuple[list[str], list[str]]:
    """Pages that anybody reads, one of each common kind, and the files that a first page brings along."""
    pages = ["/"]
    for service in SERVICES:
        top = f"/{service}/{HAVNSTED}"
        body = read(release, top)
        deeper = [
            link
            for link in re.findall(r'href="([^"#?]+)"', body)
            if link.startswith(f"{top}/") and not Path(link).suffix
        ]
        pages += [top, *deeper[:1]]
    files = re.findall(r'(?:href|src)="(/[a-z]+/static/[^"]+)"', read(release, pages[1]))
    return pages, sorted(set(files))


def enter_municipalities(release: Release, folder: Path, count: int) -> tuple[float, float]:
    """By REST, one after the other, and until every service shows the last of them: seconds for each."""
    clock = SystemClock()
    tokens = LocalTokens(FileKeys(release.keys(folder), clock), clock)
    token = tokens.issue(Principal("load", None, frozenset({Role("operator")})))
    run = uuid.uuid4().hex[:6]
    begun = time.monotonic()
    for number in range(count):
        asked = urllib.request.Request(  # noqa: S310
            f"{release.way}/deliberation/api/v1/municipalities?municipalityId=load-{run}-{number}",
            data=json.dumps({"displayName": f"Kommune {number}"}).encode(),
            headers={
                "Host": release.host,
                "Authorization": f"Bearer {token}",
                "Content-Type": "application/json",
            },
        )
        urllib.request.urlopen(asked, timeout=30).close()  # noqa: S310
    entered = time.monotonic()
    for service in SERVICES:
        while not _shown(release, f"/{service}/load-{run}-{count - 1}"):
            if time.monotonic() - entered > 120:
                raise RuntimeError(f"{service} has not heard of the last municipality")
            time.sleep(0.05)
    return entered - begun, time.monotonic() - entered


def _shown(release: Release, path: str) -> bool:
    try:
        return bool(read(release, path))
    except urllib.error.HTTPError as error:
        if error.code != 404:
            raise
        return False


def lift_limits(release: Release, *, lifted: bool) -> None:
    """Of what one municipality may ask, since readers here ask for one; or as the chart has them."""
    settings = [f"{name}={value}" if lifted else f"{name}-" for name, value in UNLIMITED.items()]
    release.kubectl("set", "env", "deployment", "--all", *settings)
    _settle(release, 1)


def replicate(release: Release, replicas: int) -> None:
    release.kubectl("scale", "deployment", "--all", f"--replicas={replicas}")
    _settle(release, replicas)


def _settle(release: Release, replicas: int) -> None:
    """Until those that are to go are gone."""
    release.kubectl("rollout", "status", "deployment", "--timeout=180s")
    release.cluster.eventually(
        lambda: len(release.cluster.items("pods", release.name)),
        lambda pods: pods == replicas * len(SERVICES),
    )


def processor_seconds(cluster: Cluster) -> dict[str, float]:
    """Since its start, of each pod ("part/uid"; a service's pods are of one part), and of the whole NODE.

    By the kernel's own count: what the kubelet tells of it is up to a quarter of a minute old.
    """
    named = {each["metadata"]["uid"]: each["metadata"]["name"] for each in cluster.items("pods")}
    find = ("find", _COUNTS, "-maxdepth", "4", "-name", "cpuacct.usage", "-exec", "grep", "-H", "", "{}", "+")
    used = {}
    for line in cluster.inside(*find).splitlines():
        place, _, count = line.rpartition(":")
        uid = Path(place).parent.name.removeprefix("pod")
        if str(Path(place).parent) == _COUNTS:
            used[NODE] = int(count) / 1e9
        elif uid in named:
            part = next((service for service in SERVICES if f"-{service}-" in named[uid]), named[uid])
            used[f"{part}/{uid}"] = int(count) / 1e9
    return used


def _by_part(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """What the pods that are there used in between."""
    used: dict[str, float] = {}
    for pod in after:
        part = pod.partition("/")[0]
        used[part] = used.get(part, 0.0) + after[pod] - before.get(pod, 0.0)
    return used


def idle(cluster: Cluster, seconds: float) -> float:
    """Processors that the node uses while nobody asks."""
    before, begun = processor_seconds(cluster)[NODE], time.monotonic()
    time.sleep(seconds)
    return (processor_seconds(cluster)[NODE] - before) / (time.monotonic() - begun)


def others(cluster: Cluster, seconds: float) -> float:
    """Processors that this machine uses for what is not ours, while nobody asks."""
    before = _machine_seconds(), processor_seconds(cluster)[NODE], time.monotonic()
    time.sleep(seconds)
    machine, node = _machine_seconds() - before[0], processor_seconds(cluster)[NODE] - before[1]
    return max(0.0, machine - node) / (time.monotonic() - before[2])


def _machine_seconds() -> float:
    fields = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()[1:]
    # All but idle and waiting for disks.
    return sum(int(field) for number, field in enumerate(fields[:8]) if number not in (3, 4)) / _TICKS


def _client_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(release: Release, paths: Weighted, rate: int, seconds: int, idle: float) -> Point:
    """`rate` readers, each of whom asks once a second, or as often as answers come; `idle` as below."""
    python = peer_python("locust")
    script = Path(__file__).parent / "peers" / "locust_run.py"
    before = processor_seconds(release.cluster), _client_seconds(), time.monotonic()
    done = subprocess.run(
        [
            python, "-m", "locust", "-f", script, "--headless", "--users", str(rate),
            "--spawn-rate", str(rate), "--run-time", f"{seconds}s", "--host", release.way,
            "--json", "--exit-code-on-error", "0",
        ],
        env={**os.environ, "LOAD_HOST": release.host, "LOAD_PATHS": json.dumps(paths)},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    lasted = time.monotonic() - before[2]
    client = _client_seconds() - before[1]
    after = processor_seconds(release.cluster)
    if done.returncode:
        raise RuntimeError(f"locust failed:\n{done.stderr[-2000:]}")
    [told] = json.loads(done.stdout)
    count = told["num_requests"]
    times = sorted((float(ms), number) for ms, number in told["response_times"].items())
    used = _by_part(before[0], after)
    node = used.pop(NODE)
    parts = {name: seconds_used / count for name, seconds_used in used.items()}
    return Point(
        asked=rate,
        answered=count / seconds,
        p50=_quantile(times, 0.5) / 1000,
        p99=_quantile(times, 0.99) / 1000,
        failed=told["num_failures"],
        parts=parts,
        client=client / count,
        besides=max(0.0, (node - idle * lasted) / count - sum(parts.values())),
    )


def _quantile(times: Sequence[tuple[float, int]], share: float) -> float:
    wanted, seen = share * sum(count for _, count in times), 0
    for value, count in times:
        seen += count
        if seen >= wanted:
            return value
    raise RuntimeError("nobody was answered")
