"""Slots: so many at a time and no more, the others in the order they asked."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from chassis.limits.slots import AsyncSlots, Slots

LONG = 30.0


def test_so_many_and_no_more() -> None:
    slots = Slots(2)
    assert [slots.enter() for _ in range(3)] == [True, True, False]
    assert not slots.wait(0)
    slots.leave()
    assert slots.wait(0)
    assert not slots.enter()


def test_threads_get_their_turn_in_the_order_they_asked() -> None:
    slots, order = Slots(1), []
    assert slots.enter()
    queued = slots._waiting

    def ask(number: int) -> None:
        assert slots.wait(LONG)
        order.append(number)
        slots.leave()

    with ThreadPoolExecutor(4) as pool:
        asked = []
        for number in range(4):
            asked.append(pool.submit(ask, number))
            while len(queued) <= number:
                pass
        slots.leave()
        for each in asked:
            each.result(LONG)
    assert order == [0, 1, 2, 3]
    assert slots.enter()


def test_what_many_threads_take_and_give_back_adds_up() -> None:
    slots, inside, most = Slots(3), 0, 0
    lock = threading.Lock()

    def work() -> None:
        nonlocal inside, most
        for _ in range(200):
            assert slots.wait(LONG)
            with lock:
                inside += 1
                most = max(most, inside)
            with lock:
                inside -= 1
            slots.leave()

    with ThreadPoolExecutor(8) as pool:
        for each in [pool.submit(work) for _ in range(8)]:
            each.result(LONG)
    assert most <= 3
    assert [slots.enter() for _ in range(4)] == [True, True, True, False]


def test_in_an_event_loop_too() -> None:
    async def scenario() -> list[int]:
        slots, order = AsyncSlots(1), []
        assert slots.enter()
        assert not slots.enter()
        assert not await slots.wait(0)

        async def ask(number: int) -> None:
            assert await slots.wait(LONG)
            order.append(number)
            slots.leave()

        tasks = [asyncio.create_task(ask(number)) for number in range(3)]
        gone = asyncio.create_task(ask(9))
        await asyncio.sleep(0)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        slots.leave()
        await asyncio.gather(*tasks)
        assert slots.enter()
        return order

    assert asyncio.run(scenario()) == [0, 1, 2]


def test_who_leaves_in_the_moment_of_its_turn_passes_it_on() -> None:
    async def scenario() -> None:
        slots = AsyncSlots(1)
        assert slots.enter()
        task = asyncio.create_task(slots.wait(LONG))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        slots.leave()  # it is the task's now
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert slots.enter()

    asyncio.run(scenario())
