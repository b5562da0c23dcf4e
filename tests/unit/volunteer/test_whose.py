"""What is whose: private texts, one's own record and sign-ups, questions to followup."""

from __future__ import annotations

from uuid import uuid4

import pytest

from chassis.auth.principal import Role
from chassis.errors import DomainError
from services.volunteer.app.cancel_sign_up import CancelSignUp, cancel_sign_up
from services.volunteer.app.create_sign_up import CreateSignUp, create_sign_up
from services.volunteer.app.delete_person import delete_person
from services.volunteer.app.export_person import export_person
from services.volunteer.app.get_person import get_person
from services.volunteer.app.get_sign_up import get_sign_up
from services.volunteer.app.get_task import get_task
from services.volunteer.app.list_person_sign_ups import list_person_sign_ups
from services.volunteer.app.own_claims import own_claims
from services.volunteer.app.promises import find_promise, list_promises
from services.volunteer.app.publish_task import publish_task
from services.volunteer.app.task_acts import TaskAct
from services.volunteer.app.update_person import UpdatePerson, update_person
from services.volunteer.domain.person import Contact
from tests.contract.volunteer.memory import MemoryPromises
from tests.unit.volunteer.house import HERE, THERE, House, who

C, N = Role.COORDINATOR, None
ROLES = (*Role, N)
CONTACT = Contact("Ada", "20 00 00 09")


@pytest.mark.parametrize("role", ROLES, ids=lambda r: r.value if r else "nobody")
@pytest.mark.parametrize("municipality", [HERE, THERE])
def test_followup_is_asked_for_coordinators_alone(role: Role | None, municipality: str) -> None:
    promises = MemoryPromises()
    caller = who(role, municipality)
    allowed = role is C and municipality == HERE
    for ask in (
        lambda: list_promises(promises, caller, HERE),
        lambda: find_promise(promises, caller, HERE, f"municipalities/{HERE}/promises/{uuid4()}"),
    ):
        promises.away = True  # whoever gets as far as to ask meets nobody
        with pytest.raises(DomainError) as caught:
            ask()
        expected = "NEIGHBOUR_UNAVAILABLE" if allowed else "ROLE_REQUIRED" if role else "SIGN_IN_REQUIRED"
        assert caught.value.reason == expected


def test_the_private_text_is_for_those_who_come() -> None:
    house = House()
    slot = house.slot(house.task(private_text="Ring at the side door").id, 1)
    house.act(publish_task, TaskAct(slot.task))
    house.sign_up(slot, 1)
    house.sign_up(slot, 2)
    shown = {
        name: house.act(get_task, slot.task, by=caller).private_text
        for name, caller in {
            "has a place": house.known(1),
            "waits": house.known(2),
            "another": house.known(3),
            "coordinator": who(C),
            "coordinator elsewhere": who(C, THERE),
            "secretariat": who(Role.SECRETARIAT),
            "anyone": who(N),
        }.items()
    }
    assert {name for name, text in shown.items() if text} == {"has a place", "coordinator"}
    claims = house.run(own_claims, by=house.known(2))
    assert [claim.private_text for claim in claims] == [""]


def test_somebody_elses_record_and_sign_up_are_unknown() -> None:
    house = House()
    slot = house.open()
    made = house.sign_up(slot, 1).sign_up
    other, person = house.known(2), house.person(1)
    ids = (made.task, made.slot, made.id)
    for call in (
        lambda: house.run(get_person, person, by=other),
        lambda: house.run(export_person, person, by=other),
        lambda: house.run(list_person_sign_ups, person, by=other),
        lambda: house.act(delete_person, person, by=other),
        lambda: house.act(update_person, UpdatePerson(person, CONTACT, ("phone",)), by=other),
        lambda: house.act(create_sign_up, CreateSignUp(slot.task, slot.id, person), by=other),
        lambda: house.run(get_sign_up, *ids, by=other),
        lambda: house.act(cancel_sign_up, CancelSignUp(*ids), by=other),
        lambda: house.run(get_sign_up, uuid4(), *ids[1:], by=other),
    ):
        with pytest.raises(DomainError) as caught:
            call()
        assert caught.value.reason in ("VOLUNTEER_UNKNOWN", "SIGN_UP_UNKNOWN")
    assert house.run(get_sign_up, *ids, by=house.known(1)).sign_up == made
