"""What every HTTP request passes, driven without a server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import structlog
from fastapi import FastAPI, Request, Response
from starlette.responses import PlainTextResponse

from chassis.auth.pages import SessionCookies
from chassis.http import Requests
from chassis.rest import failure_problem
from chassis.words import reason_itself

SECRET = "Anna Hansen, Strandvejen 1"


def drive(
    app: Any, path: str = "/", method: str = "GET", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of one request."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "scheme": "http",
        "query_string": b"",
        "server": ("127.0.0.1", 8080),
        "client": ("127.0.0.1", 1),
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }
    asyncio.run(app(scope, receive, send))
    start = sent[0]
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return start["status"], {k.decode(): v.decode() for k, v in start["headers"]}, body


@pytest.fixture
def observed() -> list[tuple[str, str, str, int]]:
    return []


@pytest.fixture
def app(observed: list[tuple[str, str, str, int]]) -> Any:
    inner, mounted = FastAPI(openapi_url=None), FastAPI(openapi_url=None)

    @inner.get("/rooms/{room}")
    def room(room: str) -> Response:
        return PlainTextResponse(room)

    @inner.get("/fail")
    def fail() -> Response:
        raise RuntimeError(SECRET)

    @mounted.get("/things/{thing}")
    def thing(thing: str) -> Response:
        return PlainTextResponse(thing)

    inner.mount("/service/api/v1", mounted)

    def failure(request: Request, incident: str) -> Response:
        return failure_problem(request, incident, reason_itself)

    def observe(path: str, method: str, route: str, status: int, seconds: float) -> None:
        assert seconds >= 0
        observed.append((path, method, route, status))

    # Starlette's own outermost layer would log and raise on; ours stands inside it as in the suite.
    inner.add_middleware(Requests, failure=failure, observe=observe)
    return inner


def test_a_request(app: Any, observed: list[Any]) -> None:
    status, headers, body = drive(app, "/rooms/a", x_correlation_id="corr-1")
    assert (status, body, headers["x-correlation-id"]) == (200, b"a", "corr-1")
    assert observed == [("/rooms/a", "GET", "/rooms/{room}", 200)]
    _, headers, _ = drive(app, "/rooms/a", x_correlation_id="{evil}\t")
    assert len(headers["x-correlation-id"]) == 32


def test_routes_never_hold_what_was_asked_for(app: Any, observed: list[Any]) -> None:
    drive(app, "/service/api/v1/things/7")
    drive(app, "/nothing/here")
    assert [(route, status) for _, _, route, status in observed] == [("/things/{thing}", 200), ("", 404)]


def test_the_head_of_a_page(app: Any) -> None:
    status, headers, body = drive(app, "/rooms/abc", "HEAD")
    assert (status, body) == (200, b"")
    assert headers["content-length"] == "3"


def test_what_nobody_handled_tells_an_incident_and_nothing_else(
    app: Any, observed: list[Any], capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with structlog.testing.capture_logs() as lines:
        status, headers, body = drive(app, "/fail")
    assert (status, headers["content-type"]) == (500, "application/problem+json")
    [failed] = [line for line in lines if line["event"] == "request failed"]
    assert failed["incident"] in body.decode()
    assert any("test_requests.py" in frame for frame in failed["trace"])
    captured = capsys.readouterr()
    for text in (body.decode(), repr(lines), captured.out, captured.err, caplog.text):
        assert "Anna" not in text
    assert observed[-1][3] == 500


def test_an_answer_that_breaks_off_is_not_dressed_up() -> None:
    async def breaks(scope: Any, receive: Any, send: Callable[[Any], Any]) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError(SECRET)

    app = Requests(breaks, failure=lambda request, incident: Response(incident))
    with pytest.raises(ConnectionAbortedError) as caught:
        drive(app)
    assert "Anna" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_queued_cookies_make_an_answer_private() -> None:
    async def page(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/with":
            scope["state"]["borgerting_cookies"] = ["a=1; Path=/", "b=2; Path=/"]
        response = PlainTextResponse("x", headers={"Cache-Control": "public, max-age=10"})
        await response(scope, receive, send)

    app = SessionCookies(page)
    _, plain, _ = drive(app, "/")
    assert plain["cache-control"] == "public, max-age=10"
    assert "set-cookie" not in plain
    _, private, _ = drive(app, "/with")
    assert private["cache-control"] == "no-store"
    assert private["set-cookie"] == "b=2; Path=/"  # the dict keeps the last of both
