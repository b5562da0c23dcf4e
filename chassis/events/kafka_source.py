"""One consumer's way through one Kafka topic: its share of the partitions, committed by hand."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import Any

from kafka import ConsumerRebalanceListener, KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.errors import (
    CommitFailedError,
    FencedInstanceIdError,
    IllegalGenerationError,
    KafkaError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)

from chassis.events.envelope import Envelope, Event, MalformedEventError
from chassis.events.kafka_cluster import REQUEST_SECONDS, KafkaCluster, raise_away
from chassis.events.kafka_settings import KafkaSettings
from chassis.events.ports import Delivery, Mark, Marks, mark_of
from chassis.log import get_logger

_log = get_logger("chassis.events.kafka")

# kafka-python's consumer belongs to one thread and cannot be woken: it waits in pieces of this length.
_PIECE_SECONDS = 0.2
# What a commit is refused with when the partition meanwhile went to another replica.
_NOT_OURS = (
    CommitFailedError,
    FencedInstanceIdError,
    IllegalGenerationError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)


class KafkaSource(ConsumerRebalanceListener):  # type: ignore[misc]  # kafka-python is untyped
    """Remembers what it delivered and is not committed, in order: so it knows where to go back to, and what
    "everything up to this delivery" means over several partitions.
    """

    def __init__(
        self,
        cluster: KafkaCluster,
        settings: KafkaSettings,
        consumer: str,
        topic: str,
        marks: Callable[[], Marks] | None = None,
    ) -> None:
        self._cluster = cluster
        self._settings = settings
        self._name = consumer
        self._topic = topic
        self._consumer: KafkaConsumer | None = None
        self._lock = threading.Lock()  # a rebalance is told by kafka-python's thread
        self._uncommitted: list[TopicPartition] = []
        self._offsets: list[int] = []
        self._marks = marks
        self._given: set[TopicPartition] = set()  # since the last poll, to begin where the marks say
        self._expected: dict[TopicPartition, Mark] = {}  # what must lie there, or it is another log
        self._woken = threading.Event()
        self._closed = False

    def poll(self, seconds: float, limit: int = 500) -> Sequence[Delivery]:
        consumer = self._connected()
        until = time.monotonic() + seconds
        while True:
            left = max(until - time.monotonic(), 0.0)
            try:
                found = consumer.poll(timeout_ms=int(min(left, _PIECE_SECONDS) * 1000), max_records=limit)
                found = self._from_where_marks_say(consumer, found)
            except Exception as error:
                self._drop()
                raise_away(error)
            if found or self._woken.is_set() or left <= _PIECE_SECONDS:
                break
        self._woken.clear()
        records = [record for partition in found.values() for record in partition]
        with self._lock:
            self._uncommitted += [TopicPartition(record.topic, record.partition) for record in records]
            self._offsets += [record.offset for record in records]
        return [delivery_of(self._topic, record) for record in records]

    def commit(self, delivery: Delivery) -> None:
        place = TopicPartition(self._cluster.topic(self._topic), delivery.partition)
        with self._lock:
            delivered = list(zip(self._uncommitted, self._offsets, strict=True))
        try:
            count = delivered.index((place, delivery.offset)) + 1
        except ValueError:
            return  # gone to another replica, or committed before
        offsets = {one: OffsetAndMetadata(offset + 1, "", -1) for one, offset in delivered[:count]}
        if self._consumer is None:
            return
        try:
            self._consumer.commit(offsets, timeout_ms=int(REQUEST_SECONDS * 1000))
        except _NOT_OURS as error:
            # Whoever has the partition now gets them again, and drops them as duplicates.
            _log.info("offsets not committed", consumer=self._name, error=type(error).__name__)
        except KafkaError as error:
            raise_away(error)
        with self._lock:
            if delivered == list(zip(self._uncommitted, self._offsets, strict=True)):
                del self._uncommitted[:count], self._offsets[:count]

    def rewind(self) -> None:
        with self._lock:
            first = dict(zip(reversed(self._uncommitted), reversed(self._offsets), strict=True))
            self._uncommitted, self._offsets = [], []
        if self._consumer is None:
            return
        for place in self._consumer.assignment() & first.keys():
            with suppress(KafkaError):  # it went to another replica this moment
                self._consumer.seek(place, first[place])

    def again(self) -> None:
        self.rewind()
        if self._consumer is not None:
            with self._lock:
                self._given |= set(self._consumer.assignment())

    def wake(self) -> None:
        self._woken.set()

    def lag(self) -> int:
        self._cluster.ensure_topic(self._topic)
        return self._cluster.lag(self._name, self._topic)

    def close(self) -> None:
        self._closed = True
        self.wake()
        self._drop()

    def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        with self._lock:
            kept = [
                (place, offset)
                for place, offset in zip(self._uncommitted, self._offsets, strict=True)
                if place not in revoked
            ]
            self._uncommitted = [place for place, _ in kept]
            self._offsets = [offset for _, offset in kept]

    def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        with self._lock:
            self._given |= set(assigned)

    def _from_where_marks_say(
        self, consumer: KafkaConsumer, found: dict[Any, list[Any]]
    ) -> dict[Any, list[Any]]:
        """What was found, without what must wait until it has gone back (see Broker.source)."""
        if self._marks is None:
            return found
        with self._lock:
            given, self._given = self._given & consumer.assignment(), set()
        if given:
            self._go_back(consumer, given, {place: records[0].offset for place, records in found.items()})
        kept: dict[Any, list[Any]] = {}
        for place, records in found.items():
            if place in given:
                continue
            expected = self._expected.get(place)
            if expected is not None and records[-1].offset >= expected.offset:
                del self._expected[place]
                there = next((one for one in records if one.offset == expected.offset), None)
                if there is None or mark_of(delivery_of(self._topic, there)) != expected:
                    _log.warning("another log", consumer=self._name, partition=place.partition)
                    consumer.seek_to_beginning(place)
                    continue
            kept[place] = records
        return kept

    def _go_back(
        self, consumer: KafkaConsumer, given: Collection[TopicPartition], begun: dict[Any, int]
    ) -> None:
        """`begun`: where reading of a partition has just begun."""
        marks = self._marks() if self._marks is not None else {}
        patience = int(REQUEST_SECONDS * 1000)
        ends = consumer.end_offsets(list(given), timeout_ms=patience)
        for place in given:
            mark = marks.get(place.partition)
            self._expected.pop(place, None)
            if mark is None or ends[place] <= mark.offset:
                consumer.seek_to_beginning(place)
                continue
            # The marked event comes once more, by which it is known that this is the log of then.
            position = begun.get(place)
            if position is None:
                position = consumer.position(place, timeout_ms=patience)
            consumer.seek(place, min(position or 0, mark.offset))
            self._expected[place] = mark

    def _connected(self) -> KafkaConsumer:
        if self._closed:
            raise RuntimeError("this source is closed")
        if self._consumer is None:
            self._cluster.ensure_topic(self._topic)
            session = self._settings.session_seconds
            consumer = self._cluster.make(
                KafkaConsumer,
                client_id=f"borgerting-{self._name}",
                group_id=self._cluster.group(self._name, self._topic),
                group_instance_id=self._settings.instance or None,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                session_timeout_ms=int(session * 1000),
                heartbeat_interval_ms=int(min(session / 3, 3.0) * 1000),
                request_timeout_ms=int(max(session, REQUEST_SECONDS) * 1000) + 1000,
                allow_auto_create_topics=False,
                metadata_max_age_ms=60_000,  # a topic that was divided anew is noticed so soon
                metrics_enabled=False,
            )
            name = self._cluster.topic(self._topic)
            consumer.subscribe([name], listener=self)
            try:
                # A member that joins before it knows the topic may be the one to divide it, into nothing.
                consumer.beginning_offsets([TopicPartition(name, 0)], timeout_ms=int(REQUEST_SECONDS * 1000))
            except BaseException as error:
                consumer.close(autocommit=False, timeout_ms=0)
                raise_away(error)
            self._consumer = consumer
        return self._consumer

    def _drop(self) -> None:
        consumer, self._consumer = self._consumer, None
        with self._lock:
            self._uncommitted, self._offsets = [], []
            self._given = set()
        self._expected = {}
        if consumer is not None:
            with suppress(KafkaError, RuntimeError):
                consumer.close(autocommit=False, timeout_ms=2000)


def delivery_of(topic: str, record: Any) -> Delivery:
    """Whatever lies in the topic, anybody's junk included."""
    key = (record.key or b"").decode(errors="replace")
    place = (topic, record.partition, record.offset, key)
    try:
        headers = {name: (value or b"").decode() for name, value in record.headers}
        envelope = Envelope.from_headers(topic, (record.key or b"").decode(), headers)
    except MalformedEventError as error:
        return Delivery(*place, None, f"MalformedEventError: {error}")
    except UnicodeDecodeError:
        return Delivery(*place, None, "MalformedEventError: text")
    if record.value is None:  # how Kafka says that a key is no more
        return Delivery(*place, None, "MalformedEventError: value")
    return Delivery(*place, Event(envelope, record.value))
