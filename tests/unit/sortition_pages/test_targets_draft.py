"""The targets editor's form: what is read back is what was shown, and faults are found at their cells."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import FormData, UploadFile

from chassis.errors import DomainError
from chassis.web import Posted
from services.sortition.adapters.pages.targets_draft import (
    Draft,
    cure_value,
    draft_of,
    read_cure,
    read_draft,
)
from services.sortition.app.views import Bound, BoundChange, CureView
from services.sortition.domain.target import Target, features_of

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=1, max_size=8)


@st.composite
def target_lists(draw: st.DrawFn) -> tuple[Target, ...]:
    """Targets whose features stand together, as the editor groups them."""
    features = draw(st.lists(TEXT, min_size=1, max_size=3, unique=True))
    made = []
    for feature in features:
        for value in draw(st.lists(TEXT, min_size=1, max_size=3, unique=True)):
            low, more = draw(st.integers(0, 50)), draw(st.integers(0, 50))
            low_flex = draw(st.none() | st.integers(0, low))
            reason = draw(st.just("") | TEXT)
            made.append(Target(feature, value, low, low + more, low_flex, None, reason))
    return tuple(made)


def sent(draft: Draft) -> Posted:
    """The form as a browser sends it."""
    fields: list[tuple[str, str | UploadFile]] = [("shape", draft.shape)]
    for group in draft.groups:
        fields.append((group.field, group.name))
        for row in group.rows:
            fields += [(row.field + "v", row.value), (row.field + "l", row.minimum)]
            fields += [(row.field + "h", row.maximum), (row.field + "r", row.reason)]
    return Posted(FormData(fields))


@given(target_lists())
def test_shown_sent_and_read_back_nothing_changes(targets: tuple[Target, ...]) -> None:
    assert read_draft(sent(draft_of(targets))).targets(targets) == targets


@given(target_lists())
def test_every_violation_has_its_place(targets: tuple[Target, ...]) -> None:
    draft = draft_of(targets)
    places = draft.places()
    shown = {row.field + suffix for group in draft.groups for row in group.rows for suffix in "vlhr"}
    shown |= {group.field for group in draft.groups}
    assert set(places.values()) <= shown
    assert places["targets[0].maximum"] == "f0r0h"
    assert len(draft.groups) == len(features_of(targets))


def test_an_emptied_row_is_removed_and_its_followers_keep_their_places() -> None:
    draft = draft_of([Target("køn", "kvinde", 1, 2), Target("køn", "mand", 3, 4)])
    row = draft.groups[0].rows[0]
    row.value = row.minimum = row.maximum = ""
    assert draft.targets(()) == (Target("køn", "mand", 3, 4),)
    assert draft.places()["targets[0].minimum"] == "f0r1l"


def test_faults_are_told_all_at_once_at_their_cells() -> None:
    draft = draft_of([Target("køn", "kvinde", 1, 2), Target("køn", "mand", 3, 4)])
    draft.groups[0].rows[0].minimum = "en"
    draft.groups[0].rows[1].maximum = ""
    with pytest.raises(DomainError) as caught:
        draft.targets(())
    found = {violation.field: violation.reason for violation in caught.value.violations}
    assert found == {"f0r0l": "NOT_A_WHOLE_NUMBER", "f0r1h": "FIELD_REQUIRED"}


def test_a_flex_that_no_longer_fits_is_dropped() -> None:
    stored = (Target("køn", "kvinde", 5, 8, min_flex=3, max_flex=9),)
    draft = draft_of(stored)
    assert draft.targets(stored) == stored
    draft.groups[0].rows[0].minimum, draft.groups[0].rows[0].maximum = "2", "10"
    assert draft.targets(stored) == (Target("køn", "kvinde", 2, 10),)


def test_rows_and_features_can_be_added() -> None:
    draft = draft_of(())
    assert draft.shape == "2"
    draft.groups[0].add_row()
    draft.add_group()
    assert draft.shape == "3,2"
    assert list(draft.filled()) == []
    assert draft.groups[1].rows[1].field == "f1r1"


@pytest.mark.parametrize("shape", ["", "x", "1,-1", "99999", "1,²"])
def test_a_shape_that_no_form_has_is_refused(shape: str) -> None:
    with pytest.raises(DomainError):
        read_draft(Posted(FormData([("shape", shape)])))


def test_more_rows_than_targets_may_be_are_refused() -> None:
    with pytest.raises(DomainError) as caught:
        read_draft(Posted(FormData([("shape", "300,300")])))
    assert caught.value.violations[0].reason == "TOO_MANY_TARGETS"


CURE = CureView(
    changes=(
        BoundChange("køn", "kvinde", Bound.MINIMUM, 9, 7),
        BoundChange("køn", 'm"and', Bound.MAXIMUM, 8, 11),
    ),
    size=None,
    per_address=2,
    released=0,
    seats=5,
    frees=80,
    least=True,
    beyond_flex=False,
    words="…",
)


def test_a_cure_goes_into_a_button_and_out_again() -> None:
    request = read_cure(cure_value(CURE))
    assert (request.size, request.per_address) == (None, 2)
    draft = draft_of(
        [Target("køn", "kvinde", 9, 10), Target("køn", 'm"and', 8, 8), Target("bolig", "ejer", 1, 2)]
    )
    draft.apply(request.changes)
    assert draft.targets(()) == (
        Target("køn", "kvinde", 7, 10),
        Target("køn", 'm"and', 8, 11),
        Target("bolig", "ejer", 1, 2),
    )


def test_a_cure_that_releases_people_is_no_button() -> None:
    assert cure_value(replace(CURE, released=1)) == ""


@pytest.mark.parametrize(
    "value",
    ["", "[]", "{}", '{"c":[[1]],"s":null,"p":null}', json.dumps({"c": [], "s": "36", "p": None}), "\u0000"],
)
def test_a_button_that_is_none_of_ours_is_refused(value: str) -> None:
    with pytest.raises(DomainError):
        read_cure(value)
