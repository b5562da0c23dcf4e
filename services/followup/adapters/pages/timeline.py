"""The dates of all checkpoints along a line with today: a chart and the table beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from chassis.web.charts import position
from services.followup.adapters.pages.stand_words import StandWords
from services.followup.app.views import PromiseView
from services.followup.deadlines.types import State, Status
from services.followup.domain.checkpoint import Checkpoint


@dataclass(frozen=True, slots=True)
class Mark:
    """A date on the line: `kind` is late (somebody was not answered), done (all were) or open."""

    number: int
    due: str
    x: str
    kind: str
    what: str
    answered: int
    waiting: int
    unanswered: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """`today_x` and `today_anchor` place today's mark and its word within the line."""

    marks: Sequence[Mark]
    start: date
    end: date
    today_x: str
    today_anchor: str


def timeline(views: Sequence[PromiseView], today: date, say: StandWords) -> Timeline | None:
    """None when nothing is promised."""
    dated = [
        (checkpoint, view.statuses[checkpoint.id])
        for view in views
        for checkpoint in view.promise.checkpoints
    ]
    if not dated:
        return None
    start = min(checkpoint.handover for checkpoint, _ in dated)
    end = max(max(checkpoint.effective_due for checkpoint, _ in dated), today)
    span = max((end - start).days, 1)
    days = sorted({checkpoint.effective_due for checkpoint, _ in dated})
    marks = [
        _mark(number, day, [each for each in dated if each[0].effective_due == day], start, span, say)
        for number, day in enumerate(days, 1)
    ]
    gone = (today - start).days
    anchor = "start" if gone < span * 0.15 else "end" if gone > span * 0.85 else "middle"
    return Timeline(marks, start, end, position(gone, 0, span), anchor)


def _mark(
    number: int,
    day: date,
    dated: Sequence[tuple[Checkpoint, Status]],
    start: date,
    span: int,
    say: StandWords,
) -> Mark:
    late = sum(status.state is State.OVERDUE for _, status in dated)
    answered = sum(bool(checkpoint.answers) for checkpoint, _ in dated)
    headings = dict.fromkeys(say.heading(checkpoint) for checkpoint, _ in dated)
    return Mark(
        number=number,
        due=say.day(day, capital=True),
        x=position((day - start).days, 0, span),
        kind="late" if late else "done" if answered == len(dated) else "open",
        what=" / ".join(headings),
        answered=answered,
        waiting=len(dated) - answered - late,
        unanswered=late,
    )
