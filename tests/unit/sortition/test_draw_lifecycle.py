"""The draw's states: every legal move, and every illegal one refused for its stable reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import Code, DomainError
from services.sortition.domain.draw import (
    ALLOWED,
    Act,
    Draw,
    DrawMethod,
    DrawMode,
    DrawState,
    check_request,
    check_reveal,
)

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
LATER = datetime(2027, 3, 1, 13, tzinfo=UTC)


def a_draw(state: DrawState = DrawState.QUEUED, mode: DrawMode = DrawMode.PUBLIC) -> Draw:
    return Draw(
        municipality="hjemby",
        id=UUID(int=2),
        selection=UUID(int=1),
        mode=mode,
        method=DrawMethod.LEXIMIN,
        panels=100,
        seed="s",
        announced="",
        size=8,
        pool_size=24,
        input_digest="0" * 64,
        state=state,
        create_time=NOW,
        update_time=NOW,
    )


def ready(draw: Draw) -> Draw:
    number = 3 if draw.mode is DrawMode.SEEDED else None
    return draw.ready(LATER, number=number, optimal_lowest="0.1", unreachable=0)


ACTS: dict[Act, Callable[[Draw], Draw]] = {
    Act.START: lambda draw: draw.started(LATER),
    Act.READY: ready,
    Act.FAIL: lambda draw: draw.failed(LATER, "TARGETS_INFEASIBLE", {"size": "8"}),
    Act.CANCEL: lambda draw: draw.cancelled(LATER),
    Act.COMMIT: lambda draw: draw.committed(LATER),
    Act.REVEAL: lambda draw: draw.revealed(LATER, number=7, randomness="", note=""),
    Act.PUBLISH: lambda draw: draw.published(LATER),
}

# The whole table, written out apart from the code: what a person may read on the page of a draw.
LEGAL = {
    (DrawState.QUEUED, Act.START): DrawState.RUNNING,
    (DrawState.QUEUED, Act.FAIL): DrawState.FAILED,
    (DrawState.QUEUED, Act.CANCEL): DrawState.CANCELLED,
    (DrawState.RUNNING, Act.START): DrawState.RUNNING,
    (DrawState.RUNNING, Act.READY): DrawState.PANELS_READY,
    (DrawState.RUNNING, Act.FAIL): DrawState.FAILED,
    (DrawState.RUNNING, Act.CANCEL): DrawState.CANCELLED,
    (DrawState.PANELS_READY, Act.COMMIT): DrawState.COMMITTED,
    (DrawState.PANELS_READY, Act.CANCEL): DrawState.CANCELLED,
    (DrawState.COMMITTED, Act.REVEAL): DrawState.DRAWN,
    (DrawState.COMMITTED, Act.CANCEL): DrawState.CANCELLED,
    (DrawState.DRAWN, Act.PUBLISH): DrawState.PUBLISHED,
}
REASONS = {
    Act.START: "DRAW_OVER",
    Act.READY: "DRAW_NOT_RUNNING",
    Act.FAIL: "DRAW_NOT_RUNNING",
    Act.CANCEL: "DRAW_OVER",
    Act.COMMIT: "PANELS_NOT_READY",
    Act.REVEAL: "DRAW_NOT_COMMITTED",
    Act.PUBLISH: "DRAW_NOT_DRAWN",
}


@pytest.mark.parametrize("act", Act)
@pytest.mark.parametrize("state", DrawState)
def test_each_act_in_each_state(state: DrawState, act: Act) -> None:
    draw = a_draw(state)
    if (state, act) in LEGAL:
        moved = ACTS[act](draw)
        assert moved.state is LEGAL[state, act]
        assert (moved.version, moved.update_time) == (2, LATER)
        return
    with pytest.raises(DomainError) as caught:
        ACTS[act](draw)
    assert (caught.value.code, caught.value.reason) == (Code.FAILED_PRECONDITION, REASONS[act])
    assert caught.value.metadata["state"] == state.value


def test_every_act_has_a_row() -> None:
    assert set(ALLOWED) == set(Act)


def test_a_seeded_draw_has_its_number_with_its_panels() -> None:
    drawn = ready(a_draw(DrawState.RUNNING, DrawMode.SEEDED))
    assert (drawn.state, drawn.number, drawn.reveal_time) == (DrawState.DRAWN, 3, LATER)
    assert drawn.published(LATER).state is DrawState.PUBLISHED


@pytest.mark.parametrize("act", [Act.COMMIT, Act.REVEAL])
@pytest.mark.parametrize("state", DrawState)
def test_a_seeded_draw_is_never_committed_nor_revealed(state: DrawState, act: Act) -> None:
    with pytest.raises(DomainError) as caught:
        ACTS[act](a_draw(state, DrawMode.SEEDED))
    assert (caught.value.code, caught.value.reason) == (Code.FAILED_PRECONDITION, "DRAW_NOT_PUBLIC")


@pytest.mark.parametrize(("mode", "number"), [(DrawMode.PUBLIC, 3), (DrawMode.SEEDED, None)])
def test_panels_of_the_wrong_mode_are_a_programming_error(mode: DrawMode, number: int | None) -> None:
    with pytest.raises(ValueError, match="number"):
        a_draw(DrawState.RUNNING, mode).ready(NOW, number=number, optimal_lowest="", unreachable=0)


@pytest.mark.parametrize("state", DrawState)
def test_who_waits_for_whom(state: DrawState) -> None:
    over = {DrawState.FAILED, DrawState.CANCELLED, DrawState.PUBLISHED}
    assert a_draw(state).in_progress is (state not in over)
    # A seeded draw may be a rehearsal: once drawn it holds nobody up.
    rehearsal = a_draw(state, DrawMode.SEEDED).in_progress
    assert rehearsal is (state not in over | {DrawState.DRAWN})


def test_a_withdrawn_commitment_stays_public() -> None:
    committed = a_draw(DrawState.PANELS_READY).committed(NOW)
    assert committed.public
    assert committed.cancelled(LATER).public
    assert not a_draw(DrawState.PANELS_READY).cancelled(LATER).public


@given(st.lists(st.sampled_from(list(Act)), max_size=12), st.sampled_from(list(DrawMode)))
def test_no_way_leads_to_a_number_before_a_public_commitment(acts: list[Act], mode: DrawMode) -> None:
    draw = a_draw(mode=mode)
    committed = False
    for act in acts:
        try:
            draw = ACTS[act](draw)
        except DomainError:
            continue
        committed = committed or draw.state is DrawState.COMMITTED
        if mode is DrawMode.PUBLIC and draw.number is not None:
            assert committed
        if draw.state is DrawState.PUBLISHED:
            assert draw.number is not None


class TestRequest:
    def test_a_good_one(self) -> None:
        check_request(DrawMode.PUBLIC, 1000, "", "two dice")
        check_request(DrawMode.SEEDED, 10, "s", "")

    @pytest.mark.parametrize(
        ("mode", "panels", "seed", "announced", "wrong"),
        [
            (DrawMode.PUBLIC, 999, "", "", [("panels", "PANELS_OUT_OF_RANGE")]),
            (DrawMode.PUBLIC, -1, "", "", [("panels", "PANELS_OUT_OF_RANGE")]),
            (DrawMode.PUBLIC, 1000, "s", "", [("seed", "SEED_IN_PUBLIC_MODE")]),
            (DrawMode.SEEDED, 1000, "", "", [("seed", "REQUIRED")]),
            (DrawMode.SEEDED, 7, "s" * 201, "", [("panels", "PANELS_OUT_OF_RANGE"), ("seed", "TOO_LONG")]),
            (DrawMode.PUBLIC, 1000, "", "x" * 501, [("announced", "TOO_LONG")]),
            (DrawMode.PUBLIC, 1000, "", "x\0", [("announced", "TEXT_UNPRINTABLE")]),
            (DrawMode.SEEDED, 1000, "s\0", "", [("seed", "TEXT_UNPRINTABLE")]),
        ],
    )
    def test_every_fault_at_once(
        self, mode: DrawMode, panels: int, seed: str, announced: str, wrong: list[tuple[str, str]]
    ) -> None:
        with pytest.raises(DomainError) as caught:
            check_request(mode, panels, seed, announced)
        assert (caught.value.code, caught.value.reason) == (Code.INVALID_ARGUMENT, "DRAW_INVALID")
        assert [(v.field, v.reason) for v in caught.value.violations] == wrong


class TestReveal:
    @pytest.mark.parametrize(("number", "randomness"), [(0, ""), (99, ""), (None, "text")])
    def test_one_source(self, number: int | None, randomness: str) -> None:
        check_reveal(a_draw(), number, randomness, "")

    @pytest.mark.parametrize(
        ("number", "randomness", "note", "wrong"),
        [
            (None, "", "", [("number", "NUMBER_OR_RANDOMNESS")]),
            (5, "text", "", [("number", "NUMBER_AND_RANDOMNESS")]),
            (100, "", "", [("number", "NUMBER_OUT_OF_RANGE")]),
            (-1, "", "", [("number", "NUMBER_OUT_OF_RANGE")]),
            (None, "x" * 1001, "", [("randomness", "TOO_LONG")]),
            (1, "", "x" * 501, [("note", "TOO_LONG")]),
            (1, "", "x\x1b", [("note", "TEXT_UNPRINTABLE")]),
            (None, "x\0", "", [("randomness", "TEXT_UNPRINTABLE")]),
        ],
    )
    def test_anything_else(
        self, number: int | None, randomness: str, note: str, wrong: list[tuple[str, str]]
    ) -> None:
        with pytest.raises(DomainError) as caught:
            check_reveal(a_draw(), number, randomness, note)
        assert (caught.value.code, caught.value.reason) == (Code.INVALID_ARGUMENT, "REVEAL_INVALID")
        assert [(v.field, v.reason) for v in caught.value.violations] == wrong

    @given(st.integers(-5, 10_005))
    def test_numbers_run_from_0_to_panels_minus_1(self, number: int) -> None:
        draw = replace(a_draw(), panels=10_000)
        if 0 <= number < 10_000:
            check_reveal(draw, number, "", "")
            return
        with pytest.raises(DomainError):
            check_reveal(draw, number, "", "")
