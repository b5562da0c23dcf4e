"""Domain objects as protobuf messages, and back."""

from __future__ import annotations

from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from borgerting.deliberation.v1 import events_pb2
from borgerting.deliberation.v1 import municipality_service_pb2 as pb
from borgerting.deliberation.v1 import sign_in_link_service_pb2 as link_pb
from services.deliberation.app.create_sign_in_link import NewLink
from services.deliberation.app.update_municipality import etag_of
from services.deliberation.domain.municipality import Municipality, Particulars, State

_STATES = {
    State.ACTIVE: pb.Municipality.STATE_ACTIVE,
    State.SUSPENDED: pb.Municipality.STATE_SUSPENDED,
    State.REMOVED: pb.Municipality.STATE_REMOVED,
    State.ERASED: pb.Municipality.STATE_ERASED,
}
_STATES_BACK = {number: state for state, number in _STATES.items()}


def timestamp(instant: datetime) -> Timestamp:
    made = Timestamp()
    made.FromDatetime(instant)
    return made


def municipality_to_proto(municipality: Municipality) -> pb.Municipality:
    return pb.Municipality(
        name=municipality.name,
        display_name=municipality.particulars.display_name,
        time_zone=municipality.particulars.time_zone,
        languages=municipality.particulars.languages,
        state=_STATES[municipality.state],
        create_time=timestamp(municipality.create_time),
        update_time=timestamp(municipality.update_time),
        etag=etag_of(municipality),
        state_time=timestamp(municipality.state_time),
        purge_time=timestamp(municipality.purge_time) if municipality.purge_time else None,
    )


def municipality_changed(municipality: Municipality) -> events_pb2.MunicipalityChanged:
    return events_pb2.MunicipalityChanged(
        municipality=municipality.name,
        display_name=municipality.particulars.display_name,
        time_zone=municipality.particulars.time_zone,
        languages=municipality.particulars.languages,
        state=_STATES[municipality.state],
    )


def particulars_from_proto(message: pb.Municipality) -> Particulars:
    return Particulars(message.display_name, message.time_zone, tuple(message.languages))


def link_to_proto(new: NewLink, uri: str) -> link_pb.SignInLink:
    link = new.link
    return link_pb.SignInLink(
        name=link.name,
        municipality=f"municipalities/{link.municipality}" if link.municipality else "",
        role=link.role.value,
        subject=link.subject,
        expire_time=timestamp(link.expire_time),
        uri=uri,
    )


def instant(message: Timestamp) -> datetime:
    return message.ToDatetime(tzinfo=UTC)
