"""Builds the services of one process, starts them, and stops them again without losing anything."""

from __future__ import annotations

import functools
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc

from chassis.alone import Neighbours, lock_folder, make_broker
from chassis.app import BuildContext, Descriptor, Service
from chassis.auth.identity import make_identity
from chassis.auth.key_gauges import key_gauges
from chassis.clock import SystemClock
from chassis.config import SuiteSettings, parse_clock, service_settings
from chassis.db import Database
from chassis.events.ports import Broker
from chassis.gauges import gauges
from chassis.http_app import HttpServer, make_http_app
from chassis.limits.allotments import AT_ONCE, AT_ONCE_EMBEDDED, Limits, requests_by_municipality
from chassis.limits.calls import CallLimits
from chassis.limits.roster import Roster
from chassis.log import get_logger
from chassis.metrics import Metrics
from chassis.operations.state import state_of
from chassis.operations.tenant import tenant_state
from chassis.ops import OpsServer
from chassis.rpc.interceptors import CallInterceptor
from chassis.rpc.listening import listen
from chassis.rpc.local import LocalServer
from chassis.rpc.server import EMBEDDED_CALLS, RpcServer
from chassis.running import RunningService, at_once, named_check
from chassis.stores import open_store
from chassis.text import catalogues
from chassis.web.operations import OperationsPages

if TYPE_CHECKING:
    from chassis.tracing.rpc import TracedServer
    from chassis.tracing.tracer import Tracing

_log = get_logger("chassis.suite")


@dataclass(frozen=True, slots=True)
class Addresses:
    """`tls` is where neighbours call, with certificates; "" without."""

    http: str
    grpc: str
    ops: str
    tls: str = ""


