"""A service as a process of its own: which ports, where its neighbours are, what carries its events, and its
share of the data folder.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

import grpc

from chassis.app import Descriptor
from chassis.config import PREFIX, SettingsError, SuiteSettings
from chassis.config_events import ADDRESS_SUFFIX, ports_of
from chassis.errors import Code, DomainError
from chassis.events.local import FILE_NAME as EVENTS_FILE
from chassis.events.local import LocalBroker
from chassis.folder_lock import FolderLock

if TYPE_CHECKING:
    from chassis.events.ports import Broker


def check_alone(settings: SuiteSettings, descriptor: Descriptor) -> None:
    """Raises SettingsError, with all that is wrong, for a service that would never meet the others."""
    name, problems = descriptor.name, []
    if not settings.kafka.bootstrap:
        problems.append(
            f"--service {name} needs BORGERTING_KAFKA__BOOTSTRAP: alone, without a broker, it would never "
            "meet the others. Run `borgerting serve` for all services in one process."
        )
    if settings.profile == "production":
        problems += [
            f"{PREFIX}{asked.upper()}{ADDRESS_SUFFIX} must be set in the production profile: {name} asks it."
            for asked in descriptor.asks
            if asked not in settings.grpc_addresses
        ]
        if not settings.tls:
            problems.append(
                "BORGERTING_TLS__CERTIFICATE, …__KEY and …__CA must be set in the production profile: "
                "by them the services know one another."
            )
    if problems:
        raise SettingsError(problems)


def make_broker(settings: SuiteSettings) -> Broker:
    """Kafka where it is configured, else the event log of the data folder."""
    if not settings.kafka.bootstrap:
        return LocalBroker(settings.data_dir / EVENTS_FILE)
    from chassis.events.kafka import KafkaBroker  # 0.2 s, for those who have one

    return KafkaBroker(settings.kafka)


def lock_folder(settings: SuiteSettings, alone: str | None) -> FolderLock:
    """The data folder for the whole suite, or a service's share: others may run on the rest.

    A service whose store lies elsewhere (PostgreSQL) may run several times.
    """
    if alone is None:
        return FolderLock(settings.data_dir)
    own_store = settings.database_url(alone).startswith("sqlite")
    return FolderLock(settings.data_dir, share=alone, exclusive=own_store)


class Neighbours:
    """Channels to services in other processes: one each, kept, since a channel is many connections."""

    def __init__(self, settings: SuiteSettings, installed: Mapping[str, Descriptor]) -> None:
        self._settings = settings
        self._installed = installed
        self._lock = threading.Lock()
        self._channels: dict[str, grpc.Channel] = {}

    def channel(self, service: str) -> grpc.Channel:
        """Raises DomainError FAILED_PRECONDITION SERVICE_UNKNOWN."""
        from chassis.rpc.neighbours import neighbour_channel

        with self._lock:
            if service not in self._channels:
                address = self.address(service)
                self._channels[service] = neighbour_channel(address, self._settings.tls_files)
            return self._channels[service]

    def address(self, service: str) -> str:
        """As configured, else its default port on this machine."""
        if service not in self._installed:
            raise DomainError(Code.FAILED_PRECONDITION, "SERVICE_UNKNOWN", {"service": service})
        ports = ports_of(self._installed[service].number)
        port = ports["tls_port" if self._settings.tls else "grpc_port"]
        return self._settings.grpc_addresses.get(service) or f"127.0.0.1:{port}"

    def close(self) -> None:
        for channel in self._channels.values():
            channel.close()
