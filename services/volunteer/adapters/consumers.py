"""What the volunteer portal learns from followup's events: which promises seek volunteers."""

from __future__ import annotations

from borgerting.followup.v1.events_pb2 import VolunteersSought
from chassis.db import Transaction
from chassis.events.envelope import Envelope, topic_of
from chassis.inbox import Subscription
from services.volunteer.adapters import names
from services.volunteer.adapters.sign_up_repository import SqlSought


def volunteers_sought(transaction: Transaction, message: VolunteersSought, envelope: Envelope) -> None:
    """Each event tells how many are wanted from now on. What for is asked of followup when it is needed."""
    names.PROMISE.parse(message.promise, field="promise")
    SqlSought(transaction).put(message.promise, max(message.wanted, 0))


def subscription() -> Subscription:
    return Subscription(
        consumer="volunteer.promises",
        topic=topic_of("followup"),
        handlers={VolunteersSought.DESCRIPTOR.full_name: volunteers_sought},
    )
