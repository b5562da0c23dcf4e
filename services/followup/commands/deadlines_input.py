"""Reads what `deadlines explain` is given: options, CSV (comma, semicolon or tab; UTF-8) or JSON.

Every fault is found before anything is refused, each with its row or option. Words are made in
deadlines_words.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from services.followup.deadlines.dates import local_date
from services.followup.deadlines.errors import BadInput, Parameter, Reason
from services.followup.deadlines.types import Checkpoint, Extension, Kind, WorkingDayRule

MAX_BYTES = 5_000_000
DEFAULT_ZONE = "Europe/Copenhagen"
CHECKPOINT_COLUMNS = ("checkpoint", "kind", "months", "rule", "answered")
EXTENSION_COLUMNS = ("checkpoint", "until", "granted", "by", "why")
# A spreadsheet runs a cell that starts with one of these.
FORMULA = ("=", "+", "-", "@")

Row = tuple[int, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Request:
    """The options as given; None or empty where they were not."""

    file: Path | None = None
    handover: str | None = None
    checkpoints: tuple[str, ...] = ()
    extensions: Path | None = None
    on: str | None = None
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """What the request holds. `on` and `answered` are instants; a bare date stands for its local noon."""

    handover: date
    checkpoints: tuple[Checkpoint, ...]
    extensions: tuple[Extension, ...]
    zone: tzinfo
    zone_name: str
    on: datetime | None
    answered: Mapping[str, datetime]


@dataclass(slots=True)
class _Faults:
    found: list[Reason] = field(default_factory=list)

    def add(self, code: str, **params: Parameter) -> None:
        self.found.append(Reason(code, params))

    def raise_any(self) -> None:
        if self.found:
            raise BadInput(self.found)


def read(request: Request) -> Given:
    """What the request holds. Raises BadInput with every fault of options and files."""
    faults = _Faults()
    handover, zone_name, on = request.handover, request.zone, request.on
    rows: list[Row] = []
    extension_rows: list[tuple[str, Row]] = []
    name = request.file.name if request.file else ""
    if request.file is not None and request.file.suffix.lower() == ".json":
        content = _json(request.file)
        rows = _json_rows(content, "checkpoints", CHECKPOINT_COLUMNS, name, faults)
        found = _json_rows(content, "extensions", EXTENSION_COLUMNS, name, faults)
        extension_rows = [(name, row) for row in found]
        single = {key: str(content.get(key) or "") for key in ("handover", "zone", "on")}
        handover, zone_name, on = (
            given or single[key] or None
            for key, given in (("handover", handover), ("zone", zone_name), ("on", on))
        )
        for key in sorted(content.keys() - {"checkpoints", "extensions", *single}):
            faults.add("UNKNOWN_FIELD", file=name, row=0, field=key)
    elif request.file is not None:
        rows = _table(request.file, CHECKPOINT_COLUMNS, ("kind", "months"), faults)
    if request.extensions is not None:
        found = _table(request.extensions, EXTENSION_COLUMNS, EXTENSION_COLUMNS, faults)
        extension_rows += [(request.extensions.name, row) for row in found]
    zone_name = zone_name or DEFAULT_ZONE
    zone = _zone(zone_name, faults)
    answered: dict[str, datetime] = {}
    checkpoints = [_option(text, faults) for text in request.checkpoints]
    for number, row in rows:
        checkpoint = _checkpoint(row, name, number, faults)
        checkpoints.append(checkpoint)
        if row.get("answered"):
            answered[checkpoint.id] = _moment(row["answered"], zone, name, number, "answered", faults)
    extensions = [_extension(row, file, number, zone, faults) for file, (number, row) in extension_rows]
    if handover is None:
        faults.add("OPTION_MISSING", option="--handover")
    day_zero = _moment(handover or "2000-01-01", zone, "", 0, "--handover", faults)
    moment = None if on is None else _moment(on, zone, "", 0, "--on", faults)
    for checkpoint in checkpoints:
        if checkpoint.id.startswith(FORMULA):
            faults.add("ID_LIKE_FORMULA", checkpoint=checkpoint.id)
    faults.raise_any()
    return Given(
        local_date(day_zero, zone), tuple(checkpoints), tuple(extensions), zone, zone_name, moment, answered
    )


# -- single values ------------------------------------------------------------------------------------------


def _zone(name: str, faults: _Faults) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # the last is what an unknown name raises
        faults.add("UNKNOWN_ZONE", zone=name)
        return ZoneInfo(DEFAULT_ZONE)


def _moment(text: str, zone: tzinfo, file: str, row: int, column: str, faults: _Faults) -> datetime:
    """An instant with its offset, or a date for its local noon."""
    try:
        if len(text) == 10:
            return datetime.combine(date.fromisoformat(text), time(12), zone)
        instant = datetime.fromisoformat(text)
        if instant.utcoffset() is not None:
            # Instants so early or late that no zone can tell their date are refused here.
            instant.astimezone(zone)
            return instant
        faults.add("OFFSET_MISSING", file=file, row=row, column=column, value=text)
    except (ValueError, OverflowError):
        faults.add("DATE_EXPECTED", file=file, row=row, column=column, value=text)
    return datetime(2000, 1, 1, 12, tzinfo=zone)


def _option(text: str, faults: _Faults) -> Checkpoint:
    """`kind:months` or `kind:months:rule`; the text is the checkpoint's id."""
    parts = text.split(":")
    if len(parts) not in (2, 3):
        faults.add("BAD_CHECKPOINT_OPTION", value=text)
        return Checkpoint(text, Kind.WITHIN, 1)
    row = dict(zip(("kind", "months", "rule"), (part.strip() for part in parts), strict=False))
    return _checkpoint({"checkpoint": text, **row}, "--checkpoint", 0, faults)


