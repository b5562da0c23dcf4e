"""Names, pages, masks, etags and request ids."""

from __future__ import annotations

import base64
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.aip.names import MUNICIPALITY, ResourcePattern, municipality_of
from chassis.aip.pages import cut_page, make_page_token, page_request
from chassis.aip.updates import check_etag, check_request_id, make_etag, masked_fields
from chassis.errors import Code, DomainError

DRAW = ResourcePattern("municipalities/{municipality}/selections/{selection}/draws/{draw}")
ids = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
LIST = ("ListDraws", "municipalities/dragoer", "state=DRAWN")


@given(ids, ids, ids)
def test_a_name_parses_to_what_it_was_made_of(m: str, s: str, d: str) -> None:
    name = DRAW.format(municipality=m, selection=s, draw=d)
    assert DRAW.parse(name) == {"municipality": m, "selection": s, "draw": d}
    assert municipality_of(name) == m


@given(st.text(max_size=80))
def test_any_text_is_a_whole_name_or_refused_without_repeating_it(text: str) -> None:
    if DRAW.matches(text):
        assert DRAW.format(**DRAW.parse(text)) == text
        return
    with pytest.raises(DomainError) as caught:
        DRAW.parse(text, field="draw")
    assert (caught.value.code, caught.value.reason) == (Code.INVALID_ARGUMENT, "NAME_INVALID")
    assert caught.value.violations[0].field == "draw"
    assert dict(caught.value.metadata) == {"pattern": DRAW.pattern}


@pytest.mark.parametrize(
    "name",
    [
        "",
        "municipalities/",
        "municipalities/Dragoer",
        "municipalities/dragoer/",
        "/municipalities/dragoer",
        "municipalities/-a",
        "municipalities/a-",
        "municipalities/dragoer\n",
        "municipalities/..",
        "municipalities/" + "a" * 64,
    ],
)
def test_near_names_are_refused(name: str) -> None:
    with pytest.raises(DomainError, match="NAME_INVALID"):
        MUNICIPALITY.parse(name)


def test_a_name_cannot_be_made_of_what_is_no_id() -> None:
    with pytest.raises(ValueError, match="no name of"):
        MUNICIPALITY.format(municipality="a/b")


@given(st.lists(texts, min_size=1, max_size=3), st.lists(texts, min_size=1, max_size=3))
def test_a_token_comes_back_as_the_position(after: list[str], bound_to: list[str]) -> None:
    token = make_page_token(after, bound_to=bound_to)
    assert page_request(10, token, bound_to=bound_to).after == tuple(after)


@given(st.lists(texts, max_size=3), st.lists(texts, max_size=3), st.lists(texts, max_size=3))
def test_a_token_continues_no_other_list(after: list[str], mine: list[str], other: list[str]) -> None:
    token = make_page_token(after, bound_to=mine)
    if mine != other:
        with pytest.raises(DomainError, match="PAGE_TOKEN_INVALID"):
            page_request(10, token, bound_to=other)


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_a_changed_token_is_refused(place: int, change: int) -> None:
    token = make_page_token(["2025-01-07", "0194"], bound_to=LIST)
    raw = bytearray(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    raw[place % len(raw)] ^= change
    with pytest.raises(DomainError, match="PAGE_TOKEN_INVALID"):
        page_request(10, base64.urlsafe_b64encode(raw).rstrip(b"=").decode(), bound_to=LIST)


@given(st.text(min_size=1))
def test_any_text_as_a_token_is_refused_as_a_field(text: str) -> None:
    with pytest.raises(DomainError) as caught:
        page_request(10, text, bound_to=LIST)
    assert caught.value.violations[0].field == "page_token"


def test_sizes() -> None:
    assert page_request(0, "", bound_to=LIST).size == 50
    assert page_request(7, "", bound_to=LIST).size == 7
    assert page_request(5000, "", bound_to=LIST).size == 1000
    with pytest.raises(DomainError, match="PAGE_SIZE_INVALID"):
        page_request(-1, "", bound_to=LIST)


@given(st.sets(st.text("abcde", min_size=1, max_size=4), max_size=30), st.integers(min_value=1, max_value=7))
def test_walking_the_pages_gives_every_row_once_in_order(rows: set[str], size: int) -> None:
    table, seen, token = sorted(rows), list[str](), ""
    while True:
        request = page_request(size, token, bound_to=LIST)
        matching = [row for row in table if request.after is None or row > request.after[0]]
        page = cut_page(matching[: request.size + 1], request, lambda row: (row,))
        assert len(page.items) <= size
        seen.extend(page.items)
        token = page.next_page_token
        if not token:
            break
        assert page.items
    assert seen == table


def test_masks() -> None:
    allowed = ("display_name", "time_zone")
    assert masked_fields([], ["display_name", "name"], allowed) == {"display_name"}
    assert masked_fields(["*"], [], allowed) == set(allowed)
    assert masked_fields(["time_zone"], ["display_name"], allowed) == {"time_zone"}
    with pytest.raises(DomainError) as caught:
        masked_fields(["time_zone", "name", "Anna Hansen"], [], allowed)
    assert [v.field for v in caught.value.violations] == ["update_mask.paths[1]", "update_mask.paths[2]"]
    assert "Anna" not in repr(caught.value.violations)


def test_etags() -> None:
    assert make_etag("a", 1) == make_etag("a", 1)
    assert make_etag("a", "bc") != make_etag("ab", "c")
    current = make_etag("a", 1)
    for sent in ("", None, "*", current, current.strip('"')):
        check_etag(sent, current)
    with pytest.raises(DomainError) as caught:
        check_etag(make_etag("a", 2), current)
    assert (caught.value.code, caught.value.reason) == (Code.ABORTED, "ETAG_STALE")


@given(st.uuids())
def test_a_request_id_has_one_spelling(value: uuid.UUID) -> None:
    assert check_request_id(str(value).upper()) == check_request_id(value.hex) == str(value)


def test_request_ids_that_are_none() -> None:
    assert check_request_id("") is None
    assert check_request_id(None) is None
    with pytest.raises(DomainError, match="REQUEST_ID_INVALID"):
        check_request_id("twice")
