"""Where promises and checkpoints stand, in a line each."""

from __future__ import annotations

from datetime import date

from chassis.text import Catalogue
from chassis.web.formats import Formats
from services.followup.app.views import PromiseView
from services.followup.deadlines.types import Kind, State, Status
from services.followup.domain.checkpoint import Answer, Checkpoint
from services.followup.domain.standing import Stand

# Shown by a badge; the words say the same.
LATE, DONE, HALF, NOT, OPEN = "late", "done", "half", "not", "open"
_STANDS = {
    Stand.OVERDUE: LATE,
    Stand.WAITING: OPEN,
    Stand.FOLLOWED: DONE,
    Stand.PARTLY: HALF,
    Stand.UNDER_WAY: HALF,
    Stand.NOT_FOLLOWED: NOT,
}
_BADGES = {
    State.OVERDUE: LATE,
    State.ANSWERED_IN_TIME: DONE,
    State.ANSWERED_LATE: DONE,
}


class StandWords:
    def __init__(self, words: Catalogue, formats: Formats) -> None:
        self.words = words
        self.f = formats

    def day(self, day: date, *, capital: bool = False) -> str:
        """'fredag 28. november 2025'; with a capital where it begins a heading."""
        shown = self.f.date(day, weekday=True)
        return shown[:1].upper() + shown[1:] if capital else shown

    def line(self, view: PromiseView) -> str:
        """A promise as a whole, in a line beside its badge."""
        standing, text = view.standing, self.words.text
        if standing.stand is Stand.OVERDUE:
            first = standing.overdue[0]
            line = text("stand.overdue", due=self.f.date(first.effective_due))
            if standing.latest is not None:
                earlier = self.decision(standing.latest)
                line += " " + text(
                    "stand.earlier", decision=earlier, date=self.f.date(standing.latest.answer_date)
                )
            return line
        if standing.latest is not None:
            line = text("stand.answered", date=self.f.date(standing.latest.answer_date))
            if standing.next_due is not None:
                line += " " + text("stand.next", due=self.f.date(standing.next_due))
            return line
        if standing.next_due is not None:
            return text("stand.waiting", due=self.f.date(standing.next_due))
        return text("stand.nothing")

    def badge(self, view: PromiseView) -> tuple[str, str]:
        """(kind, words) of a promise's badge."""
        stand = view.standing.stand
        return _STANDS[stand], self.words.text(f"stand.badge_{stand.value}")

    def decision(self, answer: Answer) -> str:
        return self.words.text(f"decision.{answer.decision.value}")

    def heading(self, checkpoint: Checkpoint) -> str:
        """'Svar inden 3 måneder', 'Svar efter 10 måneder'."""
        key = "checkpoint.within" if checkpoint.kind is Kind.WITHIN else "checkpoint.after"
        return self.words.plural(key, checkpoint.months)

    def state(self, status: Status) -> tuple[str, str]:
        """(kind, words) of a checkpoint's badge."""
        return _BADGES.get(status.state, OPEN), self.words.text(f"checkpoint.state_{status.state.value}")

    def wait(self, status: Status) -> str:
        """How long there is to go, or how late it is."""
        return self.words.plural(f"checkpoint.wait_{status.state.value}", status.days)
