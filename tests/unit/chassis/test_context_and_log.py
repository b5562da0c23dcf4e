"""Correlation ids that are harmless, and log lines without what people typed."""

from __future__ import annotations

import io
import json
import logging
import re
import warnings

import pytest
import structlog

from chassis.auth.principal import Role, authorise
from chassis.context import correlation_id_from, new_correlation_id, nobody, system
from chassis.errors import DomainError
from chassis.log import Routine, bound, configure, get_logger, trace


@pytest.fixture
def lines() -> io.StringIO:
    stream = io.StringIO()
    configure("info", stream)
    return stream


def last(lines: io.StringIO) -> dict[str, object]:
    line: dict[str, object] = json.loads(lines.getvalue().splitlines()[-1])
    return line


@pytest.mark.parametrize("offered", ["abc-1.2:3_4", "x" * 128])
def test_a_harmless_correlation_id_is_kept(offered: str) -> None:
    assert correlation_id_from(offered) == offered


@pytest.mark.parametrize("offered", [None, "", "a b", "a\nb", "x" * 129, "æ", '"'])
def test_another_is_replaced(offered: str | None) -> None:
    assert re.fullmatch("[0-9a-f]{32}", correlation_id_from(offered))
    assert new_correlation_id() != new_correlation_id()


def test_the_system_and_nobody_have_no_right() -> None:
    assert system("relay").principal.subject == "system:relay"
    for caller in (system("relay"), nobody()):
        with pytest.raises(DomainError):
            authorise(caller.principal, None, *Role)


def test_a_line_has_its_facts(lines: io.StringIO) -> None:
    with bound(correlation_id="c-1"):
        get_logger("toy").info("told", seq=3)
    line = last(lines)
    assert (line["event"], line["seq"], line["correlation_id"]) == ("told", 3, "c-1")
    assert (line["logger"], line["level"]) == ("toy", "info")
    get_logger("toy").info("other")
    assert "correlation_id" not in last(lines)


ROUTINE = Routine("toy.calls", "call")


def write_routine() -> None:
    ROUTINE.write(method='/a.B/"Æ"', code="OK", milliseconds=0.25, correlation_id="c-2")


def test_a_routine_line_says_what_any_other_line_would(lines: io.StringIO) -> None:
    with bound(correlation_id="c-1", trace_id="t-1"):
        write_routine()
        get_logger("toy.calls").info(
            "call", method='/a.B/"Æ"', code="OK", milliseconds=0.25, correlation_id="c-2"
        )
    routine, usual = (json.loads(line) for line in lines.getvalue().splitlines())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", routine["timestamp"])
    assert routine.pop("timestamp") <= usual.pop("timestamp")
    assert routine == usual
    assert (routine["correlation_id"], routine["trace_id"]) == ("c-2", "t-1")


def test_who_listens_to_the_log_hears_routine_lines_too(lines: io.StringIO) -> None:
    with structlog.testing.capture_logs() as heard:
        write_routine()
    assert [(line["event"], line["milliseconds"]) for line in heard] == [("call", 0.25)]
    assert lines.getvalue() == ""
    write_routine()
    assert last(lines)["event"] == "call"


def test_who_has_set_up_the_log_anew_gets_routine_lines_too(lines: io.StringIO) -> None:
    structlog.reset_defaults()
    with structlog.testing.capture_logs() as heard:
        ROUTINE.write(code="OK")
    assert heard == [{"code": "OK", "event": "call", "log_level": "info"}]
    assert lines.getvalue() == ""


def test_routine_lines_are_none_where_only_warnings_are_wanted(lines: io.StringIO) -> None:
    configure("warning", lines)
    write_routine()
    assert lines.getvalue() == ""


def test_an_exception_s_text_stays_out(lines: io.StringIO) -> None:
    def fail() -> None:
        try:
            raise KeyError("Anna Andersen")
        except KeyError as inner:
            raise ValueError("Byvej 1") from inner

    for log in (get_logger("toy").exception, logging.getLogger("library").exception):
        try:
            fail()
        except ValueError:
            log("it failed")
        text = lines.getvalue().splitlines()[-1]
        assert "Anna" not in text
        assert "Byvej" not in text
        assert "builtins.ValueError" in text
        assert "builtins.KeyError" in text
        assert "in fail" in text or " fail" in text


def test_libraries_and_warnings_come_out_as_json_too(lines: io.StringIO) -> None:
    logging.getLogger("library").warning("careful with %s", "that")
    assert (last(lines)["event"], last(lines)["logger"]) == ("careful with that", "library")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    assert last(lines)["logger"] == "py.warnings"


def test_quiet_libraries_and_low_levels_say_nothing(lines: io.StringIO) -> None:
    logging.getLogger("alembic.runtime").info("will assume non-transactional DDL")
    get_logger("toy").debug("detail")
    assert lines.getvalue() == ""


def test_a_terminal_gets_lines_to_read() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    configure("info", stream)
    try:
        raise ValueError("Anna")
    except ValueError as error:
        get_logger("toy").error("it failed", trace=trace(error))
        get_logger("toy").exception("it failed")
    write_routine()
    assert "it failed" in stream.getvalue()
    assert "milliseconds" in stream.getvalue()
    assert "{" not in stream.getvalue()
    assert "Anna" not in stream.getvalue()


def test_causes_that_lead_back_are_told_once() -> None:
    first, second = ValueError("Anna"), KeyError("Anna")
    first.__cause__, second.__cause__ = second, first
    assert trace(first) == ["builtins.ValueError", "builtins.KeyError"]


def test_a_talkative_library_says_the_same_once_a_minute() -> None:
    out = io.StringIO()
    configure("info", out)
    for _ in range(3):
        logging.getLogger("kafka.net.manager").error("Connection failed: %s", "refused")
        logging.getLogger("uvicorn").error("again")
    logging.getLogger("kafka.net.manager").error("Connection failed: %s", "wrong password")
    said = [json.loads(line)["event"] for line in out.getvalue().splitlines()]
    assert said.count("again") == 3
    assert [line for line in said if line != "again"] == [
        "Connection failed: refused",
        "Connection failed: wrong password",
    ]
