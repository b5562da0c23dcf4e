"""REST: what the JSON APIs of all services share.

One FastAPI application per service, mounted at `/{service}/api/v1` with its OpenAPI document. Errors are
`application/problem+json` (RFC 9457), names are JSON's (`displayName`), a caller is known by bearer token
alone: a session cookie counts for pages only, so that no form of another site can call an API.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Header, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.telemetry import TelemetryConfig
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.auth.principal import Principal
from chassis.auth.tokens import TokenVerifier
from chassis.context import Caller, correlation_id_from
from chassis.errors import Code, DomainError, FieldViolation
from chassis.rpc.context import CORRELATION_ID
from chassis.rpc.interceptors import principal_of
from chassis.rpc.server import MESSAGE_LIMIT
from chassis.rpc.status import INTERNAL_REASON
from chassis.words import Describe, language_from

_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z_]{0,39}")
PRINCIPAL = "borgerting_principal"
"""Where a request's state has whose token was found good."""
PROBLEM_JSON = "application/problem+json"
# Where a host configures OpenTelemetry, the framework would send it paths and exceptions' texts.
NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}

IfMatch = Annotated[str | None, Header(description="The etag that the change is based on; stale: ABORTED.")]
IdempotencyKey = Annotated[
    str | None,
    Header(description="A UUID of the caller's; a repetition gets the first answer again."),
]


class ApiModel(BaseModel):
    """A request's or an answer's body:

    camelCase on the wire, unknown fields refused, so that a typing error shows.
    """

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, extra="forbid"
    )


class ProblemField(BaseModel):
    field: str
    reason: str
    detail: str


class Problem(BaseModel):
    """RFC 9457, with our stable `reason`, and every wrong field at once."""

    type: str
    title: str
    status: int
    reason: str
    detail: str
    errors: list[ProblemField] = []
    incident: str | None = None


class _Api(FastAPI):
    def openapi(self) -> dict[str, Any]:
        """The document. FastAPI puts every model under application/json; a problem has its own media type."""
        document = super().openapi()
        for path in document["paths"].values():
            for operation in path.values():
                content = operation["responses"]["default"]["content"]
                if "application/json" in content:
                    content[PROBLEM_JSON] = content.pop("application/json")
        return document


def make_api(
    service: str,
    router: APIRouter,
    *,
    version: str,
    verifier: TokenVerifier,
    describe: Describe,
    largest_body: int = MESSAGE_LIMIT,
) -> FastAPI:
    """The service's API, to mount at `/{service}/api/v1`; its document is `openapi.json` there."""
    app = _Api(
        title=f"Borgerting {service}",
        version=version,
        docs_url=None,  # its page loads scripts from elsewhere
        redoc_url=None,
        responses={"default": {"model": Problem, "description": "A problem", "content": {PROBLEM_JSON: {}}}},
        servers=[{"url": f"/{service}/api/v1"}],
        root_path_in_servers=False,
        telemetry=NO_TELEMETRY,
    )
    app.state.verifier = verifier
    app.state.describe = describe
    app.include_router(router)
    app.add_middleware(_BodyLimit, largest=largest_body)
    app.add_exception_handler(DomainError, _domain_problem)
    app.add_exception_handler(RequestValidationError, _validation_problem)
    app.add_exception_handler(HTTPException, _http_problem)
    return app


class _BodyLimit:
    """ASGI middleware:

    refuses a body of more octets with 413, before it is read where its length is declared.
    """

    def __init__(self, app: ASGIApp, *, largest: int) -> None:
        self._app = app
        self._largest = largest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        declared = Headers(scope=scope).get("content-length", "") if scope["type"] == "http" else ""
        size = 0

        async def limited() -> Message:
            nonlocal size
            if declared.isdigit() and int(declared) > self._largest:
                raise HTTPException(413)
            message = await receive()
            size += len(message.get("body", b""))
            if size > self._largest:
                raise HTTPException(413)
            return message

        await self._app(scope, limited, send)


def api_caller(request: Request) -> Caller:
    """FastAPI dependency: who calls. Raises DomainError UNAUTHENTICATED for a bad token; none is NOBODY."""
    known = getattr(request.state, PRINCIPAL, None)
    principal = known if isinstance(known, Principal) else bearer(request.headers, request.app.state.verifier)
    correlation_id = getattr(request.state, "correlation_id", None) or correlation_id_from(
        request.headers.get(CORRELATION_ID)
    )
    return Caller(principal, correlation_id, _language(request))


def bearer(headers: Headers, verifier: TokenVerifier) -> Principal:
    """Whose bearer token came along. Raises as principal_of."""
    return principal_of(headers.getlist("authorization"), verifier)


