"""What other services tell us: deliberation, which municipalities there are."""

from __future__ import annotations

from borgerting.deliberation.v1.events_pb2 import MunicipalityChanged
from borgerting.deliberation.v1.municipality_service_pb2 import Municipality as RegistryEntry
from chassis.aip.names import MUNICIPALITY
from chassis.db import Transaction
from chassis.events.envelope import Envelope, topic_of
from chassis.inbox import Subscription
from services.sortition.adapters.repository import SqlMunicipalities
from services.sortition.app.ports import Municipality


def municipality_changed(transaction: Transaction, message: MunicipalityChanged, envelope: Envelope) -> None:
    """Keep the registry's entry; each event tells the whole of it."""
    SqlMunicipalities(transaction).put(
        Municipality(
            slug=MUNICIPALITY.parse(message.municipality, field="municipality")["municipality"],
            display_name=message.display_name,
            time_zone=message.time_zone,
            languages=tuple(message.languages),
            state=RegistryEntry.State.Name(message.state).removeprefix("STATE_"),
        )
    )


def subscriptions() -> list[Subscription]:
    return [
        Subscription(
            consumer="sortition.municipalities",
            topic=topic_of("deliberation"),
            handlers={MunicipalityChanged.DESCRIPTOR.full_name: municipality_changed},
        )
    ]
