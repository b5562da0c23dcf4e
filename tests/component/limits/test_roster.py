"""The municipalities whose requests are counted are those of the store, on either kind of it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing

from chassis.limits.roster import Roster
from chassis.tables import metadata
from tests.component.sortition.house import HERE, THERE, House
from tests.infrastructure.stores import Stores


class Known:
    def __init__(self) -> None:
        self.told: list[list[str]] = []

    def __call__(self, slugs: Iterable[str]) -> None:
        self.told.append(list(slugs))


def test_it_tells_all_that_the_store_knows(stores: Stores) -> None:
    known = Known()
    with closing(House(stores)) as house:
        roster = Roster(house.database, known)
        roster.start()
        roster.stop()
        roster.read()
    assert known.told == [sorted([HERE, THERE])] * 2


def test_what_was_known_stands_while_the_store_is_away(stores: Stores) -> None:
    known = Known()
    database = stores.new(metadata)
    with closing(database):
        roster = Roster(database, known)
        roster.read()  # a store without a registry or a copy of it
        with database.reading_across():
            roster.read()  # within another unit of work none can be opened
    assert known.told == [[]]
