"""Events leave in the transaction that makes them true: rows of the outbox, which the relay sends
afterwards.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from google.protobuf.message import Message
from sqlalchemy import bindparam, func, select, update

from chassis.errors import DomainError
from chassis.events.envelope import Envelope, Event, schema_of, topic_of
from chassis.events.ports import CarrierAwayError, Publisher
from chassis.ids import uuid7
from chassis.log import get_logger, trace
from chassis.statements import Statement, inserting, upserting
from chassis.tables import outbox, outbox_sequences
from chassis.trace_context import WorkTracing, trace_parent

if TYPE_CHECKING:
    from chassis.db import Database, Transaction
    from chassis.metrics import Metrics

_log = get_logger("chassis.outbox")

_ADD = inserting(outbox, "seq", "published", "last_error")
_NEXT = upserting(
    outbox_sequences,
    lambda row: (
        row.values(last=1)
        .on_conflict_do_update(index_elements=["topic", "key"], set_={"last": outbox_sequences.c.last + 1})
        .returning(outbox_sequences.c.last)
    ),
)
_LAST = Statement(
    select(outbox_sequences.c.last)
    .where(outbox_sequences.c.topic == bindparam("topic"), outbox_sequences.c.key == bindparam("key"))
    .with_for_update()
)


class Outbox:
    """The events of one unit of work."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self.added = 0

    def add(
        self,
        topic_service: str,
        aggregate: str,
        message: Message,
        *,
        snapshot: bool = False,
        anew: bool = False,
        municipality: str | None = None,
    ) -> UUID:
        """Tell `message` to whoever listens, once this transaction commits; its event id is returned.

        `topic_service` is the service that tells ("sortition"), `aggregate` the thing that it happened to
        ("selections/0192…"): events of one aggregate keep their order and are numbered 1, 2, 3. `snapshot`
        tells the aggregate's whole state again, under the number at which it stands; `anew` under the next,
        for those as well who are up to date. `municipality` is the tenant where the transaction itself is
        platform-wide. Ids only in `message`, never a person's data: events cannot be forgotten.
        """
        transaction = self._transaction
        transaction.require_writing()
        tenant = transaction.municipality if municipality is None else municipality
        topic = topic_of(topic_service)
        key = f"{tenant}/{aggregate}"
        message_type = message.DESCRIPTOR.full_name
        envelope = Envelope(
            id=uuid7(transaction.clock),
            source=f"/{topic_service}",
            type=message_type,
            time=transaction.clock.now(),
            topic=topic,
            key=key,
            municipality=tenant,
            sequence=self._sequence(topic, key, tenant, advance=anew or not snapshot),
            snapshot=snapshot,
            correlation_id=transaction.correlation_id,
            causation_id=transaction.causation_id,
            data_schema=schema_of(message_type),
            trace_parent=trace_parent(),
        )
        self.add_as(envelope, message.SerializeToString())
        return envelope.id

    def add_as(self, envelope: Envelope, payload: bytes) -> None:
        """For the chassis alone: with a number of the caller's choice."""
        transaction = self._transaction
        _ADD.run(
            transaction.connection,
            {
                "id": envelope.id,
                "municipality": envelope.municipality,
                "topic": envelope.topic,
                "key": envelope.key,
                "type": envelope.type,
                "headers": envelope.headers(),
                "payload": payload,
                "created": transaction.machine_clock.now(),
                "attempts": 0,
            },
        )
        self.added += 1

    def _sequence(self, topic: str, key: str, tenant: str, *, advance: bool) -> int:
        connection = self._transaction.connection
        values = {"topic": topic, "key": key, "municipality": tenant}
        last = (_NEXT if advance else _LAST).ask(connection, values)
        # State told before anything happened to it stands at 1, and what happens next is 2.
        return int(last[0].last) if last else self._sequence(topic, key, tenant, advance=True)


@dataclass(frozen=True, slots=True)
class OutboxState:
    """How much waits to be sent, since how many seconds, and how often its oldest was tried in vain."""

    unpublished: int
    oldest_seconds: float
    most_attempts: int


def outbox_state(database: Database) -> OutboxState:
    with database.reading_across() as transaction:
        count, oldest, attempts = transaction.connection.execute(
            select(func.count(), func.min(outbox.c.created), func.max(outbox.c.attempts)).where(
                outbox.c.published.is_(None)
            )
        ).one()
    age = (database.machine_clock.now() - oldest).total_seconds() if oldest else 0.0
    return OutboxState(int(count), max(age, 0.0), int(attempts or 0))


