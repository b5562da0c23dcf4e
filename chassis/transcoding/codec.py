"""Protobuf messages as the JSON of our APIs, and back.

Names in camelCase, enums without their prefix (`PREPARING`), instants as RFC 3339, bytes as base64; a field
that is not set is null. What comes in is held to the message: every wrong or unknown field is named at once.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from google.api import field_behavior_pb2  # type: ignore[import-untyped]
from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

from chassis.errors import Code, DomainError, FieldViolation

_TIMESTAMP = "google.protobuf.Timestamp"
_FIELD_MASK = "google.protobuf.FieldMask"
_INTEGERS = {FieldDescriptor.CPPTYPE_INT32, FieldDescriptor.CPPTYPE_INT64}
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")
_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z]{0,39}")

# What only the service sets comes in and is passed over, so that an answer can be changed and sent back.
Json = Any
Field = Any  # a FieldDescriptor: two classes of that name differ in the stubs alone


def enum_prefix(enum: EnumDescriptor) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", enum.name).upper() + "_"


def enum_name(enum: EnumDescriptor, number: int) -> str:
    value = enum.values_by_number.get(number)
    return value.name.removeprefix(enum_prefix(enum)) if value else str(number)


def is_map(field: Field) -> bool:
    return bool(
        field.message_type is not None and field.message_type.GetOptions().map_entry and field.is_repeated
    )


def to_json(message: Message) -> dict[str, Json]:
    """Every field of the message, set or not."""
    return {field.json_name: _field_to_json(message, field) for field in message.DESCRIPTOR.fields}


def _field_to_json(message: Message, field: Field) -> Json:
    value = getattr(message, field.name)
    if is_map(field):
        return dict(value)
    if field.is_repeated:
        return [_value_to_json(item, field) for item in value]
    if field.has_presence and not message.HasField(field.name):
        return None
    return _value_to_json(value, field)


def _value_to_json(value: Any, field: Field) -> Json:
    if field.message_type is not None:
        if field.message_type.full_name == _TIMESTAMP:
            return value.ToDatetime(tzinfo=UTC).isoformat().replace("+00:00", "Z")
        return to_json(value)
    if field.enum_type is not None:
        return enum_name(field.enum_type, value)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return base64.b64encode(value).decode()
    return value


def read_into(message: Message, data: Json, path: str = "") -> None:
    """Fill `message` from JSON. Raises DomainError INVALID_ARGUMENT REQUEST_INVALID with every violation."""
    wrong: list[FieldViolation] = []
    _fill(message, data, path, wrong)
    if wrong:
        raise DomainError(Code.INVALID_ARGUMENT, "REQUEST_INVALID", {}, tuple(wrong))


def read_text(message: Message, field: Field, text: str) -> None:
    """Set a scalar field from a query parameter. Raises as `read_into`."""
    value: Json = text
    if field.cpp_type in _INTEGERS and re.fullmatch(r"-?[0-9]{1,18}", text):
        value = int(text)
    elif field.cpp_type == FieldDescriptor.CPPTYPE_BOOL and text in ("true", "false"):
        value = text == "true"
    read_into(message, {field.json_name: value})


def _fill(message: Message, data: Json, path: str, wrong: list[FieldViolation]) -> None:
    if not isinstance(data, Mapping):
        wrong.append(FieldViolation(path, "FIELD_INVALID"))
        return
    fields = {field.json_name: field for field in message.DESCRIPTOR.fields}
    for key, value in data.items():
        field = fields.get(key) or message.DESCRIPTOR.fields_by_name.get(key)
        if field is None:
            # Whatever else the client sent there, it is no misspelt field, and is not repeated.
            name = key if _IDENTIFIER.fullmatch(key) else ""
            wrong.append(FieldViolation(_join(path, name), "FIELD_UNKNOWN"))
        elif value is not None:
            _set(message, field, value, _join(path, field.name), wrong)


def _set(message: Message, field: Field, value: Json, path: str, wrong: list[FieldViolation]) -> None:
    if is_map(field) or (_is(field, _TIMESTAMP) and is_output_only(field)):
        return  # none of them is a client's to set
    if field.is_repeated:
        if not isinstance(value, list):
            wrong.append(FieldViolation(path, "FIELD_INVALID"))
            return
        for index, item in enumerate(value):
            place = f"{path}[{index}]"
            if field.message_type is not None:
                _fill(getattr(message, field.name).add(), item, place, wrong)
            else:
                _append(message, field, item, place, wrong)
        return
    if _is(field, _FIELD_MASK):
        paths = value.split(",") if isinstance(value, str) else []
        getattr(message, field.name).paths.extend(snake_path(part) for part in paths if part)
        return
    if _is(field, _TIMESTAMP):
        instant = _instant(value)
        if instant is None:
            wrong.append(FieldViolation(path, "FIELD_INVALID"))
        else:
            getattr(message, field.name).FromDatetime(instant)
        return
    if field.message_type is not None:
        getattr(message, field.name).SetInParent()
        _fill(getattr(message, field.name), value, path, wrong)
        return
    converted = _scalar(field, value)
    try:
        if converted is None:
            raise ValueError(path)
        setattr(message, field.name, converted)
    except (TypeError, ValueError):
        wrong.append(FieldViolation(path, "FIELD_INVALID"))


def is_output_only(field: Field) -> bool:
    behaviour = field.GetOptions().Extensions[field_behavior_pb2.field_behavior]
    return field_behavior_pb2.OUTPUT_ONLY in behaviour


def _instant(value: Json) -> datetime | None:
    """RFC 3339, with an offset; None for anything else."""
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _append(message: Message, field: Field, item: Json, path: str, wrong: list[FieldViolation]) -> None:
    converted = _scalar(field, item)
    if converted is None:
        wrong.append(FieldViolation(path, "FIELD_INVALID"))
    else:
        getattr(message, field.name).append(converted)


def _scalar(field: Field, value: Json) -> Any:
    """The value as the field takes it, None when it cannot."""
    if field.enum_type is not None:
        if not isinstance(value, str):
            return None
        if not value:
            return 0
        known = field.enum_type.values_by_name
        found = known.get(enum_prefix(field.enum_type) + value) or known.get(value)
        return found.number if found else None
    if field.type == FieldDescriptor.TYPE_BYTES:
        try:
            return base64.b64decode(value, validate=True)
        except (TypeError, ValueError, binascii.Error):
            return None
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        return value if isinstance(value, str) else None
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return value if isinstance(value, bool) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not math.isfinite(value):
        return None
    if field.cpp_type in _INTEGERS:
        return int(value) if value == int(value) and -(2**31) <= value < 2**31 else None
    return float(value)


def snake_path(path: str) -> str:
    """`perAddress` as the message has it: `per_address`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", path.strip()).lower()


def _is(field: Field, full_name: str) -> bool:
    return field.message_type is not None and field.message_type.full_name == full_name


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path and name else path or name
