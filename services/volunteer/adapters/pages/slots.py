"""For coordinators: a task's slots, in the municipality's own time."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response

from chassis.auth.principal import Role
from chassis.context import Caller
from chassis.errors import Code, DomainError, FieldViolation
from chassis.web import Form, Posted, form_of, invalid, redirect
from chassis.web.render import formats
from services.volunteer.adapters.pages.house import House, Sent, slot_base, slot_id, task_base, task_id
from services.volunteer.app.cancel_slot import CancelSlot, cancel_slot
from services.volunteer.app.create_slot import CreateSlot, create_slot
from services.volunteer.app.gate import admit
from services.volunteer.app.get_slot import get_slot
from services.volunteer.app.get_task import get_task
from services.volunteer.app.ports import UnitOfWork
from services.volunteer.app.update_slot import UpdateSlot, update_slot
from services.volunteer.app.views import SlotView, TaskView
from services.volunteer.domain.slot import Slot, SlotFields

# Paths of violations to the form's fields.
_FIELDS = {"start_time": "date", "end_time": "end", "time_zone": "date"}


class SlotPages:
    def __init__(self, house: House) -> None:
        self._house = house

    def router(self) -> APIRouter:
        router = APIRouter()
        here = "/{municipality}/tasks/{task}/slots"
        router.get(f"{here}/new")(self.new)
        router.post(f"{here}/new")(self.create)
        router.get(f"{here}/{{slot}}/edit")(self.edit)
        router.post(f"{here}/{{slot}}/edit")(self.update)
        router.get(f"{here}/{{slot}}/cancel")(self.ask_cancel)
        router.post(f"{here}/{{slot}}/cancel")(self.cancel)
        return router

    def new(self, request: Request, municipality: str, task: str) -> Response:
        return self._form(request, municipality, task, None, Form())

    def edit(self, request: Request, municipality: str, task: str, slot: str) -> Response:
        return self._form(request, municipality, task, slot, Form())

    def create(self, request: Request, municipality: str, task: str, form: Sent) -> Response:
        wanted = task_id(task)

        def work(uow: UnitOfWork, who: Caller) -> str:
            zone = admit(uow, who, Role.COORDINATOR).time_zone
            command = CreateSlot(wanted, _fields(form, zone))
            return str(create_slot(uow, who, command, clock=self._house.clock).slot.id)

        act = form.fingerprint(f"create_slot {wanted}")
        try:
            self._house.write_once(request, municipality, form.text("request_id"), act, work)
        except DomainError as error:
            if error.code not in (Code.INVALID_ARGUMENT, Code.FAILED_PRECONDITION):
                raise
            again = form_of(error, self._house.words(request), form.values, _FIELDS)
            return self._form(request, municipality, task, None, again)
        return redirect(request, f"{task_base(municipality, wanted)}/manage")

    def update(self, request: Request, municipality: str, task: str, slot: str, form: Sent) -> Response:
        ids = task_id(task), slot_id(slot)

        def work(uow: UnitOfWork, who: Caller) -> None:
            admit(uow, who, Role.COORDINATOR)
            stands = get_slot(uow, who, *ids).slot
            # The page asks for the times only while they can be changed.
            if "date" in form.values:
                fields, times = _fields(form, stands.time_zone), ("start_time", "end_time")
                command = UpdateSlot(*ids, fields, (*times, "capacity"), etag=form.text("etag"))
            else:
                command = UpdateSlot(*ids, _places(form, stands), ("capacity",), etag=form.text("etag"))
            update_slot(uow, who, command, clock=self._house.clock)

        try:
            self._house.write(request, municipality, work)
        except DomainError as error:
            if error.code not in (Code.INVALID_ARGUMENT, Code.FAILED_PRECONDITION, Code.ABORTED):
                raise
            again = form_of(error, self._house.words(request), form.values, _FIELDS)
            return self._form(request, municipality, task, slot, again)
        return redirect(request, f"{task_base(municipality, ids[0])}/manage")

    def _form(self, request: Request, municipality: str, task: str, slot: str | None, form: Form) -> Response:
        wanted = task_id(task)
        of_slot = slot_id(slot) if slot is not None else None

        def work(uow: UnitOfWork, who: Caller) -> tuple[TaskView, SlotView | None]:
            admit(uow, who, Role.COORDINATOR)
            view = get_task(uow, who, wanted, clock=self._house.clock)
            return view, get_slot(uow, who, wanted, of_slot) if of_slot else None

        header, (view, found) = self._house.read(request, municipality, work)
        words, here = self._house.words(request), task_base(municipality, wanted)
        title = words.text("vol_slot.edit_title" if found else "vol_slot.new_title")
        return self._house.page(
            request,
            "slot_form",
            header,
            self._house.desk_crumbs(
                request, municipality, (view.task.fields.title, f"{here}/manage"), (title, None)
            ),
            heading=title,
            slot=_typed(found.slot) if found else None,
            when=self._house.when(request, found.slot) if found else "",
            times_stand=bool(found and (found.slot.confirmed or found.slot.waiting)),
            confirmed=found.slot.confirmed if found else 0,
            waiting=found.slot.waiting if found else 0,
            etag=found.etag if found else "",
            action=f"{slot_base(found.slot)}/edit" if found else f"{here}/slots/new",
            back=f"{here}/manage",
            request_id=str(uuid4()),
            form=form,
            status=400 if form.errors else 200,
        )

    def ask_cancel(self, request: Request, municipality: str, task: str, slot: str) -> Response:
        ids = task_id(task), slot_id(slot)

        def work(uow: UnitOfWork, who: Caller) -> tuple[TaskView, SlotView]:
            admit(uow, who, Role.COORDINATOR)
            return get_task(uow, who, ids[0], clock=self._house.clock), get_slot(uow, who, *ids)

        header, (view, found) = self._house.read(request, municipality, work)
        words, here = self._house.words(request), task_base(municipality, ids[0])
        when = self._house.when(request, found.slot, capital=False)
        return self._house.page(
            request,
            "confirm",
            header,
            self._house.desk_crumbs(request, municipality, (view.task.fields.title, f"{here}/manage")),
            heading=words.text("vol_cancel_slot.heading"),
            lead=words.text("vol_cancel_slot.lead", title=view.task.fields.title, when=when),
            facts=[
                words.plural("vol_cancel_task.confirmed", found.slot.confirmed),
                words.plural("vol_cancel_task.waiting", found.slot.waiting),
                words.text("vol_cancel_slot.for_good"),
            ],
            question=words.text("vol_cancel_slot.question"),
            button=words.text("vol_cancel_slot.button"),
            action=f"{slot_base(found.slot)}/cancel",
            back=f"{here}/manage",
            values={"etag": found.etag},
        )

    def cancel(self, request: Request, municipality: str, task: str, slot: str, form: Sent) -> Response:
        command = CancelSlot(task_id(task), slot_id(slot), form.text("etag"))
        self._house.write(
            request, municipality, lambda uow, who: cancel_slot(uow, who, command, clock=self._house.clock)
        )
        return redirect(request, f"{task_base(municipality, command.task)}/manage")


def _typed(slot: Slot) -> dict[str, Any]:
    """What the form shows of a slot, in the slot's own zone."""
    f = formats("en", slot.time_zone)
    start, end = f.local(slot.start), f.local(slot.end)
    return {
        "date": start.date().isoformat(),
        "start": f"{start:%H:%M}",
        "end": f"{end:%H:%M}",
        "capacity": slot.capacity,
    }


