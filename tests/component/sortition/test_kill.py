"""A stop amid a draw, by kill -9 or in good order: the same draw is taken up again, and drawn once."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from chassis.app import descriptors
from chassis.testing.processes import running_suite
from services.sortition.adapters import engine
from tests.component.sortition.pools import slow_pool, slow_targets
from tests.e2e.sortition.site import Site, command, wait_for_municipality
from tests.infrastructure.stores import KINDS
from tests.infrastructure.suites import settings_of

Place = tuple[dict[str, str], Callable[[str], tuple[Any, ...]]]


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Where the suite keeps its stores: its settings, and a row of sortition's."""
    if request.param == "sqlite":
        return {}, lambda query: _row(tmp_path, query)
    databases = {
        service: request.getfixturevalue("postgres").bare(service) for service in sorted(descriptors())
    }

    def row(query: str) -> tuple[Any, ...]:
        with psycopg.connect(databases["sortition"].superuser) as superuser:
            found = superuser.execute(query.encode()).fetchone()
        assert found is not None
        return found

    return settings_of(databases.values(), migration=True), row


@pytest.mark.parametrize("how", ["kill -9", "SIGTERM"])
def test_a_stopped_process_resumes_the_same_draw_and_draws_once(
    tmp_path: Path, place: Place, how: str
) -> None:
    """On PostgreSQL others may be at work: a killed one's job is taken up when its lease has run out."""
    stores, row = place
    with running_suite(tmp_path, environment={**stores, "BORGERTING_DRAIN_SECONDS": "1"}) as suite:
        command(tmp_path, "municipality", "create", "strandby", "--name", "Strandby", environment=stores)
        token = command(
            tmp_path, "token", "--municipality", "strandby", "--role", "secretariat", environment=stores
        )
        wait_for_municipality(Site(suite), "strandby")
        site = Site(suite, token)
        selection = site.post(
            "municipalities/strandby/selections", {"title": "Slow", "size": 40}, status=201
        )["name"]
        assert site.upload(f"{selection}:importTargets", slow_targets())["errors"] == []
        assert site.upload(f"{selection}:importPool", slow_pool())["state"] == "APPLIED"
        asked = site.post(f"{selection}/draws", {"panels": 1000}, status=201)
        draw = asked["name"]
        _wait_until_solving(site, draw)
        if how == "SIGTERM":
            began = time.monotonic()
            assert suite.terminate() == 0
            assert time.monotonic() - began < 30  # it does not wait for the draw; machines that test are busy
        else:
            suite.kill()
    before = row("SELECT seed, input_digest, state FROM draws")
    assert before[2] == "RUNNING"
    assert row("SELECT count(*) FROM draw_files") == (0,)

    with running_suite(tmp_path, environment=stores) as suite:
        site = Site(suite, token)
        ready = site.wait_for_draw(draw, "PANELS_READY", seconds=120)
        assert ready["inputDigest"] == asked["inputDigest"]
        panels = site.call("GET", f"{draw}/files/panels.csv").content
        commitment = site.call("GET", f"{draw}/files/commitment.json").content
        assert suite.terminate() == 0
    assert row("SELECT seed, input_digest, state FROM draws") == (*before[:2], "PANELS_READY")
    # A stop in good order costs no attempt; a crash does.
    attempts = 1 if how == "SIGTERM" else 2
    assert row("SELECT state, attempts FROM jobs") == ("SUCCEEDED", attempts)
    snapshot, seed = row("SELECT content, seed FROM draw_inputs JOIN draws USING (municipality_id, draw_id)")
    request = engine.EngineRequest(snapshot, "public", "leximin", 1000, seed, "")
    assert engine.draw(request, lambda stage, figures: None).panels == panels

    with running_suite(tmp_path, environment=stores) as suite:
        # Nothing is drawn anew when it starts once more: what was committed to stands.
        site = Site(suite, token)
        assert site.get(draw)["state"] == "PANELS_READY"
        assert site.call("GET", f"{draw}/files/commitment.json").content == commitment


def _wait_until_solving(site: Site, draw: str) -> None:
    until = time.monotonic() + 30
    while True:
        shown = site.get(draw)
        if shown["state"] == "RUNNING" and shown["progress"]["stage"] not in ("", "queued"):
            return
        assert shown["state"] in ("QUEUED", "RUNNING"), "the draw was over before it could be killed"
        assert time.monotonic() < until, shown
        time.sleep(0.01)


def _row(folder: Path, query: str) -> tuple:
    with sqlite3.connect(f"file:{folder}/data/sortition.sqlite3?mode=ro", uri=True) as store:
        return store.execute(query).fetchone()
