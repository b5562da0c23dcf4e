"""How many people a second can sign up when many press at once, beside pgbench that runs the same statements.

Ours: the volunteer portal's CreateSignUp through its desk, where gRPC and REST meet (what a transport costs
is benchmarks.calls' subject), by as many threads as pgbench has clients, in one process, on a real PostgreSQL
(fsync on). The statements of that path are recorded while two people sign up for a slot with one place, and
written as a script of pgbench: the same statements in the same order with the same locks and rows, prepared;
the place or the queue is chosen as the portal chooses. Each side works on its own copy of one database.

Each round opens slots with half as many places as people come, some full soon and some late. What each client
does first in a round is not counted: pgbench's have just connected, and the server plans a prepared statement
anew the first five times. Nor is what happens once a client has done its share, for then fewer press at once.
Before each round both databases are vacuumed and analysed, which else autovacuum would do to either at some
moment. At the end, on both sides, no slot may be overbooked, and everybody must have a place or a number in
the queue.

Exits 1 when the ratio is missed, a slot is overbooked or anybody is unaccounted for.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row

from benchmarks.signups_pgbench import Press, pgbench, recorded, write_script
from borgerting.volunteer.v1 import sign_up_service_pb2 as pb
from chassis.memory import Memory
from tests.component.volunteer.house import House
from tests.infrastructure.postgres import PostgresServer, Urls
from tests.infrastructure.stores import Stores
from tests.unit.volunteer.house import START, volunteer

GOAL = 0.4
CLIENTS = 8
SLOTS = 10
"""Open at once; each client goes from one to another at random."""
WARM = 40
"""Sign-ups of each client before those that count: of them some 8 wait, which has statements of its own."""


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each side; the median counts")
    parser.add_argument("--each", type=int, default=60, help="sign-ups of each client that count in a round")
    options = parser.parse_args()
    each = WARM + options.each
    with (
        tempfile.TemporaryDirectory(prefix="bt-signups-") as name,
        PostgresServer.running(durable=True) as server,
    ):
        stores = Stores("postgresql", Path(name), server)
        house = House(stores)
        presses = both_ways(house)
        # Chance sends a client to one slot more often than to another: twice the mean, and some.
        for number in range(CLIENTS * (2 * each // SLOTS + 15)):
            house.known(number)
        opened = [open_slots(house, number, each) for number in range(options.rounds + 1)]
        address = stores.urls(house.database)
        house.database.engine.dispose()
        peer = server.clone(address)
        rates: list[list[float]] = []
        for number, slots in enumerate(opened):
            script = Path(name) / f"round{number}.sql"
            write_script(script, presses, slots, CLIENTS)
            for each_address in (address, peer):
                tidy(each_address)
            sides = [
                partial(ours, house, slots, each, number),
                partial(pgbench, peer, script, SLOTS, CLIENTS, each, number),
            ]
            order = (0, 1) if number % 2 == 0 else (1, 0)
            measured = {side: steady(sides[side](), WARM) for side in order}
            rates.append([measured[0], measured[1]])
        expected = CLIENTS * each * len(opened) + len(presses)
        wrong = [f"ours: {line}" for line in unaccounted(address, expected)]
        wrong += [f"pgbench: {line}" for line in unaccounted(peer, expected)]
        house.database.close()
    statements = " or ".join(str(len(press.statements)) for press in presses)
    print(f"{CLIENTS} at once, {SLOTS} slots, {statements} statements; medians of {options.rounds} rounds\n")
    return report(rates[1:], wrong, expected)  # the first opened connections and filled caches


def steady(ended: Sequence[Sequence[float]], warm: int) -> float:
    """A second, while all clients were at it and each had done `warm`. `ended`: when each client's sign-ups
    did, in seconds.
    """
    begin, end = max(times[warm - 1] for times in ended), min(times[-1] for times in ended)
    counted = sum(begin < time <= end for times in ended for time in times)
    if counted < len(ended):
        raise RuntimeError("the clients were not at it at the same time")
    return counted / (end - begin)


def tidy(address: Urls) -> None:
    with psycopg.connect(address.superuser, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")


def report(rates: Sequence[Sequence[float]], wrong: Sequence[str], expected: int) -> int:
    mine, theirs = (statistics.median(side) for side in zip(*rates, strict=True))
    # Of runs beside one another: a busy machine slows both.
    ratio = statistics.median(one / other for one, other in rates)
    print("| | sign-ups a second |\n|---|---|")
    print(f"| CreateSignUp on PostgreSQL | {mine:,.0f} |\n| pgbench, the same statements | {theirs:,.0f} |")
    print(f"\nratio {ratio:.2f}, goal {GOAL}: {'met' if ratio >= GOAL else 'missed'}")
    for line in wrong:
        print(line)
    if not wrong:
        print(f"no slot is overbooked, and all {expected:,} of each side have a place or a number in a queue")
    return 1 if wrong or ratio < GOAL else 0


def both_ways(house: House) -> list[Press]:
    """A press that gets the place, and one that gets the queue."""
    (slot,) = house.open(1, (START,))
    presses = []
    # What is read once a second, and then remembered, belongs to no single press.
    house.database.memory = Memory(monotonic=lambda: 0.0)
    for number, state in enumerate((pb.SignUp.STATE_CONFIRMED, pb.SignUp.STATE_WAITLISTED)):
        caller = house.known(number)
        with recorded(house.database) as statements:
            made = house.sign_up(slot, caller)
        if made.state != state:
            raise RuntimeError(f"{made.name} is {pb.SignUp.State.Name(made.state)}")
        presses.append(Press(tuple(statements), caller.principal.subject, slot, made.name, made.person))
    house.database.memory = Memory()
    return presses


def open_slots(house: House, number: int, each: int) -> list[str]:
    """A round's slots, each of a task of its own and on a day of its own: nobody's places overlap. The first
    has places for a twentieth of those who come, the next for three twentieths, and so on.
    """
    comers = CLIENTS * each // SLOTS
    first = START + timedelta(days=1 + number * SLOTS)
    return [
        house.open(max(1, comers * (2 * at + 1) // (2 * SLOTS)), (first + timedelta(days=at),))[0]
        for at in range(SLOTS)
    ]


def ours(house: House, slots: Sequence[str], each: int, seed: int) -> list[list[float]]:
    """When each client's sign-ups ended, in seconds. Raises RuntimeError when one is refused."""
    ready = threading.Barrier(CLIENTS)
    ended: list[list[float]] = [[] for _ in range(CLIENTS)]
    errors: list[Exception] = []

    def work(client: int) -> None:
        chance, turns = Random(f"{seed}/{client}"), Counter[str]()
        try:
            ready.wait(30)
            for _ in range(each):
                slot = chance.choice(slots)
                # Nobody presses twice for one slot.
                house.sign_up(slot, volunteer(turns[slot] * CLIENTS + client))
                turns[slot] += 1
                ended[client].append(time.perf_counter())
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(client,)) for client in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise RuntimeError("a sign-up failed") from errors[0]
    return ended


