"""What outbox, audit trail and job queue of a unit of work must do: the fake's and every real store's.

Subclass it in a test module and implement `writing` and `events`.
"""

# ruff: noqa: S101  (assertions are what this is for)

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any
from uuid import uuid4

import pytest
from google.protobuf.wrappers_pb2 import StringValue

from chassis.auth.principal import Principal, Role
from chassis.context import Caller
from chassis.events.envelope import Event, decode
from chassis.jobs import JobState
from chassis.testing.stores import NOON

CALLER = Caller(Principal("s-1", "hjemby", frozenset({Role.SECRETARIAT})), "c-7")


class WorkSuite:
    def writing(self, municipality: str, *, correlation_id: str = "") -> AbstractContextManager[Any]:
        """A unit of work over a store whose clock stands at NOON."""
        raise NotImplementedError

    def events(self) -> list[Event]:
        """What committed units of work told, in order."""
        raise NotImplementedError

    def test_events_of_an_aggregate_are_numbered_from_one(self) -> None:
        for text in ("a", "b"):
            with self.writing("hjemby", correlation_id="c-9") as work:
                work.outbox.add("toy", "things/1", StringValue(value=text))
                work.outbox.add("toy", "things/2", StringValue(value=text))
        told = [
            (event.envelope.key, event.envelope.sequence, getattr(decode(event), "value", None))
            for event in self.events()
        ]
        assert told == [
            ("hjemby/things/1", 1, "a"),
            ("hjemby/things/2", 1, "a"),
            ("hjemby/things/1", 2, "b"),
            ("hjemby/things/2", 2, "b"),
        ]
        envelope = self.events()[0].envelope
        assert envelope.topic == "borgerting.toy.v1"
        assert envelope.type == "google.protobuf.StringValue"
        assert envelope.correlation_id == "c-9"
        assert envelope.time == NOON
        assert not envelope.snapshot

    def test_a_snapshot_bears_the_number_at_which_the_aggregate_stands(self) -> None:
        with self.writing("hjemby") as work:
            work.outbox.add("toy", "things/1", StringValue(value="a"))
            work.outbox.add("toy", "things/1", StringValue(value="b"))
            work.outbox.add("toy", "things/1", StringValue(value="state"), snapshot=True)
            work.outbox.add("toy", "things/1", StringValue(value="c"))
            work.outbox.add("toy", "things/9", StringValue(value="first"), snapshot=True)
            work.outbox.add("toy", "things/9", StringValue(value="then"))
        told = [(event.envelope.sequence, event.envelope.snapshot) for event in self.events()]
        assert told == [(1, False), (2, False), (2, True), (3, False), (1, True), (2, False)]

    def test_a_platform_wide_unit_of_work_tells_for_a_municipality(self) -> None:
        with self.writing("") as work:
            work.outbox.add("toy", "municipalities/udby", StringValue(), municipality="udby")
        (event,) = self.events()
        assert event.envelope.municipality == "udby"
        assert event.envelope.key == "udby/municipalities/udby"

    def test_what_is_rolled_back_never_was(self) -> None:
        def fail() -> None:
            with self.writing("hjemby") as work:
                work.outbox.add("toy", "things/1", StringValue())
                work.audit.record(CALLER, "thing.create", "things/1")
                work.jobs.enqueue("count", {}, key="1")
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
        with self.writing("hjemby") as work:
            assert work.audit.entries() == []
            assert work.jobs.find("count", "1") is None
            work.outbox.add("toy", "things/1", StringValue())
        assert [event.envelope.sequence for event in self.events()] == [1]

    def test_the_audit_trail_says_who_did_what(self) -> None:
        with self.writing("hjemby") as work:
            work.audit.record(CALLER, "thing.create", "things/1", {"size": "3"})
            work.audit.record(CALLER, "thing.delete", "things/2")
        with self.writing("udby") as work:
            work.audit.record(CALLER, "thing.create", "things/1")
            assert len(work.audit.entries()) == 1
        with self.writing("hjemby") as work:
            (second, first) = work.audit.entries()
            assert second[1].action == "thing.delete"
            entry = first[1]
            assert (entry.subject, entry.roles, entry.action) == ("s-1", "secretariat", "thing.create")
            assert (entry.resource, entry.details) == ("things/1", {"size": "3"})
            assert (entry.time, entry.correlation_id) == (NOON, "c-7")
            assert work.audit.entries(limit=1) == [second]
            assert work.audit.entries(before=second[0]) == [first]
            assert work.audit.entries(resource="things/2") == [second]

    def test_a_job_is_one_per_kind_municipality_and_key(self) -> None:
        with self.writing("hjemby", correlation_id="c-3") as work:
            first = work.jobs.enqueue("count", {"to": 3}, key="1")
            assert work.jobs.enqueue("count", {"to": 99}, key="1") == first
            assert work.jobs.enqueue("count", {"to": 3}, key="2") != first
            assert work.jobs.enqueue("sum", {"to": 3}, key="1") != first
        with self.writing("hjemby") as work:
            assert work.jobs.enqueue("count", {"to": 99}, key="1") == first
            job = work.jobs.get(first)
            assert (job.payload, job.state, job.correlation_id) == ({"to": 3}, JobState.QUEUED, "c-3")
        with self.writing("udby") as work:
            assert work.jobs.get(first) is None
            assert work.jobs.find("count", "1") is None
            assert not work.jobs.cancel(first)
            assert work.jobs.enqueue("count", {"to": 3}, key="1") != first

    def test_cancelling_asks_the_job_to_stop(self) -> None:
        with self.writing("hjemby") as work:
            job_id = work.jobs.enqueue("count", {}, key="1")
            assert work.jobs.cancel(job_id)
        with self.writing("hjemby") as work:
            assert work.jobs.get(job_id).cancel_requested
            assert not work.jobs.cancel(uuid4())
