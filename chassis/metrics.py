"""What Prometheus scrapes: the measures that all services share, registered once, told apart by `service`.

No person in any label. A municipality only in what is read at the scrape and has a few numbers for each
(chassis.gauges, chassis.limits), never in histograms or beside a method: their series would be multiplied.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_DELAYS = (0.01, 0.05, 0.1, 0.5, 1, 5, 30, 60, 300, 900, 3600, 21600, 86400)

_TEXT = "text/plain; version=0.0.4; charset=utf-8"

Sample = tuple[str, dict[str, str], float]  # name, labels, value
Answered = Callable[[str, str, str], dict[str, str] | None]


class Metrics:
    """One per process; services register their own measures on `registry`, named `borgerting_SERVICE_…`."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        ProcessCollector(registry=self.registry)
        build = Gauge(
            "borgerting_build_info",
            "Which release runs, always 1: two during an update",
            ["version", "python"],
            registry=self.registry,
        )
        build.labels(version("borgerting"), platform.python_version()).set(1)
        # `surface` is grpc, api or pages; `code` a gRPC code's name or an HTTP status.
        self.requests = Counter(
            "borgerting_requests",
            "Pages, REST and gRPC that were answered, by what became of them",
            ["service", "surface", "method", "code"],
            registry=self.registry,
        )
        self.request_seconds = Histogram(
            "borgerting_request_seconds",
            "How long somebody waited for an answer",
            ["service", "surface", "method"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.events_published = Counter(
            "borgerting_outbox_published",
            "Events that the others were told",
            ["service"],
            registry=self.registry,
        )
        self.publish_failures = Counter(
            "borgerting_outbox_failed_attempts",
            "Attempts in vain to send an event; each is made again",
            ["service"],
            registry=self.registry,
        )
        # `outcome` is handled, duplicate, held (behind a gap or a parked event), failed or parked.
        self.events_received = Counter(
            "borgerting_inbox_events",
            "Events that arrived, by what became of them; parked ones want somebody",
            ["service", "consumer", "outcome"],
            registry=self.registry,
        )
        self.event_delays = Histogram(
            "borgerting_inbox_delay_seconds",
            "How late an event was handled that found its turn at once, after what it tells had happened",
            ["service", "consumer"],
            buckets=_DELAYS,
            registry=self.registry,
        )
        # `outcome` is SUCCEEDED, FAILED, CANCELLED, RETRIED or LOST.
        self.jobs_run = Counter(
            "borgerting_jobs_run",
            "Runs of work by how they ended: FAILED and LOST want somebody to look",
            ["service", "kind", "outcome"],
            registry=self.registry,
        )

        self._answered: Answered | None = None
        self._of_requests: dict[tuple[str, str, str, str], tuple[Counter, Histogram]] = {}

    def observe_request(self, service: str, surface: str, method: str, code: str, seconds: float) -> None:
        key = (service, surface, method, code)
        known = self._of_requests.get(key)
        if known is None:
            # To look a measure up by its labels costs more than to count.
            known = self._of_requests[key] = (
                self.requests.labels(*key),
                self.request_seconds.labels(service, surface, method),
            )
        known[0].inc()
        if self._answered is None:
            known[1].observe(seconds)
        else:
            known[1].observe(seconds, self._answered(surface, method, code))

    def join_traces(self, answered: Answered) -> None:
        """Tell `answered` (surface, method, code) of each request that is over; what it gives is the exemplar
        of its duration: the labels that lead from a slow bucket to a trace. None: there is none to lead to.
        """
        self._answered = answered

    def at_scrape(
        self, measure: Callable[[], Iterable[tuple[str, str, Iterable[Sample]]]], *, counts: bool = False
    ) -> None:
        """Register gauges read when Prometheus asks, or counters (`counts`): `measure` yields (name, help,
        samples).
        """
        self.registry.register(_AtScrape(measure, CounterMetricFamily if counts else GaugeMetricFamily))

    def exposition(self) -> bytes:
        """Prometheus's text format."""
        return generate_latest(self.registry)

    def scrape(self, accept: str) -> tuple[bytes, str]:
        """What is scraped, and its content type: where there are exemplars OpenMetrics for whoever takes it,
        since the text format has no place for them.
        """
        if self._answered is None:
            return self.exposition(), _TEXT
        encode, content_type = choose_encoder(accept)
        return encode(self.registry), content_type


class _AtScrape(Collector):
    def __init__(
        self,
        measure: Callable[[], Iterable[tuple[str, str, Iterable[Sample]]]],
        family: type[CounterMetricFamily | GaugeMetricFamily],
    ) -> None:
        self._measure = measure
        self._family = family

    def describe(self) -> Iterable[Metric]:
        return ()  # nothing is read merely to register

    def collect(self) -> Iterable[Metric]:
        for name, documentation, samples in self._measure():
            family = self._family(name, documentation)
            for sample_name, labels, value in samples:
                family.add_sample(sample_name, labels, value)
            yield family
