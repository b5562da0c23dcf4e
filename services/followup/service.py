"""Follow-up's composition root."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chassis.app import BuildContext, Commands, Descriptor, Service

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chassis.config import ServiceSettings
    from chassis.db import Transaction
    from chassis.holdings import Holdings
    from chassis.reemission import Reemitter


# Which services may call this one's gRPC as themselves; what they may do, the use cases say.
NEIGHBOURS = frozenset({"volunteer"})


def build(context: BuildContext) -> Service:
    from chassis import tenant_copy
    from chassis.entry import Entry
    from chassis.periodic import Periodic
    from services.followup.adapters import api, consumers, pages, rpc
    from services.followup.adapters.clients import DeliberationReports
    from services.followup.adapters.measures import PrometheusMeter, promise_gauges
    from services.followup.adapters.promise_desk import PromiseDesk
    from services.followup.adapters.unit_of_work import SqlUnitOfWork
    from services.followup.adapters.worker import ReadReportHandler, Sweep, TellOverdueHandler
    from services.followup.app.ports import UnitOfWork
    from services.followup.deadlines.calendar import DanishCalendar
    from services.followup.settings import FollowupSettings

    settings = FollowupSettings.read("followup", context.service_settings)
    database, clock = context.database, context.clock
    meter, calendar = PrometheusMeter(context.metrics), DanishCalendar()

    def make_uow(transaction: Transaction) -> UnitOfWork:
        return SqlUnitOfWork(transaction, meter)

    entry: Entry[UnitOfWork] = Entry(database, make_uow)
    promises = PromiseDesk(entry, clock, calendar)
    context.metrics.at_scrape(promise_gauges(database, clock))
    reports = DeliberationReports(context.channel("deliberation"))
    sweep = Sweep(database, clock)
    looks = Periodic("followup-sweep", sweep.look, every_seconds=settings.sweep_seconds)
    return Service(
        name="followup",
        grpc_services=rpc.registrations(promises, NEIGHBOURS),
        api=api.make_router(promises),
        pages=pages.pages_router(entry, clock, calendar, context.settings.base_url),
        subscriptions=[tenant_copy.subscription("followup"), consumers.reports()],
        job_handlers=[
            ReadReportHandler(database, clock, reports, calendar, make_uow),
            TellOverdueHandler(database, clock, make_uow),
        ],
        template_package="services.followup",
        locale_package="services.followup",
        on_start=[looks.start],
        on_stop=[looks.stop],
    )


def commands() -> Commands:
    from services.followup.commands.deadlines import app

    return {"deadlines": app}


def settings() -> type[ServiceSettings]:
    from services.followup.settings import FollowupSettings

    return FollowupSettings


def reemitters() -> Sequence[Reemitter]:
    from services.followup.adapters.reemitters import REEMITTERS

    return REEMITTERS


def holdings() -> Holdings:
    from services.followup.adapters.holdings import HOLDINGS

    return HOLDINGS


DESCRIPTOR = Descriptor(
    name="followup",
    number=3,
    asks=["deliberation"],
    reemitters=reemitters,
    listens={
        "followup.municipalities": "deliberation",
        "followup.reports": "deliberation",
    },
    build=build,
    migrations="services.followup.migrations",
    holdings=holdings,
    commands=commands,
    settings=settings,
    command_help={"deadlines": "Say by when a council answers, and how each date came about."},
)
