"""`borgerting outbox`: what waits to be sent, what could not be handled, and the two ways on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from chassis.app import descriptors
from chassis.backlog import held, unsent
from chassis.commands import command_context, command_line
from chassis.context import Caller
from chassis.db import Database
from chassis.dead_letters import parked
from chassis.dead_letters import replay as replay_letter
from chassis.dead_letters import skip as skip_letter
from chassis.errors import Code, DomainError
from chassis.operations.events import DataDir, service_named

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="See events that wait or failed; replay or skip what is parked.",
)

Service = Annotated[
    str | None, typer.Option("--service", help="Only this service's store (all when not given).")
]
DeadLetterId = Annotated[str, typer.Argument(help="The id that `borgerting outbox status` shows.")]


@app.command()
def status(
    service: Service = None,
    as_json: Annotated[bool, typer.Option("--json", help="For a program.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Show, per service and municipality, events not sent, events that wait, and parked ones.

    \b
    unsent   events in the outbox, for how long the oldest, how often tried in vain
    waiting  events behind a gap or between two tries, for how long the oldest
    queued   events behind a parked one
    parked   an event that could not be handled: its id for `replay` and `skip`, and why

    Exit 0 whatever there is; read what is printed, or --json.
    """
    found = {
        name: _read(database)
        for name, database in _stores([service] if service else list(descriptors()), data_dir)
    }
    if as_json:
        typer.echo(json.dumps(found, indent=2, default=str))
        return
    for name, state in found.items():
        lines = list(_lines(state))
        typer.echo(f"{name}: nothing waits" if not lines else f"{name}:")
        for line in lines:
            typer.echo(f"  {line}")


@app.command()
def replay(dead_letter: DeadLetterId, service: Service = None, data_dir: DataDir = None) -> None:
    """Try a parked event again, and then what queued behind it. It is audited.

    Do so once its cause is gone; a running service takes it up within a second.
    """
    _resolve(replay_letter, dead_letter, service, data_dir)


@app.command()
def skip(dead_letter: DeadLetterId, service: Service = None, data_dir: DataDir = None) -> None:
    """Give a parked event up: it counts as handled, and what queued behind it goes on. It is audited.

    Its effect is lost; `borgerting events re-emit` can tell the aggregate's state instead.
    """
    _resolve(skip_letter, dead_letter, service, data_dir)


def _resolve(
    way: Callable[[Database, Caller, UUID], None],
    dead_letter: str,
    service: str | None,
    data_dir: Path | None,
) -> None:
    try:
        identity = UUID(dead_letter)
    except ValueError:
        raise typer.BadParameter("an id as `borgerting outbox status` shows it is needed.") from None
    unknown: DomainError | None = None
    for name, database in _stores([service] if service else list(descriptors()), data_dir):
        try:
            way(database, command_line(), identity)
        except DomainError as error:
            if error.code is not Code.NOT_FOUND:
                raise
            unknown = error
        else:
            typer.echo(name)
            return
    raise unknown or DomainError(Code.NOT_FOUND, "DEAD_LETTER_UNKNOWN", {"dead_letter": dead_letter})


def _stores(services: list[str], data_dir: Path | None) -> Iterator[tuple[str, Database]]:
    for name in services:
        service_named(name)
        with command_context(name, data_dir=data_dir) as context:
            yield name, context.database


def _read(database: Database) -> dict[str, Any]:
    return {
        "unsent": [asdict(one) for one in unsent(database)],
        "held": [asdict(one) for one in held(database)],
        "parked": [
            {
                "id": str(letter.id),
                "consumer": letter.consumer,
                "municipality": letter.municipality,
                "key": letter.key,
                "sequence": letter.sequence,
                "type": letter.type,
                "error": letter.error,
                "attempts": letter.attempts,
                "parked": letter.parked.isoformat(timespec="seconds"),
                "queued_behind": letter.waiting,
            }
            for letter in parked(database)
        ],
    }


def _lines(state: dict[str, Any]) -> Iterator[str]:
    for one in state["unsent"]:
        yield (
            f"unsent   {one['municipality'] or '-'}  {one['count']}, oldest {one['oldest_seconds']:.0f} s, "
            f"tried {one['most_attempts']} times"
        )
    for one in state["held"]:
        yield (
            f"{'queued ' if one['parked'] else 'waiting'}  {one['municipality'] or '-'}  {one['count']}, "
            f"oldest {one['oldest_seconds']:.0f} s, {one['consumer']}"
        )
    for one in state["parked"]:
        yield (
            f"parked   {one['municipality'] or '-'}  {one['id']}  {one['consumer']}  {one['key']}"
            f"#{one['sequence']}  {one['error']}  {one['queued_behind']} behind it, since {one['parked']}"
        )
