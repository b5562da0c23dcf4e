"""One HTTP application of all services of a process: pages at `/{service}`, APIs at `/{service}/api/v1`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from socket import socket
from typing import TYPE_CHECKING, Any, cast

import uvicorn
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from chassis.app import Service
from chassis.auth.pages import PageSecurity, SessionCookies
from chassis.auth.principal import NOBODY, Principal
from chassis.auth.tokens import TokenVerifier
from chassis.errors import DomainError
from chassis.http import Requests
from chassis.limits.requests import RequestLimits
from chassis.log import get_logger, trace
from chassis.rest import NO_TELEMETRY, PRINCIPAL, bearer, domain_problem, failure_problem, make_api
from chassis.web import Room, Site, errors, install
from chassis.words import Describe

if TYPE_CHECKING:
    from chassis.config_limits import Network
    from chassis.limits.allotments import Limits
    from chassis.metrics import Metrics
    from chassis.tracing.tracer import Tracing
    from chassis.web.operations import OperationsPages

_log = get_logger("chassis.http")
_API = "api/v1"
# The largest file taken is 256 MiB (error.FILE_TOO_LARGE says so); its envelope comes on top.
_MAX_BODY = 260 * 1024 * 1024
_IDLE_SECONDS = 75
"""For how long an idle connection is kept: longer than a proxy keeps it (nginx 60), lest that one send a
request on a connection that we are just closing.
"""


def make_http_app(
    services: Sequence[Service],
    *,
    security: PageSecurity,
    verifier: TokenVerifier,
    describe: Describe,
    metrics: Metrics,
    https: bool,
    operations: OperationsPages | None = None,
    on_site: Sequence[str] = (),
    leaving: Callable[[], bool] = lambda: False,
    tracing: Tracing | None = None,
    limits: Limits | None = None,
    proxies: Sequence[Network] = (),
) -> FastAPI:
    """The ASGI application. `https` says that people reach it by https only; `operations` are the operator's
    pages. `on_site` names all services of the site, those in other processes too; `services` when left out.
    `leaving` says whether requests should go elsewhere from now on. `proxies` are trusted to tell a caller's
    address, which `limits` may count by.
    """
    app = FastAPI(
        title="Borgerting",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        max_body_size=_MAX_BODY,
        telemetry=NO_TELEMETRY,
    )
    rooms = [Room(service.name, service.template_package) for service in services if service.template_package]
    site = Site(
        rooms,
        identify=security.identify,
        csrf_token=security.csrf_token,
        check_csrf=security.check_csrf,
        services=on_site,
    )
    names = [service.name for service in services]
    root = next((service.name for service in services if service.root_pages is not None), "")
    if limits is not None:
        app.add_middleware(
            RequestLimits,
            limits=limits,
            services=names,
            root=root,
            proxies=proxies,
            identify=_identify(names, security, verifier),
            refuse=_refuse(names, describe),
        )
    install(app, site, https=https)
    for service in services:
        if service.api is not None:
            api = make_api(
                service.name,
                service.api,
                version=version("borgerting"),
                verifier=verifier,
                describe=describe,
            )
            api.add_exception_handler(Exception, _leave_to_the_whole)
            app.mount(f"/{service.name}/{_API}", api)
    for service in services:
        routes = [] if service.pages is None else service.pages.routes
        if operations is not None and service.template_package:
            routes = [*operations.router(service.name).routes, *routes]
        app.include_router(RoomPages(service.name, routes), prefix=f"/{service.name}")
    for service in services:
        if service.root_pages is not None:
            app.include_router(service.root_pages)
    app.add_exception_handler(DomainError, _refused)
    app.add_exception_handler(HTTPException, _framework_refused)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_middleware(SessionCookies)

    def failure(request: Request, incident: str) -> Response:
        if _is_api(request.url.path, names):
            return failure_problem(request, incident, describe)
        try:
            return errors.failure(request, incident)
        except Exception as error:  # even the shell may be what fails
            _log.error("error page failed", incident=incident, trace=trace(error))
            return errors.last_resort(incident)

    def service_of(path: str) -> str:
        segment = path.split("/", 2)[1] if path.startswith("/") else ""
        return segment if segment in names else root

    def observe(path: str, method: str, route: str, status: int, seconds: float) -> None:
        service = service_of(path)
        surface = "api" if _is_api(path, names) else "pages"
        # What the client sent is no label: only known methods and our own routes are.
        known = method if method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS") else "OTHER"
        metrics.observe_request(service, surface, f"{known} {route or '-'}", str(status), seconds)

    app.add_middleware(Requests, failure=failure, observe=observe, leaving=leaving)
    if tracing is not None:
        from chassis.tracing.http import TracedRequests

        app.add_middleware(TracedRequests, tracing=tracing, service_of=service_of)
    return app


class RoomPages(APIRouter):
    """One service's pages. Asked about an address outside, it says so without asking each of its routes."""

    def __init__(self, name: str, routes: list[BaseRoute]) -> None:
        super().__init__(routes=routes)
        self._name = name

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["path"].split("/", 2)[1:2] != [self._name]:
            return Match.NONE, {}
        return super().matches(scope)


