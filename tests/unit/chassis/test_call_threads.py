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
