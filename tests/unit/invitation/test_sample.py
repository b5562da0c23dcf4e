"""Whom to write to: exact numbers, exact chances, one letter per address, the same whatever the order."""

from __future__ import annotations

import hashlib
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.sortition.invitation.errors import BadInput
from services.sortition.invitation.register import read
from services.sortition.invitation.sample import draw, share_out, systematic, whole
from services.sortition.invitation.types import Design, Entry
from services.sortition.lottery.generator import Generator
from tests.unit.invitation.cases import CELLS, ones, people, shuffled

designs = st.sampled_from(list(Design))
counts = st.tuples(*[st.integers(0, 7)] * 4)
weights = st.lists(st.sampled_from([0.0, 0.1, 1.0, 3.0, 7.5]), min_size=4, max_size=4)


def weight_of(register_cells: tuple[tuple[str, ...], ...], by_cell: list[float]) -> np.ndarray:
    table = dict(zip(CELLS, by_cell, strict=True))
    return np.array([table[cell] for cell in register_cells])


@given(counts, weights, st.integers(0, 30), designs, st.integers(0, 4), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_as_many_letters_as_asked_and_never_two_to_an_address(
    sizes: tuple[int, ...], by_cell: list[float], letters: int, design: Design, per_home: int, order: int
) -> None:
    entries = people(sizes, per_home)
    register = read(entries, "seed")
    chosen = weight_of(register.cells, by_cell)
    one_each = per_home > 0
    drawn = draw(register, chosen, letters, "seed", design, one_per_address=one_each)
    ids = [register.id(p) for p in drawn.invited.tolist()]
    assert ids == sorted(set(ids))
    table = dict(zip(CELLS, by_cell, strict=True))
    able = [e for e in entries if table[e.values] > 0]
    units = len({e.address for e in able}) if one_each else len(able)
    assert len(ids) == min(letters, units)
    assert drawn.chances.sum() == pytest.approx(len(ids))
    assert ((drawn.chances >= 0) & (drawn.chances <= 1 + 1e-12)).all()
    homes = Counter(e.address for e in entries if e.id in set(ids))
    assert not one_each or max(homes.values(), default=0) <= 1
    assert {e.id for e in able} >= set(ids)
    other = read(shuffled(entries, order), "seed")
    again = draw(other, chosen, letters, "seed", design, one_per_address=one_each)
    assert [other.id(p) for p in again.invited.tolist()] == ids


@given(counts, weights, st.integers(0, 30), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_each_type_gets_its_expected_letters_rounded_down_or_up(
    sizes: tuple[int, ...], by_cell: list[float], letters: int, seed: int
) -> None:
    register = read(people(sizes), str(seed))
    chosen = weight_of(register.cells, by_cell)
    drawn = draw(register, chosen, letters, str(seed), Design.WEIGHTED, one_per_address=False)
    types = len(register.cells)
    got = np.bincount(register.types[drawn.invited], minlength=types)
    expected = np.bincount(register.types, drawn.chances, minlength=types)
    assert (np.abs(got - expected) < 1 + 1e-9).all()
    totals, chances = share_out(register.people, chosen, letters, str(seed))
    assert totals.sum() == got.sum()
    assert chances * register.people == pytest.approx(expected)
    assert (np.abs(totals - expected) < 1 + 1e-9).all()
    assert (totals <= register.people).all()


@pytest.mark.parametrize("design", list(Design))
@pytest.mark.parametrize("one_each", [False, True])
def test_the_stated_chances_are_those_of_many_draws(design: Design, one_each: bool) -> None:
    """2,000 seeds: every person's share of draws is within four standard errors of the chance stated."""
    entries = people((5, 4, 3, 2), per_home=3)
    chosen = ones() if design is Design.SIMPLE else np.array([1.0, 2.0, 0.5, 8.0])
    times = 2000
    hits = np.zeros(14)
    for seed in range(times):
        register = read(entries, str(seed))
        drawn = draw(register, chosen, 4, str(seed), design, one_per_address=one_each)
        hits[drawn.invited] += 1
    expected = drawn.chances
    error = np.sqrt(expected * (1 - expected) / times)
    assert (np.abs(hits / times - expected) <= 4 * error + 1e-12).all()
    if design is Design.SIMPLE and not one_each:
        assert expected == pytest.approx(np.full(14, 4 / 14))


@given(st.lists(st.integers(0, 12), min_size=1, max_size=8), st.integers(1, 6))
@settings(max_examples=60, deadline=None)
def test_systematic_chances_are_exact_over_every_start(sizes: list[int], count: int) -> None:
    """Every start of the comb in turn: the share of starts that take a unit is its chance, as a fraction."""

    class Start(Generator):
        def __init__(self, start: int) -> None:
            self.start, self.asked = start, 0

        def below(self, n: int) -> int:
            self.asked = n
            return self.start

    array = np.array(sizes, dtype=np.int64)
    probe = Start(0)
    _, chances = systematic(array, count, probe)
    hits = np.zeros(len(sizes))
    for start in range(max(probe.asked, 1)):
        taken, _ = systematic(array, count, Start(start))
        assert len(taken) == min(count, np.count_nonzero(array))
        hits[taken] += 1
    assert hits / max(probe.asked, 1) == pytest.approx(chances)


def test_simple_takes_every_set_alike() -> None:
    """Of 4 people 2 letters: all 6 pairs, each about as often."""
    entries = people((1, 1, 1, 1))
    seen: Counter[tuple[int, ...]] = Counter()
    for seed in range(1200):
        register = read(entries, str(seed))
        drawn = draw(register, ones(), 2, str(seed), Design.SIMPLE, one_per_address=False)
        seen[tuple(sorted(drawn.invited.tolist()))] += 1
    assert len(seen) == 6
    assert all(abs(times - 200) < 4 * np.sqrt(1200 * 5 / 36) for times in seen.values())


def test_the_digests_are_as_specified() -> None:
    key = hashlib.sha256(b"borgerting generator v1\ninvitation\ntown hall").digest()
    digest = hashlib.sha256(key + "ærø-1".encode()).digest()
    register = read([Entry("ærø-1", CELLS[0], "", 2)], "town hall")
    assert [int(word) for word in register.words[0]] == [
        int.from_bytes(digest[i : i + 8], "big") for i in range(0, 32, 8)
    ]
    assert (register.id(0), len(register), register.cells) == ("ærø-1", 1, (CELLS[0],))


def test_nobody_one_person_and_zero_letters() -> None:
    empty = read([], "s")
    for one_each in (False, True):
        drawn = draw(empty, np.zeros(0), 5, "s", Design.SIMPLE, one_per_address=one_each)
        assert (len(drawn.invited), drawn.units) == (0, 0)
        one = read([Entry("a", CELLS[0], "road", 2)], "s")
        assert draw(one, np.ones(1), 5, "s", Design.WEIGHTED, one_per_address=one_each).chances == [1.0]
        none = draw(one, np.ones(1), 0, "s", Design.STRATIFIED, one_per_address=one_each)
        assert (len(none.invited), none.chances.tolist()) == (0, [0.0])
    assert share_out(np.zeros(0, dtype=np.int64), np.zeros(0), 3, "s")[0].tolist() == []


def test_an_address_too_likely_for_one_letter_gets_it_surely() -> None:
    entries = [Entry(str(i), CELLS[0], "one" if i < 8 else f"other {i}", i + 2) for i in range(10)]
    register = read(entries, "s")
    drawn = draw(register, np.ones(1), 2, "s", Design.SIMPLE, one_per_address=True)
    assert drawn.chances.tolist() == pytest.approx([1 / 8] * 8 + [1 / 2] * 2)


def test_repeated_and_empty_ids_are_told_by_their_rows() -> None:
    entries = [Entry("a", CELLS[0], "", 2), Entry("b", CELLS[1], "", 3), Entry("a", CELLS[2], "", 4)]
    with pytest.raises(BadInput) as caught:
        read([*entries, Entry("", CELLS[0], "", 5)], "s")
    told = {reason.code: dict(reason.params) for reason in caught.value.reasons}
    assert told == {"ID_EMPTY": {"row": "5"}, "ID_TWICE": {"row": "4", "first": "2"}}


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -1.0])
def test_weights_that_are_none(bad: float) -> None:
    with pytest.raises(BadInput, match="WEIGHT_NOT_A_NUMBER"):
        whole(np.array([1.0, bad]))
    register = read(people((1, 0, 0, 0)), "s")
    with pytest.raises(BadInput, match="LETTERS_NEGATIVE"):
        draw(register, np.ones(1), -1, "s", Design.SIMPLE, one_per_address=False)
    with pytest.raises(BadInput, match="LETTERS_NEGATIVE"):
        share_out(np.ones(1, dtype=np.int64), np.ones(1), -1, "s")
