"""Forms: what was typed, what is wrong with it, and where."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import FormData, UploadFile

from chassis.errors import Code, DomainError, FieldViolation
from chassis.text import Catalogue
from chassis.web.forms import LARGEST_UPLOAD, Form, FormError, Posted, form_of, invalid

WORDS = Catalogue(
    "da", {"error.SHORT": ("For kort: {n}",), "error.STALE": ("Ændret imens",), "error.UNKNOWN": ("Nej",)}
)


def posted(*fields: tuple[str, str | UploadFile]) -> Posted:
    return Posted(FormData(list(fields)))


def refused(form: Posted, name: str) -> Sequence[str]:
    with pytest.raises(DomainError) as caught:
        form.whole(name)
    assert caught.value.code is Code.INVALID_ARGUMENT
    return [violation.reason for violation in caught.value.violations]


@pytest.mark.parametrize(("typed", "value"), [("36", 36), (" 36 ", 36), ("1.000", 1000), ("1 000", 1000)])
def test_whole_numbers_as_people_type_them(typed: str, value: int) -> None:
    assert posted(("n", typed)).whole("n") == value


@pytest.mark.parametrize("typed", ["tyve", "-1", "1,5", "²", "1e3", "0x10", "9999999999"])
def test_other_numbers_are_refused(typed: str) -> None:
    assert refused(posted(("n", typed)), "n") == ["NOT_A_WHOLE_NUMBER"]


def test_an_empty_number_is_missing() -> None:
    assert refused(posted(("n", " ")), "n") == ["FIELD_REQUIRED"]
    assert refused(posted(), "n") == ["FIELD_REQUIRED"]


@given(st.text())
def test_no_text_is_more_than_refused(typed: str) -> None:
    with contextlib.suppress(DomainError):
        assert posted(("n", typed)).whole("n") >= 0


def test_the_token_is_no_value_to_show_again() -> None:
    form = posted(("csrf_token", "secret"), ("title", "Ting"), ("title", "Andet"))
    assert form.values == {"title": "Andet"}
    assert form.token == "secret"
    assert form.texts("title") == ["Ting", "Andet"]


def test_files() -> None:
    upload = UploadFile(io.BytesIO(b"id,navn"), filename="pool.csv")
    form = posted(("file", upload), ("title", "x"))
    assert form.file("file") == ("pool.csv", b"id,navn")
    assert form.text("file", "none") == "none"
    for name in ("title", "other"):
        with pytest.raises(DomainError) as caught:
            form.file(name)
        assert caught.value.violations[0].reason == "FILE_REQUIRED"


def test_a_file_that_is_too_large_is_refused() -> None:
    class Endless(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            assert size == LARGEST_UPLOAD + 1, "never read without a limit"
            return bytes(size)

    with pytest.raises(DomainError) as caught:
        posted(("file", UploadFile(Endless(), filename="big.csv"))).file("file")
    assert caught.value.violations[0].reason == "FILE_TOO_LARGE"


def test_a_form_sent_twice_has_one_fingerprint() -> None:
    first = posted(("csrf_token", "a"), ("title", "Ting"), ("size", "36"))
    second = posted(("csrf_token", "b"), ("size", "36"), ("title", "Ting"))
    other = posted(("title", "Ting"), ("size", "37"))
    assert first.fingerprint("create") == second.fingerprint("create")
    assert len({first.fingerprint("create"), first.fingerprint("delete"), other.fingerprint("create")}) == 3


def test_errors_stand_at_their_fields() -> None:
    error = invalid(FieldViolation("targets[0].value", "SHORT", {"n": "3"}), FieldViolation("size", "SHORT"))
    form = form_of(error, WORDS, {"size": "x"}, {"targets[0].value": "f0r0v"})
    assert form.errors == (FormError("f0r0v", "For kort: 3"), FormError("size", "For kort: –"))
    assert form.error("f0r0v") == "For kort: 3"
    assert form.error("title") is None
    assert form.value("size", 36) == "x"
    assert form.value("title", None) == ""
    assert Form().value("title", 36) == "36"


def test_a_refusal_of_the_whole_stands_at_the_top() -> None:
    form = form_of(DomainError(Code.ABORTED, "STALE"), WORDS, {})
    assert form.errors == (FormError("", "Ændret imens"),)
