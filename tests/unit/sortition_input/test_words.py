"""The catalogues say the same things in both languages, and numbers as each language writes them."""

from __future__ import annotations

import string

import pytest

from services.sortition.words import Words


def places(texts: tuple[str, ...]) -> set[str]:
    return {name for text in texts for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_keys_and_places() -> None:
    english, danish = Words("en")._messages, Words("da")._messages
    assert english.keys() == danish.keys()
    assert [key for key in english if places(english[key]) != places(danish[key])] == []
    assert [key for key in english if len(english[key]) != len(danish[key])] == []


@pytest.mark.parametrize(
    ("language", "n", "text"),
    [
        ("en", 1, "The input has 1 error:"),
        ("en", 20_000, "The input has 20,000 errors:"),
        ("da", 1, "Der er 1 fejl i det indlæste:"),
        ("da", 20_000, "Der er 20.000 fejl i det indlæste:"),
    ],
)
def test_counts_have_their_plural_and_separator(language: str, n: int, text: str) -> None:
    assert Words(language)("cli.bad_input", n=n) == text


def test_text_goes_in_as_it_is_and_an_unknown_key_is_an_error() -> None:
    words = Words("en")
    assert "“{found}”" in words("finding.UNKNOWN_VALUE", found="{found}")
    with pytest.raises(KeyError):
        words("finding.NO_SUCH_REASON")


def test_an_unknown_language_is_english() -> None:
    assert Words("fr").language == "en"
