"""The envelope: CloudEvents attributes to headers and back, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from google.protobuf.message import DecodeError
from google.protobuf.wrappers_pb2 import StringValue
from hypothesis import given
from hypothesis import strategies as st

from chassis.events.envelope import Envelope, Event, MalformedEventError, decode, topic_of
from chassis.testing.stores import an_event

TOPIC, KEY = "borgerting.toy.v1", "hjemby/things/1"


def headers() -> dict[str, str]:
    return an_event(3).envelope.headers()


def test_the_attributes_that_cloudevents_requires_are_there() -> None:
    assert {"ce_id", "ce_source", "ce_specversion", "ce_type"} <= set(headers())
    assert headers()["ce_specversion"] == "1.0"
    assert headers()["content-type"] == "application/protobuf"
    assert headers()["ce_subject"] == "things/1"
    # Extension names are small letters and digits only (CloudEvents 1.0, naming conventions).
    assert all(
        name.removeprefix("ce_").isalnum() and name == name.lower()
        for name in headers()
        if name != "content-type"
    )


@given(
    identity=st.uuids(),
    time=st.datetimes(timezones=st.just(UTC)),
    sequence=st.integers(1, 2**63 - 1),
    snapshot=st.booleans(),
    causation=st.sampled_from(["", "e-1"]),
)
def test_headers_round_trip(
    identity: UUID, time: datetime, sequence: int, snapshot: bool, causation: str
) -> None:
    envelope = Envelope(
        id=identity,
        source="/toy",
        type="toy.Told",
        time=time,
        topic=TOPIC,
        key=KEY,
        municipality="hjemby",
        sequence=sequence,
        snapshot=snapshot,
        correlation_id="c",
        causation_id=causation,
        data_schema="urn:x",
    )
    assert Envelope.from_headers(TOPIC, KEY, envelope.headers()) == envelope


@pytest.mark.parametrize(
    "name",
    [
        "content-type",
        "ce_specversion",
        "ce_id",
        "ce_time",
        "ce_sequence",
        "ce_snapshot",
        "ce_source",
        "ce_type",
        "ce_municipality",
    ],
)
def test_a_missing_header_is_named(name: str) -> None:
    given_ = headers()
    del given_[name]
    with pytest.raises(MalformedEventError, match=f"^{name}$"):
        Envelope.from_headers(TOPIC, KEY, given_)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ce_specversion", "0.3"),
        ("content-type", "application/json"),
        ("ce_id", "1"),
        ("ce_time", "yesterday"),
        ("ce_time", "2027-03-01T09:00:00"),
        ("ce_sequence", "0"),
        ("ce_sequence", "one"),
        ("ce_snapshot", "maybe"),
    ],
)
def test_a_header_that_cannot_be_read_is_named(name: str, value: str) -> None:
    with pytest.raises(MalformedEventError, match=f"^{name}$"):
        Envelope.from_headers(TOPIC, KEY, headers() | {name: value})


def test_the_value_is_a_message_of_the_type() -> None:
    assert decode(an_event(1, text="hej")) == StringValue(value="hej")


def test_an_unknown_type_and_a_broken_value_are_errors() -> None:
    event = an_event(1)
    unknown = Envelope.from_headers(TOPIC, KEY, event.envelope.headers() | {"ce_type": "toy.Nothing"})
    with pytest.raises(KeyError):
        decode(Event(unknown, b""))
    with pytest.raises(DecodeError):
        decode(Event(event.envelope, b"\xff\xff"))


def test_topics() -> None:
    assert topic_of("sortition") == "borgerting.sortition.v1"
