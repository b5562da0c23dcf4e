"""A whole Kafka topic, read beside its consumers: no group, nothing committed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kafka import KafkaConsumer, TopicPartition

from chassis.events.kafka_cluster import REQUEST_SECONDS, KafkaCluster, raise_away
from chassis.events.kafka_source import delivery_of
from chassis.events.ports import CarrierAwayError, Delivery, Kept

_AT_ONCE = 2000
_PATIENCE = 10
"""So many requests without an answer, and the cluster counts as away."""


class KafkaLog:
    def __init__(self, cluster: KafkaCluster, topic: str) -> None:
        self._cluster = cluster
        self._topic = topic

    def kept(self) -> Mapping[int, Kept]:
        return {number: Kept(first, end) for number, (first, end) in self._cluster.ends(self._topic).items()}

    def read(self, starts: Mapping[int, int]) -> Iterator[Delivery]:
        name = self._cluster.topic(self._topic)
        left = {
            TopicPartition(name, number): kept.end
            for number, kept in self.kept().items()
            if max(starts.get(number, 0), kept.first) < kept.end
        }
        if not left:
            return
        consumer = self._cluster.make(
            KafkaConsumer,
            client_id="borgerting-log",
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            request_timeout_ms=int(REQUEST_SECONDS * 1000) + 1000,
            allow_auto_create_topics=False,
            metrics_enabled=False,
        )
        try:
            consumer.assign(list(left))
            for place in left:
                if place.partition in starts:
                    consumer.seek(place, starts[place.partition])
                else:
                    consumer.seek_to_beginning(place)
            yield from self._until(consumer, left)
        finally:
            consumer.close(autocommit=False, timeout_ms=1000)

    def _until(self, consumer: KafkaConsumer, left: dict[TopicPartition, int]) -> Iterator[Delivery]:
        in_vain = 0
        while left and in_vain < _PATIENCE:
            try:
                found = consumer.poll(timeout_ms=1000, max_records=_AT_ONCE)
                reached = {place: consumer.position(place, timeout_ms=1000) for place in left}
            except Exception as error:
                raise_away(error)
            in_vain = 0 if found else in_vain + 1
            for place, records in found.items():
                for record in records:
                    if place in left and record.offset < left[place]:
                        yield delivery_of(self._topic, record)
            left = {place: end for place, end in left.items() if reached[place] < end}
        if left:
            raise CarrierAwayError("no answer")

    def passed(self, consumer: str) -> Mapping[int, int]:
        return self._cluster.committed(consumer, self._topic)

    def close(self) -> None:
        """Each reading has a connection of its own, and ends it."""
