"""What an issuance ledger and a ballot box's rows must do, whatever they are kept in.

Subclass a suite with a fixture that makes the store empty. Two of a kind never share a store with the other:
tests of adapters hold that too.
"""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from services.deliberation.ballots.box import BoxRows
from services.deliberation.ballots.opening import Way
from services.deliberation.ballots.signer import IssuanceLedger

BALLOT, OTHER = str(uuid.uuid4()), str(uuid.uuid4())
FIRST, SECOND = bytes([1] * 32), bytes([2] * 32)


class LedgerSuite:
    """`ledger`: empty, with the members m1 … m9 entitled to vote on BALLOT and OTHER."""

    @pytest.fixture
    def ledger(self) -> IssuanceLedger:
        raise NotImplementedError

    def test_it_knows_who_is_entitled(self, ledger: IssuanceLedger) -> None:
        assert ledger.entitled(BALLOT, "m1")
        assert not ledger.entitled(BALLOT, "stranger")
        assert not ledger.entitled(BALLOT, "")

    def test_the_first_request_stands(self, ledger: IssuanceLedger) -> None:
        assert ledger.claim(BALLOT, "m1", Way.TOKEN, FIRST) == FIRST
        assert ledger.claim(BALLOT, "m1", Way.TOKEN, FIRST) == FIRST
        assert ledger.claim(BALLOT, "m1", Way.TOKEN, SECOND) == FIRST
        assert ledger.claim(BALLOT, "m1", Way.PAPER, SECOND) == FIRST
        assert ledger.claim(BALLOT, "m2", Way.TOKEN, SECOND) == SECOND

    def test_it_counts_by_way_and_question(self, ledger: IssuanceLedger) -> None:
        assert ledger.issued(BALLOT, Way.TOKEN) == 0
        ledger.claim(BALLOT, "m1", Way.TOKEN, FIRST)
        ledger.claim(BALLOT, "m1", Way.PAPER, SECOND)
        ledger.claim(BALLOT, "m2", Way.PAPER, SECOND)
        ledger.claim(OTHER, "m1", Way.TOKEN, SECOND)
        assert [ledger.issued(BALLOT, way) for way in (Way.CODE, Way.PAPER, Way.TOKEN)] == [0, 1, 1]
        assert ledger.issued(OTHER, Way.TOKEN) == 1

    def test_of_many_requests_at_once_one_stands(self, ledger: IssuanceLedger) -> None:
        requests = [bytes([i] * 32) for i in range(8)]
        with ThreadPoolExecutor(8) as pool:
            stood = set(pool.map(lambda r: ledger.claim(BALLOT, "m3", Way.TOKEN, r), requests))
        assert len(stood) == 1
        assert stood <= set(requests)
        assert ledger.issued(BALLOT, Way.TOKEN) == 1


class BoxRowsSuite:
    """`rows`: empty."""

    @pytest.fixture
    def rows(self) -> BoxRows:
        raise NotImplementedError

    def test_the_first_entry_stands(self, rows: BoxRows) -> None:
        assert rows.put(BALLOT, "a" * 64, b"yes") == b"yes"
        assert rows.put(BALLOT, "a" * 64, b"yes") == b"yes"
        assert rows.put(BALLOT, "a" * 64, b"no") == b"yes"
        assert list(rows.all(BALLOT)) == [b"yes"]

    def test_a_key_is_one_questions(self, rows: BoxRows) -> None:
        rows.put(BALLOT, "a" * 64, b"yes")
        assert rows.put(OTHER, "a" * 64, b"no") == b"no"
        assert list(rows.all(BALLOT)) == [b"yes"]
        assert list(rows.all(str(uuid.uuid4()))) == []

    def test_it_gives_every_entry_back(self, rows: BoxRows) -> None:
        entries = {f"{i:064x}": f"entry {i}".encode() for i in range(50)}
        for key, entry in entries.items():
            rows.put(BALLOT, key, entry)
        assert sorted(rows.all(BALLOT)) == sorted(entries.values())

    def test_of_many_votes_at_once_with_one_credential_one_stands(self, rows: BoxRows) -> None:
        entries = [f"entry {i}".encode() for i in range(8)]
        with ThreadPoolExecutor(8) as pool:
            stood = set(pool.map(lambda entry: rows.put(BALLOT, "b" * 64, entry), entries))
        assert len(stood) == 1
        assert list(rows.all(BALLOT)) == list(stood)
