"""The envelope of an event: CloudEvents 1.0 in Kafka's binary mode, its value a protobuf message.

Attributes travel as headers `ce_*`, so that events are routed without decoding. Beside the specification's
own there are the extensions `sequence` (1, 2, … per aggregate), `snapshot` (the aggregate's whole state,
told again), `correlationid`, `causationid` and `municipality`; where the suite traces, also `traceparent`
(CloudEvents' "Distributed Tracing").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.message import Message

from chassis.trace_context import valid_trace_parent

CONTENT_TYPE = "application/protobuf"
SPEC_VERSION = "1.0"


class MalformedEventError(Exception):
    """What arrived is no event of ours; the argument says which header is missing or wrong."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """One event without its value. `key` is `{municipality}/{aggregate}`; order holds per topic and key."""

    id: UUID
    source: str
    type: str
    time: datetime
    topic: str
    key: str
    municipality: str
    sequence: int
    snapshot: bool
    correlation_id: str
    causation_id: str
    data_schema: str
    trace_parent: str = ""

    @property
    def aggregate(self) -> str:
        return self.key.partition("/")[2]

    def headers(self) -> dict[str, str]:
        """The headers of Kafka's binary mode, all text."""
        headers = {
            "content-type": CONTENT_TYPE,
            "ce_specversion": SPEC_VERSION,
            "ce_id": str(self.id),
            "ce_source": self.source,
            "ce_type": self.type,
            "ce_time": self.time.astimezone(UTC).isoformat(),
            "ce_subject": self.aggregate,
            "ce_dataschema": self.data_schema,
            "ce_sequence": str(self.sequence),
            "ce_snapshot": "true" if self.snapshot else "false",
            "ce_municipality": self.municipality,
            "ce_correlationid": self.correlation_id,
        }
        if self.causation_id:
            headers["ce_causationid"] = self.causation_id
        if self.trace_parent:
            headers["ce_traceparent"] = self.trace_parent
        return headers

    @classmethod
    def from_headers(cls, topic: str, key: str, headers: Mapping[str, str]) -> Envelope:
        """Raises MalformedEventError naming the header that is missing or cannot be read."""
        if headers.get("ce_specversion") != SPEC_VERSION:
            raise MalformedEventError("ce_specversion")
        if headers.get("content-type") != CONTENT_TYPE:
            raise MalformedEventError("content-type")
        name = ""
        try:
            name = "ce_id"
            identity = UUID(headers[name])
            name = "ce_time"
            time = datetime.fromisoformat(headers[name])
            if time.tzinfo is None:
                raise MalformedEventError(name)
            name = "ce_sequence"
            sequence = int(headers[name])
            if sequence < 1:
                raise MalformedEventError(name)
            name = "ce_snapshot"
            snapshot = {"true": True, "false": False}[headers[name]]
            name = "ce_source"
            source = headers[name]
            name = "ce_type"
            kind = headers[name]
            name = "ce_municipality"
            municipality = headers[name]
        except (KeyError, ValueError) as error:
            raise MalformedEventError(name) from error
        return cls(
            id=identity,
            source=source,
            type=kind,
            time=time,
            topic=topic,
            key=key,
            municipality=municipality,
            sequence=sequence,
            snapshot=snapshot,
            correlation_id=headers.get("ce_correlationid", ""),
            causation_id=headers.get("ce_causationid", ""),
            data_schema=headers.get("ce_dataschema", ""),
            trace_parent=valid_trace_parent(headers.get("ce_traceparent", "")),
        )


@dataclass(frozen=True, slots=True)
class Event:
    """An envelope and its value, a serialised protobuf message of the envelope's type."""

    envelope: Envelope
    value: bytes


def topic_of(service: str, version: int = 1) -> str:
    return f"borgerting.{service}.v{version}"


def schema_of(message_type: str) -> str:
    return f"urn:borgerting:proto:{message_type}"


def decode(event: Event) -> Message:
    """The event's message. Raises KeyError for a type whose generated module nobody imported, and
    google.protobuf.message.DecodeError for a value that is not of it."""
    descriptor = descriptor_pool.Default().FindMessageTypeByName(event.envelope.type)
    message: Message = message_factory.GetMessageClass(descriptor)()
    message.ParseFromString(event.value)
    return message
