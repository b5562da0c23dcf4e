"""The demonstration on PostgreSQL: the same story, chapter by chapter, with the stores elsewhere."""

from __future__ import annotations

from pathlib import Path

from chassis.app import descriptors
from tests.e2e.demo.running import ROLES, demonstration, get
from tests.e2e.demo.story import hold_the_story
from tests.infrastructure.postgres import PASSWORD, PostgresServer
from tests.infrastructure.suites import settings_of


def test_the_story_is_the_same(postgres: PostgresServer, tmp_path: Path) -> None:
    databases = [postgres.bare(service) for service in descriptors()]
    with demonstration(tmp_path / "data", settings_of(databases, migration=True)) as (front, *links):
        hold_the_story(front)
        # A link's address has its secret alone: its municipality is found across all of them.
        for line, role in zip(links, ROLES, strict=True):
            assert get(line.removeprefix(f"{role}: "))[0] == 200
    assert list((tmp_path / "data").glob("*.sqlite3")) in ([], [tmp_path / "data" / "events.sqlite3"])
    assert PASSWORD not in (tmp_path / "log").read_text()
