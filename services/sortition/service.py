"""Sortition's composition root."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from chassis.app import BuildContext, CheckResult, Commands, Descriptor, Service

if TYPE_CHECKING:
    from chassis.db import Database
    from chassis.metrics import Sample


def build(context: BuildContext) -> Service:
    from prometheus_client import Histogram

    from chassis.entry import Entry
    from services.sortition.adapters import api, consumers, pages, rpc
    from services.sortition.adapters.desk import SelectionDesk
    from services.sortition.adapters.draw_desk import DrawDesk
    from services.sortition.adapters.unit_of_work import SqlUnitOfWork
    from services.sortition.adapters.worker import DrawHandler, child_engine
    from services.sortition.app.ports import UnitOfWork
    from services.sortition.settings import read_settings

    settings = read_settings(context.service_settings)
    entry: Entry[UnitOfWork] = Entry(context.database, SqlUnitOfWork)
    selections, draws = SelectionDesk(entry, context.clock), DrawDesk(entry, context.clock)
    seconds = Histogram(
        "borgerting_sortition_draw_seconds",
        "Time that a draw's engine took",
        ["method"],
        buckets=(0.5, 1, 2, 5, 10, 20, 60, 120, 300, 600, 1800),
        registry=context.metrics.registry,
    )
    context.metrics.at_scrape(_draw_gauges(context.database))
    handler = DrawHandler(
        context.database,
        context.clock,
        child_engine(settings.draw_memory_mib << 20),
        lambda method, took: seconds.labels(method).observe(took),
    )
    return Service(
        name="sortition",
        grpc_services=rpc.registrations(selections, draws),
        api=api.make_router(selections, draws),
        pages=pages.pages_router(entry, context.clock),
        subscriptions=consumers.subscriptions(),
        job_handlers=[handler],
        ready_checks=[_engine_check],
        template_package="services.sortition",
        locale_package="services.sortition",
    )


def _draw_gauges(
    database: Database,
) -> Callable[[], Iterable[tuple[str, str, Iterable[Sample]]]]:
    from services.sortition.adapters.draw_repository import draws_by_state

    def measure() -> Iterable[tuple[str, str, Iterable[Sample]]]:
        with database.reading("") as transaction:
            counts = draws_by_state(transaction)
        name = "borgerting_sortition_draws"
        yield name, "Draws by state", [(name, {"state": state}, n) for state, n in counts.items()]

    return measure


def _engine_check() -> CheckResult:
    """Whether the solver is there at all; it is loaded only by the process that draws."""
    from importlib.util import find_spec

    missing = [name for name in ("highspy", "numpy", "scipy") if find_spec(name) is None]
    return CheckResult("engine", not missing, f"not installed: {', '.join(missing)}" if missing else "")


def commands() -> Commands:
    from services.sortition.commands import app

    return {"lottery": app}


DESCRIPTOR = Descriptor(
    name="sortition",
    build=build,
    migrations="services.sortition.migrations",
    commands=commands,
    command_help={"lottery": "Draw a panel by lot on the command line, and check draws."},
)
