"""For volunteers: signing up, one's own sign-ups, cancelling."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Request, Response

from chassis.aip.names import identity
from chassis.auth.principal import Role
from chassis.context import Caller
from chassis.errors import DomainError
from chassis.web import Form, Posted, form_of, redirect
from services.volunteer.adapters.pages.house import (
    House,
    Sent,
    base,
    is_,
    slot_base,
    slot_id,
    task_base,
    task_id,
)
from services.volunteer.app.browse_tasks import Offer, look_at_task
from services.volunteer.app.cancel_sign_up import CancelSignUp, cancel_sign_up
from services.volunteer.app.create_sign_up import CreateSignUp
from services.volunteer.app.gate import admit
from services.volunteer.app.get_person import get_person
from services.volunteer.app.get_sign_up import get_sign_up
from services.volunteer.app.get_slot import get_slot
from services.volunteer.app.own_claims import own_claims
from services.volunteer.app.ports import UnitOfWork
from services.volunteer.app.sign_up_with_contact import SignUpWithContact, sign_up_with_contact
from services.volunteer.app.views import Claim, PersonView, SignUpView, SlotView
from services.volunteer.domain.person import Contact
from services.volunteer.domain.sign_up import CancelledBy

# Refusals that the page explains, where it stands.
_EXPLAINED = frozenset(
    {"SLOT_OVERLAPS", "SIGNED_UP_ALREADY", "CONTACT_MISSING", "TASK_NOT_OPEN", "SLOT_OVER"}
)


class SignUpPages:
    def __init__(self, house: House) -> None:
        self._house = house

    def router(self) -> APIRouter:
        router = APIRouter()
        here = "/{municipality}/tasks/{task}/slots/{slot}"
        router.get("/{municipality}/mine")(self.mine)
        router.get(f"{here}/sign-up")(self.ask)
        router.post(f"{here}/sign-up")(self.sign_up)
        router.get(f"{here}/sign-ups/{{sign_up}}/cancel")(self.ask_cancel)
        router.post(f"{here}/sign-ups/{{sign_up}}/cancel")(self.cancel)
        return router

    def ask(self, request: Request, municipality: str, task: str, slot: str) -> Response:
        return self._ask(request, municipality, task, slot, Form())

    def _ask(self, request: Request, municipality: str, task: str, slot: str, form: Form) -> Response:
        """What a place means, before it is taken. For who is not signed in: how to get in."""
        wanted, of_slot = task_id(task), slot_id(slot)

        def work(uow: UnitOfWork, who: Caller) -> tuple[Offer, SlotView, PersonView | None]:
            offer = look_at_task(uow, who, wanted, clock=self._house.clock)
            volunteer = is_(request, municipality, Role.VOLUNTEER)
            return offer, get_slot(uow, who, wanted, of_slot), _known(uow, who) if volunteer else None

        header, (offer, view, person) = self._house.read(request, municipality, work)
        found, words = offer.view.task, self._house.words(request)
        known = person is not None and bool(person.contact.phone)
        return self._house.page(
            request,
            "sign_up",
            header,
            self._house.crumbs(
                request,
                municipality,
                (found.fields.title, task_base(municipality, found.id)),
                (words.text("vol_signup.title"), None),
            ),
            task=found.fields,
            when=self._house.when(request, view.slot),
            free=view.slot.free,
            capacity=view.slot.capacity,
            next_number=view.slot.waiting + 1,
            volunteer=is_(request, municipality, Role.VOLUNTEER),
            known=known,
            me=f"{base(municipality)}/me",
            action=f"{slot_base(view.slot)}/sign-up",
            back=task_base(municipality, found.id),
            request_id=str(uuid4()),
            form=form,
            status=400 if form.errors else 200,
        )

    def sign_up(self, request: Request, municipality: str, task: str, slot: str, form: Sent) -> Response:
        wanted = CreateSignUp(task_id(task), slot_id(slot))
        command = SignUpWithContact(wanted, _contact(form))

        def work(uow: UnitOfWork, who: Caller) -> str:
            admit(uow, who, Role.VOLUNTEER)
            made = sign_up_with_contact(uow, who, command, clock=self._house.clock)
            return str(made.sign_up.id)

        act = form.fingerprint(f"sign_up {wanted.task} {wanted.slot}")
        try:
            made = self._house.write_once(request, municipality, form.text("request_id"), act, work)
        except DomainError as error:
            if not error.violations and error.reason not in _EXPLAINED:
                raise
            again = form_of(error, self._house.words(request), form.values)
            return self._ask(request, municipality, task, slot, again)
        return redirect(request, f"{base(municipality)}/mine?new={made}")

    def mine(self, request: Request, municipality: str, new: str = "") -> Response:
        def work(uow: UnitOfWork, who: Caller) -> tuple[Claim, ...]:
            admit(uow, who, Role.VOLUNTEER)
            return own_claims(uow, who)

        header, claims = self._house.read(request, municipality, work)
        words, now = self._house.words(request), self._house.clock.now()
        coming = [
            claim
            for claim in claims
            if claim.slot.start > now
            and (claim.view.sign_up.live or claim.view.sign_up.cancelled_by is CancelledBy.ORGANISER)
        ]
        done = sum(claim.view.sign_up.holds and claim.slot.start <= now for claim in claims)
        just = next((claim for claim in coming if str(claim.view.sign_up.id) == new), None)
        return self._house.page(
            request,
            "mine",
            header,
            self._house.crumbs(request, municipality, (words.text("vol_mine.title"), None)),
            base=base(municipality),
            just=self._claim(request, just) if just else None,
            coming=[self._claim(request, claim) for claim in coming],
            done=done,
        )

    def ask_cancel(self, request: Request, municipality: str, task: str, slot: str, sign_up: str) -> Response:
        ids = _ids(task, slot, sign_up)

        def work(uow: UnitOfWork, who: Caller) -> tuple[Offer, SlotView, SignUpView]:
            view = get_sign_up(uow, who, *ids)
            offer = look_at_task(uow, who, ids[0], clock=self._house.clock)
            return offer, get_slot(uow, who, ids[0], ids[1]), view

        header, (offer, view, found) = self._house.read(request, municipality, work)
        words = self._house.words(request)
        holds = found.sign_up.holds
        return self._house.page(
            request,
            "cancel_sign_up",
            header,
            self._house.crumbs(request, municipality, (words.text("vol_cancel.title"), None)),
            title=offer.view.task.fields.title,
            when=self._house.when(request, view.slot, capital=False),
            holds=holds,
            waiting=view.slot.waiting,
            live=found.sign_up.live,
            action=f"{slot_base(view.slot)}/sign-ups/{found.sign_up.id}/cancel",
            back=self._back(request, view),
        )

    def cancel(
        self, request: Request, municipality: str, task: str, slot: str, sign_up: str, form: Sent
    ) -> Response:
        command = CancelSignUp(*_ids(task, slot, sign_up))

        def work(uow: UnitOfWork, who: Caller) -> SlotView:
            cancel_sign_up(uow, who, command, clock=self._house.clock)
            return get_slot(uow, who, command.task, command.slot)

        return redirect(request, self._back(request, self._house.write(request, municipality, work)))

    def _back(self, request: Request, view: SlotView) -> str:
        """Whoever cancels for somebody else comes from the slot's list."""
        slot = view.slot
        if is_(request, slot.municipality, Role.VOLUNTEER):
            return f"{base(slot.municipality)}/mine"
        return f"{slot_base(slot)}/people"

    def _claim(self, request: Request, claim: Claim) -> dict[str, Any]:
        sign_up, fields = claim.view.sign_up, claim.task.fields
        return {
            "id": sign_up.id,
            "state": sign_up.state.value,
            "queue_number": claim.view.queue_number,
            "title": fields.title,
            "address": task_base(sign_up.municipality, sign_up.task),
            "when": self._house.when(request, claim.slot),
            "place": fields.place,
            "office": fields.contact_office,
            "phone": fields.contact_phone,
            "private_text": claim.private_text,
            "cancel": f"{slot_base(claim.slot)}/sign-ups/{sign_up.id}/cancel",
        }


def _known(uow: UnitOfWork, who: Caller) -> PersonView | None:
    own = uow.people.of_subject(who.principal.subject)
    return get_person(uow, who, own.id) if own else None


def _contact(form: Posted) -> Contact | None:
    """None for a volunteer whose name and telephone are known: the page did not ask for them."""
    if "display_name" not in form.values:
        return None
    return Contact(form.text("display_name"), form.text("phone"), form.text("email"))


def _ids(task: str, slot: str, sign_up: str) -> tuple[UUID, UUID, UUID]:
    return task_id(task), slot_id(slot), identity(sign_up, "SIGN_UP_UNKNOWN")