def _checkpoint(row: Mapping[str, str], file: str, number: int, faults: _Faults) -> Checkpoint:
    kind, rule, months = Kind.WITHIN, WorkingDayRule.FORWARD, 1
    try:
        kind = Kind(row.get("kind", "").upper())
    except ValueError:
        faults.add("BAD_KIND", file=file, row=number, value=row.get("kind", ""))
    try:
        rule = WorkingDayRule((row.get("rule") or "forward").upper())
    except ValueError:
        faults.add("BAD_RULE", file=file, row=number, value=row["rule"])
    text = row.get("months", "")
    if text.isascii() and text.isdigit() and len(text) < 7:
        months = int(text)
    else:
        faults.add("NUMBER_EXPECTED", file=file, row=number, column="months", value=text)
    return Checkpoint(row.get("checkpoint") or text, kind, months, rule)


def _extension(row: Mapping[str, str], file: str, number: int, zone: tzinfo, faults: _Faults) -> Extension:
    until = date(2000, 1, 1)
    try:
        until = date.fromisoformat(row.get("until", ""))
    except ValueError:
        faults.add("DATE_EXPECTED", file=file, row=number, column="until", value=row.get("until", ""))
    granted = _moment(row.get("granted", ""), zone, file, number, "granted", faults)
    return Extension(row.get("checkpoint", ""), until, granted, row.get("by", ""), row.get("why", ""))


# -- files --------------------------------------------------------------------------------------------------


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BadInput([Reason("FILE_TOO_LARGE", {"file": path.name, "most": MAX_BYTES})])
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput([Reason("NOT_UTF8", {"file": path.name})]) from None
    except OSError:
        raise BadInput([Reason("FILE_UNREADABLE", {"file": path.name})]) from None


def _table(path: Path, columns: tuple[str, ...], needed: tuple[str, ...], faults: _Faults) -> list[Row]:
    text = _text(path)
    header = text.split("\n", 1)[0]
    try:
        lines = list(
            csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=header.count), strict=True)
        )
    except csv.Error:
        raise BadInput([Reason("NOT_CSV", {"file": path.name})]) from None
    found = [cell.strip() for cell in lines[0]] if lines else []
    for column in needed:
        if column not in found:
            faults.add("COLUMN_MISSING", file=path.name, column=column)
    for column in sorted(set(found) - set(columns)):
        faults.add("UNKNOWN_COLUMN", file=path.name, column=column, known=", ".join(columns))
    for column in sorted({column for column in found if found.count(column) > 1}):
        faults.add("COLUMN_TWICE", file=path.name, column=column)
    faults.raise_any()
    rows: list[Row] = []
    for number, cells in enumerate(lines[1:], 2):
        if len(cells) > len(found):
            faults.add("ROW_TOO_LONG", file=path.name, row=number)
        elif any(cell.strip() for cell in cells):
            rows.append((number, dict(zip(found, (cell.strip() for cell in cells), strict=False))))
    return rows


def _json(path: Path) -> dict[str, object]:
    try:
        content = json.loads(_text(path))
    except (json.JSONDecodeError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise BadInput([Reason("NOT_JSON", {"file": path.name})])
    return content


def _json_rows(
    content: Mapping[str, object], key: str, columns: tuple[str, ...], file: str, faults: _Faults
) -> list[Row]:
    items = content.get(key, [])
    rows: list[Row] = []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        faults.add("LIST_EXPECTED", file=file, field=key)
        return rows
    for number, item in enumerate(items, 1):
        for name in sorted(item.keys() - set(columns)):
            faults.add("UNKNOWN_FIELD", file=file, row=number, field=f"{key}.{name}")
        rows.append(
            (number, {name: "" if value is None else str(value).strip() for name, value in item.items()})
        )
    return rows
