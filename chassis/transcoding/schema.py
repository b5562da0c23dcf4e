"""OpenAPI schemas out of protobuf descriptors, with examples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from chassis.transcoding.codec import enum_prefix, is_map

_SCALARS: dict[int, dict[str, Any]] = {
    FieldDescriptor.CPPTYPE_INT32: {"type": "integer", "format": "int32"},
    FieldDescriptor.CPPTYPE_INT64: {"type": "integer", "format": "int64"},
    FieldDescriptor.CPPTYPE_DOUBLE: {"type": "number"},
    FieldDescriptor.CPPTYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.CPPTYPE_STRING: {"type": "string"},
}
_WELL_KNOWN: dict[str, dict[str, Any]] = {
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.FieldMask": {"type": "string", "description": "Names, separated by commas."},
}


def message_schema(descriptor: Descriptor, *, without: frozenset[str] = frozenset()) -> dict[str, Any]:
    """An inline schema; none of our messages contains itself."""
    properties = {
        field.json_name: field_schema(field) for field in descriptor.fields if field.name not in without
    }
    return {"type": "object", "title": descriptor.name, "properties": properties}


def field_schema(field: FieldDescriptor) -> dict[str, Any]:
    if is_map(field):
        return {"type": "object", "additionalProperties": {"type": "string"}}
    schema = _single(field)
    if field.is_repeated:
        return {"type": "array", "items": schema}
    if field.has_presence:
        return {"anyOf": [schema, {"type": "null"}]}
    return schema


def _single(field: FieldDescriptor) -> dict[str, Any]:
    if field.message_type is not None:
        known = _WELL_KNOWN.get(field.message_type.full_name)
        return known if known is not None else message_schema(field.message_type)
    if field.enum_type is not None:
        prefix = enum_prefix(field.enum_type)
        return {
            "type": "string",
            "enum": [value.name.removeprefix(prefix) for value in field.enum_type.values],
        }
    if field.type == FieldDescriptor.TYPE_BYTES:
        return {"type": "string", "contentEncoding": "base64"}
    return _SCALARS[field.cpp_type]


def json_content(schema: Mapping[str, Any], example: Any = None) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": dict(schema)}
    if example is not None:
        content["example"] = example
    return {"application/json": content}
