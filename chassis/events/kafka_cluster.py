"""One Kafka cluster: its clients are made here, and questions about it asked, from any thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as OverdueError
from contextlib import suppress
from typing import Any, NoReturn, TypeVar

from kafka import KafkaAdminClient, TopicPartition
from kafka.errors import (
    KafkaError,
    RetriableError,
    SaslAuthenticationFailedError,
    TopicAlreadyExistsError,
)
from kafka.net.compat import KafkaNetClient
from kafka.protocol.consumer import OffsetSpec

from chassis.events.kafka_settings import KafkaSettings
from chassis.events.ports import CarrierAwayError
from chassis.log import get_logger

_log = get_logger("chassis.events.kafka")

CONNECT_SECONDS = 2.0
"""How long a client may take to find the cluster; a caller waits no longer for one that is away."""
REQUEST_SECONDS = 5.0
QUESTION_SECONDS = 6.0
_PAUSE_SECONDS = 1.0

Answer = TypeVar("Answer")


class TopicMissingError(Exception):
    """The topic is not there, and BORGERTING_KAFKA__CREATE_TOPICS says to create none."""


class KafkaCluster:
    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._connection = settings.connection()  # what is learnt of passwords is for every client
        self._lock = threading.Lock()
        self._admin: KafkaAdminClient | None = None
        self._known: set[str] = set()
        self._closed = False
        self._away_until = 0.0
        # The client's own waits are not all bounded: a question is asked in a thread that can be left.
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="kafka-questions")

    def topic(self, topic: str) -> str:
        """What the cluster calls it."""
        return f"{self._settings.namespace}{topic}"

    def group(self, consumer: str, topic: str) -> str:
        """The group in which a consumer's replicas share a topic."""
        return f"{self._settings.namespace}{consumer}.{topic}"

    def make(self, client: Callable[..., Any], **options: Any) -> Any:
        """A client of kafka-python's, connected. Raises CarrierAwayError in CONNECT_SECONDS, and for a moment
        after that at once: many ask, and none should wait in vain for each of them.
        """
        if time.monotonic() < self._away_until:
            raise CarrierAwayError("tried a moment ago")
        networks: list[KafkaNetClient] = []

        def network(**configuration: Any) -> KafkaNetClient:
            networks.append(KafkaNetClient(**configuration))
            return networks[-1]

        try:
            return client(
                **self._connection,
                bootstrap_timeout_ms=int(CONNECT_SECONDS * 1000),
                reconnect_backoff_max_ms=1000,
                kafka_client=network,
                **options,
            )
        except BaseException as error:
            # It leaves its sockets and its thread behind when it finds nobody.
            for one in networks:
                one.close()
            self._away_until = time.monotonic() + _PAUSE_SECONDS
            raise_away(error)

    def ask(self, question: Callable[[KafkaAdminClient], Answer]) -> Answer:
        """The answer of the cluster. Raises CarrierAwayError when there is none in QUESTION_SECONDS."""
        with self._lock:
            if self._closed:
                raise CarrierAwayError("closed")
            asked = self._threads.submit(self._ask, question)
        try:
            return asked.result(QUESTION_SECONDS)
        except OverdueError:
            asked.cancel()
            self._drop()  # which ends the thread's waiting
            raise CarrierAwayError("no answer") from None
        except Exception as error:
            if isinstance(error, RetriableError | RuntimeError | SaslAuthenticationFailedError):
                self._drop()
            raise_away(error)

    def ensure_topic(self, topic: str) -> None:
        """Raises TopicMissingError, CarrierAwayError, or what the cluster refuses it with."""
        name = self.topic(topic)
        if name in self._known:
            return
        if not self.ask(lambda admin: _has_topic(admin, name)):
            if not self._settings.create_topics:
                raise TopicMissingError(name)
            self.ask(lambda admin: self._create(admin, name))
        self._known.add(name)

    def check(self) -> None:
        """Raises when a broker does not answer, or a topic in use is gone."""
        missing = self.ask(lambda admin: [name for name in self._known if not _has_topic(admin, name)])
        self.ask(lambda admin: admin.describe_cluster())
        if missing:
            self._known.difference_update(missing)
            raise TopicMissingError(missing[0])

    def lag(self, consumer: str, topic: str) -> int:
        """How many records lie ahead of what the consumer's replicas together have committed."""
        name, group = self.topic(topic), self.group(consumer, topic)
        return self.ask(lambda admin: _lag(admin, name, group))

    def ends(self, topic: str) -> dict[int, tuple[int, int]]:
        """By partition, the offset of the oldest record and the one that the next will get; empty where there
        is no such topic.
        """
        name = self.topic(topic)
        return self.ask(lambda admin: _ends(admin, name))

    def committed(self, consumer: str, topic: str) -> dict[int, int]:
        """By partition, what the consumer's replicas have committed, where they have."""
        name, group = self.topic(topic), self.group(consumer, topic)
        return self.ask(lambda admin: _committed(admin, group, _partitions(admin, name)))

    def close(self) -> None:
        with self._lock:
            self._closed = True
        self._drop()
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._drop()

    def _ask(self, question: Callable[[KafkaAdminClient], Answer]) -> Answer:
        with self._lock:
            admin = self._admin
        if admin is None:
            admin = self.make(
                KafkaAdminClient,
                client_id="borgerting-questions",
                request_timeout_ms=int(REQUEST_SECONDS * 1000),
            )
            with self._lock:
                self._admin = admin
        return question(admin)

    def _drop(self) -> None:
        with self._lock:
            admin, self._admin = self._admin, None
        if admin is not None:
            with suppress(KafkaError, RuntimeError):
                admin.close()

    def _create(self, admin: KafkaAdminClient, name: str) -> None:
        settings = self._settings
        retention = settings.retention_days * 24 * 3600 * 1000 if settings.retention_days else -1
        configuration = {"cleanup.policy": "delete", "retention.ms": str(retention)}
        if settings.replication > 2:
            # One copy may be away, and what was acknowledged is still on two.
            configuration["min.insync.replicas"] = str(settings.replication - 1)
        with suppress(TopicAlreadyExistsError):  # another service was quicker
            admin.create_topics(
                {
                    name: {
                        "num_partitions": settings.partitions,
                        "replication_factor": settings.replication or -1,
                        "configs": configuration,
                    }
                }
            )
            _log.info("topic created", topic=name, partitions=settings.partitions)
        admin.wait_for_topics([name], timeout_ms=int(REQUEST_SECONDS * 1000))


