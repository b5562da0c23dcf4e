"""Which language a client asks for, and names as JSON has them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.rest import json_path
from chassis.words import LANGUAGES, language_from


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "da"),
        ("", "da"),
        ("en", "en"),
        ("en-GB,en;q=0.9", "en"),
        ("da-DK,da;q=0.9,en-US;q=0.8,en;q=0.7", "da"),
        ("en;q=0.4, da;q=0.8", "da"),
        ("de, en;q=0.5", "en"),
        ("de", "da"),
        ("*", "da"),
        ("EN", "en"),
        ("en;q=0", "da"),
        ("en;q=x", "da"),
        (";;,,=;q", "da"),
    ],
)
def test_languages(header: str | None, language: str) -> None:
    assert language_from(header) == language


@given(st.text())
def test_any_header_gives_a_language(header: str) -> None:
    assert language_from(header) in LANGUAGES


@pytest.mark.parametrize(
    ("field", "json"),
    [
        ("display_name", "displayName"),
        ("targets[0].min_flex", "targets[0].minFlex"),
        ("update_mask.paths[1]", "updateMask.paths[1]"),
        ("name", "name"),
        ("", ""),
    ],
)
def test_json_paths(field: str, json: str) -> None:
    assert json_path(field) == json
