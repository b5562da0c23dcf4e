"""Deliberation's composition root."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chassis.app import BuildContext, Commands, Descriptor, Service

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chassis.commands import CommandContext
    from chassis.config import ServiceSettings
    from chassis.holdings import Holdings
    from chassis.reemission import Reemitter
    from services.deliberation.adapters.registry import Registry


# Which services may call this one's gRPC as themselves; what they may do, the use cases say (Role.SERVICE).
NEIGHBOURS = frozenset({"followup"})


def make_registry(
    context: BuildContext | CommandContext, service_settings: Mapping[str, str], site: str = ""
) -> Registry:
    """The registry over the context's store, as `serve` and the commands use it.

    `site` begins links where no base_url is configured; without it, whoever asks says how they reach us.
    """
    from zoneinfo import available_timezones

    from chassis.auth.keys import Sealer
    from chassis.auth.principal import OUTSIDE_ROLES
    from services.deliberation.adapters.registry import Registry
    from services.deliberation.domain.sign_in_link import LOCAL_LINK_ROLES
    from services.deliberation.settings import DeliberationSettings

    settings = DeliberationSettings.read("deliberation", service_settings)
    return Registry(
        context.database,
        context.clock,
        Sealer(context.keys, "sign-in links"),
        base_url=context.settings.base_url or site,
        known_time_zones=available_timezones(),
        default_ttl=settings.sign_in_link_ttl,
        grace=settings.removal_grace,
        link_roles=LOCAL_LINK_ROLES if context.settings.local_sign_in else OUTSIDE_ROLES,
    )


def build(context: BuildContext) -> Service:
    from prometheus_client import Counter

    from chassis.entry import Entry
    from chassis.periodic import Periodic
    from services.deliberation.adapters import api, consumers, pages, rpc
    from services.deliberation.adapters.assembly_desk import AssemblyDesk
    from services.deliberation.adapters.assembly_pages import FrontPage, assembly_router, make_house
    from services.deliberation.adapters.assembly_unit_of_work import SqlAssemblyUnitOfWork
    from services.deliberation.adapters.clients import GrpcSelections
    from services.deliberation.adapters.measures import assembly_gauges
    from services.deliberation.adapters.report_desk import ReportDesk
    from services.deliberation.app.assembly_ports import AssemblyUnitOfWork
    from services.deliberation.settings import site_url

    registry = make_registry(context, context.service_settings)
    removals = Periodic("deliberation-removals", registry.purge_due, every_seconds=5)
    entry: Entry[AssemblyUnitOfWork] = Entry(context.database, SqlAssemblyUnitOfWork)
    selections = GrpcSelections(lambda: context.channel("sortition"))
    assemblies = AssemblyDesk(entry, context.clock, selections)
    reports = ReportDesk(entry, context.clock)
    house = make_house(entry, context.clock)
    front_page = FrontPage(house)
    context.metrics.at_scrape(assembly_gauges(context.database))
    sign_ins = Counter(
        "borgerting_deliberation_sign_ins",
        "Sign-ins tried, by link or at the provider: many refused are a provider that is set up wrongly",
        ["outcome"],
        registry=context.metrics.registry,
    )
    own_pages = pages.make_router(
        registry,
        context.page_security,
        lambda outcome: sign_ins.labels(outcome).inc(),
        front_page,
        context.sign_in,
    )
    own_pages.include_router(assembly_router(house, assemblies, selections))
    return Service(
        name="deliberation",
        grpc_services=rpc.registrations(
            registry, site_url(context.settings), assemblies, reports, NEIGHBOURS
        ),
        api=api.make_router(registry, assemblies, reports),
        pages=own_pages,
        root_pages=pages.make_root_router(registry, front_page),
        subscriptions=consumers.subscriptions(context.clock),
        template_package="services.deliberation",
        locale_package="services.deliberation",
        on_start=[removals.start],
        on_stop=[removals.stop],
    )


def commands() -> Commands:
    from services.deliberation.commands import ballots, groups, registry

    return {**registry.GROUPS, "groups": groups.app, "ballots": ballots.app}


def settings() -> type[ServiceSettings]:
    from services.deliberation.settings import DeliberationSettings

    return DeliberationSettings


def reemitters() -> Sequence[Reemitter]:
    from services.deliberation.adapters.reemitters import REEMITTERS

    return REEMITTERS


def holdings() -> Holdings:
    from services.deliberation.adapters.holdings import HOLDINGS

    return HOLDINGS


DESCRIPTOR = Descriptor(
    name="deliberation",
    number=2,
    asks=["sortition"],
    reemitters=reemitters,
    listens={
        "deliberation.panels": "sortition",
        "deliberation.promises": "followup",
        "deliberation.tasks": "volunteer",
    },
    build=build,
    migrations="services.deliberation.migrations",
    holdings=holdings,
    commands=commands,
    settings=settings,
    command_help={
        "municipality": "Enter municipalities in the registry, list them, hold them still.",
        "token": "Make a bearer token for a script or another system.",
        "sign-in-link": "Make a link that signs one person in once.",
        "ballots": "Count votes by a stated rule, hold a secret ballot, recount one that was published.",
        "groups": "Plan rotating groups, so that members meet across the assembly.",
    },
)
