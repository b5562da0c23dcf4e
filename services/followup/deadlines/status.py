"""Where a checkpoint stands at an instant. Overdue begins the day after the due date, local time.

What was in force counts: an extension granted on a day holds from that day on, so a checkpoint that was
overdue stays overdue in any status asked for a day before the grant.
"""

from __future__ import annotations

from datetime import date, datetime, tzinfo

from services.followup.deadlines.dates import local_date
from services.followup.deadlines.errors import BadInput, Reason
from services.followup.deadlines.types import Deadline, State, Status


def status(deadline: Deadline, now: datetime, zone: tzinfo, answered: datetime | None = None) -> Status:
    """The status on the local date of `now`, of a checkpoint answered at an instant or not at all.

    An answer before `deadline.opens` is not this checkpoint's: it is named in the reasons and leaves the
    state as if there were none. Raises BadInput for an instant without an offset, or an answer after `now`.
    """
    today = local_date(now, zone)
    reasons = []
    if answered is not None:
        given = local_date(answered, zone)
        if answered > now:
            raise BadInput([Reason("ANSWER_IN_FUTURE", {"date": given})])
        if given >= deadline.opens:
            return _answered(deadline, today, given)
        reasons.append(Reason("ANSWER_TOO_EARLY", {"date": given, "opens": deadline.opens}))
    due = deadline.due_on(today)
    days = (due - today).days
    if days < 0:
        state = State.OVERDUE
    elif days == 0:
        state = State.DUE_TODAY
    elif today < deadline.opens:
        state = State.NOT_YET_OPEN
    else:
        state = State.OPEN
    reasons.append(Reason(f"STATE_{state.value}", {"date": today, "due": due, "days": abs(days)}))
    if due != deadline.due:
        reasons.append(Reason("ORIGINAL_DUE", {"date": deadline.due}))
    return Status(state, today, due, abs(days), tuple(reasons))


def _answered(deadline: Deadline, today: date, given: date) -> Status:
    due = deadline.due_on(given)
    late = max((given - due).days, 0)
    state = State.ANSWERED_LATE if late else State.ANSWERED_IN_TIME
    reasons = [Reason(f"STATE_{state.value}", {"date": given, "due": due, "days": late})]
    if due != deadline.due:
        reasons.append(Reason("ORIGINAL_DUE", {"date": deadline.due}))
    return Status(state, today, due, late, tuple(reasons))