class Relay:
    """Sends a store's outbox, oldest first, and marks what was sent. One runs per store (a lock sees to it).

    What fails is tried again, later each time; until it succeeds nothing more of its key is sent. While the
    carrier is away nothing is sent, and soon after it is back everything. It may send twice (a crash between
    sending and marking); the inbox drops the second.
    """

    BATCH = 500
    # Rows that another process added (a command beside a running suite) are found so soon.
    IDLE_SECONDS = 0.25
    FLUSH_SECONDS = 30.0
    AWAY_SECONDS = 1.0
    CHECK_SECONDS = 3600.0

    def __init__(
        self,
        service: str,
        database: Database,
        publisher: Publisher,
        metrics: Metrics,
        *,
        tracing: WorkTracing | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        check: Callable[[], object] | None = None,
    ) -> None:
        """`check` holds the store against what was sent (chassis.log_mend), before anything else is."""
        self._check = check
        self._checked_until = 0.0
        self._tracing = tracing
        self._service = service
        self._database = database
        self._publisher = publisher
        self._metrics = metrics
        self._monotonic = monotonic
        self._waiting = (
            select(outbox).where(outbox.c.published.is_(None)).order_by(outbox.c.seq).limit(self.BATCH)
        )
        self._oldest = Statement(self._waiting)
        self._blocked: dict[tuple[str, str], float] = {}  # topic and key, until when
        self._away_until = 0.0
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"relay-{service}", daemon=True)
        database.wakeups.listen("outbox", self._woken.set)

    def start(self) -> None:
        self._thread.start()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self, seconds: float) -> int | None:
        """Send what still waits, for so long at most; how many events are left unsent, None where the store
        does not say.
        """
        until = self._monotonic() + seconds
        self._stopping.set()
        self._woken.set()
        if self._thread.ident is not None:
            self._thread.join(seconds)
        try:
            if not self._thread.is_alive():
                while self._monotonic() < until and self.run_once():
                    pass
            return outbox_state(self._database).unpublished
        except DomainError as error:  # the store is away
            _log.warning("unsent events not counted", service=self._service, trace=trace(error))
            return None
        finally:
            if not self._thread.is_alive():
                self._publisher.close()

    def run_once(self) -> int:
        """Send one batch; how many events were sent and marked."""
        if self._monotonic() < self._away_until:
            return 0
        with self._database.exclusive("relay") as held:
            return self._send_batch() if held and self._fits() else 0

    def _fits(self) -> bool:
        """The store was held against the log a while ago at most: numbers that are taken there must not be
        sent, and what was lost there is sent again.
        """
        if self._check is None or self._monotonic() < self._checked_until:
            return True
        try:
            self._check()
        except CarrierAwayError:
            self._away_until = self._monotonic() + self.AWAY_SECONDS
            return False
        self._checked_until = self._monotonic() + self.CHECK_SECONDS
        return True

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._woken.clear()
            try:
                if self.run_once() == self.BATCH:
                    continue
            except Exception as error:  # the store may be away: the loop must outlive it
                _log.error("relay failed", service=self._service, trace=trace(error))
                self._checked_until = 0.0  # it may be another store than before
                self._stopping.wait(1)
            self._woken.wait(self.IDLE_SECONDS)

    def _send_batch(self) -> int:
        rows = self._unpublished()
        if not rows:
            return 0
        sent: list[tuple[Any, Event, Future[None]]] = []
        failed: dict[tuple[str, str], tuple[int, BaseException]] = {}
        for row in rows:
            if (row.topic, row.key) in failed:
                continue
            try:
                event = _event(row)
                future = self._publisher.send(event)
            except Exception as error:
                failed[row.topic, row.key] = (row.seq, error)
                if isinstance(error, CarrierAwayError):
                    break
                continue
            if future.done() and (refused := future.exception()) is not None:
                failed[row.topic, row.key] = (row.seq, refused)
                continue
            sent.append((row, event, future))
        self._publisher.flush(self.FLUSH_SECONDS)
        published = []
        for row, event, future in sent:
            try:
                future.result(timeout=0)
            except Exception as error:  # also TimeoutError: a flush that did not settle it
                failed.setdefault((row.topic, row.key), (row.seq, error))
            else:
                published.append(row.seq)
                if self._tracing is not None:
                    self._tracing.sent(self._service, event.envelope, row.created)
        self._mark(published, dict(failed.values()))
        for (topic, key), (seq, reason) in failed.items():
            attempts = next(row.attempts for row in rows if row.seq == seq) + 1
            if isinstance(reason, CarrierAwayError):
                self._away_until = self._monotonic() + self.AWAY_SECONDS
            else:
                self._blocked[topic, key] = self._monotonic() + min(30.0, 0.25 * 2 ** min(attempts, 10))
            _log.warning(
                "event not sent", service=self._service, seq=seq, attempts=attempts, trace=trace(reason)
            )
        return len(published)

    def _unpublished(self) -> Sequence[Any]:
        now = self._monotonic()
        self._blocked = {key: until for key, until in self._blocked.items() if until > now}
        with self._database.reading_across() as transaction:
            if not self._blocked:
                return self._oldest.ask(transaction.connection, {})
            query = self._waiting
            for topic, key in self._blocked:
                query = query.where((outbox.c.topic != topic) | (outbox.c.key != key))
            return transaction.connection.execute(query).all()

    def _mark(self, published: Sequence[int], failed: dict[int, BaseException]) -> None:
        with self._database.writing_across() as transaction:
            transaction.connection.execute(
                update(outbox)
                .where(outbox.c.seq.in_(published))
                .values(published=transaction.machine_clock.now(), attempts=outbox.c.attempts + 1)
            )
            for seq, error in failed.items():
                transaction.connection.execute(
                    update(outbox)
                    .where(outbox.c.seq == seq)
                    .values(attempts=outbox.c.attempts + 1, last_error=type(error).__qualname__[:255])
                )
        self._metrics.events_published.labels(self._service).inc(len(published))
        if failed:
            self._metrics.publish_failures.labels(self._service).inc(len(failed))


def _event(row: Any) -> Event:
    return Event(Envelope.from_headers(row.topic, row.key, row.headers), bytes(row.payload))
