"""The journal of effects: what each handler did, written in the handler's own transaction.

It has no key that would refuse a second row: the inbox must see to it that there is none. `seq` is given in
the order in which the effects of an aggregate came about, since a consumer takes them one after another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import BigInteger, Column, MetaData, String, Table, Uuid, insert

from chassis.db import Transaction, serial_type
from chassis.events.envelope import Envelope
from chassis.inbox import Handler, Subscription
from tests.faults.steps import Step, Steps

METADATA = MetaData()

effects = Table(
    "fault_effects",
    METADATA,
    Column("seq", serial_type(), primary_key=True, autoincrement=True),
    Column("municipality", String(63), nullable=False),
    Column("consumer", String(127), nullable=False),
    Column("topic", String(255), nullable=False),
    Column("key", String(512), nullable=False),
    Column("sequence", BigInteger(), nullable=False),
    Column("event_id", Uuid(), nullable=False),
)


def journalled(subscription: Subscription, steps: Steps) -> Subscription:
    """The subscription, whose handlers also write what they did; an event of a type that it passes over is
    one without an effect, and written all the same.
    """
    return replace(subscription, handlers=_Journalled(subscription, steps))


class _Journalled(Mapping[str, Handler]):
    def __init__(self, subscription: Subscription, steps: Steps) -> None:
        self._consumer = subscription.consumer
        self._inner = subscription.handlers
        self._steps = steps

    def __getitem__(self, name: str) -> Handler:
        inner = self._inner.get(name)

        def handle(transaction: Transaction, message: object, envelope: Envelope) -> None:
            if inner is not None:
                inner(transaction, message, envelope)
            transaction.connection.execute(
                insert(effects).values(
                    municipality=envelope.municipality,
                    consumer=self._consumer,
                    topic=envelope.topic,
                    key=envelope.key,
                    sequence=envelope.sequence,
                    event_id=envelope.id,
                )
            )
            self._steps.reach(Step.EFFECT_MADE)

        return handle

    def __iter__(self):
        return iter(self._inner)

    def __len__(self) -> int:
        return len(self._inner)
