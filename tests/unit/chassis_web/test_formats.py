"""Numbers, shares and times as people write them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st

from chassis.web.formats import Formats

DA, EN = Formats("da"), Formats("en")
MOMENT = datetime(2025, 6, 17, 15, 0, tzinfo=UTC)


def test_moments_stand_in_the_municipalitys_zone() -> None:
    assert DA.moment(MOMENT) == "tirsdag 17. juni 2025 kl. 17.00"
    assert DA.moment(MOMENT, capital=True) == "Tirsdag 17. juni 2025 kl. 17.00"
    assert EN.moment(MOMENT) == "Tuesday 17 June 2025 at 17:00"
    assert Formats("da", "America/Nuuk").moment(MOMENT) == "tirsdag 17. juni 2025 kl. 14.00"
    assert DA.machine(MOMENT) == "2025-06-17T17:00:00+02:00"
    assert (DA.clock(MOMENT), EN.clock(MOMENT)) == ("17.00", "17:00")
    assert DA.short_moment(MOMENT) == "17. jun. 2025 kl. 17.00"


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        DA.moment(datetime(2025, 6, 17, 15, 0))  # noqa: DTZ001


def test_dates() -> None:
    assert DA.date(date(2025, 6, 17)) == "17. juni 2025"
    assert DA.date(date(2025, 6, 17), weekday=True) == "tirsdag 17. juni 2025"
    assert EN.date(date(2025, 6, 17), weekday=True) == "Tuesday 17 June 2025"
    # Half past midnight in Denmark is still the day before in UTC.
    assert DA.date(datetime(2025, 6, 16, 22, 30, tzinfo=UTC)) == "17. juni 2025"


def test_shares_with_digits_of_their_own() -> None:
    assert DA.percent(Fraction(240, 11752), 2) == "2,04\u00a0%"
    assert EN.percent(Fraction(240, 11752), 2) == "2.04%"
    assert DA.share(23, 24) == "96\u00a0%"
    assert DA.share(0, 0) == "–"
    assert DA.percent(Decimal("0.0957")) == "9,6\u00a0%"


def test_halves_are_rounded_as_people_do() -> None:
    assert [DA.percent(Fraction(n, 1000), 0) for n in (5, 15, 25)] == ["1\u00a0%", "2\u00a0%", "3\u00a0%"]
    # 1.005 is a little less as a binary float; people mean the digits they see.
    assert DA.number(1.005, 2) == "1,01"


def test_thousands() -> None:
    assert (DA.number(11752), EN.number(11752)) == ("11.752", "11,752")


@pytest.mark.parametrize(
    ("octets", "shown"), [(64, "64 B"), (999, "999 B"), (212_400, "212 kB"), (1_440_000, "1,4 MB")]
)
def test_sizes(octets: int, shown: str) -> None:
    assert DA.size(octets) == shown


def test_lists() -> None:
    assert DA.listing(["køn", "alder", "bolig"]) == "køn, alder og bolig"
    assert EN.listing(["a", "b"]) == "a and b"


@given(st.integers(0, 10**9), st.integers(1, 10**9))
def test_a_share_is_within_half_a_step_of_the_truth(count: int, base: int) -> None:
    shown = DA.percent(Fraction(count, base), 1).removesuffix("\u00a0%").replace(".", "").replace(",", ".")
    assert abs(Decimal(shown) - Decimal(count * 100) / Decimal(base)) <= Decimal("0.0500001")


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=6), st.integers(0, 4))
def test_numbers_are_written_as_cldr_has_them(value: Decimal, digits: int) -> None:
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    rounded = value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    for formats, locale in ((DA, "da_DK"), (EN, "en_GB")):
        assert formats.number(value, digits) == format_decimal(rounded, format=pattern, locale=locale)
