"""Events arrive in order and count once, whatever the carrier repeats, re-orders or withholds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chassis.events.envelope import Envelope

if TYPE_CHECKING:
    from chassis.db import Transaction

# (transaction of the event's municipality, message of the event's type, its envelope). The message is typed
# Any so that a handler can name its own message class.
Handler = Callable[["Transaction", Any, Envelope], None]


@dataclass(frozen=True)
class Subscription:
    """`consumer` is the inbox's name, unique in the suite ("sortition.municipalities"), `topic` as `topic_of`
    gives it, `handlers` by the message's full name; events of other types are passed over.

    The module that declares it imports the generated module of each type it handles.
    """

    consumer: str
    topic: str
    handlers: Mapping[str, Handler]
