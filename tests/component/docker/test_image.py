"""The image: built from the lock, small, at work without root and capabilities, its own files read-only."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator

import pytest
from packaging.utils import canonicalize_name

from tests.infrastructure.docker import IMAGE as TAG
from tests.infrastructure.docker import Engine

LARGEST_MB = 250
LOCKED_DOWN = (
    "--read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges --network none".split()
)


@pytest.fixture(scope="module")
def container(engine: Engine, built: str) -> Iterator[str]:
    name = engine.docker("run", "--detach", *LOCKED_DOWN, TAG)
    yield name
    engine.docker("rm", "--force", name)


def ask(engine: Engine, container: str, url: str) -> str:
    code = f"import urllib.request as u; print(u.urlopen({url!r}, timeout=5).read().decode())"
    return engine.docker("exec", container, "python", "-c", code, check=False)


def test_it_is_small(built: str) -> None:
    said = re.search(r"(\d+) MB as docker save \| gzip writes it, (\d+) MB unpacked", built)
    assert said is not None, built
    packed, unpacked = int(said[1]), int(said[2])
    assert 20 < packed < LARGEST_MB
    assert packed < unpacked


def test_it_gets_ready_locked_down(engine: Engine, container: str) -> None:
    until = time.monotonic() + 60
    while not (answer := ask(engine, container, "http://127.0.0.1:9100/readyz")):
        assert time.monotonic() < until, engine.docker("logs", container)
        time.sleep(0.2)
    assert json.loads(answer)["ready"]
    assert "<h1>" in ask(engine, container, "http://127.0.0.1:8080/")
    who = engine.docker("exec", container, "python", "-c", "import os; print(os.getuid())")
    assert who == "10001"
    attempt = "import pathlib; pathlib.Path('/app/site/new').touch()"
    refused = engine.docker(
        "exec", container, "python", "-c", f"try:\n {attempt}\nexcept OSError as e: print(e)"
    )
    assert "Read-only file system" in refused


def test_it_draws_a_panel(engine: Engine, built: str) -> None:
    """The engines and their compiled libraries are in it, too."""
    said = engine.docker("run", "--rm", *LOCKED_DOWN, TAG, "lottery", "--help")
    assert "draw" in said
    check = "import highspy, scipy, numpy, gmpy2, psycopg, kafka; print('all there')"
    assert (
        engine.docker("run", "--rm", *LOCKED_DOWN, "--entrypoint", "python", TAG, "-c", check) == "all there"
    )


def test_it_says_what_it_is_made_of(engine: Engine, built: str) -> None:
    """Its list of parts is where its label says, and is what lies beside it."""
    path = engine.docker("inspect", "--format", '{{index .Config.Labels "org.borgerting.sbom"}}', TAG)
    code = (
        f"import importlib.metadata as m, json; print(open({path!r}).read());"
        "print(json.dumps(sorted({(d.name, d.version) for d in m.distributions(path=['/app/site'])})))"
    )
    said = engine.docker("run", "--rm", *LOCKED_DOWN, "--entrypoint", "python", TAG, "-c", code)
    text, _, there = said.rpartition("\n")
    bill = json.loads(text)
    own, parts = bill["metadata"]["component"], bill["components"]
    python = [own, *(each for each in parts if each["purl"].startswith("pkg:pypi/"))]
    assert sorted((canonicalize_name(name), number) for name, number in json.loads(there)) == sorted(
        (each["name"], each["version"]) for each in python
    )
    assert all(re.fullmatch("[0-9a-f]{64}", each["hashes"][0]["content"]) for each in python)
    assert {"dkfds", "htmx.org"} <= {each["name"] for each in parts}


def test_it_stops_in_order(engine: Engine, container: str) -> None:
    engine.docker("stop", "--time", "30", container)
    assert engine.docker("inspect", "--format", "{{.State.ExitCode}}", container) == "0"
