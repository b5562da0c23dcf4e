"""gRPC's health service, as Kubernetes' and our own channels ask it: once, or to be told of each change."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2

Tell = Callable[[health_pb2.HealthCheckResponse | None], None]


class Health(health.HealthServicer):
    """A watcher holds no worker, however long it watches; `end_watches` lets a server stop that has some."""

    def __init__(self) -> None:
        super().__init__(experimental_non_blocking=True)
        self._watches: set[_Watch] = set()

    def Watch(  # noqa: N802 - so the protocol names it
        self, request: Any, context: grpc.ServicerContext, send_response_callback: Tell | None = None
    ) -> Any:
        if send_response_callback is None:
            # Somebody wrapped this method and lost what the base class has set on it.
            raise RuntimeError("a watcher would hold a worker for as long as it watches")
        watch = _Watch(send_response_callback)
        self._watches.add(watch)
        context.add_callback(lambda: self._watches.discard(watch))
        return super().Watch(request, context, watch)

    def end_watches(self) -> None:
        """Every watcher's call ends in good order, else a stop would wait for it in vain."""
        for watch in list(self._watches):
            watch(None)


class _Watch:
    """Says no more once it has ended, whichever side ended it."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._lock = threading.Lock()
        self._ended = False

    def __call__(self, response: health_pb2.HealthCheckResponse | None) -> None:
        with self._lock:
            if not self._ended:
                self._ended = response is None
                self._tell(response)
