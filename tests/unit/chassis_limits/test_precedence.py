"""Who goes first: nothing of those behind is worked on beside what is ahead, and none waits for ever."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager

import pytest

from chassis.limits.precedence import Behind, Precedence, give_way

FOR_EVER = 600.0


class Others:
    """Requests behind, each in a thread of its own, which says when its turn came."""

    def __init__(self, precedence: Precedence) -> None:
        self._precedence = precedence
        self._pool = ThreadPoolExecutor(8)
        self.came: list[str] = []

    def ask(self, name: str, until: threading.Event) -> threading.Event:
        begun = threading.Event()

        def work() -> None:
            behind = Behind(self._precedence, name.partition(" ")[0])
            behind.enter(self._told(begun))
            self.came.append(name)
            begun.set()
            assert until.wait(60)
            behind.leave()

        self._pool.submit(work)
        return begun

    def _told(self, waits: threading.Event) -> Callable[[], AbstractContextManager[None]]:
        @contextmanager
        def aside() -> Iterator[None]:
            waits.set()
            yield

        return aside

    def end(self) -> None:
        self._pool.shutdown()


def waits(behind: Behind) -> bool:
    """Whether it would have had to wait."""
    waited = []

    @contextmanager
    def aside() -> Iterator[None]:
        waited.append(True)
        yield

    behind.enter(aside)
    return bool(waited)


def test_where_nothing_is_ahead_who_is_behind_goes_on_at_once() -> None:
    precedence = Precedence(FOR_EVER)
    for _ in range(3):
        behind = Behind(precedence, "dragoer")
        assert not waits(behind)
        behind.leave()


def test_those_behind_go_one_at_a_time_in_their_order() -> None:
    precedence = Precedence(FOR_EVER)
    others, over = Others(precedence), threading.Event()
    first = Behind(precedence, "dragoer")
    assert not waits(first)
    for name in ("second", "third", "fourth"):
        assert others.ask(name, over).wait(60)  # it waits
    assert others.came == []
    over.set()
    first.leave()
    others.end()
    assert others.came == ["second", "third", "fourth"]


def test_those_behind_take_turns_whoever_asks_most() -> None:
    precedence = Precedence(FOR_EVER)
    others, over = Others(precedence), threading.Event()
    over.set()
    precedence.begin()
    for name in ("dragoer 1", "dragoer 2", "dragoer 3", "ishoj 1", "ishoj 2"):
        assert others.ask(name, over).wait(60)
    precedence.end()
    others.end()
    assert others.came == ["dragoer 1", "ishoj 1", "dragoer 2", "ishoj 2", "dragoer 3"]


def test_those_behind_wait_for_all_that_is_ahead() -> None:
    precedence = Precedence(FOR_EVER)
    others, over = Others(precedence), threading.Event()
    over.set()
    precedence.begin()
    precedence.begin()
    assert others.ask("behind", over).wait(60)
    precedence.end()
    assert others.came == []
    precedence.end()
    others.end()
    assert others.came == ["behind"]


def test_but_not_for_ever() -> None:
    precedence = Precedence(0.0)
    precedence.begin()
    first, second = Behind(precedence, "dragoer"), Behind(precedence, "dragoer")
    assert waits(first)
    assert waits(second)
    first.leave()
    second.leave()
    precedence.end()
    assert not waits(Behind(precedence, "dragoer"))


def test_who_is_behind_gives_way_in_between_and_comes_first_of_those_behind() -> None:
    precedence = Precedence(FOR_EVER)
    others, over = Others(precedence), threading.Event()
    over.set()
    ours = Behind(precedence, "dragoer")
    assert not waits(ours)
    give_way()  # to nothing
    assert others.ask("later", over).wait(60)
    precedence.begin()
    ended = threading.Timer(0.05, precedence.end)
    ended.start()
    give_way()
    ended.join()
    assert others.came == []
    ours.leave()
    others.end()
    assert others.came == ["later"]


def test_who_is_ahead_gives_way_to_nobody() -> None:
    precedence = Precedence(FOR_EVER)
    precedence.begin()
    precedence.begin()
    give_way()
    precedence.end()
    precedence.end()
    assert not precedence.has_ahead


def test_a_thread_is_marked_until_its_request_is_over() -> None:
    precedence = Precedence(FOR_EVER)
    behind = Behind(precedence, "dragoer")
    behind.enter()
    behind.leave()
    precedence.begin()
    give_way()  # would wait for ever
    behind.give_way()
    behind.leave()
    precedence.end()
    assert not waits(Behind(precedence, "dragoer"))


def test_whatever_fails_while_waiting_leaves_nothing_taken() -> None:
    precedence = Precedence(FOR_EVER)
    precedence.begin()
    behind = Behind(precedence, "dragoer")

    @contextmanager
    def no_thread() -> Iterator[None]:
        raise RuntimeError("can't start new thread")
        yield

    with pytest.raises(RuntimeError):
        behind.enter(no_thread)
    behind.leave()
    precedence.end()
    assert not waits(Behind(precedence, "dragoer"))


def test_in_an_event_loop_a_turn_comes_from_any_thread() -> None:
    precedence = Precedence(FOR_EVER)
    precedence.begin()

    async def ask() -> None:
        behind = Behind(precedence, "dragoer")
        threading.Timer(0.02, precedence.end).start()
        await behind.enter_later()
        assert not precedence.has_ahead
        # Whatever thread it is answered in gives way.
        precedence.begin()
        threading.Timer(0.02, precedence.end).start()
        await asyncio.to_thread(give_way)
        assert not precedence.has_ahead
        behind.leave()

    asyncio.run(ask())
    assert not waits(Behind(precedence, "dragoer"))


def test_who_goes_away_while_waiting_in_an_event_loop_leaves_nothing_taken() -> None:
    precedence = Precedence(FOR_EVER)
    precedence.begin()

    async def ask() -> None:
        behind = Behind(precedence, "dragoer")

        async def request() -> None:
            try:
                await behind.enter_later()
            finally:
                behind.leave()

        task = asyncio.create_task(request())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(ask())
    precedence.end()
    assert not waits(Behind(precedence, "dragoer"))