def away(error: BaseException) -> BaseException:
    """CarrierAwayError for what only says that the cluster cannot be reached now, else the error itself.

    kafka-python counts as retriable what a later attempt may cure; its RuntimeError says that a client was
    closed under the caller. A refused sign-in says nothing of what was to be carried: the next may be with
    a password that was changed meanwhile.
    """
    if isinstance(error, RetriableError | RuntimeError | OSError | SaslAuthenticationFailedError):
        return CarrierAwayError(type(error).__qualname__)
    return error


def raise_away(error: BaseException) -> NoReturn:
    found = away(error)
    if found is error:
        raise error
    raise found from error


def _has_topic(admin: KafkaAdminClient, name: str) -> bool:
    (found,) = admin.describe_topics([name])
    return not found["error_code"]


def _partitions(admin: KafkaAdminClient, topic: str) -> list[TopicPartition]:
    """Empty where there is no such topic."""
    (found,) = admin.describe_topics([topic])
    return [TopicPartition(topic, one["partition_index"]) for one in found.get("partitions") or ()]


def _committed(admin: KafkaAdminClient, group: str, partitions: list[TopicPartition]) -> dict[int, int]:
    if not partitions:
        return {}
    committed = admin.list_group_offsets({group: partitions}).get(group, {})
    return {place.partition: kept.offset for place, kept in committed.items() if kept.offset >= 0}


def _ends(admin: KafkaAdminClient, topic: str) -> dict[int, tuple[int, int]]:
    partitions = _partitions(admin, topic)
    if not partitions:
        return {}
    first = admin.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.EARLIEST))
    ends = admin.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.LATEST))
    return {place.partition: (first[place].offset, ends[place].offset) for place in partitions}


def _lag(admin: KafkaAdminClient, topic: str, group: str) -> int:
    partitions = _partitions(admin, topic)
    reached = _committed(admin, group, partitions)
    ends = admin.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.LATEST))
    unread = [place for place in partitions if place.partition not in reached]
    if unread:
        first = admin.list_partition_offsets(dict.fromkeys(unread, OffsetSpec.EARLIEST))
        reached |= {place.partition: kept.offset for place, kept in first.items()}
    return sum(max(ends[place].offset - reached[place.partition], 0) for place in partitions)
