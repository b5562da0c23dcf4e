"""The published schemas describe what is really written, field by field, and nothing more."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from services.deliberation.ballots import recount
from services.deliberation.ballots.opening import Way
from tests.unit.ballots import house

SCHEMAS = Path(__file__).parents[3] / "docs" / "schemas"


def schema(name: str) -> jsonschema.Draft202012Validator:
    content = json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(content)
    return jsonschema.Draft202012Validator(content)


@pytest.fixture(scope="module")
def story() -> house.Story:
    return house.whole_story()


def test_what_is_written_fits_its_schema(story: house.Story) -> None:
    schema("ballots").validate(story.bundle)
    schema("ballot-receipt").validate(json.loads(story.receipts[0].content))
    without_tokens, _ = house.open_ballot([Way.CODE], rule=house.Rule(house.Base.CAST, house.Share(2, 3)))
    opening = json.loads(without_tokens.content)
    schema("ballots").validate(story.bundle | {"opening": opening})


def test_a_field_more_or_less_does_not_fit(story: house.Story) -> None:
    for validator, content in (
        (schema("ballots"), story.bundle),
        (schema("ballot-receipt"), json.loads(story.receipts[0].content)),
    ):
        for place in objects(content):
            for name in list(place):
                kept = place.pop(name)
                optional = "issued" in content.get("board", {}) and place is content["board"]["issued"]
                assert validator.is_valid(content) == optional, name
                place[name] = 0.5
                assert not validator.is_valid(content), name
                place[name] = kept
            place["weight"] = 1
            assert not validator.is_valid(content)
            del place["weight"]
        validator.validate(content)


def objects(value: Any) -> list[dict[str, Any]]:
    """Every object in it, itself first."""
    if isinstance(value, dict):
        return [value, *(found for item in value.values() for found in objects(item))]
    return [found for item in value for found in objects(item)] if isinstance(value, list) else []


def test_schema_and_recount_name_the_same_fields() -> None:
    whole = json.loads((SCHEMAS / "ballots.schema.json").read_text(encoding="utf-8"))["properties"]
    assert set(whole) == set(recount.BUNDLE)
    for part in ("opening", "board"):
        shape: Any = recount.BUNDLE[part]
        assert set(whole[part]["properties"]) == set(shape)


def test_no_file_tells_when_or_where_it_was_made(story: house.Story) -> None:
    text = story.content.decode().lower() + story.receipts[0].content.decode().lower()
    assert "time" not in text
    assert "host" not in text
