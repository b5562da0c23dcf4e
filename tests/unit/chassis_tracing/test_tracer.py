"""Spans: whose child each is, which are kept, and that no text of an exception gets into one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from chassis.config import load_settings
from chassis.context import new_correlation_id
from chassis.events.envelope import Envelope
from chassis.rpc.local import LocalContext, _State
from chassis.trace_context import trace_id, trace_parent, valid_trace_parent, within
from chassis.tracing import collector
from chassis.tracing.rpc import TracedServer
from chassis.tracing.tracer import Tracing
from tests.infrastructure.places import free_port

PARENT = f"00-{'a' * 32}-{'b' * 16}-01"
NOBODY_KEEPS = f"00-{'a' * 32}-{'b' * 16}-00"


class Kept:
    def __init__(self, ratio: float = 1.0) -> None:
        self._exporter = InMemorySpanExporter()
        self.tracing = Tracing(SimpleSpanProcessor(self._exporter), ratio)

    @property
    def spans(self) -> list[ReadableSpan]:
        return list(self._exporter.get_finished_spans())

    def one(self, **options: Any) -> ReadableSpan:
        with self.tracing.span("toy", "it", SpanKind.INTERNAL, {}, **options):
            pass
        return self.spans[-1]


@pytest.fixture
def kept() -> Kept:
    return Kept()


def trace_of(span: ReadableSpan) -> str:
    return f"{span.get_span_context().trace_id:032x}"


def test_a_trace_goes_on_where_it_came_from(kept: Kept) -> None:
    span = kept.one(parent=PARENT)
    assert (trace_of(span), f"{span.parent.span_id:016x}" if span.parent else "") == ("a" * 32, "b" * 16)
    assert span.resource.attributes["service.name"] == "toy"
    with kept.tracing.span("toy", "outer", SpanKind.SERVER, {}, parent=PARENT) as outer:
        assert trace_parent() == outer.trace_parent
        assert (trace_id(), new_correlation_id()) == ("a" * 32, "a" * 32)
        inner = kept.one()
    assert trace_parent() == ""
    assert inner.parent is not None
    assert inner.parent.span_id == outer.span.get_span_context().span_id


@pytest.mark.parametrize(
    "parent", ["", "anna", PARENT.upper(), f"00-{'0' * 32}-{'b' * 16}-01", f"{PARENT}-00"]
)
def test_what_is_no_trace_parent_begins_a_trace(kept: Kept, parent: str) -> None:
    span = kept.one(parent=parent, correlation_id="c" * 32)
    assert (trace_of(span), span.parent) == ("c" * 32, None)


@pytest.mark.parametrize("correlation_id", ["", "order-66", "0" * 32, "C" * 32])
def test_a_correlation_id_of_another_form_is_no_trace_id(kept: Kept, correlation_id: str) -> None:
    first, second = (kept.one(parent="", correlation_id=correlation_id) for _ in range(2))
    assert trace_of(first) != trace_of(second)
    assert trace_of(first) != correlation_id


def test_only_what_we_write_is_read() -> None:
    assert valid_trace_parent(PARENT) == PARENT
    for text in ("", "01" + PARENT[2:], PARENT[:-1], f"{PARENT}x"):
        assert valid_trace_parent(text) == ""


def test_a_share_of_traces_is_kept_alike_everywhere() -> None:
    low, high = f"00-{'a' * 16}{'0' * 15}1-{'b' * 16}-01", f"00-{'a' * 16}{'f' * 16}-{'b' * 16}-01"
    half, other = Kept(0.5), Kept(0.5)
    for kept in (half, other):
        for parent in (low, high, NOBODY_KEEPS):
            with kept.tracing.span("toy", "it", SpanKind.INTERNAL, {}, parent=parent) as active:
                # Kept or not, what is told onward says so.
                assert active.trace_parent.endswith("01" if parent == low else "00")
        assert [trace_of(span) for span in kept.spans] == [low[3:35]]
    none = Kept(0.0)
    with none.tracing.span("toy", "it", SpanKind.SERVER, {}, parent=low):
        assert none.tracing.answered("pages", "GET /x", "200") is None
    assert none.spans == []


def test_an_exception_is_named_and_never_quoted(kept: Kept) -> None:
    with (
        pytest.raises(ValueError, match="Anna"),
        kept.tracing.span("toy", "it", SpanKind.SERVER, {}, parent=""),
    ):
        raise ValueError("Anna Hansen")
    (ended,) = kept.spans
    assert (ended.status.is_ok, ended.attributes, ended.events) == (False, {"error.type": "ValueError"}, ())
    assert "Anna" not in ended.to_json()


@pytest.mark.parametrize(
    ("surface", "method", "code", "failed", "known"),
    [
        ("pages", "GET /x/{municipality}", "200", False, True),
        ("pages", "GET /x/{municipality}", "303", False, True),
        ("api", "GET /x/{municipality}", "404", False, False),
        ("api", "GET /x/{municipality}", "503", True, False),
        ("pages", "GET -", "0", True, False),
        ("grpc", "/toy.Toys/Get", "OK", False, True),
        ("grpc", "/toy.Toys/Get", "NOT_FOUND", False, False),
        ("grpc", "/toy.Toys/Get", "INTERNAL", True, False),
    ],
)
def test_what_came_of_it(kept: Kept, surface: str, method: str, code: str, failed: bool, known: bool) -> None:
    with kept.tracing.span("toy", "request", SpanKind.SERVER, {}, parent=PARENT) as active:
        active.municipality = "hjemby"
        assert kept.tracing.answered(surface, method, code) == {"trace_id": "a" * 32}
    (span,) = kept.spans
    assert span.status.is_ok is not failed
    assert span.attributes is not None
    # A municipality that nobody knows is what somebody typed.
    assert ("borgerting.municipality" in span.attributes) is known
    assert span.name == ("request" if surface == "grpc" else method)


@pytest.mark.parametrize("typed", ["Anna Hansen", "anna/hansen", "", "-", "a" * 64])
def test_what_is_no_municipalitys_id_is_left_out(kept: Kept, typed: str) -> None:
    with kept.tracing.span("toy", "it", SpanKind.SERVER, {}) as active:
        active.municipality = typed
    assert kept.spans[0].attributes == {}


def test_outside_of_a_span_nothing_is_answered(kept: Kept) -> None:
    assert kept.tracing.answered("pages", "GET /x", "200") is None


def envelope(parent: str = PARENT) -> Envelope:
    return Envelope(
        id=uuid4(),
        source="/toy",
        type="toy.v1.Happened",
        time=datetime(2026, 1, 1, tzinfo=UTC),
        topic="borgerting.toy.v1",
        key="hjemby/things/1",
        municipality="hjemby",
        sequence=1,
        snapshot=False,
        correlation_id="c" * 32,
        causation_id="",
        data_schema="",
        trace_parent=parent,
    )


def test_an_event_bears_its_trace_through_its_headers() -> None:
    sent = envelope()
    headers = sent.headers()
    assert headers["ce_traceparent"] == PARENT
    assert Envelope.from_headers(sent.topic, sent.key, headers) == sent
    assert "ce_traceparent" not in envelope("").headers()
    headers["ce_traceparent"] = "Anna"
    assert Envelope.from_headers(sent.topic, sent.key, headers).trace_parent == ""


def test_an_event_is_handled_as_a_child_of_what_told_it(kept: Kept) -> None:
    with kept.tracing.handling("other", "other.toys", envelope()):
        assert trace_id() == "a" * 32
    kept.tracing.sent("toy", envelope(), datetime(2026, 1, 1, tzinfo=UTC))
    handled, sent = kept.spans
    assert (handled.name, sent.name) == ("handle Happened", "send Happened")
    assert (handled.kind, sent.kind) == (SpanKind.CONSUMER, SpanKind.PRODUCER)
    assert sent.start_time == int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) * 10**9
    kept.tracing.sent("toy", envelope(""), datetime(2026, 1, 1, tzinfo=UTC))
    assert len(kept.spans) == 2  # what nobody traced has no wait to show
    # From a release that traced nothing: it begins with the correlation id.
    with kept.tracing.handling("other", "other.toys", envelope("")):
        assert trace_id() == "c" * 32


def context() -> LocalContext:
    return LocalContext(_State((("traceparent", PARENT), ("x-correlation-id", "order-66")), math.inf))


def test_a_stream_has_its_span_at_hand_only_while_it_answers(kept: Kept) -> None:
    seen: list[str] = []

    def answers(_request: Any, _context: Any) -> Iterator[int]:
        try:
            for number in range(3):
                seen.append(trace_id())
                yield number
        finally:
            seen.append(f"closed {trace_id()}")

    stream = TracedServer(kept.tracing, lambda method: "toy").stream("/toy.Toys/List", answers)
    assert list(stream(object(), context())) == [0, 1, 2]
    assert seen == ["a" * 32] * 3 + [f"closed {'a' * 32}"]
    seen.clear()
    left = stream(object(), context())
    assert next(left) == 0  # type: ignore[call-overload]
    assert trace_parent() == ""
    left.close()  # type: ignore[attr-defined]
    assert seen == ["a" * 32, f"closed {'a' * 32}"]
    assert [span.name for span in kept.spans] == ["toy.Toys/List"] * 2


def test_a_collector_that_is_away_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collector, "FLUSH_SECONDS", 0.3)
    endpoint = {"BORGERTING_TELEMETRY__OTLP_ENDPOINT": f"http://127.0.0.1:{free_port()}"}
    with ExitStack() as resources:
        tracing = collector.make_tracing(load_settings([], endpoint, data_dir=tmp_path), resources)
        with tracing.span("toy", "it", SpanKind.INTERNAL, {}):
            pass


def test_work_within_nothing_belongs_to_nothing() -> None:
    with within(PARENT):
        with within(""):
            assert (trace_parent(), trace_id()) == ("", "")
        assert trace_parent() == PARENT
