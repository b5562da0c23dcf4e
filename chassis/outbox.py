"""Events leave in the transaction that makes them true: rows of the outbox, which the relay sends
afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from google.protobuf.message import Message
from sqlalchemy import insert, select

from chassis.events.envelope import Envelope, schema_of, topic_of
from chassis.ids import uuid7
from chassis.tables import outbox, outbox_sequences

if TYPE_CHECKING:
    from chassis.db import Transaction


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
        municipality: str | None = None,
    ) -> UUID:
        """Tell `message` to whoever listens, once this transaction commits; its event id is returned.

        `topic_service` is the service that tells ("sortition"), `aggregate` the thing that it happened to
        ("selections/0192…"): events of one aggregate keep their order and are numbered 1, 2, 3. `snapshot`
        tells the aggregate's whole state again, under the number at which it stands. `municipality` is the
        tenant where the transaction itself is platform-wide. Ids only in `message`, never a person's data:
        events cannot be forgotten.
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
            sequence=self._sequence(topic, key, tenant, advance=not snapshot),
            snapshot=snapshot,
            correlation_id=transaction.correlation_id,
            causation_id=transaction.causation_id,
            data_schema=schema_of(message_type),
        )
        transaction.connection.execute(
            insert(outbox).values(
                id=envelope.id,
                municipality=tenant,
                topic=topic,
                key=key,
                type=message_type,
                headers=envelope.headers(),
                payload=message.SerializeToString(),
                created=transaction.machine_clock.now(),
                attempts=0,
            )
        )
        self.added += 1
        return envelope.id

    def _sequence(self, topic: str, key: str, tenant: str, *, advance: bool) -> int:
        from chassis.db import upsert  # db knows this module

        connection = self._transaction.connection
        if advance:
            statement = (
                upsert(connection, outbox_sequences)
                .values(topic=topic, key=key, municipality=tenant, last=1)
                .on_conflict_do_update(
                    index_elements=["topic", "key"], set_={"last": outbox_sequences.c.last + 1}
                )
                .returning(outbox_sequences.c.last)
            )
            return int(connection.execute(statement).scalar_one())
        last = connection.execute(
            select(outbox_sequences.c.last)
            .where(outbox_sequences.c.topic == topic, outbox_sequences.c.key == key)
            .with_for_update()
        ).scalar_one_or_none()
        # State told before anything happened to it stands at 1, and what happens next is 2.
        return int(last) if last is not None else self._sequence(topic, key, tenant, advance=True)