_STANDS = """
SELECT slots.slot_id, capacity, confirmed, waiting, last_number,
       count(*) AS came, count(DISTINCT person_id) AS people, min(number) AS first, max(number) AS last,
       count(DISTINCT number) AS numbers,
       count(*) FILTER (WHERE state = 'CONFIRMED') AS places,
       count(*) FILTER (WHERE state = 'CONFIRMED' AND number <= capacity) AS rightly,
       count(*) FILTER (WHERE state = 'WAITLISTED') AS queue
FROM slots JOIN sign_ups USING (municipality_id, slot_id)
GROUP BY slots.municipality_id, slots.slot_id, capacity, confirmed, waiting, last_number
"""


def unaccounted(address: Urls, expected: int) -> list[str]:
    """What is not as it must be in the database itself, in words."""
    with psycopg.connect(address.superuser, row_factory=namedtuple_row) as connection:
        rows: list[Any] = list(connection.execute(_STANDS).fetchall())
    found = []
    for row in rows:
        if row.places > row.capacity:
            found.append(f"slot {row.slot_id}: {row.places} people in {row.capacity} places")
        if row.places != min(row.capacity, row.came) or row.places != row.rightly:
            found.append(f"slot {row.slot_id}: places did not go to those who came first")
        if (row.confirmed, row.waiting, row.last_number) != (row.places, row.queue, row.came):
            found.append(f"slot {row.slot_id}: its counts are not those of its sign-ups")
        if not (row.came == row.people == row.numbers == row.last and row.first == 1):
            found.append(f"slot {row.slot_id}: somebody is in it twice, or a number is missing")
    if (came := sum(row.came for row in rows)) != expected:
        found.append(f"{came} sign-ups stand, {expected} were made")
    return found


if __name__ == "__main__":
    sys.exit(main())
