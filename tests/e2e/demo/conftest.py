"""One demonstration, loaded once: what was seen of it at its first start, and the folder that it left."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.demo.running import ROLES, demonstration, get
from tests.e2e.demo.story import hold_the_story
from tests.infrastructure.once import made_once


@dataclass(frozen=True)
class FirstStart:
    """`folder` has `data` and `log`; `links` are what was printed after the front page's address."""

    folder: Path
    front: str
    links: list[str]
    link_statuses: list[int]


@pytest.fixture(scope="session")
def first_start(tmp_path_factory: pytest.TempPathFactory) -> FirstStart:
    return made_once(tmp_path_factory, "demonstration", _start)


def _start(folder: Path) -> FirstStart:
    with demonstration(folder / "data", {"BORGERTING_LOG_LEVEL": "debug"}) as (front, *links):
        hold_the_story(front)
        statuses = [get(line.removeprefix(f"{role}: "))[0] for line, role in zip(links, ROLES, strict=True)]
    return FirstStart(folder, front, links, statuses)