class Suite:
    """Every service of `descriptors` in this process, or the one that runs `alone` and reaches the others by
    gRPC and Kafka. `broker` makes what carries its events.

    `start` raises DomainError (DATA_FOLDER_IN_USE, STORE_IS_NEWER, …) or OSError (a port is taken), and
    leaves nothing behind.
    """

    def __init__(
        self,
        settings: SuiteSettings,
        descriptors: Mapping[str, Descriptor],
        *,
        alone: str | None = None,
        broker: Callable[[SuiteSettings], Broker] = make_broker,
    ) -> None:
        self._settings = settings
        self._make_broker = broker
        self._installed = descriptors
        self._alone = alone
        self._on_site = tuple(descriptors)
        self._descriptors = descriptors if alone is None else {alone: descriptors[alone]}
        self._resources = ExitStack()
        self._serving = False
        self._leaving = threading.Event()
        self._rpc: RpcServer | None = None
        self._running: list[RunningService] = []
        self.metrics = Metrics()

    def start(self) -> Addresses:
        started = time.monotonic()
        try:
            addresses = self._start()
        except BaseException:
            if self._rpc is not None:
                self._rpc.stop(0)
            self._resources.close()
            raise
        _log.info("ready", seconds=round(time.monotonic() - started, 2), services=list(self._descriptors))
        return addresses

    def _start(self) -> Addresses:
        settings = self._settings
        self._resources.enter_context(lock_folder(settings, self._alone))
        clock = parse_clock(settings.clock, SystemClock())
        identity = make_identity(settings, clock, self._resources)
        broker = self._make_broker(settings)
        self._resources.callback(broker.close)
        self._neighbours = Neighbours(settings, self._installed)
        self._resources.callback(self._neighbours.close)

        tracing = self._make_tracing()
        services: list[Service] = []
        stores: list[Database] = []
        neighbours: dict[str, frozenset[str]] = {}
        embedded = any(settings.database_url(name).startswith("sqlite") for name in self._descriptors)
        limits = Limits(settings, at_once=AT_ONCE_EMBEDDED if embedded else AT_ONCE)
        call_limits = CallLimits(limits, self._owner)
        interceptor = CallInterceptor(
            identity.verifier,
            self._describe,
            self._observe_call,
            neighbours=neighbours,
            tracing=self._traced_server(tracing),
            limits=call_limits,
        )
        local = LocalServer(interceptors=[interceptor])
        for name, descriptor in self._descriptors.items():
            database = open_store(settings, name, descriptor.migrations, clock)
            self._resources.callback(database.close)
            stores.append(database)
            service = descriptor.build(
                BuildContext(
                    service=name,
                    settings=settings,
                    service_settings=service_settings(name),
                    clock=clock,
                    database=database,
                    channel=self._channel_maker(local, name, tracing),
                    broker=broker,
                    keys=identity.keys,
                    page_security=identity.security,
                    verifier=identity.verifier,
                    usage=limits.usage,
                    sign_in=identity.sign_in,
                    metrics=self.metrics,
                )
            )
            if descriptor.holdings is not None:
                from chassis.holdings.download import Downloads
                from chassis.holdings.pages import with_export

                with_export(service, Downloads(name, database, descriptor.holdings()))
            services.append(service)
            self._running.append(
                RunningService(
                    service,
                    descriptor,
                    database,
                    broker,
                    self.metrics,
                    tracing,
                    stores=stores,
                    limited_log=settings.kafka.retention_days > 0,
                )
            )
        registrations = [each for service in services for each in service.grpc_services]
        neighbours.update({each.full_name: each.neighbours for each in registrations})
        self._owners = {
            each.full_name: service.name for service in services for each in service.grpc_services
        }
        # A neighbour's refusal is passed on, and needs its words also where it does not run.
        self._catalogues = catalogues(
            [service.locale_package for service in services if service.locale_package]
            if self._alone is None
            else [descriptor.package for descriptor in self._installed.values()]
        )
        for registration in registrations:
            registration.add_to_server(registration.servicer, local)

        few = None if any(store.shared for store in stores) else EMBEDDED_CALLS
        rpc = self._rpc = RpcServer(registrations, [interceptor], few=few)
        call_limits.aside = rpc.aside
        grpc_address, tls_address = listen(rpc, settings, self.metrics)
        with _naming(settings.host, settings.http_port):
            listener = _listen(settings.host, settings.http_port)
        self._resources.callback(listener.close)
        app = make_http_app(
            services,
            security=identity.security,
            verifier=identity.verifier,
            describe=self._describe,
            metrics=self.metrics,
            https=settings.base_url.startswith("https://"),
            on_site=self._on_site,
            tracing=tracing,
            operations=OperationsPages(
                lambda: [state_of(one) for one in self._running],
                lambda: {one.name: one.database for one in self._running},
                SystemClock().now,
                tenant=lambda slug: [tenant_state(one, slug) for one in self._running],
                usage=limits.usage,
            ),
            leaving=self._leaving.is_set,
            limits=limits,
            proxies=settings.limits_proxies,
        )
        self._http = HttpServer(app, listener, settings.drain_seconds / 2)
        checks = [
            named_check("events", _done(broker.check), "events cannot be carried"),
            named_check("http", lambda: self._http.alive, "the HTTP server has ended"),
            *(check for one in self._running for check in one.checks()),
        ]
        with _naming(settings.host, settings.ops_port):
            self._ops = OpsServer(
                (settings.host, settings.ops_port), self.metrics, checks, lambda: self._serving
            )
        self._resources.callback(self._ops.stop)
        self.metrics.at_scrape(lambda: gauges(self._running))
        self.metrics.at_scrape(lambda: [requests_by_municipality(limits)], counts=True)
        self.metrics.at_scrape(lambda: key_gauges(identity.keys, clock.now()))

        self._ops.start()
        roster = Roster(stores[0], limits.know)
        roster.start()
        self._resources.callback(roster.stop)
        for one in self._running:
            one.start()
        rpc.start()
        self._http.start()
        self._serving = True
        return Addresses(
            http=settings.base_url or f"http://{settings.host}:{listener.getsockname()[1]}",
            grpc=grpc_address,
            ops=f"http://{settings.host}:{self._ops.port}",
            tls=tls_address,
        )

    def stop(self) -> bool:
        """Take nothing more, end what runs, send what waits; whether all of it was done within the time.

        At first everything is answered as before, while `/readyz`, gRPC's health and each answer's end say
        that the next calls should go elsewhere. Then, in this order: HTTP and gRPC (they ask for work), jobs
        (what cannot end is put back), consumers, relay.
        """
        if self._rpc is None:
            raise RuntimeError("the suite was not started")
        self._serving = False
        self._leaving.set()
        self._rpc.leave()
        if self._settings.notice_seconds:
            _log.info("leaving", for_seconds=self._settings.notice_seconds)
            time.sleep(self._settings.notice_seconds)
        until = time.monotonic() + self._settings.drain_seconds

        def left(share: float = 1.0) -> float:
            return max(0.0, (until - time.monotonic()) * share)

        _log.info("stopping", within_seconds=self._settings.drain_seconds)
        grpc_stop = threading.Thread(target=self._rpc.stop, args=(left(0.5),), name="grpc-stop", daemon=True)
        grpc_stop.start()
        http_done = self._http.stop(left(0.5))
        grpc_stop.join(left(0.5))
        leftovers = at_once([functools.partial(one.stop, left) for one in self._running])
        unfinished = sum(one.jobs for one in leftovers)
        behind = sum(one.consumers for one in leftovers)
        unsent = sum(one.events or 0 for one in leftovers)
        counted = all(one.events is not None for one in leftovers)
        clean = http_done and not grpc_stop.is_alive() and not (unfinished or behind or unsent) and counted
        _log.info(
            "stopped" if clean else "stopped with work left over, which is resumed at the next start",
            http_drained=http_done,
            grpc_drained=not grpc_stop.is_alive(),
            jobs_still_running=unfinished,
            consumers_still_busy=behind,
            events_unsent=unsent if counted else "unknown: a store is away",
        )
        self._resources.close()
        return clean

    def _channel_maker(
        self, local: LocalServer, caller: str, tracing: Tracing | None
    ) -> Callable[[str], grpc.Channel]:
        def channel(service: str) -> grpc.Channel:
            found = (
                local.channel(caller) if service in self._descriptors else self._neighbours.channel(service)
            )
            if tracing is None:
                return found
            from chassis.tracing.rpc import traced_channel

            return traced_channel(found, tracing, caller)

        return channel

    def _make_tracing(self) -> Tracing | None:
        """What is imported here costs time and memory: only where traces are collected."""
        if not self._settings.traces:
            return None
        from chassis.tracing.collector import make_tracing

        tracing = make_tracing(self._settings, self._resources)
        self.metrics.join_traces(tracing.answered)
        return tracing

    def _traced_server(self, tracing: Tracing | None) -> TracedServer | None:
        if tracing is None:
            return None
        from chassis.tracing.rpc import TracedServer

        return TracedServer(tracing, self._owner)

    def _describe(self, reason: str, metadata: Mapping[str, str], language: str) -> str:
        return self._catalogues[language].error(reason, metadata)

    def _observe_call(self, method: str, code: str, seconds: float) -> None:
        self.metrics.observe_request(self._owner(method), "grpc", method, code, seconds)

    def _owner(self, method: str) -> str:
        """The service whose method it is; "" for health and reflection."""
        return self._owners.get(method.split("/")[1], "") if method.count("/") == 2 else ""


def _done(action: Callable[[], None]) -> Callable[[], bool]:
    """Whether `action` ends without raising (the check that runs it sees to that)."""

    def run() -> bool:
        action()
        return True

    return run


@contextmanager
def _naming(host: str, port: int) -> Iterator[None]:
    """A failure to listen names the address."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, f"cannot listen on {host}:{port}: {error.strerror}") from None


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(512)
    except OSError:
        listener.close()
        raise
    return listener
