"""Logs: one JSON object a line on stderr (readable lines on a terminal), with the correlation id of the
request.

Ids, never people: an exception's text may hold what a person typed, so only its class and its frames are
logged.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import traceback
from collections.abc import Mapping, MutableMapping
from contextlib import AbstractContextManager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType, TracebackType
from typing import Any, NamedTuple, TextIO, cast

import structlog

# Libraries that have something to say only when it is a warning.
_QUIET = ("alembic", "asyncio", "uvicorn", "uvicorn.access", "grpc", "kafka", "sqlalchemy")


def configure(level: str = "info", stream: TextIO | None = None) -> None:
    """Set up logging of this process, the libraries' included."""
    global _configured
    out = stream or sys.stderr
    renderer: Any = _console(structlog.dev.ConsoleRenderer(colors=True)) if out.isatty() else _as_json
    processors: list[Any] = [_complete, renderer]
    _configured = _Configured(
        processors, _NamedLogger(out, ""), logging.getLevelName(level.upper()) <= logging.INFO
    )
    structlog.configure(
        processors=processors,
        wrapper_class=_logger_class(logging.getLevelName(level.upper())),
        logger_factory=_NamedLoggers(out),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, _complete],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    handler.addFilter(_Seldom("kafka"))
    handler.addFilter(_Seldom("opentelemetry"))
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    # It would write every address that we ask, with what stands in its query.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    # On a busy machine it warns of each of its own steps that took long.
    logging.getLogger("kafka.net.selector").setLevel(logging.ERROR)
    logging.captureWarnings(True)


class _Seldom(logging.Filter):
    """The same sentence of a talkative library once a minute: Kafka's client says several times a second, for
    each connection, that a broker is away.
    """

    SECONDS = 60.0

    def __init__(self, library: str) -> None:
        super().__init__()
        self._library = library
        self._said: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.partition(".")[0] != self._library:
            return True
        now = time.monotonic()
        self._said = {key: at for key, at in self._said.items() if now - at < self.SECONDS}
        key = (record.name, record.getMessage())
        if key in self._said:
            return False
        self._said[key] = now
        return True


def _logger_class(level: int) -> Any:
    """structlog's loggers from that level on. A line takes few steps, since every call and request writes
    one: structlog's own way there, made for all kinds of loggers, was the longest part of a small call.
    """
    base: Any = structlog.make_filtering_bound_logger(level)

    class Logger(base):  # type: ignore[misc]  # structlog makes its class while it runs
        def _proxy_to_logger(self, method_name: str, event: str | None = None, **event_kw: Any) -> None:
            facts: Any = {**self._context, **event_kw, "event": event}
            try:
                for processor in self._processors:
                    facts = processor(self._logger, method_name, facts)
            except structlog.DropEvent:
                return
            self._logger.write(facts)

    return Logger


class _NamedLogger:
    __slots__ = ("_out", "name")

    def __init__(self, out: TextIO, name: str) -> None:
        self._out = out
        self.name = name

    def write(self, line: str) -> None:
        """In one piece, so that lines of several threads do not mix."""
        self._out.write(line + "\n")
        if not getattr(self._out, "line_buffering", False):
            self._out.flush()


class _NamedLoggers:
    """Loggers that remember the name they were asked for by; each is made once, not for every line."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._made: dict[str, _NamedLogger] = {}

    def __call__(self, *names: object) -> _NamedLogger:
        name = str(names[0]) if names else ""
        logger = self._made.get(name)
        if logger is None:
            logger = self._made[name] = _NamedLogger(self._out, name)
        return logger


_bound: ContextVar[Mapping[str, str]] = ContextVar("borgerting_log", default=MappingProxyType({}))


def _complete(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """What every line bears beside what it says. One step, since every call and request passes it."""
    for field, value in _bound.get().items():
        event.setdefault(field, value)
    event["level"] = _LEVELS.get(method, method)
    name = getattr(logger, "name", "")
    if name:
        event.setdefault("logger", name)
    event["timestamp"] = _timestamp()
    return hide_exception_text(logger, method, event) if "exc_info" in event else event


def _timestamp() -> str:
    return datetime.now(UTC).isoformat("T", "microseconds")[:26] + "Z"


_LEVELS = {"exception": "error", "warn": "warning"}
_encode = json.JSONEncoder(default=repr).encode


def _as_json(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> str:
    return _encode(event)


def _console(renderer: Any) -> Any:
    """Traces are lists of lines, which structlog's own console renderer cannot show."""

    def render(logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
        frames = event.get("exception")
        if isinstance(frames, list):
            event["exception"] = "\n".join(frames)
        return cast("str", renderer(logger, method, event))

    return render


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger whose lines bear `logger`: NAME. Events are short snake_case or plain phrases, facts are
    fields.
    """
    return cast("structlog.stdlib.BoundLogger", structlog.get_logger(name))


class _Configured(NamedTuple):
    """How `configure` had lines written, as long as nobody has others written."""

    processors: list[Any]
    out: _NamedLogger
    informs: bool

    def writes_json(self) -> bool:
        # Whoever listens, as a test does, puts a processor of its own into this list, or takes another.
        return self.processors[-1] is _as_json and structlog.get_config()["processors"] is self.processors


_configured: _Configured | None = None


class Routine:
    """The line that each call or request writes, at level info, with facts of the same names. What is the
    same in all of them is encoded once; on its way through structlog a line was a seventh of a small call.
    """

    def __init__(self, logger: str, event: str) -> None:
        self._log = get_logger(logger)
        self._event = event
        ends = {"event": event, "level": "info", "logger": logger}
        self._end = f'{_encode(ends)[1:-1]}, "timestamp": "'

    def write(self, **facts: str | float) -> None:
        configured = _configured
        if configured is None or not configured.writes_json():
            self._log.info(self._event, **facts)
        elif configured.informs:
            line = "{"
            for field, value in {**_bound.get(), **facts}.items():
                line += f'"{field}": {_encode(value) if isinstance(value, str) else repr(value)}, '
            configured.out.write(f'{line}{self._end}{_timestamp()}"}}')


class _Bound:
    """A class, since the generator of a `contextmanager` costs more than all that it does here."""

    __slots__ = ("_fields", "_token")

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._fields = fields

    def __enter__(self) -> None:
        self._token = _bound.set({**_bound.get(), **self._fields})

    def __exit__(self, *_: object) -> None:
        _bound.reset(self._token)


def bound(**fields: str) -> AbstractContextManager[None]:
    """Put fields (correlation_id=…) on every line logged in this block by this thread or task."""
    return _Bound(fields)


def trace(error: BaseException) -> list[str]:
    """An exception's classes and frames, without its text."""
    lines: list[str] = []
    told: set[int] = set()  # causes may lead back to where they began
    seen: BaseException | None = error
    while seen is not None and id(seen) not in told:
        told.add(id(seen))
        lines.append(f"{type(seen).__module__}.{type(seen).__qualname__}")
        lines += [
            f"  {frame.filename}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(seen.__traceback__)
        ]
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return lines


def hide_exception_text(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """The structlog processor that turns `exc_info` into class and frames."""
    info = event.pop("exc_info", None)
    error = _exception(info)
    if error is not None:
        event["trace"] = trace(error)
    return event


def _exception(info: object) -> BaseException | None:
    if isinstance(info, BaseException):
        return info
    if isinstance(info, tuple):
        return cast("tuple[type, BaseException | None, TracebackType]", info)[1]
    return sys.exc_info()[1] if info else None
