"""Targets and pool: importing, checking, including, erasing, exporting."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from chassis.errors import Code, DomainError
from services.sortition.app.accept_pool_import import accept_pool_import
from services.sortition.app.check_targets import CheckTargets, check_targets
from services.sortition.app.delete_person import DeletePerson, delete_person
from services.sortition.app.export_person import export_person
from services.sortition.app.get_pool import get_pool
from services.sortition.app.get_pool_import import get_pool_import
from services.sortition.app.get_pool_import_corrections import get_pool_import_corrections
from services.sortition.app.import_pool import ImportPool, import_pool
from services.sortition.app.import_targets import ImportTargets, import_targets
from services.sortition.app.list_people import list_people
from services.sortition.app.list_seats import list_seats
from services.sortition.app.set_inclusion import SetInclusion, set_inclusion
from services.sortition.app.update_selection import UpdateSelection, update_selection
from services.sortition.app.views import ImportState
from services.sortition.domain.pool import Inclusion
from services.sortition.domain.seat import Answer
from services.sortition.domain.selection import SelectionFields
from services.sortition.domain.target import Target
from tests.unit.sortition.house import INTEGRATOR, SECRETARIAT, TARGETS, House, pool_csv

MARKS = ("NAMEMARK", "STREETMARK")
BAD = b"""id,gender,age,name,street
a1,female,young,NAMEMARK1,STREETMARK1
a2,femal,old,NAMEMARK2,STREETMARK2
a1,male,old,NAMEMARK3,STREETMARK3
a3,male,,NAMEMARK4,STREETMARK4
a4,male,old,NAMEMARK5,STREETMARK1
"""


@pytest.fixture
def house() -> House:
    return House()


def refused(call: object) -> DomainError:
    with pytest.raises(DomainError) as caught:
        call()  # type: ignore[operator]
    return caught.value


class TestTargetsFile:
    def test_sets_all_targets_and_keeps_reasons(self, house: House) -> None:
        selection = house.selection().selection.id
        file = b"feature,value,min,max,min_flex,max_flex\ngender,female,3,4,2,5\nage,young,2,4,,\n"
        done = house.act(import_targets, ImportTargets(selection, file))
        assert done.errors == ()
        assert done.selection.selection.targets == (
            Target("gender", "female", 3, 4, 2, 5),
            Target("age", "young", 2, 4, reason="They drop out more often"),
        )
        assert done.selection.selection.version == 2

    def test_with_errors_changes_nothing_and_tells_all(self, house: House) -> None:
        selection = house.selection().selection.id
        file = b"feature;value;min;max\ngender;female;5;4\ngender;male;many;4\n"
        done = house.act(import_targets, ImportTargets(selection, file))
        assert [(e.row, e.column, e.reason) for e in done.errors] == [
            (2, "min", "MIN_OVER_MAX"),
            (3, "min", "COUNT_NOT_A_NUMBER"),
        ]
        assert all(error.what and error.cure for error in done.errors)
        assert done.selection.selection.targets == TARGETS

    @pytest.mark.parametrize(
        ("content", "code", "reason"),
        [
            (b"", Code.INVALID_ARGUMENT, "FILE_MISSING"),
            (b"x" * ((1 << 20) + 1), Code.RESOURCE_EXHAUSTED, "FILE_TOO_LARGE"),
        ],
    )
    def test_no_file_and_too_much_of_it(self, house: House, content: bytes, code: Code, reason: str) -> None:
        selection = house.selection().selection.id
        error = refused(lambda: house.act(import_targets, ImportTargets(selection, content)))
        assert (error.code, error.reason, error.violations[0].field) == (code, reason, "file")

    def test_a_stale_etag_is_refused(self, house: House) -> None:
        view = house.selection()
        fields = SelectionFields("Other", "", 8, None)
        selection = view.selection.id
        house.act(update_selection, UpdateSelection(selection, fields, ("title",), (), view.etag))
        error = refused(lambda: house.act(import_targets, ImportTargets(selection, b"f", view.etag)))
        assert (error.code, error.reason) == (Code.ABORTED, "ETAG_STALE")


class TestPoolFile:
    def test_a_good_one_is_the_pool(self, house: House) -> None:
        selection = house.selection().selection.id
        done = house.pool(selection)
        assert (done.state, done.accepted_rows, done.rejected_rows) == (ImportState.APPLIED, 24, 0)
        pool = house.run(get_pool, selection, by=INTEGRATOR)
        assert pool.people == 24
        assert sum(count.people for count in pool.counts if count.feature == "gender") == 24
        assert pool.import_time == house.clock.instant

    def test_names_and_addresses_lie_apart(self, house: House) -> None:
        selection = house.filled()
        tables = house.entry.tables
        assert not any(mark in repr(tables.people) for mark in MARKS)
        assert not any(mark in repr(tables.imports) for mark in MARKS)
        assert not any(mark in repr(tables.audit) for mark in MARKS)
        contacts = [dict(contact.fields) for contact in tables.contacts.values()]
        assert len(contacts) == 24
        assert all(set(fields) == {"name", "street"} for fields in contacts)
        people = house.run(list_people, selection).items
        assert all(person.household_others == 1 for person in people)

    def test_a_column_that_is_neither_feature_nor_contact_is_thrown_away(self, house: House) -> None:
        selection = house.selection().selection.id
        house.act(import_pool, ImportPool(selection, pool_csv()))
        tables = house.entry.tables
        assert not any(mark in repr(tables) for mark in MARKS)

    def test_a_bad_one_changes_nothing_and_tells_all_by_cell(self, house: House) -> None:
        selection = house.filled()
        done = house.pool(selection, BAD)
        assert (done.state, done.accepted_rows, done.rejected_rows) == (ImportState.WAITING, 2, 3)
        assert [(e.row, e.column, e.reason, e.found) for e in done.errors] == [
            (3, "gender", "UNKNOWN_VALUE", "femal"),
            (4, "id", "DUPLICATE_ID", "a1"),
            (5, "age", "EMPTY_VALUE", ""),
        ]
        assert not any(mark in repr(done) for mark in MARKS)
        assert house.run(get_pool, selection).people == 24
        assert house.run(get_pool_import, selection) == done
        danish = house.run(get_pool_import, selection, by=replace(SECRETARIAT, language="da"))
        assert [error.reason for error in danish.errors] == [error.reason for error in done.errors]
        assert all(a.what != b.what for a, b in zip(danish.errors, done.errors, strict=True))

    def test_its_good_rows_may_be_accepted_once(self, house: House) -> None:
        selection = house.filled()
        house.pool(selection, BAD)
        corrected = house.run(get_pool_import_corrections, selection).decode("utf-8-sig").splitlines()
        assert corrected[1].startswith("a1,female,young,NAMEMARK1,STREETMARK1,")
        assert "femal" in corrected[2]
        done = house.act(accept_pool_import, selection)
        assert (done.state, done.accepted_rows) == (ImportState.APPLIED, 2)
        people = house.run(list_people, selection).items
        assert [(p.pool_id, p.household_others) for p in people] == [("a1", 1), ("a4", 1)]
        assert house.entry.tables.imports[("hjemby", selection)].upload == b""
        for call in (
            lambda: house.act(accept_pool_import, selection),
            lambda: house.run(get_pool_import_corrections, selection),
        ):
            error = refused(call)
            assert (error.code, error.reason) == (Code.FAILED_PRECONDITION, "IMPORT_NOT_WAITING")

    def test_one_without_a_good_row_waits_for_nothing(self, house: House) -> None:
        selection = house.selection().selection.id
        done = house.act(import_pool, ImportPool(selection, b"id,gender\n1,female\n"))
        assert (done.state, done.accepted_rows) == (ImportState.REFUSED, 0)
        assert [(e.column, e.reason) for e in done.errors] == [("age", "MISSING_COLUMN")]

    def test_a_contact_column_that_is_not_there_is_an_error(self, house: House) -> None:
        selection = house.selection().selection.id
        done = house.act(import_pool, ImportPool(selection, pool_csv(), contact_columns=("telefon",)))
        assert done.state is ImportState.REFUSED
        assert [(e.column, e.reason) for e in done.errors] == [("telefon", "MISSING_COLUMN")]

    def test_a_feature_is_no_contact_and_no_address(self, house: House) -> None:
        selection = house.selection().selection.id
        command = ImportPool(
            selection, pool_csv(), "ID", address_columns=("Age ", ""), contact_columns=("id", "gender")
        )
        error = refused(lambda: house.act(import_pool, command))
        assert error.reason == "COLUMNS_INVALID"
        assert [(v.field, v.reason) for v in error.violations] == [
            ("contact_columns[0]", "COLUMN_IS_ID"),
            ("contact_columns[1]", "COLUMN_IS_FEATURE"),
            ("address_columns[0]", "COLUMN_IS_FEATURE"),
            ("address_columns[1]", "REQUIRED"),
        ]

    def test_targets_come_first(self, house: House) -> None:
        selection = house.selection(targets=()).selection.id
        error = refused(lambda: house.pool(selection))
        assert (error.code, error.reason) == (Code.FAILED_PRECONDITION, "TARGETS_MISSING")

    def test_who_is_in_the_new_file_too_keeps_identity_and_who_is_not_is_gone(self, house: House) -> None:
        selection = house.filled()
        before = {p.pool_id: p.id for p in house.run(list_people, selection).items}
        house.pool(selection, b"\n".join(pool_csv().splitlines()[:11]))
        after = {p.pool_id: p.id for p in house.run(list_people, selection).items}
        assert len(after) == 10
        assert after.items() <= before.items()
        assert len(house.entry.tables.contacts) == 10


class TestCheck:
    def test_feasible(self, house: House) -> None:
        check = house.run(check_targets, CheckTargets(house.filled()))
        assert (check.feasible, check.cures, check.problems) == (True, (), ())
        assert [f.target for f in check.findings] == list(TARGETS)
        assert house.entry.tables.checks == {"feasible": 1}

    def test_infeasible_with_cures_in_words(self, house: House) -> None:
        targets = (*TARGETS[:2], Target("age", "young", 7, 8), Target("age", "old", 1, 1))
        selection = house.filled()
        check = house.run(check_targets, CheckTargets(selection, targets, size=20))
        assert not check.feasible
        assert check.cures
        assert all(cure.words and cure.frees > 0 for cure in check.cures)
        assert [cure.frees for cure in check.cures] == sorted((c.frees for c in check.cures), reverse=True)
        assert house.entry.tables.checks == {"infeasible": 1}
        assert house.run(check_targets, CheckTargets(selection)).feasible

    def test_a_shortage_is_told_beside_its_number(self, house: House) -> None:
        targets = (*TARGETS[:2], Target("age", "young", 20, 21), TARGETS[3])
        check = house.run(check_targets, CheckTargets(house.filled(), targets, size=8))
        assert [p.reason for p in check.problems] == ["MINIMA_OVER_SIZE"]
        assert [f.short_by for f in check.findings][:2] == [0, 0]
        assert check.findings[2].short_by == 20 - check.findings[2].people
        assert house.entry.tables.checks == {"problem": 1}

    @pytest.mark.parametrize(
        ("fields", "size", "reason"),
        [
            ({"targets": ()}, None, "TARGETS_MISSING"),
            ({}, None, "POOL_EMPTY"),
        ],
    )
    def test_what_is_missing(
        self, house: House, fields: dict[str, object], size: int | None, reason: str
    ) -> None:
        selection = house.selection(**fields).selection.id
        check = house.run(check_targets, CheckTargets(selection, size=size))
        assert [p.reason for p in check.problems] == [reason]

    def test_a_panel_larger_than_the_pool(self, house: House) -> None:
        check = house.run(check_targets, CheckTargets(house.filled(), size=25))
        assert [(p.reason, p.metadata["pool"]) for p in check.problems] == [("SIZE_OVER_POOL", "24")]

    def test_wrong_numbers_are_told_by_field(self, house: House) -> None:
        command = CheckTargets(house.filled(), (Target("gender", "female", 5, 4),), size=0)
        error = refused(lambda: house.run(check_targets, command))
        assert [(v.field, v.reason) for v in error.violations] == [
            ("size", "SIZE_OUT_OF_RANGE"),
            ("targets[0].maximum", "MINIMUM_OVER_MAXIMUM"),
        ]

    def test_a_new_feature_is_one_that_the_pool_never_answered(self, house: House) -> None:
        selection = house.filled()
        fields = SelectionFields("", "", 8, None, (*TARGETS, Target("tenure", "renter", 1, 8)))
        house.act(update_selection, UpdateSelection(selection, fields, ("targets",)))
        check = house.run(check_targets, CheckTargets(selection))
        assert [(p.reason, p.metadata["people"]) for p in check.problems] == [("POOL_INCOMPLETE", "24")]
        assert house.run(get_pool, selection).unanswered == 24

    def test_a_limit_per_address_needs_addresses(self, house: House) -> None:
        selection = house.selection().selection.id
        house.act(import_pool, ImportPool(selection, pool_csv()))
        check = house.run(check_targets, CheckTargets(selection))
        assert [p.reason for p in check.problems] == ["PER_ADDRESS_WITHOUT_ADDRESS"]
        assert house.run(check_targets, CheckTargets(selection, per_address=0)).feasible

    def test_a_later_try_that_failed_does_not_change_what_the_pool_came_from(self, house: House) -> None:
        selection = house.filled()
        applied = house.clock.instant
        house.clock.instant += timedelta(hours=1)
        done = house.act(import_pool, ImportPool(selection, BAD))
        assert done.state is ImportState.WAITING
        assert house.run(get_pool, selection).import_time == applied
        assert house.run(check_targets, CheckTargets(selection)).feasible


class TestPeople:
    def person(self, house: House, selection: UUID, pool_id: str = "p003") -> UUID:
        people = house.run(list_people, selection, 100).items
        return next(person.id for person in people if person.pool_id == pool_id)

    def test_pages(self, house: House) -> None:
        selection = house.filled()
        first = house.run(list_people, selection, 10)
        second = house.run(list_people, selection, 10, first.next_page_token)
        third = house.run(list_people, selection, 10, second.next_page_token)
        ids = [p.pool_id for page in (first, second, third) for p in page.items]
        assert ids == [f"p{number:03}" for number in range(24)]
        assert third.next_page_token == ""

    def test_a_token_of_another_list_is_refused(self, house: House) -> None:
        one, other = house.filled(), house.filled()
        token = house.run(list_people, one, 10).next_page_token
        error = refused(lambda: house.run(list_people, other, 10, token))
        assert error.reason == "PAGE_TOKEN_INVALID"

    def test_must_and_must_not_reach_the_check_and_the_counts(self, house: House) -> None:
        selection = house.filled()
        person = self.person(house, selection)
        shown = house.act(set_inclusion, SetInclusion(selection, person, Inclusion.MUST_NOT))
        assert shown.inclusion is Inclusion.MUST_NOT
        assert house.run(check_targets, CheckTargets(selection)).people == 23
        house.act(set_inclusion, SetInclusion(selection, person, Inclusion.MUST, shown.etag))
        pool = house.run(get_pool, selection)
        assert (pool.included, pool.excluded) == (1, 0)
        stale = SetInclusion(selection, person, Inclusion.BY_LOT, shown.etag)
        assert refused(lambda: house.act(set_inclusion, stale)).reason == "ETAG_STALE"

    def test_no_inclusion_is_none(self, house: House) -> None:
        selection = house.filled()
        command = SetInclusion(selection, self.person(house, selection), None)
        assert refused(lambda: house.act(set_inclusion, command)).reason == "INCLUSION_INVALID"

    def test_export_tells_all_that_is_kept(self, house: House) -> None:
        selection, draw = house.published()
        person = self.person(house, selection)
        export = house.run(export_person, selection, person)
        assert export.contact == {"name": "NAMEMARK3", "street": "STREETMARK1"}
        assert export.draws == (f"municipalities/hjemby/selections/{selection}/draws/{draw}",)
        seated = {p.id for p in house.entry.tables.people.values()} & {
            seat.person for seat in house.entry.tables.seats.values()
        }
        assert (export.seat is not None) is (person in seated)

    def test_erasing_before_any_draw_leaves_nothing(self, house: House) -> None:
        selection = house.filled()
        person = self.person(house, selection)
        house.act(delete_person, DeletePerson(selection, person))
        assert "NAMEMARK3'" not in repr(house.entry.tables)
        assert "p003" not in repr(house.entry.tables)
        assert refused(lambda: house.run(export_person, selection, person)).reason == "PERSON_UNKNOWN"

    def test_erasing_takes_an_upload_that_waits_along(self, house: House) -> None:
        selection = house.filled()
        house.pool(selection, BAD)
        house.act(delete_person, DeletePerson(selection, self.person(house, selection)))
        assert house.entry.tables.imports[("hjemby", selection)].upload == b""
        assert house.run(get_pool_import, selection).state is ImportState.REFUSED

    def test_erasing_after_a_draw_keeps_the_record_and_no_name(self, house: House) -> None:
        selection, draw = house.published()
        files = dict(house.entry.tables.files)
        seat = next(iter(house.entry.tables.seats.values()))
        house.act(delete_person, DeletePerson(selection, seat.person))
        tables = house.entry.tables
        assert tables.files == files
        assert (("hjemby", selection, seat.person)) not in tables.contacts
        assert not tables.people["hjemby", selection, seat.person].in_pool
        assert tables.seats["hjemby", selection, seat.id].answer is Answer.DECLINED
        assert len(house.run(list_seats, selection, 100).items) == 8
        export = house.run(export_person, selection, seat.person)
        assert export.contact == {}
        assert export.draws[0].endswith(str(draw))
