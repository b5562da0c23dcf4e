"""The draw's job: drawn once, whatever happens to workers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from borgerting.sortition.v1 import draw_service_pb2 as pb
from chassis.jobs import Job, JobCancelled, LeaseLost, claim_job
from chassis.jobs_runner import JobRunner
from chassis.metrics import Metrics
from chassis.tables import jobs
from services.sortition.adapters import engine, tables
from services.sortition.adapters.worker import DrawHandler, child_engine
from tests.component.sortition.house import HERE, SECRETARIAT, House
from tests.infrastructure.stores import Stores, everything

LEASE = timedelta(seconds=30)


@pytest.fixture
def house(stores: Stores) -> Iterator[House]:
    made = House(stores)
    yield made
    made.close()


def in_process(payload: bytes, progress: Any, cancelled: Callable[[], bool]) -> bytes:
    return engine.run(payload, progress)


def handler(house: House, run_engine: Any = in_process) -> DrawHandler:
    return DrawHandler(house.database, house.clock, run_engine, lambda method, seconds: None)


def claim(house: House, worker: str = "w1") -> Job:
    job = claim_job(house.database, ["sortition.draw"], worker, LEASE)
    assert job is not None
    return job


def quiet(stage: str, details: Any) -> None:
    pass


def never() -> bool:
    return False


def files(house: House) -> dict[str, bytes]:
    with everything(house.database) as transaction:
        rows = transaction.connection.execute(select(tables.draw_files)).all()
    return {row.filename: bytes(row.content) for row in rows}


def test_the_result_ends_the_job_in_the_same_transaction(house: House) -> None:
    draw = house.draw(house.filled())
    job = claim(house)
    stages: list[str] = []
    handler(house).run(job, lambda stage, details: stages.append(stage), never)
    shown = house.get_draw(draw.name)
    assert shown.state == pb.Draw.STATE_PANELS_READY
    assert {info.filename for info in shown.files} == set(files(house))
    assert "files" in stages
    with house.database.reading(HERE) as transaction:
        stored = transaction.jobs.get(job.id)
    assert stored is not None
    assert stored.state == "SUCCEEDED"


def test_a_worker_that_lost_its_lease_stores_nothing(house: House) -> None:
    draw = house.draw(house.filled())
    slow = claim(house, "slow")

    def meanwhile(payload: bytes, progress: Any, cancelled: Any) -> bytes:
        """While the first is still computing, its lease runs out and another does the whole work."""
        with house.database.writing_across() as transaction:
            transaction.jobs.expire_leases(["sortition.draw"])
        handler(house).run(claim(house, "quick"), quiet, never)
        return in_process(payload, progress, cancelled)

    with pytest.raises(LeaseLost):
        handler(house, meanwhile).run(slow, quiet, never)
    assert house.get_draw(draw.name).state == pb.Draw.STATE_PANELS_READY
    assert len(files(house)) == 5


def test_a_worker_that_comes_after_the_result_leaves_it(house: House) -> None:
    house.draw(house.filled())
    job = claim(house)
    handler(house).run(job, quiet, never)
    before = files(house)
    with everything(house.database) as transaction:
        transaction.connection.execute(
            update(jobs).values(state="RUNNING", lease_until=datetime(2020, 1, 1, tzinfo=UTC))
        )
    again = claim(house, "w2")

    def no_engine(payload: bytes, progress: Any, cancelled: Any) -> bytes:
        raise AssertionError("the result stands; nothing is to be computed")

    handler(house, no_engine).run(again, quiet, never)
    assert files(house) == before


def test_two_runs_give_the_same_panels_under_different_random_ids(house: House) -> None:
    house.draw(house.filled())
    job = claim(house)
    computed: list[engine.EngineResult] = []

    def twice(payload: bytes, progress: Any, cancelled: Any) -> bytes:
        first, second = (engine.run(payload, progress) for _ in range(2))
        computed.extend(map(engine.unpack_result, (first, second)))
        return first

    handler(house, twice).run(job, quiet, never)
    one, other = computed
    assert (one.panels, one.chances) == (other.panels, other.chances)
    assert one.receipts != other.receipts
    assert files(house)["receipts.csv"] == one.receipts


def test_a_cancelled_draw_is_not_drawn(house: House) -> None:
    draw = house.draw(house.filled())
    job = claim(house)

    def cancel_meanwhile(payload: bytes, progress: Any, cancelled: Any) -> bytes:
        house.draws.cancel_draw(SECRETARIAT, pb.CancelDrawRequest(name=draw.name))
        return in_process(payload, progress, cancelled)

    with pytest.raises(JobCancelled):
        handler(house, cancel_meanwhile).run(job, quiet, never)
    assert house.get_draw(draw.name).state == pb.Draw.STATE_CANCELLED
    assert files(house) == {}


def test_an_input_that_is_not_what_was_asked_for_is_not_drawn(house: House) -> None:
    from chassis.errors import DomainError

    house.draw(house.filled())
    job = claim(house)
    with house.database.writing("hjemby") as transaction:
        transaction.connection.execute(update(tables.draw_inputs).values(content=b"{}"))
    with pytest.raises(DomainError) as caught:
        handler(house).run(job, quiet, never)
    assert caught.value.reason == "DRAW_INPUT_CHANGED"


def run_jobs(house: House, run_engine: Any, name: str, *states: int, seconds: float = 60) -> pb.Draw:
    """Let real workers work until the draw is in one of the states."""
    runner = JobRunner(
        "sortition",
        house.database,
        [handler(house, run_engine)],
        Metrics(),
        retry_first=timedelta(milliseconds=10),
    )
    runner.start()
    try:
        until = time.monotonic() + seconds
        while house.get_draw(name).state not in states:
            assert time.monotonic() < until, house.get_draw(name)
            time.sleep(0.02)
        return house.get_draw(name)
    finally:
        runner.stop(5)


def test_infeasible_targets_fail_the_draw_with_what_to_do(house: House) -> None:
    from borgerting.sortition.v1 import selection_service_pb2 as selection_pb

    targets = [
        selection_pb.Target(feature="gender", value="female", minimum=0, maximum=1),
        selection_pb.Target(feature="gender", value="male", minimum=0, maximum=1),
        selection_pb.Target(feature="age", value="young", minimum=0, maximum=8),
        selection_pb.Target(feature="age", value="old", minimum=0, maximum=8),
    ]
    draw = house.draw(house.filled(targets=targets))
    failed = run_jobs(house, in_process, draw.name, pb.Draw.STATE_FAILED)
    assert failed.failure.reason == "TARGETS_INFEASIBLE"
    assert failed.failure.message
    assert files(house) == {}


def test_an_engine_that_breaks_is_tried_again_and_then_given_up(house: House) -> None:
    draw = house.draw(house.filled())
    tries = []

    def broken(payload: bytes, progress: Any, cancelled: Any) -> bytes:
        tries.append(1)
        raise RuntimeError("NAMEMARK in an exception's text")

    failed = run_jobs(house, broken, draw.name, pb.Draw.STATE_FAILED)
    assert len(tries) == 5
    assert "NAMEMARK" not in str(failed)
    assert house.draw(failed.name.split("/draws/")[0]).state == pb.Draw.STATE_QUEUED


def test_the_spawned_engine_draws_within_its_memory(house: House) -> None:
    draw = house.draw(house.filled())
    ready = run_jobs(house, child_engine(4 << 30), draw.name, pb.Draw.STATE_PANELS_READY)
    assert len(ready.files) == 5


def test_cancelling_stops_the_engine_at_once(house: House) -> None:
    draw = house.draw(house.filled())
    began, stopped = threading.Event(), threading.Event()

    def endless(payload: bytes, progress: Any, cancelled: Callable[[], bool]) -> bytes:
        from chassis.jobs_process import ChildCancelled

        began.set()
        while not cancelled():
            time.sleep(0.01)
        stopped.set()
        raise ChildCancelled

    runner = JobRunner("sortition", house.database, [handler(house, endless)], Metrics())
    runner.start()
    try:
        assert began.wait(10)
        house.draws.cancel_draw(SECRETARIAT, pb.CancelDrawRequest(name=draw.name))
        assert stopped.wait(10)
    finally:
        runner.stop(5)
    assert house.get_draw(draw.name).state == pb.Draw.STATE_CANCELLED
