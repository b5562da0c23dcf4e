"""What a service is to the suite: a Descriptor to find it by, what it is built from, what it is made of.

Light to import: a service's `service.py` imports this and names its DESCRIPTOR; everything heavy is
imported by `build` and `commands` when they are called. `chassis.suite` starts and stops what is described
here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import fastapi
    import grpc
    import typer

    from chassis.auth.keys import Keys
    from chassis.auth.oidc_sign_in import OidcSignIn
    from chassis.auth.pages import PageSecurity
    from chassis.auth.tokens import TokenVerifier
    from chassis.clock import Clock
    from chassis.config import ServiceSettings, SuiteSettings
    from chassis.db import Database
    from chassis.events.ports import Broker
    from chassis.holdings import Holdings
    from chassis.inbox import Subscription
    from chassis.jobs import JobHandler
    from chassis.limits.allotments import Usage
    from chassis.metrics import Metrics
    from chassis.reemission import Reemitter
    from chassis.rpc.server import GrpcServiceRegistration

ENTRY_POINT_GROUP = "borgerting.services"
COMMANDS_ENTRY_POINT_GROUP = "borgerting.commands"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One named condition of readiness; `detail` says what is wrong, in words for an operator."""

    name: str
    ok: bool
    detail: str = ""


@dataclass
class BuildContext:
    """What a service's composition root is handed. `service_settings` holds its own environment variables
    (`BORGERTING_SORTITION__X_Y=1` as {"x_y": "1"}), for its `settings.py` to read. `channel(name)` calls a
    neighbour, who sees this service (`Role.SERVICE`) unless the call brings a person's token. `usage` tells
    what each municipality has asked of this process since its start."""

    service: str
    settings: SuiteSettings
    service_settings: Mapping[str, str]
    clock: Clock
    database: Database
    channel: Callable[[str], grpc.Channel]
    broker: Broker
    keys: Keys
    page_security: PageSecurity
    verifier: TokenVerifier
    metrics: Metrics
    sign_in: OidcSignIn | None = None
    usage: Callable[[], Sequence[Usage]] = tuple


@dataclass
class Service:
    """What a service consists of. The API is served at `/{name}/api/v1`, pages at `/{name}`, static files at
    `/{name}/static`; `root_pages`, deliberation's alone, at `/`."""

    name: str
    grpc_services: Sequence[GrpcServiceRegistration] = ()
    api: fastapi.APIRouter | None = None
    pages: fastapi.APIRouter | None = None
    root_pages: fastapi.APIRouter | None = None
    subscriptions: Sequence[Subscription] = ()
    job_handlers: Sequence[JobHandler] = ()
    ready_checks: Sequence[Callable[[], CheckResult]] = ()
    template_package: str | None = None
    locale_package: str | None = None
    on_start: Sequence[Callable[[], None]] = ()
    on_stop: Sequence[Callable[[], None]] = ()


Commands = Mapping[str, "typer.Typer | Callable[..., Any]"]


@dataclass(frozen=True)
class ExtraCommands:
    """Command groups of what is no service, found by the entry point group `borgerting.commands`: names
    with a line of help each, and what gives them when one is used.
    """

    help: Mapping[str, str]
    load: Callable[[], Commands]


@dataclass(frozen=True)
class Descriptor:
    """One service of the suite, found by the entry point group `borgerting.services`.

    `migrations` is the package of its Alembic scripts ("services.sortition.migrations"). `command_help` names
    its command groups with a line of help each; `commands`, called when one of them is used, gives them.
    `settings` gives the class of the service's own settings, if it has any.

    `number` (1, 2, …, unique in the suite) gives the ports on which the service listens when it runs alone:
    8080, 9090 and 9100 plus the number. `asks` names the services that it calls by gRPC, which must be
    reachable then.

    `reemitters` gives, for each kind of aggregate that tells events, how its state is told again
    (`borgerting events re-emit`); see chassis.reemission. An aggregate without one cannot be brought back to
    a consumer that lost an event of it.

    `listens` names its subscriptions' consumers, with the service that each listens to: known without
    building the service (`borgerting doctor`).

    `holdings` says what its store holds of a municipality, by which that is exported and erased.
    """

    name: str
    build: Callable[[BuildContext], Service]
    migrations: str
    commands: Callable[[], Commands] | None = None
    command_help: Mapping[str, str] = field(default_factory=dict)
    settings: Callable[[], type[ServiceSettings]] | None = None
    number: int = 0
    asks: Sequence[str] = ()
    reemitters: Callable[[], Sequence[Reemitter]] | None = None
    listens: Mapping[str, str] = field(default_factory=dict)
    holdings: Callable[[], Holdings] | None = None

    @property
    def package(self) -> str:
        """The service's package, which holds its words and templates."""
        return self.migrations.rpartition(".")[0]


def descriptors() -> dict[str, Descriptor]:
    """Every installed service, by name, in alphabetical order.

    Raises ImportError (or whatever its module raises) for a service that cannot be imported: a suite that
    silently runs without one of its services would be worse.
    """
    found: dict[str, Descriptor] = {}
    for point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda point: point.name):
        descriptor = point.load()
        if not isinstance(descriptor, Descriptor) or descriptor.name != point.name:
            raise ImportError(
                f"entry point {point.name} of {ENTRY_POINT_GROUP} names no Descriptor {point.name}"
            )
        found[descriptor.name] = descriptor
    return found


def command_groups() -> dict[str, tuple[str, Callable[[], Commands]]]:
    """Name -> (line of help, loader) of all commands that services and other installed parts bring along."""
    groups: dict[str, tuple[str, Callable[[], Commands]]] = {}
    for descriptor in descriptors().values():
        if descriptor.commands is not None:
            for name, line in descriptor.command_help.items():
                groups[name] = (line, descriptor.commands)
    for point in entry_points(group=COMMANDS_ENTRY_POINT_GROUP):
        extra = point.load()
        if not isinstance(extra, ExtraCommands):
            raise ImportError(
                f"entry point {point.name} of {COMMANDS_ENTRY_POINT_GROUP} names no ExtraCommands"
            )
        for name, line in extra.help.items():
            groups[name] = (line, extra.load)
    return groups
