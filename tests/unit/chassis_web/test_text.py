"""Words: parameters, plurals, escaping, and what is shown when something is missing."""

from __future__ import annotations

import html

from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from chassis.text import Catalogue

WORDS = Catalogue(
    "en",
    {
        "a.hello": ("Hello <strong>{name}</strong>",),
        "a.seats": ("{n} seat", "{n} seats"),
        "error.ODD": ("{what} is odd",),
        "error.UNKNOWN": ("That failed ({reason})",),
    },
)


def test_plain_words_are_not_escaped() -> None:
    assert WORDS.text("a.hello", name="<x>") == "Hello <strong><x></strong>"


def test_the_catalogues_marks_stay_and_parameters_are_escaped() -> None:
    assert WORDS.markup("a.hello", name="<b>") == Markup("Hello <strong>&lt;b&gt;</strong>")


@given(st.text())
def test_no_parameter_breaks_out(name: str) -> None:
    inside = str(WORDS.markup("a.hello", name=name))[len("Hello <strong>") : -len("</strong>")]
    assert "<" not in inside
    assert '"' not in inside
    assert html.unescape(inside) == name


def test_plurals() -> None:
    assert [WORDS.plural("a.seats", n) for n in (0, 1, 2)] == ["0 seats", "1 seat", "2 seats"]
    assert WORDS.plural("a.seats", 1000, n="1,000") == "1,000 seats"
    assert WORDS.plural_markup("a.seats", 1) == "1 seat"


def test_what_is_missing_never_fails_a_page() -> None:
    assert WORDS.text("a.nowhere") == "a.nowhere"
    assert WORDS.markup("a.nowhere") == "a.nowhere"
    assert WORDS.plural("a.nowhere", 2) == WORDS.plural_markup("a.nowhere", 2) == "a.nowhere"
    assert WORDS.text("error.ODD") == "– is odd"
    assert "a.hello" in WORDS
    assert "a.nowhere" not in WORDS


def test_errors() -> None:
    assert WORDS.error("ODD", {"what": "7"}) == "7 is odd"
    assert WORDS.error("NEVER_HEARD_OF") == "That failed (NEVER_HEARD_OF)"
