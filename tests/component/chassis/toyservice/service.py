"""The toy: it tells `StringValue`s and hears its own, runs jobs, and answers on all surfaces."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any

import grpc
from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse
from google.protobuf.wrappers_pb2 import StringValue
from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select

from chassis.app import BuildContext, Descriptor, Service
from chassis.context import nobody
from chassis.db import Transaction, add_to
from chassis.entry import Entry
from chassis.errors import Code, DomainError
from chassis.events.envelope import Envelope, topic_of
from chassis.inbox import Subscription
from chassis.jobs import Cancelled, Job, Progress
from chassis.jobs_process import run_in_child
from chassis.rpc.server import GrpcServiceRegistration

metadata = MetaData()
add_to(metadata)
heard = Table(
    "heard",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("municipality", String(63), nullable=False),
    Column("text", String(255), nullable=False),
)
work = Table(
    "work",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("municipality", String(63), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("what", String(255), nullable=False),
)


def hear(transaction: Transaction, message: StringValue, envelope: Envelope) -> None:
    transaction.connection.execute(
        insert(heard).values(municipality=transaction.municipality, text=message.value)
    )


def take(seconds: float) -> None:
    """So long, or until the test lets go by making the file that TOY_LET_GO names."""
    let_go = Path(os.environ.get("TOY_LET_GO", "/nowhere"))
    until = time.monotonic() + seconds
    while time.monotonic() < until and not let_go.exists():
        time.sleep(0.02)


def count_slowly(payload: bytes, progress: Any) -> bytes:
    """The engine: so many minutes of work."""
    steps = int(payload)
    for step in range(steps):
        progress("counting", {"step": str(step)})
        take(60)
    return str(steps).encode()


class CountJob:
    kind = "toy.count"

    def __init__(self, context: BuildContext) -> None:
        self._database = context.database

    def _note(self, job: Job, what: str, *, done: bool = False) -> None:
        with self._database.writing(job.municipality) as transaction:
            transaction.jobs.require_lease(job)
            line = {"municipality": job.municipality, "pid": os.getpid(), "what": what}
            transaction.connection.execute(insert(work).values(line))
            if done:
                transaction.jobs.complete(job)

    def run(self, job: Job, progress: Progress, cancelled: Cancelled) -> None:
        self._note(job, f"begun {job.payload['steps']}")
        result = run_in_child(
            "toyservice.service:count_slowly",
            str(job.payload["steps"]).encode(),
            on_progress=progress,
            cancelled=cancelled,
        )
        self._note(job, f"counted {int(result)}", done=True)


class Busy:
    """How many slow requests are under way."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.now = 0

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.now += 1
        take(seconds)
        with self._lock:
            self.now -= 1


class Toy:
    """The gRPC servicer: answers after as many seconds as the request says."""

    def __init__(self, busy: Busy) -> None:
        self._busy = busy

    def Wait(self, request: StringValue, context: grpc.ServicerContext) -> StringValue:
        self._busy.sleep(float(request.value))
        return StringValue(value="waited")


def add_toy(servicer: Any, server: Any) -> None:
    handlers = {
        "Wait": grpc.unary_unary_rpc_method_handler(
            servicer.Wait,
            request_deserializer=StringValue.FromString,
            response_serializer=StringValue.SerializeToString,
        )
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("toy.Toy", handlers),))
    server.add_registered_method_handlers("toy.Toy", handlers)


def build(context: BuildContext) -> Service:
    entry: Entry[Transaction] = Entry(
        context.database,
        lambda transaction: transaction,
        standing=lambda transaction, uow: None,  # the toy keeps no copy of the registry
    )
    pages, api, busy = APIRouter(), APIRouter(), Busy()

    @pages.get("/tell/{text}")
    def tell(text: str) -> PlainTextResponse:
        entry.write(
            nobody(),
            "hjemby",
            lambda uow: uow.outbox.add("toy", "things/1", StringValue(value=text)),
        )
        return PlainTextResponse("told")

    @pages.get("/heard")
    def all_heard() -> dict[str, list[str]]:
        return {
            "heard": entry.read(
                nobody(),
                "hjemby",
                lambda uow: list(
                    uow.connection.execute(select(heard.c.text).order_by(heard.c.seq)).scalars()
                ),
            )
        }

    @pages.get("/count/{key}/{steps}")
    def count(key: str, steps: int) -> PlainTextResponse:
        job_id = entry.write(
            nobody(), "hjemby", lambda uow: uow.jobs.enqueue(CountJob.kind, {"steps": steps}, key=key)
        )
        return PlainTextResponse(str(job_id))

    @pages.get("/job/{key}")
    def job(key: str) -> dict[str, Any]:
        found = entry.read(nobody(), "hjemby", lambda uow: uow.jobs.find(CountJob.kind, key))
        if found is None:
            raise DomainError(Code.NOT_FOUND, "JOB_UNKNOWN")
        lines = entry.read(
            nobody(),
            "hjemby",
            lambda uow: list(uow.connection.execute(select(work.c.what).order_by(work.c.seq)).scalars()),
        )
        return {"state": found.state, "attempts": found.attempts, "stage": found.stage, "work": lines}

    @pages.get("/slow/{seconds}")
    def slow(seconds: float, request: Request) -> PlainTextResponse:
        busy.sleep(seconds)
        return PlainTextResponse("slept")

    @pages.get("/busy")
    def how_busy() -> PlainTextResponse:
        return PlainTextResponse(str(busy.now))

    @pages.get("/broken")
    def broken() -> None:
        raise ValueError("Anna Andersen, Byvej 1")

    @api.get("/refused")
    def refused() -> None:
        raise DomainError(Code.NOT_FOUND, "THING_UNKNOWN")

    @api.get("/broken")
    def broken_api() -> None:
        raise ValueError("Anna Andersen, Byvej 1")

    return Service(
        name="toy",
        grpc_services=[GrpcServiceRegistration(add_toy, Toy(busy), "toy.Toy")],
        pages=pages,
        api=api,
        subscriptions=[Subscription("toy.heard", topic_of("toy"), {"google.protobuf.StringValue": hear})],
        job_handlers=[CountJob(context)],
    )


DESCRIPTOR = Descriptor(
    name="toy", build=build, migrations="toyservice.migrations", listens={"toy.heard": "toy"}
)
