"""Rules of the registry: slugs, particulars, changes."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.aip.names import MUNICIPALITY
from chassis.errors import Code, DomainError
from services.deliberation.domain.municipality import (
    RESERVED,
    UPDATABLE,
    Municipality,
    Particulars,
    State,
    change,
    enter,
    erase,
    is_due,
    reason_given,
    remove,
    resume,
    suspend,
    undelete,
)

NOW = datetime(2025, 6, 17, 15, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
ZONES = {"Europe/Copenhagen", "America/Nuuk"}
GOOD = Particulars("Dragør Kommune", "Europe/Copenhagen", ("da", "en"))


def violations(slug: str = "dragoer", particulars: Particulars = GOOD) -> dict[str, str]:
    with pytest.raises(DomainError) as caught:
        enter(slug, particulars, ZONES, NOW)
    assert (caught.value.code, caught.value.reason) == (Code.INVALID_ARGUMENT, "MUNICIPALITY_INVALID")
    return {violation.field: violation.reason for violation in caught.value.violations}


def dragoer() -> Municipality:
    return enter("dragoer", GOOD, ZONES, NOW)


def test_a_new_entry() -> None:
    entry = dragoer()
    assert (entry.name, entry.version) == ("municipalities/dragoer", 1)
    assert entry.create_time == entry.update_time == NOW


def test_what_is_left_out_is_the_default() -> None:
    assert enter("dragoer", Particulars("Dragør", "", ()), ZONES, NOW).particulars == Particulars(
        "Dragør", "Europe/Copenhagen", ("da", "en")
    )


@given(st.from_regex(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", fullmatch=True).filter(lambda s: 2 <= len(s) <= 40))
def test_well_formed_slugs_are_taken_and_name_a_resource(slug: str) -> None:
    if slug in RESERVED:
        assert violations(slug) == {"municipality_id": "SLUG_RESERVED"}
    else:
        assert MUNICIPALITY.parse(enter(slug, GOOD, ZONES, NOW).name) == {"municipality": slug}


@given(st.text(max_size=60))
def test_any_other_text_is_refused(slug: str) -> None:
    well_formed = re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", slug, re.ASCII) and 2 <= len(slug) <= 40
    if not well_formed:
        assert violations(slug) == {"municipality_id": "SLUG_INVALID"}


@pytest.mark.parametrize("slug", ["a", "a" * 41, "Dragoer", "dragør", "-a", "a-", "a--b", "1a", "a_b", "a\n"])
def test_slugs_that_are_none(slug: str) -> None:
    assert violations(slug) == {"municipality_id": "SLUG_INVALID"}


@pytest.mark.parametrize("slug", ["api", "static", "sign-in", "sign-out", "new", "sortition", "deliberation"])
def test_slugs_that_are_addresses_of_the_suite(slug: str) -> None:
    assert violations(slug) == {"municipality_id": "SLUG_RESERVED"}


def test_everything_wrong_is_said_at_once() -> None:
    assert violations("api", Particulars(" ", "Mars/Olympus", ("da", "da"))) == {
        "municipality_id": "SLUG_RESERVED",
        "municipality.display_name": "DISPLAY_NAME_REQUIRED",
        "municipality.time_zone": "TIME_ZONE_UNKNOWN",
        "municipality.languages": "LANGUAGES_INVALID",
    }


@pytest.mark.parametrize("name", ["x" * 81, "a\x00b", "a\u202eb"])
def test_names_that_no_page_can_show(name: str) -> None:
    found = violations(particulars=Particulars(name, "Europe/Copenhagen", ("da",)))
    assert found == {"municipality.display_name": "DISPLAY_NAME_INVALID"}


@given(st.text(max_size=100))
def test_a_name_is_one_tidy_line_or_refused(name: str) -> None:
    try:
        entry = enter("dragoer", Particulars(name, "", ()), ZONES, NOW)
    except DomainError:
        return
    kept = entry.particulars.display_name
    assert kept == kept.strip()
    assert kept.isprintable()
    assert kept.split() == name.split()


def test_only_the_masked_fields_change() -> None:
    wanted = Particulars("Store Dragør", "America/Nuuk", ("en",))
    for field in UPDATABLE:
        after = change(dragoer(), wanted, frozenset({field}), ZONES, LATER)
        assert getattr(after.particulars, field) == getattr(wanted, field)
        others = [other for other in UPDATABLE if other != field]
        assert all(getattr(after.particulars, o) == getattr(GOOD, o) for o in others)
        assert (after.version, after.create_time, after.update_time) == (2, NOW, LATER)
        assert after.slug == "dragoer"


def test_nothing_changed_is_the_same_entry() -> None:
    before = dragoer()
    assert change(before, GOOD, frozenset(UPDATABLE), ZONES, LATER) is before
    assert change(before, Particulars("", "", ()), frozenset(), ZONES, LATER) is before


def test_a_field_that_is_not_masked_is_not_looked_at() -> None:
    wrong = Particulars("Dragør By", "Mars/Olympus", ("klingon",))
    assert change(dragoer(), wrong, frozenset({"display_name"}), ZONES, LATER).version == 2
    with pytest.raises(DomainError) as caught:
        change(dragoer(), wrong, frozenset(UPDATABLE), ZONES, LATER)
    assert [v.field for v in caught.value.violations] == ["municipality.time_zone", "municipality.languages"]


def test_it_is_held_still_and_served_again() -> None:
    held = suspend(dragoer(), LATER)
    assert (held.state, held.state_time, held.update_time, held.version) == (State.SUSPENDED, LATER, LATER, 2)
    served = resume(held, LATER + timedelta(days=1))
    assert (served.state, served.state_time) == (State.ACTIVE, LATER + timedelta(days=1))
    assert served.particulars == dragoer().particulars
    # Its particulars may be put right meanwhile, and say nothing of its state.
    changed = change(held, Particulars("Ny", "", ()), frozenset({"display_name"}), ZONES, NOW)
    assert (changed.state, changed.state_time) == (State.SUSPENDED, LATER)


def test_only_what_is_served_is_held_and_only_what_is_held_is_served() -> None:
    for act, entry, reason in (
        (suspend, suspend(dragoer(), LATER), "MUNICIPALITY_NOT_ACTIVE"),
        (resume, dragoer(), "MUNICIPALITY_NOT_SUSPENDED"),
    ):
        with pytest.raises(DomainError, match=reason) as caught:
            act(entry, LATER)
        assert caught.value.code is Code.FAILED_PRECONDITION
        assert caught.value.metadata == {"state": entry.state.value}


@pytest.mark.parametrize("text", ["", " \n ", "x" * 201, "bell\x07"])
def test_a_reason_is_one_line_of_words(text: str) -> None:
    with pytest.raises(DomainError, match="OPERATOR_REASON_INVALID") as caught:
        reason_given(text)
    assert [violation.field for violation in caught.value.violations] == ["reason"]


def test_a_reason_is_kept_tidy() -> None:
    assert reason_given("  contract ended,\n case 2026-117 ") == "contract ended, case 2026-117"
    assert reason_given("x" * 200) == "x" * 200


GRACE = timedelta(days=30)


def test_it_is_removed_and_can_be_had_back_for_a_while() -> None:
    removed = remove(suspend(dragoer(), NOW), LATER, GRACE)
    assert (removed.state, removed.state_time, removed.purge_time) == (State.REMOVED, LATER, LATER + GRACE)
    last = LATER + GRACE - timedelta(microseconds=1)
    assert not is_due(removed, last)
    back = undelete(removed, last)
    assert (back.state, back.purge_time, back.particulars) == (State.SUSPENDED, None, GOOD)
    assert not is_due(back, LATER + 2 * GRACE)


def test_when_its_time_has_come_nothing_is_left_but_its_slug() -> None:
    removed = remove(suspend(dragoer(), NOW), LATER, GRACE)
    due = LATER + GRACE
    assert is_due(removed, due)
    with pytest.raises(DomainError, match="MUNICIPALITY_NOT_REMOVED") as caught:
        undelete(removed, due)
    assert caught.value.code is Code.FAILED_PRECONDITION
    gone = erase(removed, due)
    assert (gone.slug, gone.state, gone.particulars.display_name) == ("dragoer", State.ERASED, "")
    assert not is_due(gone, due)
    for act in (undelete, resume, suspend, erase):
        with pytest.raises(DomainError, match="MUNICIPALITY_NOT_"):
            act(gone, due)


def test_only_what_is_suspended_is_removed() -> None:
    removed = remove(suspend(dragoer(), NOW), LATER, GRACE)
    for entry in (dragoer(), removed):
        with pytest.raises(DomainError, match="MUNICIPALITY_NOT_SUSPENDED"):
            remove(entry, LATER, GRACE)
