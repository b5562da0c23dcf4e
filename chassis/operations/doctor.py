"""`borgerting doctor`: do the stores fit the log of events, and one another?"""

from __future__ import annotations

import importlib
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from google.protobuf.json_format import MessageToDict

from chassis.alone import make_broker
from chassis.app import Descriptor, descriptors
from chassis.commands import command_context, command_line
from chassis.config import SuiteSettings, load_settings
from chassis.db import Database
from chassis.doctor import Diagnosis, Fault, Listener, Misfit, diagnose, lost_keys
from chassis.errors import Code, DomainError
from chassis.events.envelope import decode, topic_of
from chassis.events.ports import Broker, CarrierAwayError
from chassis.log_check import LogCheck
from chassis.log_marks import forget_marks
from chassis.log_mend import NOTHING, LogMender, give_up_lost, lost_events
from chassis.operations.events import DataDir, service_named

PATIENCE_SECONDS = 20.0

_MENDED_BY = {
    Fault.AHEAD: "lost here: --mend, or a start, numbers on after it; then a decision is needed (lost)",
    Fault.LOST: "a decision is needed: do it again, then --give-up-lost; see --lost",
    Fault.NOT_IN_LOG: "--mend, or a start, sends it again",
    Fault.NOT_HEARD: "--mend, or a start, has it heard again",
    Fault.PARKED: "see `borgerting outbox status`",
}


@dataclass(frozen=True, slots=True)
class _Patient:
    """What the command can see."""

    settings: SuiteSettings
    broker: Broker
    stores: dict[str, Database]
    installed: dict[str, Descriptor]

    def listeners(self, service: str) -> list[Listener]:
        """Those who listen to a service, as far as their stores are seen."""
        return [
            Listener(consumer, self.stores[name])
            for name, descriptor in self.installed.items()
            if name in self.stores
            for consumer, told_by in descriptor.listens.items()
            if told_by == service
        ]

    def topics(self) -> list[str]:
        """The services of which something can be said."""
        return [name for name in self.installed if name in self.stores or self.listeners(name)]

    @property
    def limited(self) -> bool:
        return self.settings.kafka.retention_days > 0

    def mender(self, service: str) -> LogMender:
        others = list({id(each.database): each.database for each in self.listeners(service)}.values())
        log = self.broker.log(topic_of(service))
        check = LogCheck(service, self.stores[service], log, others=others, limited=self.limited)
        return LogMender(check, self.installed[service].reemitters or tuple)


