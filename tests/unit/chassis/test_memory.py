"""What a process remembers of a store: never another municipality's, never for longer or more than it may."""

from __future__ import annotations

from chassis.memory import Memory, OwnMemory


class Watch:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_it_is_forgotten_after_its_time() -> None:
    watch = Watch()
    memory = Memory(monotonic=watch)
    memory.keep(("a", "x"), "value", memory.mark, 1.0)
    watch.seconds = 1.0
    assert memory.recall(("a", "x")) == "value"
    watch.seconds = 1.1
    assert memory.recall(("a", "x")) is None


def test_what_was_used_longest_ago_is_dropped_first() -> None:
    memory = Memory(capacity=2)
    memory.keep(("a", 1), "one", memory.mark)
    memory.keep(("a", 2), "two", memory.mark)
    assert memory.recall(("a", 1)) == "one"
    memory.keep(("a", 3), "three", memory.mark)
    assert [memory.recall(("a", number)) for number in (1, 2, 3)] == ["one", None, "three"]


def test_what_was_read_before_a_change_is_not_kept_after_it() -> None:
    memory = Memory()
    read_under = memory.mark
    memory.keep(("a", "x"), "old", read_under)
    memory.forget(("a", "x"))
    assert memory.recall(("a", "x")) is None
    memory.keep(("a", "x"), "old", read_under)
    assert memory.recall(("a", "x")) is None
    memory.keep(("a", "x"), "new", memory.mark)
    assert memory.recall(("a", "x")) == "new"


def test_a_municipality_recalls_its_own_alone() -> None:
    memory = Memory()
    here, there = OwnMemory(memory, "dragoer", memory.mark), OwnMemory(memory, "amager", memory.mark)
    here.keep("ours", "x", 1)
    assert here.recall("x", 1) == "ours"
    assert there.recall("x", 1) is None
    assert here.recall("x", 2) is None


def test_who_writes_keeps_nothing() -> None:
    memory = Memory()
    writer = OwnMemory(memory, "dragoer", None)
    writer.keep("may be undone", "x", 1)
    assert writer.recall("x", 1) is None
