"""One house for all tests here: its parts are broken, and whole again at the end of each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.assembly.town import Town
from tests.faults.kills import PATIENCE
from tests.faults.lines import LinedHouse, lined_house
from tests.faults.stream import Stream


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LinedHouse]:
    with lined_house(tmp_path_factory.mktemp("faults")) as made:
        yield made


@pytest.fixture(scope="session")
def stream(house: LinedHouse) -> Iterator[Stream]:
    """A municipality with an assembly whose report has been handed over, and people who are busy."""
    town = Town(house, "travlby", PATIENCE)
    made = Stream(town, "short", again=False, pause=0.05)
    made.start()
    try:
        assert made.promised.wait(300)
        assert made.problems == []
        yield made
    finally:
        made.stop()
        town.close()
