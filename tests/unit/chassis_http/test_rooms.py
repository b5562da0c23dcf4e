"""A page's address is looked for in its own service's room, and told as ever."""

from __future__ import annotations

from typing import NoReturn

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.responses import PlainTextResponse, Response
from starlette.types import Scope

from chassis.http import Requests
from chassis.http_app import RoomPages
from tests.unit.chassis_http.test_requests import drive


class NeverAsked(APIRoute):
    def __init__(self) -> None:
        super().__init__("/{municipality}", lambda: None)

    def matches(self, scope: Scope) -> NoReturn:
        raise AssertionError(f"asked for {scope['path']}")


class Served:
    def __init__(self) -> None:
        self.routes: list[str] = []
        pages, draws = APIRouter(), APIRouter()
        draws.get("/{municipality}/draws")(self.draws)
        pages.include_router(draws)
        app = FastAPI()
        app.include_router(RoomPages("volunteer", [NeverAsked()]), prefix="/volunteer")
        app.include_router(RoomPages("sortition", pages.routes), prefix="/sortition")
        app.add_middleware(Requests, failure=lambda request, incident: Response(incident, 500), observe=self)
        self.app = app

    def draws(self, municipality: str) -> Response:
        return PlainTextResponse(municipality)

    def __call__(self, path: str, method: str, route: str, status: int, seconds: float) -> None:
        self.routes.append(route)


@pytest.fixture
def served() -> Served:
    return Served()


def test_a_page_is_found_under_its_whole_route_without_asking_another_room(served: Served) -> None:
    assert drive(served.app, "/sortition/hjemby/draws")[2] == b"hjemby"
    assert served.routes == ["/sortition/{municipality}/draws"]


@pytest.mark.parametrize(
    "path", ["/", "/sortition", "/sortitions/hjemby/draws", "//sortition/hjemby/draws", "/Sortition/a/draws"]
)
def test_what_only_resembles_a_room_is_none(served: Served, path: str) -> None:
    assert drive(served.app, path)[0] == 404
    assert served.routes == [""]


def test_a_wrong_method_and_a_slash_too_many_are_told_as_ever(served: Served) -> None:
    assert drive(served.app, "/sortition/hjemby/draws", "POST")[0] == 405
    status, headers, _ = drive(served.app, "/sortition/hjemby/draws/")
    assert status == 307
    assert headers["location"].endswith("/sortition/hjemby/draws")


def test_a_room_asks_its_own_routes(served: Served) -> None:
    assert drive(served.app, "/volunteer/hjemby")[0] == 500