def request_id_of(idempotency_key: str | None, request_id: str | None) -> str | None:
    """The request id from the header (quoted or bare) or the body.

    Raises REQUEST_ID_INVALID when they differ.
    """
    key = idempotency_key.strip().strip('"') if idempotency_key else None
    if key and request_id and key.lower() != request_id.lower():
        violation = FieldViolation("request_id", "REQUEST_ID_INVALID")
        raise DomainError(Code.INVALID_ARGUMENT, "REQUEST_ID_INVALID", {}, (violation,))
    return key or request_id


def etag_of(if_match: str | None, etag: str | None) -> str | None:
    """The etag from If-Match, else from the body; a weak one compares as a strong one would."""
    return if_match.strip().removeprefix("W/") if if_match else etag


def site_of(request: Request) -> str:
    """Scheme and host as the client wrote them: `http://127.0.0.1:8080`."""
    return f"{request.url.scheme}://{request.url.netloc}"


def with_etag(response: Response, etag: str) -> None:
    response.headers["ETag"] = etag


@contextmanager
def body_is(field: str) -> Iterator[None]:
    """Where a request's `field` is the whole body, its name leads no path:

    `municipality.time_zone` is `timeZone`.
    """
    try:
        yield
    except DomainError as error:
        error.violations = tuple(
            replace(violation, field=violation.field.removeprefix(f"{field}."))
            for violation in error.violations
        )
        raise


def problem(
    status: int,
    reason: str,
    detail: str,
    errors: list[dict[str, str]] | None = None,
    incident: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    body: dict[str, Any] = {
        "type": f"urn:borgerting:error:{reason}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "reason": reason,
        "detail": detail,
        "errors": errors or [],
    }
    if incident:
        body["incident"] = incident
    return JSONResponse(body, status, media_type=PROBLEM_JSON, headers=dict(headers or {}))


def retry_after(error: DomainError) -> dict[str, str]:
    """The header that says when the same request may do (RFC 9110, 10.2.3): whole seconds."""
    return {} if error.retry_after is None else {"Retry-After": str(max(1, math.ceil(error.retry_after)))}


def failure_problem(request: Request, incident: str, describe: Describe) -> Response:
    """The answer to what nobody handled."""
    detail = describe(INTERNAL_REASON, {"incident": incident}, _language(request))
    return problem(500, INTERNAL_REASON, detail, incident=incident)


def json_path(field: str) -> str:
    """`display_name` as JSON has it; `a_b[0].c_d` becomes `aB[0].cD`."""
    return re.sub(r"[a-z0-9]+(?:_[a-z0-9]+)+", lambda match: to_camel(match[0]), field)


def _language(request: Request) -> str:
    return language_from(request.headers.get("accept-language"))


def _domain_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, DomainError)  # noqa: S101  # the framework's own dispatch
    return domain_problem(request, error, request.app.state.describe)


def domain_problem(request: Request, error: DomainError, describe: Describe) -> Response:
    """The answer to a refusal."""
    language = _language(request)
    errors = [
        {
            "field": json_path(violation.field),
            "reason": violation.reason,
            "detail": describe(violation.reason, violation.metadata, language),
        }
        for violation in error.violations
    ]
    headers = {"WWW-Authenticate": "Bearer"} if error.code is Code.UNAUTHENTICATED else {}
    headers |= retry_after(error)
    detail = describe(error.reason, error.metadata, language)
    return problem(error.code.http_status, error.reason, detail, errors, headers=headers)


def _validation_problem(request: Request, error: Exception) -> Response:
    """What pydantic refuses. Its texts quote the input, so ours stand instead."""
    assert isinstance(error, RequestValidationError)  # noqa: S101  # the framework's own dispatch
    describe: Describe = request.app.state.describe
    language = _language(request)
    errors = []
    for found in error.errors():
        kind = found["type"]
        if kind == "missing":
            reason = "FIELD_REQUIRED"
        elif kind == "extra_forbidden":
            reason = "FIELD_UNKNOWN"
        elif kind == "json_invalid":
            reason = "BODY_INVALID"
        else:
            reason = "FIELD_INVALID"
        # body, query, path or header stands first.
        place = [part for part in found["loc"][1:] if kind != "json_invalid"]
        if kind == "extra_forbidden" and not _IDENTIFIER.fullmatch(str(place[-1])):
            place = place[:-1]  # whatever the client sent there, it is no misspelt field
        path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".")
        errors.append({"field": path, "reason": reason, "detail": describe(reason, {}, language)})
    return problem(400, "REQUEST_INVALID", describe("REQUEST_INVALID", {}, language), errors)


def _http_problem(request: Request, error: Exception) -> Response:
    """What the framework refuses: no such path, no such method, too large."""
    assert isinstance(error, HTTPException)  # noqa: S101  # the framework's own dispatch
    reason = {404: "PATH_UNKNOWN", 405: "METHOD_UNKNOWN", 413: "REQUEST_TOO_LARGE"}.get(
        error.status_code, "REQUEST_INVALID"
    )
    describe: Describe = request.app.state.describe
    detail = describe(reason, {}, _language(request))
    return problem(error.status_code, reason, detail, headers=error.headers)
