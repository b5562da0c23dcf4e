"""Commitments and receipts: a volunteer can find themselves, nobody can guess somebody else."""

from __future__ import annotations

import hashlib
import json
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.sortition.lottery.commitment import ID_LENGTH, SALT_BYTES, Identity, commit, mint, opening
from services.sortition.lottery.receipt import decimal


def test_each_receipt_opens_its_commitment_by_hand(draw):
    published = draw.publish()
    commitments = json.loads(published.commitment)["commitments"]
    header = published.receipts.header
    assert header == ("id", "random_id", "salt", "køn", "optimal", "drawn", "commitment")
    for row in published.receipts.rows:
        person = dict(zip(header, row, strict=True))
        # Exactly what docs/record.md tells a volunteer to hash.
        line = (
            f'{{"id":"{person["id"]}","random_id":"{person["random_id"]}","salt":"{person["salt"]}",'
            f'"values":{{"køn":"{person["køn"]}"}},"version":"borgerting.receipt/1"}}'
        )
        assert hashlib.sha256(line.encode()).hexdigest() == person["commitment"]
        assert commitments[person["random_id"]] == person["commitment"]


def test_receipts_state_both_chances(draw):
    rows = {row[0]: row for row in draw.publish().receipts.rows}
    assert rows["p00"][4:6] == ("0.250000000000", "0.250000000000")
    assert rows["p12"][4:6] == ("0.400000000000", "0.400000000000")
    assert rows["p13"][4:6] == ("0.000000000000", "0.000000000000")
    assert len(rows) == len(draw.problem.people)


@settings(deadline=None)
@given(st.fractions(0, 1))
def test_a_chance_is_a_plain_decimal_within_half_a_digit(chance):
    text = decimal(chance)
    whole, digits = text.split(".")
    assert whole in ("0", "1")
    assert len(digits) == 12
    assert abs(Fraction(text) - chance) <= Fraction(1, 2 * 10**12)


@settings(deadline=None)
@given(st.text(), st.dictionaries(st.text(), st.text(), max_size=4), st.binary(min_size=16, max_size=16))
def test_a_commitment_changes_with_anything_it_binds(person, values, salt):
    identity = Identity("0123456789", salt.hex())
    digest = commit(person, identity, values)
    assert digest == hashlib.sha256(opening(person, identity, values)).hexdigest()
    others = [
        commit(person + "x", identity, values),
        commit(person, Identity("0123456788", identity.salt), values),
        commit(person, Identity("0123456789", "00" + identity.salt), values),
        commit(person, identity, {**values, "new": ""}),
    ]
    assert digest not in others


def test_random_ids_are_unique_even_when_the_source_repeats_itself():
    repeated = iter([bytes(10), bytes(16), bytes(10), bytes(range(10)), bytes(16)])
    identities = mint(["a", "b"], lambda _n: next(repeated))
    assert [identity.random_id for identity in identities.values()] == ["0000000000", "0123456789"]


def test_a_source_that_only_repeats_itself_is_an_error():
    with pytest.raises(ValueError, match="repeats itself"):
        mint(["a", "b"], bytes)


@settings(deadline=None)
@given(st.binary(min_size=26 * 3, max_size=26 * 3))
def test_ids_and_salts_have_their_form(noise):
    stream = iter(noise)
    try:
        identities = mint(["a", "b", "c"], lambda n: bytes(next(stream) for _ in range(n)))
    except (RuntimeError, ValueError):  # the noise repeated itself and ran out
        return
    assert len({identity.random_id for identity in identities.values()}) == 3
    for identity in identities.values():
        assert len(identity.random_id) == ID_LENGTH
        assert set(identity.random_id) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
        assert len(bytes.fromhex(identity.salt)) == SALT_BYTES >= 16
