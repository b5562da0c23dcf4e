"""Which days a municipality works. Danish: Monday to Friday but public holidays, 5 June, 24 and 31 December.

Sources: public holidays from the library `holidays` (Great Prayer Day up to 2023, Act no. 214 of 2023);
the three further days from the Limitation Act (forældelsesloven) § 27, under which a deadline that ends on a
Saturday, a Sunday, a public holiday, Constitution Day, Christmas Eve or New Year's Eve moves too. 1 May is
a day off by agreement only, so it is a working day here.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from services.followup.deadlines.errors import Infeasible, Reason

if TYPE_CHECKING:
    from holidays.countries.denmark import Denmark


class DayOff(StrEnum):
    """Why nobody works on a day; its words are made elsewhere."""

    SATURDAY = "SATURDAY"
    SUNDAY = "SUNDAY"
    NEW_YEARS_DAY = "NEW_YEARS_DAY"
    MAUNDY_THURSDAY = "MAUNDY_THURSDAY"
    GOOD_FRIDAY = "GOOD_FRIDAY"
    EASTER_MONDAY = "EASTER_MONDAY"
    GREAT_PRAYER_DAY = "GREAT_PRAYER_DAY"
    ASCENSION_DAY = "ASCENSION_DAY"
    WHIT_MONDAY = "WHIT_MONDAY"
    CONSTITUTION_DAY = "CONSTITUTION_DAY"
    CHRISTMAS_EVE = "CHRISTMAS_EVE"
    CHRISTMAS_DAY = "CHRISTMAS_DAY"
    SECOND_DAY_OF_CHRISTMAS = "SECOND_DAY_OF_CHRISTMAS"
    NEW_YEARS_EVE = "NEW_YEARS_EVE"
    OTHER_HOLIDAY = "OTHER_HOLIDAY"


class WorkingCalendar(Protocol):
    """What moves dates. A calendar of another country is another object with this method."""

    def day_off(self, day: date) -> DayOff | None:
        """Why `day` is no working day; None if it is one. Raises Infeasible outside the calendar."""


# By the names that the library gives in Danish. Easter Day and Whit Sunday are Sundays anyway.
_NAMES = {
    "Nytårsdag": DayOff.NEW_YEARS_DAY,
    "Skærtorsdag": DayOff.MAUNDY_THURSDAY,
    "Langfredag": DayOff.GOOD_FRIDAY,
    "Anden påskedag": DayOff.EASTER_MONDAY,
    "Store bededag": DayOff.GREAT_PRAYER_DAY,
    "Kristi himmelfartsdag": DayOff.ASCENSION_DAY,
    "Anden pinsedag": DayOff.WHIT_MONDAY,
    "Juledag": DayOff.CHRISTMAS_DAY,
    "Anden juledag": DayOff.SECOND_DAY_OF_CHRISTMAS,
}
_CLOSED = {
    (6, 5): DayOff.CONSTITUTION_DAY,
    (12, 24): DayOff.CHRISTMAS_EVE,
    (12, 31): DayOff.NEW_YEARS_EVE,
}
_WEEKEND = {5: DayOff.SATURDAY, 6: DayOff.SUNDAY}


class DanishCalendar:
    """Denmark's working days from `FIRST` to `LAST`, both included.

    § 27 is in force from 2008; the library's tables end with 2100. Days outside are refused: a guessed
    working day would be a wrong date that looks right.
    """

    FIRST = date(2008, 1, 1)
    LAST = date(2100, 12, 31)

    @cached_property
    def _public(self) -> Denmark:
        # With the first date asked for, not at start: the library brings every country of the world.
        from holidays.constants import PUBLIC
        from holidays.countries.denmark import Denmark

        # The language is fixed: left out, the library takes it from the machine's environment.
        return Denmark(language="da", categories=PUBLIC, expand=True)  # type: ignore[no-untyped-call]

    def day_off(self, day: date) -> DayOff | None:
        """Why `day` is no working day; None if it is one. Raises Infeasible outside FIRST … LAST."""
        if not self.FIRST <= day <= self.LAST:
            raise Infeasible([Reason("CALENDAR_ENDS", {"date": day, "first": self.FIRST, "last": self.LAST})])
        weekend = _WEEKEND.get(day.weekday())
        if weekend is not None:
            return weekend
        name = self._public.get(day)
        if name is not None:
            # A name of a later release of the library is a holiday all the same.
            return _NAMES.get(name, DayOff.OTHER_HOLIDAY)
        return _CLOSED.get((day.month, day.day))
