"""The services as processes of their own, on one Kafka broker, knowing one another by certificates.

with services_apart(tmp_path, kafka.bootstrap, ["deliberation", "sortition"]) as services:
    services["sortition"].kill()
    services.start("sortition")

Each keeps its ports over restarts. Stores are SQLite in one data folder unless `environment` says otherwise.
"""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from chassis.rpc.authority import make_folder
from chassis.testing.processes import SuiteProcess, running_suite
from tests.infrastructure.places import free_ports

_PORTS = ("HTTP_PORT", "GRPC_PORT", "OPS_PORT", "TLS__PORT")


class ServicesApart:
    def __init__(
        self, folder: Path, bootstrap: str, names: Sequence[str], environment: Mapping[str, str]
    ) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self._running: dict[str, SuiteProcess] = {}
        ports = free_ports(len(_PORTS) * len(names))
        self.ports = {
            name: dict(zip(_PORTS, ports[len(_PORTS) * at :], strict=False)) for at, name in enumerate(names)
        }
        self.data = folder / "data"
        certificates = folder / "certificates"
        make_folder(certificates, names, ["127.0.0.1"], datetime.now(UTC), timedelta(days=1))
        self._environment = {
            "BORGERTING_DATA_DIR": str(self.data),
            "BORGERTING_KAFKA__BOOTSTRAP": bootstrap,
            "BORGERTING_KAFKA__NAMESPACE": f"{uuid.uuid4().hex[:8]}.",
            "BORGERTING_KAFKA__SESSION_SECONDS": "2",
            **{
                f"BORGERTING_{name.upper()}__GRPC_ADDRESS": f"127.0.0.1:{own['TLS__PORT']}"
                for name, own in self.ports.items()
            },
            **environment,
        }

    def __getitem__(self, name: str) -> SuiteProcess:
        return self._running[name]

    def start(self, name: str, *, ready: bool = True) -> SuiteProcess:
        """Raises AssertionError with its log when it does not get ready."""
        certificates = self._folder / "certificates"
        self._running[name] = self._stack.enter_context(
            running_suite(
                self._folder / name,
                command=self.command(name),
                environment={
                    **self._environment,
                    **{f"BORGERTING_{port}": str(number) for port, number in self.ports[name].items()},
                    "BORGERTING_TLS__CA": str(certificates / "ca.pem"),
                    "BORGERTING_TLS__CERTIFICATE": str(certificates / f"{name}.pem"),
                    "BORGERTING_TLS__KEY": str(certificates / f"{name}.key"),
                },
                ready=ready,
            )
        )
        return self._running[name]

    @staticmethod
    def command(name: str) -> list[str]:
        return [sys.executable, "-m", "chassis", "serve", "--service", name]

    def environment(self) -> dict[str, str]:
        """What commands beside them are run with."""
        return dict(self._environment)

    def close(self) -> None:
        self._stack.close()


@contextmanager
def services_apart(
    folder: Path, bootstrap: str, names: Sequence[str], environment: Mapping[str, str] | None = None
) -> Iterator[ServicesApart]:
    services = ServicesApart(folder, bootstrap, names, environment or {})
    try:
        for name in names:
            services.start(name, ready=False)
        for name in names:
            services[name].wait_until_ready(90)
        yield services
    finally:
        services.close()
