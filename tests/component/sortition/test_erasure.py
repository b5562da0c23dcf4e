"""What is erased is gone from the files of a SQLite store, not only from its answers."""

from __future__ import annotations

from pathlib import Path

from borgerting.sortition.v1 import selection_service_pb2 as pb
from tests.component.sortition.house import SECRETARIAT, House
from tests.infrastructure.stores import Stores

ERASED = b"NAMEMARK7"


def on_disk(folder: Path) -> bool:
    return any(ERASED in path.read_bytes() for path in folder.iterdir())


def test_an_erased_name_is_on_no_page_of_the_store(tmp_path: Path) -> None:
    house = House(Stores("sqlite", tmp_path, None))
    selection = house.filled()
    assert on_disk(tmp_path)
    with house.database.reading("hjemby") as transaction:
        # Builds of SQLite differ in their default; ours must not depend on it.
        assert transaction.connection.exec_driver_sql("PRAGMA secure_delete").scalar_one() == 1
    people = house.selections.list_people(SECRETARIAT, pb.ListPeopleRequest(parent=selection)).people
    person = next(person for person in people if person.pool_id == "p007")
    house.selections.delete_person(SECRETARIAT, pb.DeletePersonRequest(name=person.name))
    house.close()  # as a stop does: the write-ahead log is folded in and goes
    assert not on_disk(tmp_path)
