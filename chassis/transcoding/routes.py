"""One route for each gRPC method, by its `google.api.http` annotation."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from google.api import annotations_pb2  # type: ignore[import-untyped]
from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message

from chassis.context import Caller
from chassis.errors import Code, DomainError, FieldViolation
from chassis.rest import api_caller, body_is, etag_of, request_id_of
from chassis.transcoding import codec, schema

_VARIABLE = re.compile(r"\{(?P<path>[a-z_.]+)=(?P<pattern>[^}]+)\}")
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "format": "uuid"},
    "description": "A UUID of the caller's; a repetition gets the first answer again.",
}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "schema": {"type": "string"},
    "description": "The etag that the change is based on; stale: ABORTED.",
}

Answer = Callable[[Caller, Any], Message]


@dataclass(frozen=True, slots=True)
class Rule:
    """An HTTP annotation, taken apart. `path` is FastAPI's, relative to the API; `name_field` the request's
    field (or `resource.name`) that the address spells, by `name_template`.
    """

    verb: str
    path: str
    name_field: str
    name_template: str
    body: str


def rule_of(method: MethodDescriptor, base: str) -> Rule:
    """Raises ValueError for an annotation of another shape than ours: one variable, a resource's name."""
    http = method.GetOptions().Extensions[annotations_pb2.http]
    verb = http.WhichOneof("pattern")
    template: str = getattr(http, verb) if verb else ""
    match = _VARIABLE.search(template)
    if verb is None or match is None or not template.startswith(base):
        raise ValueError(f"{method.full_name} has no HTTP annotation under {base}")
    parts = match["pattern"].split("/")
    name = "/".join(
        f"{{{_singular(parts[index - 1])}}}" if part == "*" else part for index, part in enumerate(parts)
    )
    path = template[: match.start()] + name + template[match.end() :]
    return Rule(verb.upper(), path.removeprefix(base), match["path"], name, http.body)


def add_routes(
    router: APIRouter,
    service: ServiceDescriptor,
    base: str,
    answers: Mapping[str, Answer],
    examples: Mapping[str, tuple[Any, Any]],
) -> None:
    """Add a route for each method in `answers`, which are called with the caller and the request message.

    `examples` has (body, answer) per method, either None.
    """
    for name, answer in answers.items():
        method = service.methods_by_name[name]
        rule = rule_of(method, base)
        creates = name.startswith("Create")
        router.add_api_route(
            rule.path,
            _endpoint(method, rule, answer, base),
            methods=[rule.verb],
            name=name,
            summary=re.sub(r"(?<!^)(?=[A-Z])", " ", name).capitalize(),
            status_code=201 if creates else 200,
            response_model=None,
            openapi_extra=_openapi(method, rule, *examples.get(name, (None, None))),
            tags=[service.name],
        )


async def _content(request: Request) -> bytes:
    return await request.body()


_CALLER = Depends(api_caller)
_BODY = Depends(_content)


def _endpoint(method: MethodDescriptor, rule: Rule, answer: Answer, base: str) -> Callable[..., Response]:
    make = message_factory.GetMessageClass(method.input_type)

    def endpoint(request: Request, caller: Caller = _CALLER, content: bytes = _BODY) -> Response:
        message = make()
        if rule.body == "*":
            codec.read_into(message, read_body(content))
        elif rule.body:
            codec.read_into(getattr(message, rule.body), read_body(content))
        _read_query(message, rule, request)
        _set_path(message, rule.name_field, rule.name_template.format_map(request.path_params))
        _set_headers(message, rule, request)
        if rule.body and rule.body != "*":
            with body_is(rule.body):
                answered = answer(caller, message)
        else:
            answered = answer(caller, message)
        return respond(answered, base, created=method.name.startswith("Create"))

    return endpoint


def respond(message: Message, base: str, *, created: bool = False) -> Response:
    content = codec.to_json(message)
    headers: dict[str, str] = {}
    if content.get("etag"):
        headers["ETag"] = content["etag"]
    if created:
        headers["Location"] = f"{base}/{content['name']}"
    return JSONResponse(content, 201 if created else 200, headers=headers)


