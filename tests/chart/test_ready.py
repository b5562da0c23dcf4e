"""What `helm test` runs, in a process of its own as in its pod, against the real port that it asks."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from chassis.app import descriptors
from chassis.metrics import Metrics
from chassis.ops import Check, OpsServer
from chassis.running import named_check
from tests.chart.rendering import NAMESPACE, RELEASE, TRIAL, objects, of_kind
from tests.infrastructure.places import free_ports

SERVICES = sorted(descriptors())


@contextmanager
def ops(*checks: Check) -> Iterator[str]:
    server = OpsServer(("127.0.0.1", 0), Metrics(), checks, lambda: True)
    server.start()
    yield f"http://127.0.0.1:{server.port}/readyz"
    server.stop()


def run(*addresses: str, patience: str = "60") -> subprocess.CompletedProcess[str]:
    """The pod's container, with these addresses for the chart's, and less patience where it is in vain."""
    pod = of_kind(objects(TRIAL), "Pod")[f"{RELEASE}-test"]
    (container,) = pod["spec"]["containers"]
    assert container["command"] == ["python", "-c"]
    script, *asked = container["args"]
    assert asked == [f"http://{RELEASE}-{name}:9100/readyz" for name in SERVICES]
    assert pod["metadata"]["namespace"] == NAMESPACE
    assert "monotonic() + 60" in script
    script = script.replace("monotonic() + 60", f"monotonic() + {patience}")
    return subprocess.run(
        [sys.executable, "-c", script, *addresses], capture_output=True, text=True, check=False, timeout=90
    )


def test_it_ends_well_when_all_are_ready() -> None:
    with ops(named_check("events", lambda: True, "")) as one, ops() as two:
        done = run(one, two)
    assert (done.returncode, done.stderr) == (0, "")


def test_it_waits_for_one_that_is_not_yet_ready() -> None:
    answers = iter((False, False, True))
    with ops(named_check("events", lambda: next(answers), "not yet")) as address:
        assert run(address).returncode == 0


def test_it_names_what_is_wrong_and_where() -> None:
    nobody = f"http://127.0.0.1:{free_ports(1)[0]}/readyz"
    with ops() as well, ops(named_check("events", lambda: False, "events cannot be carried")) as ill:
        done = run(well, ill, nobody, patience="0")
    assert done.returncode == 1
    assert f"{ill}: " in done.stderr
    assert "events cannot be carried" in done.stderr
    assert f"{nobody}: " in done.stderr
    assert well not in done.stderr
