"""An erasure takes every row of its municipality and no byte of another's, on both kinds of store."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError

from chassis.app import descriptors
from chassis.clock import SystemClock
from chassis.db import Database
from chassis.erasures import begin_erasure, erasures_in
from chassis.holdings import Holdings
from chassis.holdings.erase import TOMBSTONES, Eraser
from chassis.tables import audit_log, erasures, outbox
from tests.infrastructure.holdings import contents, fill
from tests.infrastructure.stores import Stores, everything

HERE, THERE = "hjemby", "naboby"
SERVICES = sorted(descriptors())
ROOT = Path(__file__).resolve().parents[3]


def prepared(stores: Stores, service: str) -> tuple[Database, Holdings]:
    """A store with two municipalities whose events are sent; of the first the erasure has begun."""
    descriptor = descriptors()[service]
    assert descriptor.holdings is not None
    holdings = descriptor.holdings()
    database = stores.new(holdings.metadata, service, descriptor.migrations)
    with everything(database) as whole:
        for municipality in (HERE, THERE):
            fill(whole.connection, holdings, municipality, leave_out={"erasures"})
        whole.connection.execute(update(outbox).values(published=outbox.c.created))
        if service == "deliberation":  # what was handed over is fixed, for everybody else
            whole.connection.execute(text("UPDATE assemblies SET state = 'HANDED_OVER'"))
    with database.writing(HERE) as transaction:
        begin_erasure(transaction)
        begin_erasure(transaction)
    return database, holdings


def seen(database: Database, holdings: Holdings, municipality: str) -> dict[str, list[tuple[Any, ...]]]:
    with everything(database) as whole:
        return contents(whole.connection, holdings, municipality)


def left(database: Database, holdings: Holdings) -> dict[str, int]:
    return {name: len(rows) for name, rows in seen(database, holdings, HERE).items() if rows}


def tombstone(service: str) -> dict[str, int]:
    """What stays, of the municipality's rows."""
    own = {"outbox": 1} if service == "deliberation" else {}
    return {"erasures": 1, "municipalities": 1} | own


@pytest.mark.parametrize("service", SERVICES)
def test_every_row_goes_and_nobody_else_s(stores: Stores, service: str) -> None:
    database, holdings = prepared(stores, service)
    before = seen(database, holdings, THERE)
    assert left(database, holdings).keys() == {table.name for table in holdings.of_tenants()}
    eraser = Eraser(service, database, holdings, at_once=2)
    assert eraser.look() == 1
    assert left(database, holdings) == tombstone(service)
    assert seen(database, holdings, THERE) == before
    assert eraser.look() == 0


def test_each_step_can_be_the_last_before_a_crash(stores: Stores) -> None:
    """It raises at each step in turn, and whoever comes next goes on."""
    database, holdings = prepared(stores, "deliberation")
    before = seen(database, holdings, THERE)
    steps: list[str] = []
    crashed = 0

    class CrashError(BaseException):
        """As when the process ends: what is an error of one municipality's is not raised."""

    def crash_anew(what: str) -> None:
        """At every step that nobody has come to before."""
        nonlocal crashed
        if what not in steps:
            steps.append(what)
            crashed += 1
            raise CrashError

    eraser = Eraser("deliberation", database, holdings, at_once=1, step=crash_anew)
    while True:
        try:
            if eraser.look():
                break
        except CrashError:
            continue
    assert crashed == len(holdings.of_tenants()) - len(TOMBSTONES) + 1
    assert steps[-1] == "finish"
    assert left(database, holdings) == tombstone("deliberation")
    assert seen(database, holdings, THERE) == before


