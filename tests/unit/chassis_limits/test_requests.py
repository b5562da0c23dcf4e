"""The middleware of pages and REST: who counts, when a thread is taken, and when it is given back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from chassis.auth.principal import NOBODY
from chassis.config import load_settings
from chassis.errors import DomainError
from chassis.limits.allotments import Limits
from chassis.limits.requests import RequestLimits

App = Callable[[Any, Any, Any], Awaitable[None]]


class Scene:
    """One request at a time of `dragoer` is worked on, and nothing waits."""

    def __init__(self, app: App, monkeypatch: pytest.MonkeyPatch, **limits: str) -> None:
        monkeypatch.setattr("chassis.limits.requests.SLOT_SECONDS", 0.0)
        monkeypatch.setattr("chassis.limits.requests.HOLD_SECONDS", 0.0)
        given = {f"BORGERTING_LIMITS__{name.upper()}": text for name, text in limits.items()}
        self.limits = Limits(load_settings([], given), at_once=(1, 1), time_source=lambda: 1000.0)
        self.limits.know(["dragoer"])
        self.app = RequestLimits(
            app,
            limits=self.limits,
            services=["sortition"],
            root="deliberation",
            proxies=(),
            identify=lambda request: NOBODY,
            refuse=self._refuse,
        )
        self.free = self.limits.of(NOBODY, "dragoer", str).pages

    def _refuse(self, request: Request, error: DomainError) -> Response:
        return PlainTextResponse(error.reason, error.code.http_status)

    async def ask(self, path: str, method: str = "GET", *parts: bytes) -> int:
        bodies = list(parts or (b"",))
        statuses: list[int] = []

        async def receive() -> Any:
            body = bodies.pop(0)
            return {"type": "http.request", "body": body, "more_body": bool(bodies)}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        scope = {
            "type": "http",
            "path": path,
            "method": method,
            "headers": [],
            "query_string": b"",
            "client": ("192.0.2.1", 1),
        }
        await self.app(scope, receive, send)
        return statuses[0]


PAGE = "/sortition/dragoer"


def test_a_read_has_its_thread_until_the_answer_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scene.free[False].enter())
        await send({"type": "http.response.start", "status": 200, "headers": []})
        seen.append(scene.free[False].enter())
        scene.free[False].leave()
        await send({"type": "http.response.body", "body": b""})

    scene = Scene(app, monkeypatch)
    assert asyncio.run(scene.ask(PAGE)) == 200
    assert seen == [False, True]
    assert scene.free[False].enter()


def test_a_form_takes_its_thread_when_all_of_it_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for _ in range(2):
            await receive()
            free = scene.free[True].enter()
            seen.append(free)
            if free:
                scene.free[True].leave()
        await PlainTextResponse("done")(scope, receive, send)

    scene = Scene(app, monkeypatch)
    assert asyncio.run(scene.ask(PAGE, "POST", b"half", b"and half")) == 200
    assert seen == [True, False]
    assert scene.free[True].enter()


def test_a_failure_gives_the_thread_back(monkeypatch: pytest.MonkeyPatch) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError

    scene = Scene(app, monkeypatch)
    with pytest.raises(RuntimeError):
        asyncio.run(scene.ask(PAGE))
    assert scene.free[False].enter()


def test_where_no_thread_comes_free_in_time_a_request_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            await receive()
        except DomainError as error:  # as the application's own handlers
            await PlainTextResponse(error.reason, error.code.http_status)(scope, receive, send)
        else:
            await PlainTextResponse("done")(scope, receive, send)

    scene = Scene(app, monkeypatch)
    assert scene.free[False].enter()
    assert scene.free[True].enter()
    assert asyncio.run(scene.ask(PAGE)) == 429
    assert asyncio.run(scene.ask(PAGE, "POST", b"x")) == 429
    # What names nobody is on the caller's own account.
    assert asyncio.run(scene.ask("/sortition/nowhere")) == 200
    [usage] = scene.limits.usage()
    assert (usage.service, usage.reads, usage.changes, usage.refused) == ("sortition", 1, 1, 2)


@pytest.mark.parametrize(
    ("path", "counted"),
    [
        ("/sortition/dragoer", "dragoer"),
        ("/sortition/dragoer/draws/1", "dragoer"),
        ("/sortition/api/v1/municipalities/dragoer/selections", "dragoer"),
        ("/sortition/api/v1/municipalities", ""),
        ("/sortition/api/v1/municipalities/nowhere", ""),
        ("/sortition", ""),
        ("/elsewhere/dragoer", ""),
        ("/", ""),
        ("//dragoer", ""),
    ],
)
def test_whom_an_address_names(path: str, counted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(PlainTextResponse("done"), monkeypatch)
    assert asyncio.run(scene.ask(path)) == 200
    assert [one.municipality for one in scene.limits.usage()] == ([counted] if counted else [])


def test_what_is_over_the_rate_reaches_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(PlainTextResponse("done"), monkeypatch, reads="0.001", reads_burst="1")
    assert [asyncio.run(scene.ask(PAGE)) for _ in range(2)] == [200, 429]
    assert asyncio.run(scene.ask("/sortition/static/1/a.css")) == 200