def _is_api(path: str, names: Sequence[str]) -> bool:
    parts = path.split("/", 3)
    return len(parts) > 2 and parts[1] in names and parts[2] == "api"


def _identify(
    names: Sequence[str], security: PageSecurity, verifier: TokenVerifier
) -> Callable[[Request], Principal]:
    """Who asks, found once for all that a request passes. A token that is no good is refused later on."""

    def identify(request: Request) -> Principal:
        if not _is_api(request.url.path, names):
            return security.identify(request) if "cookie" in request.headers else NOBODY
        try:
            found = bearer(request.headers, verifier)
        except DomainError:
            return NOBODY
        setattr(request.state, PRINCIPAL, found)
        return found

    return identify


def _refuse(names: Sequence[str], describe: Describe) -> Callable[[Request, DomainError], Response]:
    def refuse(request: Request, error: DomainError) -> Response:
        if _is_api(request.url.path, names):
            return domain_problem(request, error, describe)
        return errors.refusal(request, error)

    return refuse


def _refused(request: Request, error: Exception) -> Response:
    return errors.refusal(request, cast("DomainError", error))


def _framework_refused(request: Request, error: Exception) -> Response:
    return errors.of_status(request, cast("HTTPException", error).status_code)


def _unreadable(request: Request, _error: Exception) -> Response:
    # What did not fit is not shown: it may be anything, and the forms' own checks say more.
    return errors.of_status(request, 400)


def _leave_to_the_whole(_request: Request, _error: Exception) -> Response:
    """A mounted application would answer a failure itself; that is for the one net (chassis.http)."""
    return _Silence()


class _Silence(Response):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends nothing; the framework raises the failure on."""


class HttpServer:
    """uvicorn in a thread of its own, so that its handling of signals stays out of ours."""

    def __init__(self, app: Any, listener: socket, drain_seconds: float) -> None:
        self._listener = listener
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                ws="none",
                timeout_keep_alive=_IDLE_SECONDS,
                timeout_graceful_shutdown=max(1, int(drain_seconds)),
            )
        )
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)

    def start(self, seconds: float = 10.0) -> None:
        """Returns when it answers. Raises RuntimeError when it does not come up."""
        self._thread.start()
        until = time.monotonic() + seconds
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > until:
                raise RuntimeError("the HTTP server did not come up; the log says why")
            time.sleep(0.005)

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self, seconds: float) -> bool:
        """Take no more requests, end those that run; whether they all ended within the time."""
        self._server.should_exit = True
        if self._thread.ident is None:
            self._listener.close()
            return True
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        self._server.run(sockets=[self._listener])
