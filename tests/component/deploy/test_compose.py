"""The composition names only settings there are, in order, and its ingress sends each page to its service."""

from __future__ import annotations

import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from chassis.app import descriptors
from tests.infrastructure.nginx import running_ingress
from tests.infrastructure.places import program
from tests.infrastructure.postgres import PostgresServer, find_binaries

DEPLOY = Path(__file__).resolve().parents[3] / "deploy/docker"
SERVICES = ("deliberation", "followup", "sortition", "volunteer")


@pytest.fixture(scope="module")
def composition() -> Any:
    """compose.yaml with every `${NAME…}` filled in."""
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(re.sub(r"\$\{([A-Z_]+)(?::[-?][^}]*)?\}", r"a-\1", text))


def borgerting(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("BORGERTING_")}
    return subprocess.run(
        [sys.executable, "-m", "chassis", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**own, **environment},
    )


def test_it_runs_every_service_and_nothing_else_of_ours(composition: Any) -> None:
    commands = {
        name: service["command"]
        for name, service in composition["services"].items()
        if "IMAGE" in service["image"]
    }
    once = {
        "migrate": ["migrate"],
        "keys": ["keys", "create", "/data/keys"],
        "certificates": ["tls", "create", "/data/certificates"],
    }
    assert commands == once | {name: ["serve", "--service", name] for name in descriptors()}
    for name in commands:
        service = composition["services"][name]
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]


@pytest.mark.parametrize("name", [*SERVICES, "migrate"])
def test_the_settings_of_each_are_in_order(composition: Any, name: str, tmp_path: Path) -> None:
    environment = dict(composition["services"][name]["environment"])
    environment["BORGERTING_BASE_URL"] = "http://localhost:8080"
    # What the two commands of the composition's head make, under its own paths.
    for command in composition["services"]["keys"], composition["services"]["certificates"]:
        words = [word.replace("/data", str(tmp_path)) for word in command["command"]]
        made = borgerting(*words)
        assert made.returncode == 0, made.stderr
    passwords(tmp_path)
    environment = {key: value.replace("/data/", f"{tmp_path}/") for key, value in environment.items()}
    environment = {
        key: value.replace("/run/secrets/", f"{tmp_path}/secrets/") for key, value in environment.items()
    }
    environment["BORGERTING_DATA_DIR"] = str(tmp_path)
    checked = borgerting("check-config", **environment)
    assert checked.returncode == 0, checked.stderr
    misspelt = borgerting("check-config", **environment, BORGERTING_KAFKA__BOOTSTRAPS="x")
    assert misspelt.returncode == 2


def passwords(folder: Path) -> Path:
    """What `passwords.sh` makes beside itself."""
    script = shutil.copy(DEPLOY / "passwords.sh", folder)
    subprocess.run([script], check=True)
    return folder / "secrets"


def test_no_password_stands_in_the_composition_and_each_file_is_made(
    composition: Any, tmp_path: Path
) -> None:
    made = {file.name: file.read_text() for file in passwords(tmp_path).iterdir()}
    assert {f"./secrets/{name}" for name in made} == {
        each["file"] for each in composition["secrets"].values()
    }
    assert len(set(made.values())) == len(made) == 2 * len(SERVICES) + 1
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    (tmp_path / "secrets" / "followup").write_text("kept\n")
    passwords(tmp_path)
    assert (tmp_path / "secrets" / "followup").read_text() == "kept\n"
    for name, service in composition["services"].items():
        environment = service.get("environment", {})
        assert not [key for key in environment if key.endswith("PASSWORD")]
        used = {
            word for value in environment.values() for word in re.findall(r"/run/secrets/([a-z-]+)", value)
        }
        given = set(service.get("secrets", ()))
        assert used <= given
        if name in SERVICES:  # no other's, and no owner's
            assert used == given == {name}


def test_the_databases_are_made_with_them_and_each_login_has_its_own(
    composition: Any, tmp_path: Path
) -> None:
    secrets = passwords(tmp_path)
    with PostgresServer.running() as server:
        subprocess.run(
            ["sh", str(DEPLOY / "postgres/databases.sh")],
            check=True,
            env={
                "PATH": f"{find_binaries()}:{os.environ['PATH']}",
                "PGHOST": "127.0.0.1",
                "PGPORT": str(server.port),
                "POSTGRES_USER": server.superuser,
                "SECRETS": str(secrets),
                "SCRIPT": str(DEPLOY / "postgres/databases.sql"),
            },
        )
        environment = {
            key: value.replace("@postgres/", f"@127.0.0.1:{server.port}/").replace(
                "/run/secrets", str(secrets)
            )
            for key, value in composition["services"]["migrate"]["environment"].items()
            if key.endswith(("__DATABASE_URL", "__MIGRATION_URL"))
        }
        environment["BORGERTING_DATA_DIR"] = str(tmp_path)
        migrated = borgerting("migrate", **environment)
        assert migrated.returncode == 0, migrated.stderr
        status = borgerting("outbox", "status", **environment)
        assert status.stdout.count("nothing waits") == len(SERVICES), status.stderr
        (secrets / "volunteer").write_text("another\n")
        assert borgerting("outbox", "status", **environment).returncode != 0


def test_the_databases_are_those_that_the_command_makes() -> None:
    printed = borgerting("database", "sql")
    assert printed.returncode == 0
    assert (DEPLOY / "postgres/databases.sql").read_text(encoding="utf-8") == printed.stdout


@contextmanager
def named_server(name: str) -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = f"{name} {self.headers['Host']}".encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def test_the_ingress_routes_by_the_first_path_segment() -> None:
    with ExitStack() as stack:
        addresses = {name: stack.enter_context(named_server(name)) for name in SERVICES}
        site = stack.enter_context(running_ingress(addresses))

        def answer(path: str) -> str:
            with urllib.request.urlopen(site + path, timeout=5) as response:
                return str(response.read().decode())

        own = site.removeprefix("http://")
        for name in SERVICES:
            for path in (f"/{name}/dragoer", f"/{name}/api/v1/municipalities", f"/{name}/static/x/y.css"):
                assert answer(path) == f"{name} {own}"
        for path in ("/", "/?language=en", "/deliberation/sign-in/secret"):
            assert answer(path) == f"deliberation {own}"


def test_prometheus_has_the_alerts_and_their_names_for_the_processes(
    composition: Any, tmp_path: Path
) -> None:
    for volume in composition["services"]["prometheus"]["volumes"]:
        source, inside = volume.split(":")[:2]
        if source.startswith("."):
            shutil.copy(DEPLOY / source, tmp_path / Path(inside).name)
    config = tmp_path / "prometheus.yml"
    config.write_text(config.read_text(encoding="utf-8").replace("/etc/prometheus", str(tmp_path)))
    said = promtool("check", "config", config)
    rules = (tmp_path / "alerts.yaml").read_text(encoding="utf-8").count("- alert: ")
    assert rules > 10
    assert f"SUCCESS: {rules} rules found" in said
    # It looks for as long as it may, whatever it has found.
    for seconds in (1, 10, 45):
        looking = (f"--timeout={seconds}s", config, "borgerting")
        if found := json.loads(promtool("check", "service-discovery", *looking)):
            break
    named = {each["labels"]["app_kubernetes_io_component"] for each in found}
    assert named == set(SERVICES)
    asked = re.findall(r'app_kubernetes_io_component="(\w+)"', (tmp_path / "alerts.yaml").read_text())
    assert set(asked) == named


def promtool(*arguments: str | Path) -> str:
    done = subprocess.run(
        [program("promtool", "prometheus"), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
