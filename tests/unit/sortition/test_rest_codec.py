"""Messages as JSON and back; names read into ids."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from google.protobuf import message_factory
from hypothesis import given
from hypothesis import strategies as st

from borgerting.sortition.v1 import draw_service_pb2 as draw_pb
from borgerting.sortition.v1 import selection_service_pb2 as pb
from chassis.errors import Code, DomainError
from chassis.transcoding.codec import read_into, read_text, snake_path, to_json
from chassis.transcoding.routes import rule_of
from chassis.transcoding.schema import message_schema
from services.sortition.adapters import names
from services.sortition.adapters.rest_examples import EXAMPLES

COUNTS = st.integers(-(2**31), 2**31 - 1)
TARGETS = st.builds(
    pb.Target,
    feature=st.text(),
    value=st.text(),
    minimum=COUNTS,
    maximum=COUNTS,
    min_flex=st.none() | COUNTS,
    max_flex=st.none() | COUNTS,
    reason=st.text(),
)
SELECTIONS = st.builds(
    pb.Selection,
    name=st.text(),
    title=st.text(),
    size=COUNTS,
    targets=st.lists(TARGETS, max_size=4),
    state=st.sampled_from(pb.Selection.State.values()),
    etag=st.text(),
)


@given(SELECTIONS)
def test_a_message_comes_back_from_its_json(message: pb.Selection) -> None:
    again = pb.Selection()
    read_into(again, json.loads(json.dumps(to_json(message))))
    assert again == message


@given(st.binary())
def test_bytes_are_base64(content: bytes) -> None:
    request = pb.ImportTargetsRequest(file=content)
    again = pb.ImportTargetsRequest()
    read_into(again, to_json(request))
    assert again.file == content


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda children: (
            st.lists(children, max_size=3)
            | st.dictionaries(
                st.sampled_from(["title", "targets", "size", "state", "x y"]), children, max_size=4
            )
        ),
    )
)
def test_any_json_is_read_or_refused_by_field(data: Any) -> None:
    try:
        read_into(pb.Selection(), data)
    except DomainError as error:
        refused = error
    else:
        return
    assert (refused.code, refused.reason) == (Code.INVALID_ARGUMENT, "REQUEST_INVALID")
    assert {v.reason for v in refused.violations} <= {"FIELD_INVALID", "FIELD_UNKNOWN"}


@pytest.mark.parametrize("text", ["Infinity", "-Infinity", "NaN", "1e400", "2147483648", "0.5"])
def test_numbers_that_are_no_count_are_refused(text: str) -> None:
    with pytest.raises(DomainError) as caught:
        read_into(pb.Selection(), json.loads(f'{{"size": {text}}}'))
    assert [(v.field, v.reason) for v in caught.value.violations] == [("size", "FIELD_INVALID")]


def test_what_is_not_set_is_null_and_enums_have_no_prefix() -> None:
    shown = to_json(draw_pb.Draw(state=draw_pb.Draw.STATE_PANELS_READY))
    assert (shown["state"], shown["mode"], shown["number"]) == ("PANELS_READY", "UNSPECIFIED", None)
    assert (shown["createTime"], shown["progress"], shown["files"]) == (None, None, [])


def test_number_zero_is_a_number() -> None:
    request = draw_pb.RevealDrawRequest()
    read_into(request, {"number": 0, "randomness": None})
    assert request.HasField("number")


def test_both_spellings_of_an_enum_are_read() -> None:
    for text in ("PUBLIC", "MODE_PUBLIC"):
        draw = draw_pb.Draw()
        read_into(draw, {"mode": text})
        assert draw.mode == draw_pb.Draw.MODE_PUBLIC


def test_what_only_the_service_sets_is_passed_over() -> None:
    draw = draw_pb.Draw()
    read_into(draw, {"createTime": "never", "progress": {"figures": {"a": "b"}, "stage": "solving"}})
    assert not draw.HasField("create_time")


@pytest.mark.parametrize(("text", "size"), [("12", 12), ("-3", -3)])
def test_numbers_of_the_query(text: str, size: int) -> None:
    request = pb.ListSelectionsRequest()
    read_text(request, request.DESCRIPTOR.fields_by_name["page_size"], text)
    assert request.page_size == size


@pytest.mark.parametrize("text", ["", "1.5", "x", "9" * 12])
def test_what_is_no_number_of_the_query(text: str) -> None:
    request = pb.ListSelectionsRequest()
    with pytest.raises(DomainError) as caught:
        read_text(request, request.DESCRIPTOR.fields_by_name["page_size"], text)
    assert [(v.field, v.reason) for v in caught.value.violations] == [("page_size", "FIELD_INVALID")]


def test_a_mask_is_read_in_either_case() -> None:
    assert [snake_path(path) for path in ("perAddress", "per_address", " title")] == [
        "per_address",
        "per_address",
        "title",
    ]


def test_every_method_has_a_route_of_its_own_and_a_schema() -> None:
    rules = []
    for module, service in ((pb, "SelectionService"), (draw_pb, "DrawService")):
        for method in module.DESCRIPTOR.services_by_name[service].methods:
            rule = rule_of(method, "/sortition/api/v1")
            rules.append((rule.verb, rule.path))
            assert message_schema(method.output_type)["type"] == "object"
    assert len(set(rules)) == len(rules) == 34


@pytest.mark.parametrize("method", sorted(EXAMPLES))
def test_examples_are_what_the_messages_are(method: str) -> None:
    found = [
        service.methods_by_name[method]
        for module in (pb, draw_pb)
        for service in module.DESCRIPTOR.services_by_name.values()
        if method in service.methods_by_name
    ]
    (descriptor,) = found
    body, answer = EXAMPLES[method]
    rule = rule_of(descriptor, "/sortition/api/v1")
    if body is not None:
        request = message_factory.GetMessageClass(descriptor.input_type)()
        read_into(request if rule.body == "*" else getattr(request, rule.body), body)
    if answer is not None:
        read_into(message_factory.GetMessageClass(descriptor.output_type)(), answer)


class TestNames:
    SELECTION = UUID("01970f3e-8a00-7000-8000-000000000001")
    OTHER = UUID("01970f3e-8a00-7000-8000-000000000002")
    BASE = f"municipalities/hjemby/selections/{SELECTION}"

    def test_are_read(self) -> None:
        assert names.municipality("municipalities/hjemby") == "hjemby"
        assert names.selection(self.BASE) == ("hjemby", self.SELECTION)
        assert names.draw(f"{self.BASE}/draws/{self.OTHER}") == ("hjemby", self.SELECTION, self.OTHER)
        assert names.person(f"{self.BASE}/people/{self.OTHER}")[2] == self.OTHER
        assert names.seat(f"{self.BASE}/seats/{self.OTHER}")[2] == self.OTHER
        assert names.file(f"{self.BASE}/draws/{self.OTHER}/files/record.json.sig")[3] == "record.json.sig"
        assert names.signing_key("municipalities/hjemby/signingKey") == "hjemby"

    @pytest.mark.parametrize(
        "tail", ["", "/files/", "/files/../keys.json", "/files/a/b", "/files/Record.json", "/files/.sig"]
    )
    def test_no_other_file_can_be_named(self, tail: str) -> None:
        with pytest.raises(DomainError) as caught:
            names.file(f"{self.BASE}/draws/{self.OTHER}{tail}")
        assert (caught.value.code, caught.value.reason) == (Code.INVALID_ARGUMENT, "NAME_INVALID")

    def test_what_is_no_uuid_names_nothing(self) -> None:
        with pytest.raises(DomainError) as caught:
            names.draw(f"{self.BASE}/draws/latest")
        assert (caught.value.code, caught.value.reason) == (Code.NOT_FOUND, "DRAW_UNKNOWN")