def _fields(form: Posted, zone: str) -> SlotFields:
    """Raises DomainError with every field that cannot be read."""
    from services.volunteer.schedule.expand import to_utc  # engines are imported when they are first used

    found: list[FieldViolation] = []
    day = _read(form, "date", date.fromisoformat, "DATE_INVALID", found)
    begins = _read(form, "start", time.fromisoformat, "TIME_INVALID", found)
    ends = _read(form, "end", time.fromisoformat, "TIME_INVALID", found)
    capacity = _capacity(form, found)
    if found or day is None or begins is None or ends is None:
        raise invalid(*found)
    start = datetime.combine(day, begins)
    end = datetime.combine(day if ends > begins else day + timedelta(days=1), ends)
    local = ZoneInfo(zone)
    return SlotFields(to_utc(start, local), to_utc(end, local), zone, capacity)


def _places(form: Posted, stands: Slot) -> SlotFields:
    found: list[FieldViolation] = []
    capacity = _capacity(form, found)
    if found:
        raise invalid(*found)
    return SlotFields(stands.start, stands.end, stands.time_zone, capacity)


def _capacity(form: Posted, found: list[FieldViolation]) -> int:
    try:
        return form.whole("capacity")
    except DomainError as error:
        found.extend(error.violations)
        return 0


def _read(form: Posted, field: str, parse: Any, reason: str, found: list[FieldViolation]) -> Any:
    typed = form.text(field)
    if not typed:
        found.append(FieldViolation(field, "FIELD_REQUIRED"))
        return None
    try:
        # '14.00' is how it is written in Danish.
        value = parse(typed.replace(".", ":") if field != "date" else typed)
        datetime.combine(value, time()) if field == "date" else value.replace(second=0)
    except (ValueError, OverflowError):
        found.append(FieldViolation(field, reason))
        return None
    if field != "date" and value.tzinfo is not None:
        found.append(FieldViolation(field, reason))
        return None
    return value
