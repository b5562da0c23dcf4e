"""Which ports the gRPC server listens on, and what secures them.

Without certificates one port in the clear, for one process on one machine or behind an ingress. With them the
same port speaks TLS (people's and integrators' tokens), and another admits only who has a certificate of
our CA: Python's gRPC cannot ask for one without demanding it, so one port cannot serve both.
"""

from __future__ import annotations

from collections.abc import Iterable

from chassis.config import SuiteSettings
from chassis.metrics import Metrics, Sample
from chassis.rpc.certificates import seconds_left, server_credentials
from chassis.rpc.server import RpcServer


def listen(rpc: RpcServer, settings: SuiteSettings, metrics: Metrics) -> tuple[str, str]:
    """Takes the ports; their addresses, the second "" without certificates. Raises OSError."""
    files = settings.tls_files
    if files is None:
        port = rpc.bind(f"{settings.host}:{settings.grpc_port}")
        return f"{settings.host}:{port}", ""
    port = rpc.bind(f"{settings.host}:{settings.grpc_port}", server_credentials(files, neighbours=False))
    neighbours = rpc.bind(f"{settings.host}:{settings.tls_port}", server_credentials(files, neighbours=True))

    def gauge() -> Iterable[tuple[str, str, Iterable[Sample]]]:
        name = "borgerting_tls_certificate_seconds_left"
        left = [(name, {"certificate": which}, seconds) for which, seconds in seconds_left(files).items()]
        yield (
            name,
            "Until the certificates end by which this process and its neighbours know one another",
            left,
        )

    metrics.at_scrape(gauge)
    return f"{settings.host}:{port}", f"{settings.host}:{neighbours}"
