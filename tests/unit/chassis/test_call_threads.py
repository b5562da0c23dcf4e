"""The threads of a gRPC server: few while calls are quick, more where they wait."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from chassis.rpc.threads import CallThreads

LONG = 30.0


@pytest.fixture
def threads() -> Iterator[CallThreads]:
    made = CallThreads(2, 5)
    yield made
    made.shutdown(cancel_futures=True)


def test_a_call_gives_what_it_gives_and_raises_what_it_raises(threads: CallThreads) -> None:
    assert threads.submit(divmod, 7, 2).result(LONG) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        threads.submit(divmod, 7, 0).result(LONG)
    assert threads.submit(int, "7", base=8).result(LONG) == 7


def test_where_calls_wait_for_one_another_others_are_answered_all_the_same(threads: CallThreads) -> None:
    go_on = threading.Event()
    slow = [threads.submit(go_on.wait, LONG) for _ in range(2)]
    assert threads.submit(len, "quick").result(LONG) == 5
    assert not any(each.done() for each in slow)
    go_on.set()
    assert all(each.result(LONG) for each in slow)


def test_as_many_as_there_may_be_can_wait_for_one_another(threads: CallThreads) -> None:
    together = threading.Barrier(5)
    calls = [threads.submit(together.wait, LONG) for _ in range(5)]
    assert sorted(each.result(LONG) for each in calls) == [0, 1, 2, 3, 4]


def test_after_the_end_nothing_is_taken_and_what_waited_is_cancelled() -> None:
    made = CallThreads(1, 1)
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        begun.set()
        go_on.wait(LONG)

    running, waiting = made.submit(slow), made.submit(len, "")
    assert begun.wait(LONG)
    made.shutdown(wait=False, cancel_futures=True)
    assert waiting.cancelled()
    with pytest.raises(RuntimeError):
        made.submit(len, "")
    go_on.set()
    made.shutdown()
    assert running.done()


def test_while_a_call_stands_aside_another_is_answered_in_its_place() -> None:
    made = CallThreads(1, 1)
    answered: list[int] = []

    def stands_aside() -> bool:
        with made.aside() as room:
            answered.append(made.submit(len, "quick").result(LONG))
            return room

    try:
        assert made.submit(stands_aside).result(LONG)
        assert answered == [5]
        assert made.submit(len, "").result(LONG) == 0
        until_one_is_left(made)
    finally:
        made.shutdown(cancel_futures=True)


def until_one_is_left(made: CallThreads) -> None:
    gone = threading.Event()
    for _ in range(3000):
        if len(made._threads) == 1:
            return
        gone.wait(0.01)
    raise AssertionError("the thread that stood in stays")


def test_no_more_stand_aside_than_may_and_none_after_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chassis.rpc.threads.MOST_ASIDE", 1)
    made = CallThreads(1, 1)
    with made.aside() as first, made.aside() as second:
        assert (first, second) == (True, False)
    made.shutdown(cancel_futures=True)
    with made.aside() as after:
        assert not after
