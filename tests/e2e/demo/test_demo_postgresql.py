"""The demonstration on PostgreSQL: a pool, an exact lottery in a process of its own, a public draw."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chassis.app import descriptors
from tests.e2e.demo.test_demo import demonstration, get
from tests.infrastructure.postgres import PASSWORD, PostgresServer
from tests.infrastructure.suites import settings_of


def test_the_story_is_the_same(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    databases = [postgres.bare(service) for service in descriptors()]
    for variable, url in settings_of(databases, migration=True).items():
        monkeypatch.setenv(variable, url)
    with demonstration(tmp_path / "data") as (front, secretariat, _operator):
        status, page = get(front)
        assert (status, "Havnsted Kommune" in page, "Egebæk Kommune" in page) == (200, True, True)
        # The link's address has its secret alone: its municipality is found across all of them.
        assert get(secretariat.removeprefix("secretariat: "))[0] == 200
        draws = f"{front}sortition/api/v1/municipalities/havnsted/publishedDraws"
        (draw,) = json.loads(get(draws)[1])["publishedDraws"]
        assert (draw["poolSize"], draw["size"], draw["panels"]) == (240, 36, 1000)
        assert (draw["state"], len(draw["outcome"])) == ("PUBLISHED", 36)
    assert list((tmp_path / "data").glob("*.sqlite3")) in ([], [tmp_path / "data" / "events.sqlite3"])
    assert PASSWORD not in (tmp_path / "log").read_text()
