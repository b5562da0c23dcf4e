"""`borgerting events`: tell state again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chassis.app import Descriptor, descriptors
from chassis.commands import command_context, command_line
from chassis.reemission import reemit

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Tell an aggregate's state again to those who listen.",
)

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Folder of stores, events and keys (BORGERTING_DATA_DIR, else ./data)."),
]


def service_named(name: str) -> Descriptor:
    """Raises typer.BadParameter naming those there are."""
    found = descriptors()
    if name not in found:
        raise typer.BadParameter(f"{name!r} is no service; there are: {', '.join(found)}.")
    return found[name]


@app.callback()
def _events() -> None:
    pass


@app.command("re-emit")
def re_emit(
    service: Annotated[str, typer.Argument(help="The service that tells (deliberation).")],
    resource: Annotated[str, typer.Argument(help="The resource's name (municipalities/dragoer).")],
    data_dir: DataDir = None,
) -> None:
    """Tell a resource's state again, marked as a snapshot. Prints the event's id.

    A consumer that waits behind a gap takes it and goes on; one that is up to date drops it. It is audited.

    Example: borgerting events re-emit deliberation municipalities/dragoer
    """
    reemitters = service_named(service).reemitters
    with command_context(service, data_dir=data_dir) as context:
        event_id = reemit(
            context.database, service, reemitters() if reemitters else (), command_line(), resource
        )
    typer.echo(str(event_id))
