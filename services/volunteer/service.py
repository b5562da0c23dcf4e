"""The volunteer portal's composition root."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chassis.app import BuildContext, Descriptor, Service
from services.volunteer.commands import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chassis.config import ServiceSettings
    from chassis.holdings import Holdings
    from chassis.reemission import Reemitter


def build(context: BuildContext) -> Service:
    from chassis import tenant_copy
    from chassis.entry import Entry
    from services.volunteer.adapters import api, consumers, pages, rpc
    from services.volunteer.adapters.clients import FollowupPromises
    from services.volunteer.adapters.measures import PrometheusMeter, place_gauges
    from services.volunteer.adapters.person_desk import PersonDesk
    from services.volunteer.adapters.sign_up_desk import SignUpDesk
    from services.volunteer.adapters.task_desk import TaskDesk
    from services.volunteer.adapters.unit_of_work import SqlUnitOfWork
    from services.volunteer.app.ports import UnitOfWork
    from services.volunteer.settings import VolunteerSettings

    settings = VolunteerSettings.read("volunteer", context.service_settings)
    meter = PrometheusMeter(context.metrics)
    # Many sign up at once: each use case locks the rows on which it decides.
    entry: Entry[UnitOfWork] = Entry(
        context.database,
        lambda transaction: SqlUnitOfWork(transaction, meter, settings.quotas),
        concurrent=True,
    )
    promises = FollowupPromises(lambda: context.channel("followup"), settings.followup_seconds)
    tasks = TaskDesk(entry, context.clock, promises)
    sign_ups, people = SignUpDesk(entry, context.clock), PersonDesk(entry, context.clock)
    context.metrics.at_scrape(place_gauges(context.database))
    return Service(
        name="volunteer",
        grpc_services=rpc.registrations(tasks, sign_ups, people),
        api=api.make_router(tasks, sign_ups, people),
        pages=pages.pages_router(entry, context.clock, promises, context.settings.base_url),
        subscriptions=[tenant_copy.subscription("volunteer"), consumers.subscription()],
        template_package="services.volunteer",
        locale_package="services.volunteer",
    )


def settings() -> type[ServiceSettings]:
    from services.volunteer.settings import VolunteerSettings

    return VolunteerSettings


def reemitters() -> Sequence[Reemitter]:
    from services.volunteer.adapters.reemitters import REEMITTERS

    return REEMITTERS


def holdings() -> Holdings:
    from services.volunteer.adapters.holdings import HOLDINGS

    return HOLDINGS


DESCRIPTOR = Descriptor(
    name="volunteer",
    number=4,
    asks=["followup"],
    reemitters=reemitters,
    listens={
        "volunteer.municipalities": "deliberation",
        "volunteer.promises": "followup",
    },
    build=build,
    migrations="services.volunteer.migrations",
    holdings=holdings,
    commands=COMMANDS.load,
    settings=settings,
    command_help=COMMANDS.help,
)
