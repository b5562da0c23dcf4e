"""A draw from being asked for to the confirmed panel."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from uuid import UUID

import pytest

from chassis.errors import Code, DomainError
from services.sortition.app.cancel_draw import cancel_draw
from services.sortition.app.check_receipt import check_receipt
from services.sortition.app.confirm_panel import ConfirmPanel, confirm_panel
from services.sortition.app.create_draw import CreateDraw, create_draw
from services.sortition.app.draw_acts import DrawAct
from services.sortition.app.get_draw import get_draw
from services.sortition.app.get_draw_file import get_draw_file
from services.sortition.app.get_panel import get_panel
from services.sortition.app.get_published_draw import get_published_draw
from services.sortition.app.get_representation import get_representation
from services.sortition.app.get_signing_key import get_signing_key
from services.sortition.app.list_draw_states import list_draw_states
from services.sortition.app.list_draws import list_draws
from services.sortition.app.list_people import list_people
from services.sortition.app.list_published_draws import list_published_draws
from services.sortition.app.list_seat_contacts import list_seat_contacts
from services.sortition.app.list_seats import list_seats
from services.sortition.app.publish_commitment import publish_commitment
from services.sortition.app.publish_draw import publish_draw
from services.sortition.app.reveal_draw import RevealDraw, reveal_draw
from services.sortition.app.set_inclusion import SetInclusion, set_inclusion
from services.sortition.app.set_seat_answer import SetSeatAnswer, set_seat_answer
from services.sortition.app.update_selection import UpdateSelection, update_selection
from services.sortition.domain.draw import DrawMethod, DrawMode, DrawState
from services.sortition.domain.pool import Inclusion
from services.sortition.domain.seat import Answer
from services.sortition.domain.selection import SelectionFields, SelectionState
from services.sortition.domain.target import Target
from services.sortition.lottery import signing
from tests.unit.sortition.house import ANYONE, SECRETARIAT, TARGETS, House, who

MARKS = ("NAMEMARK", "STREETMARK")


@pytest.fixture
def house() -> House:
    return House()


def refused(call: Callable[[], object]) -> tuple[Code, str]:
    with pytest.raises(DomainError) as caught:
        call()
    return caught.value.code, caught.value.reason


def computed(house: House, mode: DrawMode = DrawMode.PUBLIC) -> tuple[UUID, UUID]:
    selection = house.filled()
    draw = house.draw(selection, mode).draw.id
    house.compute(selection, draw)
    return selection, draw


class TestAsking:
    def test_fixes_input_and_seed_before_any_work(self, house: House) -> None:
        selection = house.filled()
        view = house.draw(selection, announced=" two dice ")
        draw = view.draw
        snapshot = house.entry.tables.snapshots["hjemby", draw.id]
        assert draw.input_digest == hashlib.sha256(snapshot).hexdigest()
        assert (draw.state, draw.pool_size, draw.size, view.stage) == (DrawState.QUEUED, 24, 8, "queued")
        assert len(draw.seed) == 64
        assert draw.announced == "two dice"
        assert not any(mark.encode() in snapshot for mark in MARKS)
        assert house.entry.tables.jobs.keys() == {("hjemby", draw.id)}

    def test_what_changes_afterwards_is_for_later_draws(self, house: House) -> None:
        selection = house.filled()
        first = house.draw(selection).draw
        fields = SelectionFields("Renamed", "", 10, None, ())
        house.act(update_selection, UpdateSelection(selection, fields, ("title", "size")))
        house.compute(selection, first.id)
        commitment = json.loads(house.entry.tables.files["hjemby", first.id, "commitment.json"].content)
        assert (commitment["size"], commitment["title"]) == (8, "Welfare")
        house.act(cancel_draw, DrawAct(selection, first.id))
        targets = (Target("gender", "female", 4, 6), Target("gender", "male", 4, 6), *TARGETS[2:])
        fields = SelectionFields("", "", 10, None, targets)
        house.act(update_selection, UpdateSelection(selection, fields, ("targets",)))
        second = house.draw(selection).draw
        assert second.size == 10
        assert second.input_digest != first.input_digest

    def test_the_same_pool_in_another_order_is_the_same_input(self, house: House) -> None:
        one, other = (house.selection(per_address=None).selection.id for _ in range(2))
        lines = b"id,gender,age\n1,female,old\n2,male,old\n3,female,young\n4,male,young\n"
        turned = b"id,gender,age\n4,male,young\n2,male,old\n1,female,old\n3,female,young\n"
        for selection, content in ((one, lines), (other, turned)):
            from services.sortition.app.import_pool import ImportPool, import_pool

            house.act(import_pool, ImportPool(selection, content))
            fields = SelectionFields("", "", 2, None, (Target("gender", "female", 1, 1), *TARGETS[1:2]))
            fields = SelectionFields(
                "", "", 2, None, tuple(Target(t.feature, t.value, 0, 2) for t in TARGETS)
            )
            house.act(update_selection, UpdateSelection(selection, fields, ("size", "targets")))
        assert house.draw(one).draw.input_digest == house.draw(other).draw.input_digest

    def test_an_upload_that_waits_is_thrown_away(self, house: House) -> None:
        selection = house.filled()
        house.pool(selection, b"id,gender,age,name,street\n1,female,old,NAMEMARK,S\n2,x,old,NAMEMARK,S\n")
        assert house.entry.tables.imports["hjemby", selection].upload
        assert house.draw(selection).draw.pool_size == 24
        assert not house.entry.tables.imports["hjemby", selection].upload

    def test_one_at_a_time(self, house: House) -> None:
        selection = house.filled()
        first = house.draw(selection).draw.id
        busy = (Code.FAILED_PRECONDITION, "DRAW_IN_PROGRESS")
        assert refused(lambda: house.draw(selection)) == busy
        house.act(cancel_draw, DrawAct(selection, first))
        second = house.draw(selection, DrawMode.SEEDED).draw.id
        house.compute(selection, second)
        third = house.draw(selection).draw.id  # a rehearsal that is drawn holds nobody up
        assert [v.draw.id for v in house.run(list_draws, selection).items] == sorted(
            [first, second, third], reverse=True
        )

    @pytest.mark.parametrize(
        ("fields", "reason"),
        [
            ({"targets": ()}, "TARGETS_MISSING"),
            ({}, "POOL_EMPTY"),
        ],
    )
    def test_needs_targets_and_pool(self, house: House, fields: dict[str, object], reason: str) -> None:
        selection = house.selection(**fields).selection.id
        assert refused(lambda: house.draw(selection)) == (Code.FAILED_PRECONDITION, reason)

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"size": 30}, "SIZE_OVER_POOL"),
            ({"size": 7}, "MINIMA_OVER_SIZE"),
            ({"targets": (*TARGETS, Target("tenure", "renter", 0, 8))}, "POOL_INCOMPLETE"),
        ],
    )
    def test_needs_numbers_that_fit(self, house: House, change: dict[str, object], reason: str) -> None:
        selection = house.filled()
        values = {"size": 8, "targets": TARGETS, **change}
        fields = SelectionFields("", "", values["size"], None, values["targets"])  # type: ignore[arg-type]
        house.act(update_selection, UpdateSelection(selection, fields, tuple(change)))
        assert refused(lambda: house.draw(selection)) == (Code.FAILED_PRECONDITION, reason)

    def test_includes_no_more_than_the_panel_has_seats(self, house: House) -> None:
        selection = house.filled()
        for person in house.run(list_people, selection, 9).items:
            house.act(set_inclusion, SetInclusion(selection, person.id, Inclusion.MUST))
        assert refused(lambda: house.draw(selection))[1] == "INCLUDED_OVER_SIZE"


class TestPublicMode:
    def test_nobody_outside_sees_it_before_the_commitment(self, house: House) -> None:
        selection, draw = computed(house)
        unknown = (Code.NOT_FOUND, "DRAW_UNKNOWN")
        assert refused(lambda: house.run(get_published_draw, selection, draw, by=ANYONE)) == unknown
        assert refused(lambda: house.run(check_receipt, selection, draw, "X", by=ANYONE)) == unknown
        file = lambda: house.run(get_draw_file, selection, draw, "commitment.json", by=ANYONE)  # noqa: E731
        assert refused(file) == unknown
        assert house.run(list_published_draws, by=ANYONE).items == ()

    def test_the_commitment_is_signed_and_public_and_tells_no_number(self, house: House) -> None:
        selection, draw = computed(house)
        house.act(publish_commitment, DrawAct(selection, draw))
        key = house.run(get_signing_key, by=ANYONE)
        content = house.run(get_draw_file, selection, draw, "commitment.json", by=ANYONE).content
        signature = house.run(get_draw_file, selection, draw, "commitment.json.sig", by=ANYONE).content
        assert signing.verify(content, signature, key.pem.encode())
        shown = house.run(get_published_draw, selection, draw, by=ANYONE)
        assert (shown.state, shown.number, shown.outcome) == (DrawState.COMMITTED, None, ())
        assert all(value.panel is None for value in shown.values)
        assert [value.target for value in shown.values] == list(TARGETS)
        assert {info.filename for info in shown.files} == {"commitment.json", "commitment.json.sig"}

    def test_the_number_stays_inside_until_it_is_published(self, house: House) -> None:
        selection, draw = computed(house)
        house.act(publish_commitment, DrawAct(selection, draw))
        view = house.act(reveal_draw, RevealDraw(selection, draw, number=7))
        assert (view.draw.state, view.draw.number) == (DrawState.DRAWN, 7)
        shown = house.run(get_published_draw, selection, draw, by=ANYONE)
        assert (shown.number, shown.outcome, shown.reveal_time) == (None, (), None)
        record = lambda: house.run(get_draw_file, selection, draw, "record.json", by=ANYONE)  # noqa: E731
        assert refused(record) == (Code.NOT_FOUND, "FILE_UNKNOWN")

    def test_a_published_text_gives_the_number_by_the_formula(self, house: House) -> None:
        selection, draw = computed(house)
        house.act(publish_commitment, DrawAct(selection, draw))
        text = "beacon 12:00 af3e"
        view = house.act(reveal_draw, RevealDraw(selection, draw, randomness=f" {text} "))
        commitment = json.loads(house.entry.tables.files["hjemby", draw, "commitment.json"].content)
        digest = hashlib.sha256(f"{commitment['digest']}\n{text}".encode()).digest()
        assert view.draw.number == int.from_bytes(digest, "big") % 100
        assert view.draw.randomness == text

    def test_a_withdrawn_commitment_stays_for_all_to_see(self, house: House) -> None:
        selection, draw = computed(house)
        house.act(publish_commitment, DrawAct(selection, draw))
        house.act(cancel_draw, DrawAct(selection, draw))
        shown = house.run(get_published_draw, selection, draw, by=ANYONE)
        assert (shown.state, shown.cancel_time) == (DrawState.CANCELLED, house.clock.instant)
        assert [item.id for item in house.run(list_published_draws, by=ANYONE).items] == [draw]

    def test_published_it_tells_everything_and_gives_seats(self, house: House) -> None:
        selection, draw = house.published()
        shown = house.run(get_published_draw, selection, draw, by=ANYONE)
        assert (shown.state, shown.number, shown.note) == (DrawState.PUBLISHED, 7, "thrown by the mayor")
        assert (shown.pool_size, shown.size, shown.panels, shown.per_address) == (24, 8, 100, 1)
        assert sum(group.people for group in shown.chances) == 24
        assert sum(group.people * group.panels for group in shown.chances) == 8 * 100
        assert 0 < shown.lowest_chance <= shown.highest_chance <= 1
        assert abs(float(shown.optimal_lowest) - shown.lowest_chance) < 0.02
        for value in shown.values:
            assert value.panel is not None
            assert value.target.minimum <= value.panel <= value.target.maximum
        assert len(shown.outcome) == 8
        view = house.run(list_seats, selection, 100)
        assert len(view.items) == 8
        assert all(seat.answer is Answer.NOT_ASKED for seat in view.items)
        assert all(seat.id.version == 4 for seat in view.items)

    def test_no_name_or_address_is_in_any_file(self, house: House) -> None:
        house.published()
        files = house.entry.tables.files
        assert len(files) == 8
        assert not any(mark.encode() in file.content for file in files.values() for mark in MARKS)
        assert not any(mark in repr(house.entry.tables.audit) for mark in MARKS)

    def test_a_receipt_tells_its_own_chance(self, house: House) -> None:
        selection, draw = house.published()
        shown = house.run(get_published_draw, selection, draw, by=ANYONE)
        for random_id in shown.outcome:
            check = house.run(check_receipt, selection, draw, f" {random_id.lower()}", by=ANYONE)
            assert check.drawn is True
            assert 0 < check.panels_with <= 100
        unknown = (Code.NOT_FOUND, "RECEIPT_UNKNOWN")
        for wrong in ("", "p003", "0" * 10):
            assert refused(lambda w=wrong: house.run(check_receipt, selection, draw, w, by=ANYONE)) == unknown

    def test_a_selection_is_drawn_once(self, house: House) -> None:
        selection, _ = house.published()
        drawn = (Code.FAILED_PRECONDITION, "SELECTION_DRAWN")
        assert refused(lambda: house.draw(selection)) == drawn
        assert refused(lambda: house.pool(selection)) == drawn

    def test_two_rehearsals_do_not_make_two_panels(self, house: House) -> None:
        selection = house.filled()
        draws = []
        for _ in range(2):
            draws.append(house.draw(selection, DrawMode.SEEDED).draw.id)
            house.compute(selection, draws[-1])
        house.act(publish_draw, DrawAct(selection, draws[0]))
        again = refused(lambda: house.act(publish_draw, DrawAct(selection, draws[1])))
        assert again == (Code.FAILED_PRECONDITION, "SELECTION_DRAWN")
        assert len(house.run(list_seats, selection, 100).items) == 8

    def test_acts_with_a_stale_etag_are_refused(self, house: House) -> None:
        selection, draw = computed(house)
        etag = house.run(get_draw, selection, draw).etag
        house.act(publish_commitment, DrawAct(selection, draw, etag))
        stale = (Code.ABORTED, "ETAG_STALE")
        assert refused(lambda: house.act(cancel_draw, DrawAct(selection, draw, etag))) == stale
        assert refused(lambda: house.act(reveal_draw, RevealDraw(selection, draw, 1, etag=etag))) == stale


class TestSeededMode:
    def test_the_seed_gives_the_number_and_says_so(self, house: House) -> None:
        numbers = []
        for _ in range(2):
            selection, draw = computed(house, DrawMode.SEEDED)
            view = house.run(get_draw, selection, draw)
            assert view.draw.state is DrawState.DRAWN
            numbers.append(view.draw.number)
        assert numbers[0] == numbers[1]
        house.act(publish_draw, DrawAct(selection, draw))
        record = json.loads(house.run(get_draw_file, selection, draw, "record.json", by=ANYONE).content)
        assert record["mode"]["name"] == "seeded"
        assert "no impartiality" in record["mode"]["statement"]

    def test_legacy_claims_no_optimum(self, house: House) -> None:
        selection = house.filled()
        command = CreateDraw(selection, DrawMode.SEEDED, DrawMethod.LEGACY, 10, "s")
        draw = house.act(create_draw, command).draw.id
        house.compute(selection, draw)
        house.act(publish_draw, DrawAct(selection, draw))
        assert house.run(get_published_draw, selection, draw, by=ANYONE).optimal_lowest == ""


class TestPanel:
    def test_is_confirmed_once_with_who_accepted(self, house: House) -> None:
        selection, draw = house.published()
        waiting = refused(lambda: house.act(confirm_panel, ConfirmPanel(selection)))
        assert waiting == (Code.FAILED_PRECONDITION, "SEATS_UNANSWERED")
        assert house.entry.tables.events == []
        house.answer_all(selection, Answer.DECLINED, Answer.ACCEPTED)
        panel = house.act(confirm_panel, ConfirmPanel(selection))
        assert (panel.accepted, panel.declined, panel.draw) == (7, 1, draw)
        accepted = {
            str(seat.id)
            for seat in house.run(list_seats, selection, 100).items
            if seat.answer is Answer.ACCEPTED
        }
        ((municipality, event),) = house.entry.tables.events
        assert (municipality, set(event.seats)) == ("hjemby", accepted)
        assert event.selection == f"municipalities/hjemby/selections/{selection}"
        again = refused(lambda: house.act(confirm_panel, ConfirmPanel(selection)))
        assert again == (Code.FAILED_PRECONDITION, "PANEL_CONFIRMED")
        assert len(house.entry.tables.events) == 1
        assert house.entry.tables.selections["hjemby", selection].state is SelectionState.CONFIRMED

    def test_its_answers_are_final_then(self, house: House) -> None:
        selection, _ = house.published()
        house.answer_all(selection, Answer.ACCEPTED)
        house.act(confirm_panel, ConfirmPanel(selection))
        seat = house.run(list_seats, selection, 1).items[0]
        change = lambda: house.act(  # noqa: E731
            set_seat_answer, SetSeatAnswer(selection, seat.id, Answer.DECLINED)
        )
        assert refused(change) == (Code.FAILED_PRECONDITION, "PANEL_CONFIRMED")

    def test_an_answer_that_changed_meanwhile_stops_the_confirmation(self, house: House) -> None:
        selection, _ = house.published()
        house.answer_all(selection, Answer.ACCEPTED)
        etag = house.run(get_panel, selection).etag
        seat = house.run(list_seats, selection, 1).items[0]
        house.act(set_seat_answer, SetSeatAnswer(selection, seat.id, Answer.DECLINED, seat.etag))
        stale = (Code.ABORTED, "ETAG_STALE")
        assert refused(lambda: house.act(confirm_panel, ConfirmPanel(selection, etag))) == stale
        answer = SetSeatAnswer(selection, seat.id, Answer.ACCEPTED, seat.etag)
        assert refused(lambda: house.act(set_seat_answer, answer)) == stale
        assert house.entry.tables.events == []

    def test_there_is_none_before_the_draw(self, house: House) -> None:
        selection = house.filled()
        none = (Code.FAILED_PRECONDITION, "SELECTION_NOT_DRAWN")
        for call in (get_panel, list_seats, list_seat_contacts):
            assert refused(lambda call=call: house.run(call, selection)) == none
        assert refused(lambda: house.act(confirm_panel, ConfirmPanel(selection))) == none

    def test_the_phone_list_joins_seats_and_contacts(self, house: House) -> None:
        selection, _ = house.published()
        first = house.run(list_seat_contacts, selection, 5)
        rest = house.run(list_seat_contacts, selection, 5, first.next_page_token)
        contacts = [*first.items, *rest.items]
        assert len(contacts) == 8
        for contact in contacts:
            number = int(contact.pool_id[1:])
            assert contact.fields == {"name": f"NAMEMARK{number}", "street": f"STREETMARK{number // 2}"}
        # At most one of an address was asked for.
        assert len({contact.fields["street"] for contact in contacts}) == 8

    def test_representation_is_the_draws_own(self, house: House) -> None:
        selection, _ = house.published()
        house.answer_all(selection, Answer.DECLINED, Answer.ACCEPTED)
        shown = house.run(get_representation, selection)
        assert (shown.pool_size, shown.panel_size, shown.accepted_size) == (24, 8, 7)
        for feature in ("gender", "age"):
            rows = [value for value in shown.values if value.target.feature == feature]
            assert sum(row.pool for row in rows) == 24
            assert sum(row.drawn for row in rows) == 8
            assert sum(row.accepted for row in rows) == 7
            assert all(row.target.minimum <= row.drawn <= row.target.maximum for row in rows)

    def test_representation_before_a_draw_is_the_pools(self, house: House) -> None:
        shown = house.run(get_representation, house.filled())
        assert (shown.pool_size, shown.panel_size) == (24, 0)
        assert sum(value.pool for value in shown.values if value.target.feature == "age") == 24


class TestOperations:
    def test_an_operator_sees_states_and_no_content(self, house: House) -> None:
        from chassis.auth.principal import Role

        _, draw = house.published()
        for municipality in ("hjemby", None):
            page = house.run(list_draw_states, by=who(Role.OPERATOR, municipality))
            (state,) = page.items
            assert state.name.endswith(str(draw))
            assert state.state is DrawState.PUBLISHED
            assert "Welfare" not in repr(page)
        assert refused(lambda: house.run(list_draw_states, by=SECRETARIAT))[1] == "ROLE_REQUIRED"
