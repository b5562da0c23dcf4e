"""Counting: from a handover and a promise to the dates, each with the reasons that explain it.

The day of the handover is day zero. Months are counted from it, never from one checkpoint to the next, and
a day that the last month lacks becomes that month's last day (31 January + 1 month = 28 or 29 February).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta, tzinfo

from dateutil.relativedelta import relativedelta

from services.followup.deadlines.calendar import WorkingCalendar
from services.followup.deadlines.errors import BadInput, Infeasible, Parameter, Reason
from services.followup.deadlines.types import (
    Checkpoint,
    Deadline,
    ExtendedDate,
    Extension,
    Kind,
    WorkingDayRule,
)

MAX_MONTHS = 600
_DAY = timedelta(days=1)


def local_date(instant: datetime, zone: tzinfo) -> date:
    """The date of an instant in the municipality's time zone. Raises BadInput for one without an offset."""
    if instant.utcoffset() is None:
        raise BadInput([Reason("INSTANT_WITHOUT_OFFSET", {"instant": instant.isoformat()})])
    return instant.astimezone(zone).date()


def nominal_date(handover: date, months: int) -> date:
    """`handover` plus whole months, clipped to the month's end. Raises Infeasible past the year 9999."""
    try:
        return handover + relativedelta(months=months)
    except (ValueError, OverflowError):
        raise Infeasible([Reason("DATE_TOO_FAR", {"date": handover, "months": months})]) from None


def moved_date(day: date, rule: WorkingDayRule, calendar: WorkingCalendar) -> tuple[date, tuple[Reason, ...]]:
    """`day` by the working-day rule, with every day passed over on the way and why it was."""
    reasons = []
    moved = day
    while (off := calendar.day_off(moved)) is not None:
        reasons.append(Reason("NOT_A_WORKING_DAY", {"date": moved, "why": off.value}))
        if rule is WorkingDayRule.NONE:
            return day, (*reasons, Reason("NOT_MOVED", {"date": day}))
        moved += _DAY if rule is WorkingDayRule.FORWARD else -_DAY
    if moved == day:
        return day, (Reason("WORKING_DAY", {"date": day}),)
    return moved, (*reasons, Reason(f"MOVED_{rule.value}", {"date": day, "moved": moved}))


def deadlines(
    handover: date,
    checkpoints: Sequence[Checkpoint],
    calendar: WorkingCalendar,
    zone: tzinfo,
    extensions: Iterable[Extension] = (),
) -> tuple[Deadline, ...]:
    """The deadlines of a handover, in the order of `checkpoints`.

    `handover`: the local date (`local_date` makes it from an instant). Raises BadInput with every fault of
    checkpoints and extensions, Infeasible where the calendar ends.
    """
    extensions = tuple(extensions)
    _check(checkpoints, extensions)
    made: list[Deadline] = []
    faults: list[Reason] = []
    for checkpoint in checkpoints:
        own = [each for each in extensions if each.checkpoint == checkpoint.id]
        try:
            made.append(_deadline(handover, checkpoint, calendar, zone, own))
        except BadInput as error:
            faults += error.reasons
    if faults:
        raise BadInput(faults)
    return tuple(made)


def _deadline(
    handover: date,
    checkpoint: Checkpoint,
    calendar: WorkingCalendar,
    zone: tzinfo,
    extensions: Sequence[Extension],
) -> Deadline:
    nominal = nominal_date(handover, checkpoint.months)
    due, moves = moved_date(nominal, checkpoint.rule, calendar)
    params: dict[str, Parameter] = {"handover": handover, "months": checkpoint.months, "date": nominal}
    clipped = nominal.day != handover.day
    counted = (
        Reason("MONTH_CLIPPED", {**params, "day": handover.day}) if clipped else Reason("COUNTED", params)
    )
    opens = handover if checkpoint.kind is Kind.WITHIN else min(nominal, due)
    reasons = [Reason("DAY_ZERO", {"date": handover}), counted, *moves]
    reasons.append(Reason(f"COUNTS_{checkpoint.kind.value}", {"opens": opens, "due": due}))
    # The rule is the mandate's choice and stands; that it bends the promise is said.
    if checkpoint.kind is Kind.WITHIN and due > nominal:
        reasons.append(Reason("LATER_THAN_PROMISED", {"date": nominal, "due": due}))
    if checkpoint.kind is Kind.AFTER and due < nominal:
        reasons.append(Reason("EARLIER_THAN_PROMISED", {"date": nominal, "due": due}))
    overdue_from = due + _DAY
    reasons.append(Reason("OVERDUE_FROM", {"date": overdue_from}))
    extended = _extended(checkpoint, handover, due, calendar, zone, extensions)
    return Deadline(checkpoint, handover, nominal, due, opens, overdue_from, tuple(reasons), tuple(extended))


def _extended(
    checkpoint: Checkpoint,
    handover: date,
    due: date,
    calendar: WorkingCalendar,
    zone: tzinfo,
    extensions: Sequence[Extension],
) -> list[ExtendedDate]:
    made: list[ExtendedDate] = []
    faults: list[Reason] = []
    before = due
    for extension in sorted(extensions, key=lambda each: each.granted):
        granted_on = local_date(extension.granted, zone)
        moved, moves = moved_date(extension.until, checkpoint.rule, calendar)
        place: dict[str, Parameter] = {"checkpoint": checkpoint.id, "until": extension.until}
        if granted_on < handover:
            faults.append(
                Reason("EXTENSION_BEFORE_HANDOVER", {**place, "granted": granted_on, "handover": handover})
            )
        if moved <= before:
            faults.append(Reason("EXTENSION_NOT_LATER", {**place, "due": before}))
            continue
        granted = Reason("EXTENDED", {"granted": granted_on, "date": extension.until, "original": due})
        reasons = (granted, *moves, Reason("OVERDUE_FROM", {"date": moved + _DAY}))
        made.append(ExtendedDate(extension, granted_on, moved, reasons))
        before = moved
    if faults:
        raise BadInput(faults)
    return made


def _check(checkpoints: Sequence[Checkpoint], extensions: Sequence[Extension]) -> None:
    faults: list[Reason] = []
    params: dict[str, Parameter]
    if not checkpoints:
        faults.append(Reason("NO_CHECKPOINTS"))
    seen: set[str] = set()
    for position, checkpoint in enumerate(checkpoints, 1):
        if not checkpoint.id or checkpoint.id != checkpoint.id.strip() or not checkpoint.id.isprintable():
            faults.append(Reason("BAD_CHECKPOINT_ID", {"position": position}))
        elif checkpoint.id in seen:
            faults.append(Reason("DUPLICATE_CHECKPOINT", {"checkpoint": checkpoint.id}))
        seen.add(checkpoint.id)
        if not 1 <= checkpoint.months <= MAX_MONTHS:
            params = {"checkpoint": checkpoint.id, "months": checkpoint.months, "most": MAX_MONTHS}
            faults.append(Reason("MONTHS_OUT_OF_RANGE", params))
    for extension in extensions:
        if extension.checkpoint not in seen:
            faults.append(Reason("UNKNOWN_CHECKPOINT", {"checkpoint": extension.checkpoint}))
        if extension.granted.utcoffset() is None:
            faults.append(Reason("INSTANT_WITHOUT_OFFSET", {"instant": extension.granted.isoformat()}))
        if not extension.by.strip() or not extension.why.strip():
            params = {"checkpoint": extension.checkpoint, "until": extension.until}
            faults.append(Reason("EXTENSION_UNEXPLAINED", params))
    if faults:
        raise BadInput(faults)
