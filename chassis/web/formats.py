"""Numbers, shares and times as people write them, Danish and English."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_timedelta
from babel.lists import format_list

# English as the Danish state writes it: day before month, a 24-hour clock.
_LOCALES = {"da": "da_DK", "en": "en_GB"}
_DATE = {"da": "d. MMMM y", "en": "d MMMM y"}
_LONG_DATE = {"da": "EEEE d. MMMM y", "en": "EEEE d MMMM y"}
_MOMENT = {"da": "EEEE d. MMMM y 'kl.' HH.mm", "en": "EEEE d MMMM y 'at' HH:mm"}
_SHORT_MOMENT = {"da": "d. MMM y 'kl.' HH.mm", "en": "d MMM y 'at' HH:mm"}
_CLOCK = {"da": "HH.mm", "en": "HH:mm"}
_SWAP_MARKS = str.maketrans(",.", ".,")
# A number and its unit stay on one line.
_PERCENT_SIGN = {"da": "\u00a0%", "en": "%"}


class Formats:
    """The formats of one language, instants shown in one time zone."""

    def __init__(self, language: str, zone: str = "Europe/Copenhagen") -> None:
        self.language = language
        self._locale = _LOCALES[language]
        self._zone = ZoneInfo(zone)

    def number(self, value: int | float | Decimal, digits: int = 0) -> str:
        """1000 -> '1.000' (da), '1,000' (en); exactly `digits` after the point."""
        # By hand, ten times as fast as by CLDR's patterns: a page may have hundreds. A test holds it to them.
        text = f"{_rounded(value, digits):,.{digits}f}"
        return text.translate(_SWAP_MARKS) if self.language == "da" else text

    def percent(self, share: int | float | Decimal | Fraction, digits: int = 1) -> str:
        """A share of one: 0.0204 -> '2,0 %' (da), '2.0%' (en)."""
        hundredfold = (
            Decimal(share.numerator * 100) / Decimal(share.denominator)
            if isinstance(share, Fraction)
            else Decimal(str(share)) * 100
        )
        return self.number(hundredfold, digits) + _PERCENT_SIGN[self.language]

    def share(self, count: int, base: int, digits: int = 0) -> str:
        """count of base in percent; a dash when there is no base."""
        return self.percent(Fraction(count, base), digits) if base else "–"

    def size(self, octets: int) -> str:
        """A file's size: '212 kB', '1,4 MB'."""
        if octets < 1_000:
            return f"{self.number(octets)} B"
        if octets < 1_000_000:
            return f"{self.number(Decimal(octets) / 1000)} kB"
        return f"{self.number(Decimal(octets) / 1_000_000, 1)} MB"

    def local(self, instant: datetime) -> datetime:
        """The instant in the municipality's zone. Naive instants are refused (ValueError)."""
        if instant.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        return instant.astimezone(self._zone)

    def moment(self, instant: datetime, *, capital: bool = False) -> str:
        """'tirsdag 17. juni 2025 kl. 17.00', 'Tuesday 17 June 2025 at 17:00'."""
        text = format_datetime(self.local(instant), _MOMENT[self.language], locale=self._locale)
        return text[:1].upper() + text[1:] if capital else text

    def short_moment(self, instant: datetime) -> str:
        """'17. jun. 2025 kl. 17.00', '17 Jun 2025 at 17:00'."""
        return format_datetime(self.local(instant), _SHORT_MOMENT[self.language], locale=self._locale)

    def clock(self, instant: datetime) -> str:
        return format_datetime(self.local(instant), _CLOCK[self.language], locale=self._locale)

    def date(self, day: date, *, weekday: bool = False) -> str:
        """'17. juni 2025'; with the weekday 'tirsdag 17. juni 2025'."""
        shown = self.local(day) if isinstance(day, datetime) else day
        patterns = _LONG_DATE if weekday else _DATE
        return format_date(shown, patterns[self.language], locale=self._locale)

    def duration(self, seconds: float) -> str:
        """Rounded to its largest unit: '3 minutter', '2 hours'."""
        return format_timedelta(timedelta(seconds=seconds), threshold=1.0, locale=self._locale)

    def machine(self, instant: datetime) -> str:
        """For <time datetime>: RFC 3339 with the zone's offset."""
        return self.local(instant).isoformat(timespec="seconds")

    def listing(self, items: list[str]) -> str:
        """'a, b og c'."""
        return format_list(items, locale=self._locale)


def _rounded(value: int | float | Decimal, digits: int) -> Decimal:
    """Half away from zero, as people round; binary floats by their shortest decimal form."""
    exact = value if isinstance(value, Decimal) else Decimal(str(value))
    return exact.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
