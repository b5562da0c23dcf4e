"""Who collects no traces pays nothing for them: nothing of it is even imported."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]

# FastAPI itself imports OpenTelemetry's API, which does nothing without an SDK; all else is ours to import.
_SERVED = """
import sys, urllib.request
from chassis.app import descriptors
from chassis.config import load_settings
from chassis.suite import Suite

found = descriptors()
suite = Suite(load_settings(found, {}, data_dir=sys.argv[1], http_port=0, grpc_port=0, ops_port=0), found)
addresses = suite.start()
for url in (addresses.http, addresses.ops + "/metrics"):
    urllib.request.urlopen(url).read()
suite.stop()
parts = ("sdk", "exporter", "proto", "semconv")
wanted = (*(f"opentelemetry.{part}" for part in parts), "chassis.tracing")
print([name for name in sys.modules if name.startswith(wanted)])
"""
_WITHOUT_FASTAPI = """
import sys
import chassis.config, chassis.consumer, chassis.inbox, chassis.jobs_runner, chassis.metrics, chassis.ops
import chassis.outbox, chassis.rpc.client, chassis.rpc.interceptors, chassis.rpc.local, chassis.rpc.server
print([name for name in sys.modules if name.startswith("opentelemetry")])
"""
_HIDDEN = """
import sys
from importlib.abc import MetaPathFinder

class Hider(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.startswith("opentelemetry.exporter"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Hider())
from chassis.cli import main
sys.argv = ["borgerting", "check-config"]
main()
"""


def run(script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BORGERTING_")}
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env=clean | environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_suite_that_is_not_traced_imports_nothing_of_it(tmp_path: Path) -> None:
    done = run(_SERVED, str(tmp_path))
    assert (done.stdout.splitlines()[-1:], done.returncode) == (["[]"], 0), done.stderr


def test_what_traces_could_be_hooked_into_knows_nothing_of_opentelemetry() -> None:
    done = run(_WITHOUT_FASTAPI)
    assert (done.stdout, done.returncode) == ("[]\n", 0), done.stderr


def test_one_package_alone_imports_it() -> None:
    importing = set()
    for path in [*ROOT.glob("chassis/**/*.py"), *ROOT.glob("services/**/*.py"), *ROOT.glob("demo/**/*.py")]:
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)) if "opentelemetry" in text else ():
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if any(name.partition(".")[0] == "opentelemetry" for name in names):
                importing.add(str(path.parent.relative_to(ROOT)))
    assert importing == {"chassis/tracing"}


def test_an_installation_without_the_extra_says_which_it_needs() -> None:
    endpoint = {"BORGERTING_TELEMETRY__OTLP_ENDPOINT": "http://127.0.0.1:4317"}
    done = run(_HIDDEN, **endpoint)
    assert done.returncode == 2
    assert "pip install 'borgerting[telemetry]'" in done.stderr
    assert run(_HIDDEN).returncode == 0