def doctor(
    service: Annotated[
        str | None, typer.Option("--service", help="See this service's store alone, and the log.")
    ] = None,
    mend: Annotated[
        bool, typer.Option("--mend", help="Do at once what a start would do: send and number on.")
    ] = False,
    lost: Annotated[
        bool, typer.Option("--lost", help="Show what the log still has of events that were lost.")
    ] = False,
    give_up_lost: Annotated[
        bool,
        typer.Option(
            "--give-up-lost",
            help="Decide on all that is lost: what the stores have counts, and is told to all.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For a program.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Hold stores and log against one another, after a restore or at any time, also beside running services.

    Of each aggregate it compares the number of the last event that its service told, that the log has, and
    that each consumer took.

    \b
    ahead           the log or a consumer has events that the service's own store has not
    lost            the same, after its numbers go on behind them: somebody must decide
    not in the log  told and sent, and the log has lost it
    not heard       the log has it, and the consumer's store has forgotten it
    parked          it could not be handled

    Exit 0: it fits; 1: it does not, and every line says by what it is mended.
    """
    if service is not None:
        service_named(service)
    with ExitStack() as stack:
        patient = _open(stack, service, data_dir)
        try:
            if lost:
                for line in _lost(patient):
                    typer.echo(json.dumps(line, ensure_ascii=False))
                return
            if mend or give_up_lost:
                _mend(patient)
            if give_up_lost:
                _give_up(patient)
            found = {name: _patiently(patient, name) for name in patient.topics()}
        except CarrierAwayError as error:
            raise DomainError(Code.UNAVAILABLE, "EVENTS_AWAY") from error
    _show_json(found) if as_json else _show(found, mended=mend or give_up_lost)
    if not all(each.fits for each in found.values()):
        raise typer.Exit(1)


def _open(stack: ExitStack, service: str | None, data_dir: Path | None) -> _Patient:
    installed = descriptors()
    settings = load_settings(installed, data_dir=data_dir, alone=service)
    stores = {
        name: stack.enter_context(command_context(name, data_dir=data_dir)).database
        for name in ([service] if service else installed)
    }
    broker = make_broker(settings)
    stack.callback(broker.close)
    return _Patient(settings, broker, stores, installed)


def _patiently(patient: _Patient, service: str) -> Diagnosis:
    """A cluster that has only just begun refuses for a while."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return _diagnose(patient, service)
        except CarrierAwayError:
            if time.monotonic() > until:
                raise
            time.sleep(0.5)


def _diagnose(patient: _Patient, service: str) -> Diagnosis:
    return diagnose(
        service,
        patient.broker.log(topic_of(service)),
        patient.stores.get(service),
        patient.listeners(service),
        limited=patient.limited,
    )[0]


def _mend(patient: _Patient) -> None:
    for name in patient.topics():
        before = _patiently(patient, name)
        if name in patient.stores:
            patient.mender(name).run_alone()
        for misfit in before.misfits:
            if misfit.fault is Fault.NOT_HEARD:
                store = next(
                    each.database for each in patient.listeners(name) if each.consumer == misfit.consumer
                )
                forget_marks(store, misfit.consumer, topic_of(name))


def _give_up(patient: _Patient) -> None:
    for name, store in patient.stores.items():
        reemitters = patient.installed[name].reemitters
        for key, municipality in sorted(lost_keys(store, name).items()):
            told = give_up_lost(
                store, name, reemitters() if reemitters else (), command_line(), municipality, key
            )
            if not told:
                typer.echo(
                    f"{name}: {key} is not here, or has nothing to tell; others keep what they know of it.",
                    err=True,
                )


def _lost(patient: _Patient) -> Iterator[dict[str, Any]]:
    """What stands in the log of each lost event, person-free as all events are."""
    for name, store in patient.stores.items():
        wanted = lost_events(store, name)
        if not wanted:
            continue
        importlib.import_module(f"borgerting.{name}.v1.events_pb2")
        found = set()
        for delivery in patient.broker.log(topic_of(name)).read({}):
            event = delivery.event
            if event is None or event.envelope.id not in wanted or event.envelope.id in found:
                continue
            if event.envelope.type == NOTHING:
                continue
            found.add(event.envelope.id)
            yield {
                "service": name,
                "key": event.envelope.key,
                "number": event.envelope.sequence,
                "type": event.envelope.type,
                "time": event.envelope.time.isoformat(timespec="seconds"),
                "event": MessageToDict(decode(event)),
            }
        for event_id, (key, number) in sorted(wanted.items(), key=lambda item: item[1]):
            if event_id not in found:
                yield {"service": name, "key": key, "number": number, "event": None}


def _show_json(found: dict[str, Diagnosis]) -> None:
    typer.echo(
        json.dumps(
            {
                "fits": all(each.fits for each in found.values()),
                "services": {name: asdict(each) for name, each in found.items()},
            },
            indent=2,
        )
    )


_COLUMNS = ("told by", "aggregate", "told", "log", "consumer", "took", "what")


def _show(found: dict[str, Diagnosis], *, mended: bool) -> None:
    misfits = [misfit for each in found.values() for misfit in each.misfits]
    if misfits:
        _table([_COLUMNS, *map(_row, misfits)])
        typer.echo("")
        for fault in sorted({misfit.fault for misfit in misfits}, key=list(Fault).index):
            typer.echo(f"{fault}: {_MENDED_BY[fault]}")
    for name, each in found.items():
        waiting = f", {each.on_the_way} on the way" if each.on_the_way else ""
        state = "fits" if each.fits else f"{len(each.misfits)} do not fit"
        typer.echo(f"{name}: {each.compared} aggregates, {each.events} events in the log: {state}{waiting}")
    if mended and any(misfit.fault is Fault.NOT_HEARD for misfit in misfits):
        typer.echo("What was not heard is heard within seconds by a running service, else at its start.")


def _row(misfit: Misfit) -> Sequence[str]:
    numbers = ["" if one is None else str(one) for one in (misfit.told, misfit.in_log, misfit.taken)]
    return misfit.service, misfit.key, numbers[0], numbers[1], misfit.consumer, numbers[2], misfit.fault


def _table(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
