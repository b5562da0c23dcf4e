"""What a text may have in it."""

from __future__ import annotations

import pytest

from chassis.writing import is_unprintable


@pytest.mark.parametrize(
    "text", ["", "Én linje", "To\r\nlinjer\tog en tabulator", "5\u00a0km", "sam\u00adarbejde", "👩\u200d🔧"]
)
def test_what_people_write_and_paste(text: str) -> None:
    assert not is_unprintable(text)


@pytest.mark.parametrize("text", ["a\0b", "\x1b[31m", "\x85", "\x7f"])
def test_what_no_page_shows(text: str) -> None:
    assert is_unprintable(text)
