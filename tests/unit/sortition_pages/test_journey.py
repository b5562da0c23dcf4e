"""Where a selection stands, as a task list: exactly one step waits, and it is the first that is open."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.text import Catalogue
from chassis.web.formats import Formats
from services.sortition.adapters.pages.journey import Journey, inside_a_sentence, number_text
from services.sortition.adapters.pages.public_words import PublicWords
from services.sortition.app.views import DrawView, PanelView, PublishedDraw, SelectionView
from services.sortition.domain.draw import Draw, DrawMethod, DrawMode, DrawState
from services.sortition.domain.selection import Selection, SelectionState
from services.sortition.domain.target import Target

NOW = datetime(2025, 4, 8, 14, 12, tzinfo=UTC)
WORDS, F = Catalogue("da", {}), Formats("da")
SELECTION, DRAW = UUID(int=1), UUID(int=2)


def draw_of(state: DrawState, mode: DrawMode = DrawMode.PUBLIC, *, id_: UUID = DRAW) -> DrawView:
    drawn = state in (DrawState.DRAWN, DrawState.PUBLISHED)
    draw = Draw(
        municipality="strandby",
        id=id_,
        selection=SELECTION,
        mode=mode,
        method=DrawMethod.LEXIMIN,
        panels=1000,
        seed="x",
        announced="",
        size=36,
        pool_size=240,
        input_digest="",
        state=state,
        create_time=NOW,
        update_time=NOW,
        number=7 if drawn else None,
        commit_time=NOW if drawn or state is DrawState.COMMITTED else None,
        publish_time=NOW if state is DrawState.PUBLISHED else None,
    )
    return DrawView(draw, (), "", {}, "")


def journey(
    *draws: DrawView, targets: bool = True, pool: int = 240, panel: PanelView | None = None
) -> Journey:
    selection = Selection(
        municipality="strandby",
        id=SELECTION,
        title="Ting",
        purpose="",
        size=36,
        per_address=1,
        targets=(Target("køn", "kvinde", 18, 19),) if targets else (),
        state=SelectionState.PREPARING if panel is None else SelectionState.DRAWN,
        create_time=NOW,
        update_time=NOW,
        published_draw=DRAW if panel else None,
    )
    return Journey(SelectionView(selection, pool, ""), draws, panel, "strandby", WORDS, F)


def panel_of(not_asked: int, asked: int, accepted: int, *, confirmed: bool = False) -> PanelView:
    declined = 36 - not_asked - asked - accepted
    return PanelView(
        SELECTION, DRAW, 36, not_asked, asked, accepted, declined, NOW if confirmed else None, ""
    )


@pytest.mark.parametrize(
    ("made", "step", "state", "says"),
    [
        (journey(targets=False, pool=0), "targets", "you", "journey.next_targets"),
        (journey(pool=0), "pool", "you", "journey.next_pool"),
        (journey(), "draw", "you", "journey.next_draw"),
        (journey(draw_of(DrawState.QUEUED)), "draw", "waiting", "journey.next_wait"),
        (journey(draw_of(DrawState.RUNNING)), "draw", "waiting", "journey.next_wait"),
        (journey(draw_of(DrawState.FAILED)), "draw", "you", "journey.next_draw"),
        (journey(draw_of(DrawState.CANCELLED)), "draw", "you", "journey.next_draw"),
        (journey(draw_of(DrawState.PANELS_READY)), "commit", "you", "journey.next_commit"),
        (journey(draw_of(DrawState.COMMITTED)), "reveal", "you", "journey.next_reveal"),
        (journey(draw_of(DrawState.DRAWN)), "publish", "you", "journey.next_publish"),
        (journey(draw_of(DrawState.DRAWN, DrawMode.SEEDED)), "publish", "you", "journey.next_publish"),
        (journey(draw_of(DrawState.PUBLISHED), panel=panel_of(36, 0, 0)), "ask", "you", "journey.next_ask"),
        (
            journey(draw_of(DrawState.PUBLISHED), panel=panel_of(0, 3, 30)),
            "ask",
            "waiting",
            "journey.next_ask",
        ),
        (
            journey(draw_of(DrawState.PUBLISHED), panel=panel_of(0, 0, 30)),
            "confirm",
            "you",
            "journey.next_confirm",
        ),
    ],
)
def test_the_first_open_step_waits(made: Journey, step: str, state: str, says: str) -> None:
    at = [s.key for s in made.steps].index(step)
    assert [s.state for s in made.steps[:at]] == ["done"] * at
    assert made.steps[at].state == state
    assert made.steps[at].address
    assert {s.state for s in made.steps[at + 1 :]} <= {"todo"}
    assert made.next == says


def test_at_the_end_nothing_waits() -> None:
    made = journey(draw_of(DrawState.PUBLISHED), panel=panel_of(0, 0, 30, confirmed=True))
    assert {step.state for step in made.steps} == {"done"}
    assert made.next == "journey.next_none"


def test_a_seeded_draw_has_no_panels_to_publish_first() -> None:
    keys = [step.key for step in journey(draw_of(DrawState.DRAWN, DrawMode.SEEDED)).steps]
    assert "commit" not in keys
    assert "reveal" not in keys


def test_draws_that_came_to_nothing_are_told_apart() -> None:
    failed = draw_of(DrawState.FAILED, id_=UUID(int=9))
    made = journey(draw_of(DrawState.COMMITTED), failed)
    assert [earlier.id for earlier in made.earlier_draws] == [UUID(int=9)]
    assert made.draw is not None
    assert made.draw.id == DRAW


def test_a_step_that_cannot_be_taken_is_no_link() -> None:
    steps = {step.key: step for step in journey(pool=0).steps}
    assert steps["targets"].address
    for key in ("draw", "commit", "reveal", "publish", "ask", "confirm"):
        assert steps[key].address is None, key


@given(st.integers(0, 9_999), st.sampled_from([10, 100, 1000, 10_000]))
def test_a_number_has_as_many_digits_as_the_last(number: int, panels: int) -> None:
    shown = number_text(number % panels, panels)
    assert len(shown) == len(str(panels - 1))
    assert int(shown) == number % panels


@pytest.mark.parametrize("method", list(DrawMethod))
@pytest.mark.parametrize("mode", list(DrawMode))
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("randomness", ["", "txt"])
def test_the_lottery_is_told_in_eight_sentences(
    method: DrawMethod, mode: DrawMode, known: bool, randomness: str
) -> None:
    from chassis.text import catalogues

    words = catalogues(["services.sortition"])["en"]
    shown = PublishedDraw(
        name="",
        selection=SELECTION,
        id=DRAW,
        title="Ting",
        purpose="",
        state=DrawState.PUBLISHED if known else DrawState.COMMITTED,
        mode=mode,
        method=method,
        pool_size=240,
        size=36,
        panels=1000,
        per_address=1,
        values=(),
        chances=(),
        optimal_lowest="",
        unreachable=0,
        announced="three dice",
        number=437 if known else None,
        randomness=randomness,
        note="",
        outcome=(),
        files=(),
        commit_time=NOW,
        reveal_time=NOW if known else None,
        publish_time=NOW if known else None,
        cancel_time=None,
    )
    say = PublicWords(words, F)
    sentences = say._how(shown, say._facts(shown))
    assert len(set(sentences)) == 8
    assert not [s for s in sentences if s.startswith("public.") or "–" in s or "{" in s]
    if known:
        assert any("437" in sentence for sentence in sentences)


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("tre terninger", "tre terninger"),
        ("Terningerne viste 4-3-7. ", "Terningerne viste 4-3-7"),
        (" . ", ""),
    ],
)
def test_typed_words_end_a_sentence_with_one_full_stop(typed: str, shown: str) -> None:
    assert inside_a_sentence(typed) == shown
