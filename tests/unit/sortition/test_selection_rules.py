"""Selections, targets, people and seats: what may be said of them, and which moves they know."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import Code, DomainError
from services.sortition.domain.pool import Inclusion, Person, counts
from services.sortition.domain.seat import Answer, Seat, panel_of, require_answer
from services.sortition.domain.selection import EDITABLE, Selection, SelectionFields, SelectionState
from services.sortition.domain.target import MAX_TARGETS, Target, features_of, violations

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
GOOD = Target("gender", "female", 4, 5)
FIELDS = SelectionFields("Title", "Purpose", 8, 1, (GOOD,))


def a_selection(state: SelectionState = SelectionState.PREPARING) -> Selection:
    return Selection(
        municipality="hjemby",
        id=UUID(int=1),
        title="Title",
        purpose="",
        size=8,
        per_address=None,
        targets=(GOOD,),
        state=state,
        create_time=NOW,
        update_time=NOW,
        published_draw=None if state is SelectionState.PREPARING else UUID(int=9),
    )


def reasons(error: DomainError) -> list[tuple[str, str]]:
    return [(violation.field, violation.reason) for violation in error.violations]


class TestFields:
    def test_are_trimmed(self) -> None:
        fields = SelectionFields("  A   title ", " p ", 8, 0, (Target(" gender ", "fe\u0301", 1, 2),))
        checked = fields.checked()
        assert (checked.title, checked.purpose, checked.per_address) == ("A title", "p", None)
        assert checked.targets == (Target("gender", "f\u00e9", 1, 2),)

    @pytest.mark.parametrize(
        ("fields", "wrong"),
        [
            (replace(FIELDS, title="  "), [("title", "REQUIRED")]),
            (replace(FIELDS, title="x" * 121), [("title", "TOO_LONG")]),
            (replace(FIELDS, purpose="x" * 2001), [("purpose", "TOO_LONG")]),
            (replace(FIELDS, title="a\0b"), [("title", "TEXT_UNPRINTABLE")]),
            (replace(FIELDS, purpose="a\0b"), [("purpose", "TEXT_UNPRINTABLE")]),
            (replace(FIELDS, size=0), [("size", "SIZE_OUT_OF_RANGE")]),
            (replace(FIELDS, size=10_001), [("size", "SIZE_OUT_OF_RANGE")]),
            (replace(FIELDS, per_address=3), [("per_address", "PER_ADDRESS_OUT_OF_RANGE")]),
            (replace(FIELDS, per_address=-1), [("per_address", "PER_ADDRESS_OUT_OF_RANGE")]),
            (
                SelectionFields("", "", 0, 9, (replace(GOOD, maximum=1),)),
                [
                    ("title", "REQUIRED"),
                    ("size", "SIZE_OUT_OF_RANGE"),
                    ("per_address", "PER_ADDRESS_OUT_OF_RANGE"),
                    ("targets[0].maximum", "MINIMUM_OVER_MAXIMUM"),
                ],
            ),
        ],
    )
    def test_every_wrong_one_is_told_at_once(
        self, fields: SelectionFields, wrong: list[tuple[str, str]]
    ) -> None:
        with pytest.raises(DomainError) as caught:
            fields.checked()
        assert (caught.value.code, caught.value.reason) == (Code.INVALID_ARGUMENT, "SELECTION_INVALID")
        assert reasons(caught.value) == wrong


class TestTargets:
    @pytest.mark.parametrize(
        ("target", "wrong"),
        [
            (Target("", "v", 1, 2), [("targets[0].feature", "REQUIRED")]),
            (Target("f", "", 1, 2), [("targets[0].value", "REQUIRED")]),
            (Target("f" * 101, "v", 1, 2), [("targets[0].feature", "TOO_LONG")]),
            (Target("f", "v", -1, 2), [("targets[0].minimum", "COUNT_OUT_OF_RANGE")]),
            (Target("f", "v", 1, 10**7), [("targets[0].maximum", "COUNT_OUT_OF_RANGE")]),
            (Target("f", "v", 3, 2), [("targets[0].maximum", "MINIMUM_OVER_MAXIMUM")]),
            (Target("f", "v", 3, 4, 4, None), [("targets[0].min_flex", "MIN_FLEX_OVER_MINIMUM")]),
            (Target("f", "v", 3, 4, -1, None), [("targets[0].min_flex", "MIN_FLEX_OVER_MINIMUM")]),
            (Target("f", "v", 3, 4, None, 3), [("targets[0].max_flex", "MAX_FLEX_UNDER_MAXIMUM")]),
            (Target("f", "v", 3, 4, reason="x" * 501), [("targets[0].reason", "TOO_LONG")]),
            (Target("f\0", "v", 3, 4), [("targets[0].feature", "TEXT_UNPRINTABLE")]),
            (
                Target("f", "v\0", 3, 4, reason="\x07"),
                [("targets[0].value", "TEXT_UNPRINTABLE"), ("targets[0].reason", "TEXT_UNPRINTABLE")],
            ),
            (Target("f", "v", 3, 4, 3, 4), []),
            (Target("f", "v", 0, 0), []),
        ],
    )
    def test_one(self, target: Target, wrong: list[tuple[str, str]]) -> None:
        assert [(v.field, v.reason) for v in violations([target])] == wrong

    def test_a_value_stands_once(self) -> None:
        found = violations([GOOD, Target("gender", "male", 1, 2), GOOD])
        assert [(v.field, v.reason) for v in found] == [("targets[2].value", "VALUE_TWICE")]

    def test_there_are_only_so_many(self) -> None:
        many = [Target("f", str(number), 0, 1) for number in range(MAX_TARGETS + 1)]
        assert [(v.field, v.reason) for v in violations(many)] == [("targets", "TOO_MANY_TARGETS")]

    def test_features_keep_their_order(self) -> None:
        targets = [Target("b", "1", 0, 1), Target("a", "1", 0, 1), Target("b", "2", 0, 1)]
        assert features_of(targets) == ("b", "a")


class TestLifecycle:
    def test_the_way_through(self) -> None:
        drawn = a_selection().drawn(UUID(int=9), NOW)
        assert (drawn.state, drawn.published_draw, drawn.version) == (SelectionState.DRAWN, UUID(int=9), 2)
        confirmed = drawn.confirmed(NOW)
        assert (confirmed.state, confirmed.confirm_time) == (SelectionState.CONFIRMED, NOW)

    @pytest.mark.parametrize("state", [SelectionState.DRAWN, SelectionState.CONFIRMED])
    def test_is_drawn_once(self, state: SelectionState) -> None:
        with pytest.raises(DomainError) as caught:
            a_selection(state).drawn(UUID(int=8), NOW)
        assert (caught.value.code, caught.value.reason) == (Code.FAILED_PRECONDITION, "SELECTION_DRAWN")

    @pytest.mark.parametrize(
        ("state", "reason"),
        [
            (SelectionState.PREPARING, "SELECTION_NOT_DRAWN"),
            (SelectionState.CONFIRMED, "PANEL_CONFIRMED"),
        ],
    )
    def test_is_confirmed_once_and_only_after_the_draw(self, state: SelectionState, reason: str) -> None:
        with pytest.raises(DomainError) as caught:
            a_selection(state).confirmed(NOW)
        assert (caught.value.code, caught.value.reason) == (Code.FAILED_PRECONDITION, reason)

    @pytest.mark.parametrize("field", sorted(EDITABLE))
    @pytest.mark.parametrize("state", SelectionState)
    def test_what_a_published_draw_rests_on_is_fixed(self, state: SelectionState, field: str) -> None:
        wanted = SelectionFields("New", "New", 9, 2, (replace(GOOD, maximum=6),))
        free = state is SelectionState.PREPARING or field in ("title", "purpose")
        if free:
            edited = a_selection(state).edited(frozenset({field}), wanted, NOW)
            assert getattr(edited, field) == getattr(wanted, field)
            assert edited.version == 2
            return
        with pytest.raises(DomainError) as caught:
            a_selection(state).edited(frozenset({field}), wanted, NOW)
        assert (caught.value.code, caught.value.reason) == (Code.FAILED_PRECONDITION, "SELECTION_DRAWN")

    def test_only_the_fields_named_change(self) -> None:
        wanted = SelectionFields("New", "", 0, 9, ())
        edited = a_selection().edited(frozenset({"title"}), wanted, NOW)
        assert edited == replace(a_selection(), title="New", version=2)


class TestPeople:
    def person(self, **changes: object) -> Person:
        made = Person("hjemby", UUID(int=1), UUID(int=2), "p1", {"gender": "female"}, "h", Inclusion.MUST)
        return replace(made, **changes)  # type: ignore[arg-type]

    def test_whoever_left_cannot_be_included(self) -> None:
        gone = self.person().left()
        assert (gone.in_pool, gone.household, gone.inclusion) == (False, "", Inclusion.BY_LOT)
        with pytest.raises(DomainError) as caught:
            gone.with_inclusion(Inclusion.MUST)
        assert (caught.value.code, caught.value.reason) == (Code.FAILED_PRECONDITION, "PERSON_LEFT_POOL")

    @given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz")), max_size=30))
    def test_counts_add_up(self, cells: list[tuple[str, str]]) -> None:
        people = [self.person(values={"f": first, "g": second}) for first, second in cells]
        found = counts(people)
        assert sum(n for (feature, _), n in found.items() if feature == "f") == len(people)
        assert found["f", "a"] == sum(first == "a" for first, _ in cells)


class TestSeats:
    def seats(self, *answers: Answer) -> list[Seat]:
        return [
            Seat("hjemby", UUID(int=1), UUID(int=number), UUID(int=9), UUID(int=number), answer)
            for number, answer in enumerate(answers, 1)
        ]

    def test_the_panel_is_who_accepted(self) -> None:
        panel = panel_of(self.seats(Answer.ACCEPTED, Answer.DECLINED, Answer.ACCEPTED))
        assert [seat.id.int for seat in panel] == [1, 3]

    @pytest.mark.parametrize("waiting", [Answer.NOT_ASKED, Answer.ASKED])
    def test_it_waits_for_every_answer(self, waiting: Answer) -> None:
        with pytest.raises(DomainError) as caught:
            panel_of(self.seats(Answer.ACCEPTED, waiting))
        assert (caught.value.code, caught.value.reason) == (Code.FAILED_PRECONDITION, "SEATS_UNANSWERED")
        assert caught.value.metadata[waiting.value.lower()] == "1"

    def test_it_is_not_empty(self) -> None:
        with pytest.raises(DomainError) as caught:
            panel_of(self.seats(Answer.DECLINED))
        assert (caught.value.code, caught.value.reason) == (Code.FAILED_PRECONDITION, "NO_SEAT_ACCEPTED")

    def test_no_answer_is_none(self) -> None:
        assert require_answer(Answer.ASKED) is Answer.ASKED
        with pytest.raises(DomainError) as caught:
            require_answer(None)
        assert (caught.value.code, caught.value.reason) == (Code.INVALID_ARGUMENT, "ANSWER_INVALID")
