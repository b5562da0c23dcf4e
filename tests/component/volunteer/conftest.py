"""One running suite for each module of tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.component.volunteer.suite import Running, running_suite


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running_suite(tmp_path_factory.mktemp("suite")) as made:
        yield made
