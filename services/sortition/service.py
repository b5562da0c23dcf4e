"""Sortition's composition root."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chassis.app import BuildContext, CheckResult, Commands, Descriptor, Service

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chassis.config import ServiceSettings
    from chassis.holdings import Holdings
    from chassis.reemission import Reemitter


# Which services may call this one's gRPC as themselves; what they may do, the use cases say (Role.SERVICE).
NEIGHBOURS = frozenset({"deliberation"})


def build(context: BuildContext) -> Service:
    from chassis import tenant_copy
    from chassis.entry import Entry
    from services.sortition.adapters import api, pages, rpc
    from services.sortition.adapters.draw_desk import DrawDesk
    from services.sortition.adapters.measures import PrometheusMeter, draw_gauges
    from services.sortition.adapters.selection_desk import SelectionDesk
    from services.sortition.adapters.unit_of_work import SqlUnitOfWork
    from services.sortition.adapters.worker import DrawHandler, child_engine
    from services.sortition.app.ports import UnitOfWork
    from services.sortition.settings import SortitionSettings

    settings = SortitionSettings.read("sortition", context.service_settings)
    meter = PrometheusMeter(context.metrics)
    entry: Entry[UnitOfWork] = Entry(
        context.database, lambda transaction: SqlUnitOfWork(transaction, meter, settings.quotas)
    )
    selections, draws = SelectionDesk(entry, context.clock), DrawDesk(entry, context.clock)
    context.metrics.at_scrape(draw_gauges(context.database))
    handler = DrawHandler(
        context.database,
        context.clock,
        child_engine(settings.draw_memory_mib << 20),
        meter.draw_computed,
    )
    return Service(
        name="sortition",
        grpc_services=rpc.registrations(selections, draws, NEIGHBOURS),
        api=api.make_router(selections, draws),
        pages=pages.pages_router(entry, context.clock),
        subscriptions=[tenant_copy.subscription("sortition")],
        job_handlers=[handler],
        ready_checks=[_engine_check],
        template_package="services.sortition",
        locale_package="services.sortition",
    )


def _engine_check() -> CheckResult:
    """Whether the solver is there at all; it is loaded only by the process that draws."""
    from importlib.util import find_spec

    missing = [name for name in ("highspy", "numpy", "scipy") if find_spec(name) is None]
    return CheckResult("engine", not missing, f"not installed: {', '.join(missing)}" if missing else "")


def commands() -> Commands:
    from services.sortition.commands import app
    from services.sortition.commands.dropout import app as dropout
    from services.sortition.commands.invitation import app as invitation
    from services.sortition.commands.representation import app as representation
    from services.sortition.commands.rotation import app as rotation

    return {
        "lottery": app,
        "invitation": invitation,
        "representation": representation,
        "dropout": dropout,
        "rotation": rotation,
    }


def settings() -> type[ServiceSettings]:
    from services.sortition.settings import SortitionSettings

    return SortitionSettings


def reemitters() -> Sequence[Reemitter]:
    from services.sortition.adapters.reemitters import REEMITTERS

    return REEMITTERS


def holdings() -> Holdings:
    from services.sortition.adapters.holdings import HOLDINGS

    return HOLDINGS


DESCRIPTOR = Descriptor(
    name="sortition",
    number=1,
    reemitters=reemitters,
    listens={
        "sortition.municipalities": "deliberation",
    },
    build=build,
    migrations="services.sortition.migrations",
    holdings=holdings,
    commands=commands,
    settings=settings,
    command_help={
        "lottery": "Draw a panel by lot on the command line, and check draws.",
        "invitation": "Choose whom to write to, and forecast the pool while replies arrive.",
        "dropout": "Choose alternates, replace who drops out, and over-draw for those who will.",
        "representation": "Share seats by population, and account for how a panel mirrors its people.",
        "rotation": "Plan and draw the rotations of a standing panel, so that its quotas hold at each.",
    },
)
