"""Periodic work: at once, again and again, whatever it raises, until it is stopped."""

from __future__ import annotations

import threading

from chassis.periodic import Periodic


def test_it_is_done_at_once_and_again_though_it_failed() -> None:
    done, thrice = 0, threading.Event()

    def act() -> None:
        nonlocal done
        done += 1
        if done == 3:
            thrice.set()
        raise OSError("the store is away")

    periodic = Periodic("test", act, every_seconds=0.01)
    periodic.start()
    assert thrice.wait(10)
    periodic.stop()
    stopped_at = done
    threading.Event().wait(0.05)
    assert done == stopped_at


def test_it_is_stopped_in_the_middle_of_a_pause() -> None:
    begun = threading.Event()
    periodic = Periodic("test", begun.set, every_seconds=3600)
    periodic.start()
    assert begun.wait(10)
    periodic.stop()
    assert not periodic._thread.is_alive()


def test_what_was_never_started_can_be_stopped() -> None:
    Periodic("test", lambda: None, every_seconds=1).stop()
