"""Municipalities take turns: nobody starves, nobody has the last worker."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chassis.turns import Turns

TOWNS = ("dragoer", "havnsted", "strandby", "aeroe")


def test_who_was_served_longest_ago_comes_first_however_much_another_has_waiting() -> None:
    turns = Turns(2)
    waiting = {"dragoer": 1, "havnsted": 9}
    assert turns.order(waiting) == ["dragoer", "havnsted"]
    turns.begin("dragoer")
    assert turns.order(waiting) == ["havnsted", "dragoer"]
    turns.end("dragoer")
    assert turns.order(waiting) == ["havnsted", "dragoer"]
    turns.begin("havnsted")
    turns.end("havnsted")
    assert turns.order(waiting) == ["dragoer", "havnsted"]


def test_the_last_worker_is_left_to_the_others_unless_it_is_the_only_one() -> None:
    turns = Turns(3)
    for _ in range(2):
        assert turns.full() == frozenset()
        turns.begin("dragoer")
    assert turns.full() == {"dragoer"}
    turns.end("dragoer")
    assert turns.full() == frozenset()
    alone = Turns(1)
    assert alone.full() == frozenset()
    alone.begin("dragoer")
    assert alone.full() == {"dragoer"}


@given(
    st.integers(1, 5),
    st.lists(st.tuples(st.sampled_from(TOWNS), st.integers(1, 6)), max_size=40),
    st.lists(st.integers(0, 10), max_size=200),
)
def test_who_has_nothing_at_hand_is_passed_over_once_at_most_for_the_same_other(
    workers: int, asked: list[tuple[str, int]], ends: list[int]
) -> None:
    turns, running, waiting = Turns(workers), [], {}
    for town, number in asked:
        waiting[town] = waiting.get(town, 0) + number
    passed: dict[tuple[str, str], int] = {}
    for end in [*ends, *[0] * 300]:
        while len(running) < workers:
            able = {town: 0 for town, n in waiting.items() if n and town not in turns.full()}
            if not able:
                break
            taken = turns.order(able)[0]
            turns.begin(taken)
            running.append(taken)
            waiting[taken] -= 1
            passed = {pair: number for pair, number in passed.items() if pair[0] != taken}
            for other in able:
                if other != taken and not running.count(other):
                    passed[other, taken] = passed.get((other, taken), 0) + 1
                    assert passed[other, taken] == 1
            assert running.count(taken) == 1 + min(running.count(town) - (town == taken) for town in able)
            assert all(running.count(town) <= max(1, workers - 1) for town in running)
        if running:
            turns.end(running.pop(end % len(running)))
    assert not any(waiting.values())
    assert not running
