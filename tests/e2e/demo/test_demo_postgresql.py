"""The demonstration on PostgreSQL: the same story, chapter by chapter, with the stores elsewhere, and shown
by whoever has them and the keys.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from chassis.app import descriptors
from tests.e2e.demo.running import PORTS, ROLES, demonstration, get
from tests.e2e.demo.story import hold_the_story
from tests.infrastructure.postgres import PASSWORD, PostgresServer
from tests.infrastructure.suites import settings_of


def test_the_story_is_the_same(postgres: PostgresServer, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "chassis"]
    subprocess.run([*command, "keys", "create", str(tmp_path / "keys")], check=True, timeout=60)
    databases = [postgres.bare(service) for service in descriptors()]
    shared = {**settings_of(databases, migration=True), "BORGERTING_KEYS__DIR": str(tmp_path / "keys")}
    loaded = subprocess.run(
        [*command, "demo", "--only-load"],
        env={**os.environ, **PORTS, **shared, "BORGERTING_DATA_DIR": str(tmp_path / "loading")},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert loaded.returncode == 0, loaded.stderr[-3000:]
    assert loaded.stdout == ""
    with demonstration(tmp_path / "data", shared) as (front, *links):
        hold_the_story(front)
        # A link's address has its secret alone: its municipality is found across all of them.
        for line, role in zip(links, ROLES, strict=True):
            assert get(line.removeprefix(f"{role}: "))[0] == 200
    for folder in (tmp_path / "data", tmp_path / "loading"):
        assert list(folder.glob("*.sqlite3")) in ([], [folder / "events.sqlite3"])
    assert PASSWORD not in (tmp_path / "log").read_text() + loaded.stderr
