"""The carrier of events between processes: an Apache Kafka cluster (kafka-python).

Events are CloudEvents in binary mode, keyed so that an aggregate's lie in one partition in order. Each
consumer has a group per topic, in which its replicas share the partitions. Like any carrier it may deliver
twice; the inbox sees to that. Nobody has to be there when a process starts: what needs the cluster raises
CarrierAwayError in bounded time, and connects when it is tried again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol, TypeVar

from chassis.events.kafka_cluster import KafkaCluster
from chassis.events.kafka_log import KafkaLog
from chassis.events.kafka_publisher import KafkaPublisher
from chassis.events.kafka_settings import KafkaSettings
from chassis.events.kafka_source import KafkaSource
from chassis.events.ports import EventLog, EventSource, Marks, Publisher


class _Closable(Protocol):
    def close(self) -> None: ...


Made = TypeVar("Made", bound=_Closable)


class KafkaBroker:
    """The cluster that `settings` name; it connects when it is first used."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._cluster = KafkaCluster(settings)
        self._lock = threading.Lock()
        self._made: list[_Closable] = []

    def publisher(self) -> Publisher:
        return self._kept(KafkaPublisher(self._cluster))

    def source(self, consumer: str, topic: str, marks: Callable[[], Marks] | None = None) -> EventSource:
        return self._kept(KafkaSource(self._cluster, self._settings, consumer, topic, marks))

    def log(self, topic: str) -> EventLog:
        return KafkaLog(self._cluster, topic)

    def check(self) -> None:
        self._cluster.check()

    def close(self) -> None:
        """Also what it made and nobody closed."""
        with self._lock:
            made, self._made = self._made, []
        for one in made:
            one.close()
        self._cluster.close()

    def _kept(self, made: Made) -> Made:
        with self._lock:
            self._made.append(made)
        return made
