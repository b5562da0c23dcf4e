"""The stores in memory, which the tests of the engine use, do what every store must."""

from __future__ import annotations

import pytest

from tests.contract.ballots.suites import BoxRowsSuite, LedgerSuite
from tests.unit.ballots.house import Ledger, Rows


class TestMemoryLedger(LedgerSuite):
    @pytest.fixture
    def ledger(self) -> Ledger:
        return Ledger(f"m{i}" for i in range(1, 10))


class TestMemoryRows(BoxRowsSuite):
    @pytest.fixture
    def rows(self) -> Rows:
        return Rows()
