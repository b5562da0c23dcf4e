"""Sends events to Kafka: idempotent, acknowledged by all in-sync copies, failing in bounded time."""

from __future__ import annotations

import functools
import threading
from concurrent.futures import Future
from contextlib import suppress

from kafka import KafkaProducer
from kafka.errors import KafkaError

from chassis.events.envelope import Event
from chassis.events.kafka_cluster import REQUEST_SECONDS, KafkaCluster, away, raise_away
from chassis.events.ports import CarrierAwayError

DELIVERY_SECONDS = 10.0
"""An event not acknowledged by then is handed back as not sent (it may have been all the same)."""
_BLOCK_SECONDS = 3.0


class KafkaPublisher:
    def __init__(self, cluster: KafkaCluster) -> None:
        self._cluster = cluster
        self._producer: KafkaProducer | None = None
        self._lock = threading.Lock()  # futures are settled by kafka-python's thread
        self._pending: list[Future[None]] = []
        self._failed = False

    def send(self, event: Event) -> Future[None]:
        envelope = event.envelope
        producer = self._connected()
        self._cluster.ensure_topic(envelope.topic)
        try:
            sent = producer.send(
                self._cluster.topic(envelope.topic),
                key=envelope.key.encode(),
                value=event.value,
                headers=[(name, text.encode()) for name, text in envelope.headers().items()],
            )
        except KafkaError as error:
            self._failed = True
            raise_away(error)
        future: Future[None] = Future()
        self._pending.append(future)
        sent.add_callback(functools.partial(self._settle, future))
        sent.add_errback(functools.partial(self._fail, future))
        return future

    def flush(self, seconds: float) -> None:
        pending, self._pending = self._pending, []
        if pending and self._producer is not None:
            with suppress(KafkaError):  # each event's own future says what became of it
                self._producer.flush(max(seconds, DELIVERY_SECONDS + REQUEST_SECONDS))
        for future in pending:
            self._fail(future, CarrierAwayError("not acknowledged"))
        if self._failed:
            # A producer that gave up on an event has a hole in its numbers: begin with fresh ones.
            self._drop()

    def close(self) -> None:
        self.flush(0)
        self._drop()

    def _connected(self) -> KafkaProducer:
        if self._producer is None:
            self._producer = self._cluster.make(
                KafkaProducer,
                client_id="borgerting-outbox",
                enable_idempotence=True,
                acks="all",
                max_block_ms=int(_BLOCK_SECONDS * 1000),
                request_timeout_ms=int(REQUEST_SECONDS * 1000),
                delivery_timeout_ms=int(DELIVERY_SECONDS * 1000),
                allow_auto_create_topics=False,
                metrics_enabled=False,
            )
        return self._producer

    def _settle(self, future: Future[None], _sent: object) -> None:
        with self._lock:
            if not future.done():
                future.set_result(None)

    def _fail(self, future: Future[None], error: BaseException) -> None:
        with self._lock:
            if not future.done():
                self._failed = True
                future.set_exception(away(error))

    def _drop(self) -> None:
        producer, self._producer, self._failed = self._producer, None, False
        if producer is None:
            return
        try:
            producer.close(timeout=1)
        except KafkaError:
            # It waits for what is under way, and gives up without having closed: end that first.
            producer._sender.force_close()
            with suppress(KafkaError):
                producer.close(timeout=1)
