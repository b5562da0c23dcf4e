"""The operator's port: `/livez` (the process answers), `/readyz` (it can do its work), `/metrics`.

`/readyz?exclude=NAME` leaves a check out, as often as it is said, as Kubernetes' own servers have it: what
takes a replica out of service need not be all that an operator must know. A name that no check has is an
error, lest a misspelt one leave nothing out.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from chassis.app import CheckResult
from chassis.log import get_logger, trace
from chassis.patience import within

if TYPE_CHECKING:
    from chassis.metrics import Metrics

_log = get_logger("chassis.ops")

Check = Callable[[], CheckResult]

PROBE_SECONDS = 4.0
"""What is looked at for an answer is waited for so long in all: those who ask (Kubernetes, a scraper) give up
after five or ten seconds.
"""


def check_name(check: Check) -> str:
    return str(getattr(check, "check_name", getattr(check, "__name__", "check")))


def run_check(check: Check) -> CheckResult:
    """The check's result; a check that raises has failed."""
    try:
        return check()
    except Exception as error:  # a check may fail in any way
        _log.warning("readiness check raised", trace=trace(error))
        return CheckResult(check_name(check), False, type(error).__qualname__)


class OpsServer:
    """`checks` are run at each `/readyz`; `still_serving` says False from the moment a stop begins."""

    def __init__(
        self,
        address: tuple[str, int],
        metrics: Metrics,
        checks: Sequence[Check],
        still_serving: Callable[[], bool],
    ) -> None:
        handler = _handler(metrics, checks, still_serving)
        self._host = address[0]
        self._server = _Server(address, handler)
        self._stopping = False
        self._thread = threading.Thread(target=self._serve, name="ops", daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """At once: `serve_forever` would see only at its next half second that it is to end."""
        self._stopping = True
        if self._thread.ident is not None:
            with suppress(OSError):  # it wakes by itself in the end
                socket.create_connection((self._host, self.port), 1).close()
            self._thread.join()
        self._server.server_close()

    def _serve(self) -> None:
        while not self._stopping:
            self._server.handle_request()


class _Server(ThreadingHTTPServer):
    timeout = 0.5  # of a wait for the next request
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is nothing to report."""


def _handler(
    metrics: Metrics, checks: Sequence[Check], still_serving: Callable[[], bool]
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10  # of an idle connection

        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            if path == "/livez":
                self._answer(200, "text/plain; charset=utf-8", b"alive\n")
            elif path == "/readyz":
                excluded = set(parse_qs(query).get("exclude", ()))
                unknown = sorted(excluded - {check_name(check) for check in checks})
                if unknown:
                    text = f"no check is called {', '.join(unknown)}\n".encode()
                    self._answer(400, "text/plain; charset=utf-8", text)
                    return
                with within(PROBE_SECONDS):
                    results = [run_check(check) for check in checks if check_name(check) not in excluded]
                results.append(CheckResult("serving", still_serving(), "" if still_serving() else "stopping"))
                ready = all(result.ok for result in results)
                body = {
                    "ready": ready,
                    "checks": [{"name": one.name, "ok": one.ok, "detail": one.detail} for one in results],
                }
                text = json.dumps(body, indent=2).encode() + b"\n"
                self._answer(200 if ready else 503, "application/json", text)
            elif path == "/metrics":
                with within(PROBE_SECONDS):
                    measured, content_type = metrics.scrape(self.headers.get("Accept", ""))
                self._answer(200, content_type, measured)
            else:
                self._answer(404, "text/plain; charset=utf-8", b"/livez /readyz /metrics\n")

        def _answer(self, status: int, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(body)

        def version_string(self) -> str:
            return "borgerting"

        def log_message(self, format: str, *args: Any) -> None:
            """Probes every few seconds are no news."""

    return Handler