def read_body(content: bytes) -> Any:
    """Raises DomainError INVALID_ARGUMENT REQUEST_INVALID for what is no JSON. Nothing at all is `{}`."""
    if not content.strip():
        return {}
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        violation = FieldViolation("", "BODY_INVALID")
        raise DomainError(Code.INVALID_ARGUMENT, "REQUEST_INVALID", {}, (violation,)) from None


def _read_query(message: Message, rule: Rule, request: Request) -> None:
    taken = {rule.body, rule.name_field.split(".")[0]}
    fields = {f.json_name: f for f in message.DESCRIPTOR.fields if f.name not in taken}
    for key, text in request.query_params.multi_items():
        field = fields.get(key)
        if field is None or rule.body == "*" or not _in_query(field):
            violation = FieldViolation(key if key.isalpha() else "", "FIELD_UNKNOWN")
            raise DomainError(Code.INVALID_ARGUMENT, "REQUEST_INVALID", {}, (violation,))
        codec.read_text(message, field, text)


def _in_query(field: codec.Field) -> bool:
    mask = field.message_type is not None and field.message_type.full_name == "google.protobuf.FieldMask"
    return mask or (field.message_type is None and not field.is_repeated)


def _set_headers(message: Message, rule: Rule, request: Request) -> None:
    names = message.DESCRIPTOR.fields_by_name
    if "request_id" in names:
        sent = request_id_of(request.headers.get("idempotency-key"), getattr(message, "request_id", ""))
        _set_path(message, "request_id", sent or "")
    holder = rule.body if rule.body and rule.body != "*" and "etag" not in names else ""
    target: Any = getattr(message, holder) if holder else message
    if "etag" in target.DESCRIPTOR.fields_by_name:
        target.etag = etag_of(request.headers.get("if-match"), target.etag) or ""


def _set_path(message: Message, path: str, value: str) -> None:
    *holders, last = path.split(".")
    for holder in holders:
        message = getattr(message, holder)
    setattr(message, last, value)


def _openapi(method: MethodDescriptor, rule: Rule, body_example: Any, answer_example: Any) -> dict[str, Any]:
    request_type = method.input_type
    first = rule.name_field.split(".")[0]
    path_parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"\{(\w+)\}", rule.path)
    ]
    query = [
        {"name": field.json_name, "in": "query", "schema": schema.field_schema(field)}
        for field in request_type.fields
        if rule.body != "*" and field.name not in (first, rule.body) and _in_query(field)
    ]
    extra: dict[str, Any] = {
        "parameters": path_parameters + query + _headers(request_type, rule, method.name),
        "responses": {
            "201" if method.name.startswith("Create") else "200": {
                "description": "Done",
                "content": schema.json_content(schema.message_schema(method.output_type), answer_example),
            }
        },
    }
    if rule.body == "*":
        body = schema.message_schema(request_type, without=frozenset({first}))
        extra["requestBody"] = {"content": schema.json_content(body, body_example)}
    elif rule.body:
        resource: Any = request_type.fields_by_name[rule.body].message_type
        body = schema.message_schema(resource)
        extra["requestBody"] = {"required": True, "content": schema.json_content(body, body_example)}
    return extra


def _headers(request_type: Any, rule: Rule, method: str) -> list[dict[str, Any]]:
    headers = [_IDEMPOTENCY_KEY] if "request_id" in request_type.fields_by_name else []
    holder = request_type.fields_by_name.get(rule.body)
    fields = {*request_type.fields_by_name, *(holder.message_type.fields_by_name if holder else ())}
    if "etag" in fields and not method.startswith("Create"):
        headers.append(_IF_MATCH)
    return headers


_SINGULARS = {"municipalities": "municipality", "assemblies": "assembly", "people": "person", "files": "file"}


def _singular(collection: str) -> str:
    return _SINGULARS.get(collection, collection.removesuffix("s"))
