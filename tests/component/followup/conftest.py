"""The suite in which follow-up's surfaces are tested."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.component.followup.suite import Running, running_suite


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running_suite(tmp_path_factory.mktemp("suite")) as made:
        yield made
