"""The entry points' common ground: each method is one call, in one unit of work, done once per request id.

gRPC, REST, pages and commands all come through here; requests and answers are the protobuf messages.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Container, Sequence
from datetime import timedelta
from functools import partial
from typing import Protocol

from google.protobuf.message import Message

from borgerting.deliberation.v1 import municipality_service_pb2 as pb
from borgerting.deliberation.v1 import sign_in_link_service_pb2 as link_pb
from chassis.aip.names import MUNICIPALITY
from chassis.aip.updates import check_request_id, masked_fields
from chassis.auth.keys import Sealer
from chassis.auth.principal import Role
from chassis.clock import Clock
from chassis.context import Caller, system
from chassis.db import Database
from chassis.entry import Entry
from chassis.errors import Code, DomainError
from chassis.ids import uuid7
from services.deliberation.adapters.assembly_repository import RegistryEntries
from services.deliberation.adapters.repository import SqlUnitOfWork, tenant_of_link
from services.deliberation.adapters.wire import link_to_proto, municipality_to_proto, particulars_from_proto
from services.deliberation.app.create_municipality import CreateMunicipality, create_municipality
from services.deliberation.app.create_sign_in_link import create_sign_in_link
from services.deliberation.app.delete_municipality import (
    DeleteMunicipality,
    check_delete_municipality,
    delete_municipality,
)
from services.deliberation.app.get_municipality import get_municipality
from services.deliberation.app.list_municipalities import list_municipalities
from services.deliberation.app.ports import UnitOfWork
from services.deliberation.app.purge_municipality import purge_municipality
from services.deliberation.app.spend_sign_in_link import find_sign_in_link, spend_sign_in_link
from services.deliberation.app.suspend_municipality import (
    ChangeOfState,
    resume_municipality,
    suspend_municipality,
    undelete_municipality,
)
from services.deliberation.app.update_municipality import UpdateMunicipality, update_municipality
from services.deliberation.domain.municipality import UPDATABLE, Municipality
from services.deliberation.domain.sign_in_link import (
    LOCAL_LINK_ROLES,
    SECRET_BYTES,
    LinkWish,
    SignInLink,
    digest_of,
)


class ActOnState(Protocol):
    """`suspend_municipality`, or its like."""

    def __call__(
        self, uow: UnitOfWork, caller: Caller, command: ChangeOfState, *, clock: Clock
    ) -> Municipality: ...


PLATFORM = ""
"""The tenant of units of work that belong to no municipality."""


class Registry:
    """`base_url` begins the links that are made; `sealer` keeps their secrets out of stored answers. What is
    removed is erased after `grace`.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        sealer: Sealer,
        *,
        base_url: str,
        known_time_zones: Container[str],
        default_ttl: timedelta,
        link_roles: Sequence[Role] = LOCAL_LINK_ROLES,
        grace: timedelta = timedelta(days=30),
    ) -> None:
        self._grace = grace
        self.link_roles = link_roles
        self._default_ttl = default_ttl
        self._database = database
        self._entry: Entry[UnitOfWork] = Entry(
            database, SqlUnitOfWork, standing=lambda transaction, _: RegistryEntries(transaction).get()
        )
        self._clock = clock
        self._sealer = sealer
        self._base_url = base_url.rstrip("/")
        self._known_time_zones = known_time_zones

    def get(self, caller: Caller, name: str) -> pb.Municipality:
        slug = MUNICIPALITY.parse(name)["municipality"]
        return self._entry.read(
            caller, slug, lambda uow: municipality_to_proto(get_municipality(uow, caller, slug))
        )

    def list(self, caller: Caller, request: pb.ListMunicipalitiesRequest) -> pb.ListMunicipalitiesResponse:
        page = self._entry.read(
            caller,
            PLATFORM,
            lambda uow: list_municipalities(
                uow, caller, request.page_size, request.page_token, deleted=request.show_deleted
            ),
        )
        return pb.ListMunicipalitiesResponse(
            municipalities=[municipality_to_proto(each) for each in page.items],
            next_page_token=page.next_page_token,
        )

    def create(self, caller: Caller, request: pb.CreateMunicipalityRequest) -> pb.Municipality:
        command = CreateMunicipality(request.municipality_id, particulars_from_proto(request.municipality))
        return self._entry.write(
            caller,
            PLATFORM,
            lambda uow: municipality_to_proto(
                create_municipality(
                    uow,
                    caller,
                    command,
                    clock=self._clock,
                    known_time_zones=self._known_time_zones,
                )
            ),
            request_id=check_request_id(request.request_id),
            fingerprint=fingerprint("CreateMunicipality", request),
            store=pb.Municipality.SerializeToString,
            restore=pb.Municipality.FromString,
        )

    def update(self, caller: Caller, request: pb.UpdateMunicipalityRequest) -> pb.Municipality:
        wanted = request.municipality
        slug = MUNICIPALITY.parse(wanted.name, field="municipality.name")["municipality"]
        populated = [field for field in UPDATABLE if getattr(wanted, field)]
        command = UpdateMunicipality(
            slug,
            particulars_from_proto(wanted),
            masked_fields(request.update_mask.paths, populated, UPDATABLE),
            wanted.etag or None,
        )
        return self._entry.write(
            caller,
            slug,
            lambda uow: municipality_to_proto(
                update_municipality(
                    uow,
                    caller,
                    command,
                    clock=self._clock,
                    known_time_zones=self._known_time_zones,
                )
            ),
            request_id=check_request_id(request.request_id),
            fingerprint=fingerprint("UpdateMunicipality", request),
            store=pb.Municipality.SerializeToString,
            restore=pb.Municipality.FromString,
        )

    def suspend(self, caller: Caller, request: pb.SuspendMunicipalityRequest) -> pb.Municipality:
        return self._change_state(caller, request, suspend_municipality)

    def resume(self, caller: Caller, request: pb.ResumeMunicipalityRequest) -> pb.Municipality:
        return self._change_state(caller, request, resume_municipality)

    def undelete(self, caller: Caller, request: pb.UndeleteMunicipalityRequest) -> pb.Municipality:
        return self._change_state(caller, request, undelete_municipality)

    def delete(self, caller: Caller, request: pb.DeleteMunicipalityRequest) -> pb.Municipality:
        slug = MUNICIPALITY.parse(request.name)["municipality"]
        command = DeleteMunicipality(
            slug, request.confirmation, request.reason, request.without_export, request.etag or None
        )

        def act(uow: UnitOfWork) -> pb.Municipality:
            made = delete_municipality(uow, caller, command, clock=self._clock, grace=self._grace)
            return municipality_to_proto(made)

        # Its audit trail is seen in its own unit of work alone, and goes with it: the act is the platform's.
        self._entry.read(caller, slug, lambda uow: check_delete_municipality(uow, caller, command))
        return self._entry.write(
            caller,
            PLATFORM,
            act,
            request_id=check_request_id(request.request_id),
            fingerprint=fingerprint("DeleteMunicipality", request),
            store=pb.Municipality.SerializeToString,
            restore=pb.Municipality.FromString,
        )

    def purge_due(self) -> int:
        """Have those erased whose time has come; how many that were."""
        caller = system("registry")
        now = self._clock.now()
        due = self._entry.read(caller, PLATFORM, lambda uow: uow.municipalities.due(now))
        return sum(
            self._entry.write(
                caller,
                slug,
                partial(purge_municipality, slug=slug, clock=self._clock),
                of_registry=True,
            )
            for slug in due
        )

    def _change_state(
        self,
        caller: Caller,
        request: pb.SuspendMunicipalityRequest
        | pb.ResumeMunicipalityRequest
        | pb.UndeleteMunicipalityRequest,
        act: ActOnState,
    ) -> pb.Municipality:
        slug = MUNICIPALITY.parse(request.name)["municipality"]
        command = ChangeOfState(slug, request.reason, request.etag or None)
        return self._entry.write(
            caller,
            slug,
            lambda uow: municipality_to_proto(act(uow, caller, command, clock=self._clock)),
            request_id=check_request_id(request.request_id),
            fingerprint=fingerprint(request.DESCRIPTOR.name, request),
            store=pb.Municipality.SerializeToString,
            restore=pb.Municipality.FromString,
            of_registry=True,  # it is for operators alone, and who is none should hear just that
        )

    def create_link(
        self, caller: Caller, request: link_pb.CreateSignInLinkRequest, site: str = ""
    ) -> link_pb.SignInLink:
        """`site` is the address under which the caller knows us, where none is configured."""
        wish = self._wish(request.sign_in_link)

        def make(uow: UnitOfWork) -> link_pb.SignInLink:
            new = create_sign_in_link(
                uow,
                caller,
                wish,
                clock=self._clock,
                new_id=lambda: uuid7(self._clock),
                new_secret=lambda: secrets.token_urlsafe(SECRET_BYTES),
                given=self.link_roles,
            )
            return link_to_proto(new, f"{self._base_url or site}/deliberation/sign-in/{new.secret}")

        return self._entry.write(
            caller,
            wish.municipality or PLATFORM,
            make,
            request_id=check_request_id(request.request_id),
            fingerprint=fingerprint("CreateSignInLink", request),
            store=lambda link: self._sealer.seal(link.SerializeToString()),
            restore=self._unseal,
        )

    def find_link(self, caller: Caller, secret: str) -> SignInLink:
        """Look, and spend nothing. The address has the secret alone, which leads to the municipality."""
        with self._database.reading_across() as transaction:
            tenant = tenant_of_link(transaction, digest_of(secret))
        return self._entry.read(
            caller, tenant or PLATFORM, lambda uow: find_sign_in_link(uow, caller, secret, clock=self._clock)
        )

    def spend_link(self, caller: Caller, secret: str) -> SignInLink:
        """Once. The act belongs to the link's own municipality, which is looked up first."""
        tenant = self.find_link(caller, secret).municipality or PLATFORM
        return self._entry.write(
            caller,
            tenant,
            lambda uow: spend_sign_in_link(uow, caller, secret, clock=self._clock),
            while_suspended=True,
        )

    def _wish(self, message: link_pb.SignInLink) -> LinkWish:
        slug = None
        if message.municipality:
            field = "sign_in_link.municipality"
            slug = MUNICIPALITY.parse(message.municipality, field=field)["municipality"]
        ttl = message.ttl.ToTimedelta() if message.HasField("ttl") else self._default_ttl
        return LinkWish(slug, message.role, message.subject, ttl)

    def _unseal(self, sealed: bytes) -> link_pb.SignInLink:
        opened = self._sealer.open(sealed)
        if opened is None:
            # The keys were rotated twice since: the link is dead too.
            raise DomainError(Code.FAILED_PRECONDITION, "SIGN_IN_LINK_EXPIRED")
        return link_pb.SignInLink.FromString(opened)


def fingerprint(method: str, request: Message) -> bytes:
    """What makes two requests the same, whatever their request id."""
    copy = type(request)()
    copy.CopyFrom(request)
    copy.ClearField("request_id")
    content = copy.SerializeToString(deterministic=True)
    return hashlib.sha256(method.encode() + b"\0" + content).digest()
