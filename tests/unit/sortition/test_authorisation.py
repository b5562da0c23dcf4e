"""Every use case, every role, and the same role of another municipality."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from chassis.auth.principal import Role
from chassis.errors import Code, DomainError
from services.sortition.app.accept_pool_import import accept_pool_import
from services.sortition.app.cancel_draw import cancel_draw
from services.sortition.app.check_receipt import check_receipt
from services.sortition.app.check_targets import CheckTargets, check_targets
from services.sortition.app.confirm_panel import ConfirmPanel, confirm_panel
from services.sortition.app.create_draw import CreateDraw, create_draw
from services.sortition.app.create_selection import CreateSelection, create_selection
from services.sortition.app.delete_person import DeletePerson, delete_person
from services.sortition.app.draw_acts import DrawAct
from services.sortition.app.export_person import export_person
from services.sortition.app.get_draw import get_draw
from services.sortition.app.get_draw_file import get_draw_file
from services.sortition.app.get_panel import get_panel
from services.sortition.app.get_pool import get_pool
from services.sortition.app.get_pool_import import get_pool_import
from services.sortition.app.get_pool_import_corrections import get_pool_import_corrections
from services.sortition.app.get_published_draw import get_published_draw
from services.sortition.app.get_representation import get_representation
from services.sortition.app.get_selection import get_selection
from services.sortition.app.get_signing_key import get_signing_key
from services.sortition.app.import_pool import ImportPool, import_pool
from services.sortition.app.import_targets import ImportTargets, import_targets
from services.sortition.app.list_draw_states import list_draw_states
from services.sortition.app.list_draws import list_draws
from services.sortition.app.list_people import list_people
from services.sortition.app.list_published_draws import list_published_draws
from services.sortition.app.list_seat_contacts import list_seat_contacts
from services.sortition.app.list_seats import list_seats
from services.sortition.app.list_selections import list_selections
from services.sortition.app.publish_commitment import publish_commitment
from services.sortition.app.publish_draw import publish_draw
from services.sortition.app.reveal_draw import RevealDraw, reveal_draw
from services.sortition.app.set_inclusion import SetInclusion, set_inclusion
from services.sortition.app.set_seat_answer import SetSeatAnswer, set_seat_answer
from services.sortition.app.update_selection import UpdateSelection, update_selection
from services.sortition.domain.pool import Inclusion
from services.sortition.domain.seat import Answer
from services.sortition.domain.selection import SelectionFields
from tests.authorisation import Rights
from tests.unit.sortition.house import HERE, THERE, House, who

S, I, O, N = Role.SECRETARIAT, Role.INTEGRATOR, Role.OPERATOR, None  # noqa: E741
ROLES = (S, I, O, N)
EVERYONE = set(ROLES)

SELECTION, DRAW, PERSON, SEAT = uuid4(), uuid4(), uuid4(), uuid4()
FIELDS = SelectionFields("t", "", 8, None)

# Use case -> (who may, its arguments after the caller, whether it is handed a clock).
TABLE: dict[Callable[..., Any], tuple[set[Role | None], tuple[Any, ...], bool]] = {
    create_selection: ({S}, (CreateSelection("t", 8),), True),
    # Deliberation asks for it when an assembly is set up.
    get_selection: ({S, I, Role.SERVICE}, (SELECTION,), False),
    list_selections: ({S, I}, (), False),
    update_selection: ({S}, (UpdateSelection(SELECTION, FIELDS, ("title",)),), True),
    import_targets: ({S, I}, (ImportTargets(SELECTION, b"x"),), True),
    import_pool: ({S, I}, (ImportPool(SELECTION, b"x"),), True),
    get_pool_import: ({S, I}, (SELECTION,), False),
    get_pool_import_corrections: ({S, I}, (SELECTION,), False),
    accept_pool_import: ({S, I}, (SELECTION,), True),
    get_pool: ({S, I}, (SELECTION,), False),
    check_targets: ({S, I}, (CheckTargets(SELECTION),), False),
    list_people: ({S}, (SELECTION,), False),
    set_inclusion: ({S}, (SetInclusion(SELECTION, PERSON, Inclusion.MUST),), True),
    delete_person: ({S}, (DeletePerson(SELECTION, PERSON),), True),
    export_person: ({S}, (SELECTION, PERSON), False),
    create_draw: ({S, I}, (CreateDraw(SELECTION),), True),
    get_draw: ({S, I}, (SELECTION, DRAW), False),
    list_draws: ({S, I}, (SELECTION,), False),
    cancel_draw: ({S, I}, (DrawAct(SELECTION, DRAW),), True),
    publish_commitment: ({S}, (DrawAct(SELECTION, DRAW),), True),
    reveal_draw: ({S}, (RevealDraw(SELECTION, DRAW, 1),), True),
    publish_draw: ({S}, (DrawAct(SELECTION, DRAW),), True),
    get_draw_file: (EVERYONE, (SELECTION, DRAW, "record.json"), False),
    list_published_draws: (EVERYONE, (), False),
    get_published_draw: (EVERYONE, (SELECTION, DRAW), False),
    check_receipt: (EVERYONE, (SELECTION, DRAW, "7QK2M9ZT4C"), False),
    get_signing_key: (EVERYONE, (), False),
    get_panel: ({S, I}, (SELECTION,), False),
    list_seats: ({S, I}, (SELECTION,), False),
    list_seat_contacts: ({S}, (SELECTION,), False),
    set_seat_answer: ({S}, (SetSeatAnswer(SELECTION, SEAT, Answer.ASKED),), True),
    confirm_panel: ({S}, (ConfirmPanel(SELECTION),), True),
    get_representation: ({S, I}, (SELECTION,), False),
    list_draw_states: ({O}, (), False),
}

# The methods' names where they are not their use cases'.
RENAMED = {"update_person": "set_inclusion"}


class TestRights(Rights):
    table = TABLE
    house = House
    platform = (list_draw_states,)


@pytest.mark.parametrize("role", [S, I, O, N], ids=lambda r: r.value if r else "nobody")
@pytest.mark.parametrize("municipality", [HERE, THERE])
def test_secret_files_are_the_secretariats_alone(role: Role | None, municipality: str) -> None:
    house = House()
    selection, made = house.published()
    caller = who(role, municipality)
    for filename in ("record.json", "record.json.sig", "commitment.json", "commitment.json.sig"):
        assert house.run(get_draw_file, selection, made, filename, by=caller).public
    for filename in ("audit.json", "receipts.csv", "chances.csv", "panels.csv"):
        if (role, municipality) == (S, HERE):
            assert not house.run(get_draw_file, selection, made, filename, by=caller).public
            continue
        with pytest.raises(DomainError) as caught:
            house.run(get_draw_file, selection, made, filename, by=caller)
        assert (caught.value.code, caught.value.reason) == (Code.NOT_FOUND, "FILE_UNKNOWN")