def test_killed_in_the_middle_it_goes_on(tmp_path: Path) -> None:
    """kill -9, by itself, after the third unit of work."""
    stores = Stores("sqlite", tmp_path, None)
    database, holdings = prepared(stores, "sortition")
    before = seen(database, holdings, THERE)
    script = (
        "import os, signal, sys\n"
        "from chassis.clock import SystemClock\n"
        "from chassis.db import Database\n"
        "from chassis.holdings.erase import Eraser\n"
        "from services.sortition.adapters.holdings import HOLDINGS\n"
        "steps = []\n"
        "def step(what):\n"
        "    steps.append(what)\n"
        "    if len(steps) == 4: os.kill(os.getpid(), signal.SIGKILL)\n"
        "database = Database(sys.argv[1], clock=SystemClock())\n"
        "Eraser('sortition', database, HOLDINGS, at_once=2, step=step).look()\n"
    )
    url = database.url.render_as_string(hide_password=False)
    killed = subprocess.run([sys.executable, "-c", script, url], cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert tombstone("sortition").keys() < left(database, holdings).keys()
    again = Database(url, clock=SystemClock())
    assert Eraser("sortition", again, holdings).look() == 1
    again.close()
    assert left(database, holdings) == tombstone("sortition")
    assert seen(database, holdings, THERE) == before
    stores.close()


def test_one_that_fails_holds_up_no_other_and_is_tried_again(stores: Stores) -> None:
    """The first in the order fails at its first step; the second is erased all the same."""
    database, holdings = prepared(stores, "followup")
    with database.writing(THERE) as transaction:
        begin_erasure(transaction)
    steps: list[str] = []

    def fail_once(what: str) -> None:
        steps.append(what)
        if len(steps) == 1:
            raise RuntimeError("the store may say anything")

    eraser = Eraser("followup", database, holdings, step=fail_once)
    assert eraser.look() == 1
    assert [(each.municipality, each.done is not None) for each in erasures_in(database)] == [
        (HERE, False),
        (THERE, True),
    ]
    assert eraser.look() == 1
    assert all(each.done for each in erasures_in(database))


def test_what_is_to_be_told_is_told_first(stores: Stores) -> None:
    database, holdings = prepared(stores, "followup")
    with everything(database) as whole:
        whole.connection.execute(update(outbox).where(outbox.c.municipality == HERE).values(published=None))
    rows = left(database, holdings)
    assert Eraser("followup", database, holdings).look() == 0
    assert left(database, holdings) == rows
    with everything(database) as whole:
        whole.connection.execute(update(outbox).values(published=outbox.c.created))
    assert Eraser("followup", database, holdings).look() == 1


def test_who_writes_meanwhile_does_not_outlive_it(stores: Stores) -> None:
    database, holdings = prepared(stores, "followup")
    late = [True]

    def step(what: str) -> None:
        if what == "finish" and late.pop():
            late.append(False)
            with database.writing(HERE) as transaction:
                transaction.outbox.add("followup", "promises/1", _event())

    eraser = Eraser("followup", database, holdings, step=step)
    assert eraser.look() == 0
    with everything(database) as whole:
        whole.connection.execute(update(outbox).values(published=outbox.c.created))
    assert eraser.look() == 1
    assert left(database, holdings) == tombstone("followup")


def _event() -> Any:
    from google.protobuf.wrappers_pb2 import StringValue

    return StringValue(value="late")


def test_of_any_other_municipality_the_trail_stays_what_it_is(stores: Stores) -> None:
    """Neither the service itself nor the tables' owner deletes from it, and none changes it."""
    database, _ = prepared(stores, "volunteer")
    of_there = audit_log.delete().where(audit_log.c.municipality == THERE)
    for table in ("audit_log", "outbox", "inbox", "idempotency", "jobs", "dead_letters"):
        if database.shared:  # the app role may delete of an erased one, so of no other
            with database.writing(THERE) as transaction:
                gone = transaction.connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608
                assert gone.rowcount == 0, table
    with pytest.raises(DBAPIError, match="append-only"), everything(database) as whole:
        whole.connection.execute(of_there)
    changes = update(audit_log).where(audit_log.c.municipality == HERE).values(subject="somebody else")
    with pytest.raises(DBAPIError, match="append-only"), everything(database) as whole:
        whole.connection.execute(changes)


def test_an_erasure_that_was_ordered_is_never_taken_back(stores: Stores) -> None:
    database, holdings = prepared(stores, "followup")
    Eraser("followup", database, holdings).look()
    with everything(database) as whole:
        done = whole.connection.execute(select(erasures.c.done)).scalar_one()
    with database.writing(HERE) as transaction:
        begin_erasure(transaction)
    with everything(database) as whole:
        assert whole.connection.execute(select(erasures.c.done)).scalar_one() == done
    if database.shared:
        with pytest.raises(DBAPIError), database.writing(HERE) as transaction:
            transaction.connection.execute(erasures.delete())
    with pytest.raises(DBAPIError), database.writing(HERE) as transaction:
        transaction.connection.execute(insert(erasures).values(municipality=HERE, begun=done))
