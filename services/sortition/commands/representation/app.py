"""The group `representation` and the options of its commands. What a command does is in its own module."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from services.sortition.commands.app import Chosen, Out
from services.sortition.commands.teaching import TeachingCommand, TeachingGroup
from services.sortition.commands.terminal import Terminal, guarded

app = typer.Typer(
    name="representation",
    cls=TeachingGroup,
    help="help.representation",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


class ExampleCommand(TeachingCommand):
    """A command whose help ends in an example that can be copied: its lines stay as they are."""

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        if self.epilog:
            formatter.write("\n" + "\n".join(self.epilog.splitlines()) + "\n")


@app.callback()
def _group() -> None:
    """The group has no options of its own: this keeps its help the catalogue's."""


Crosses = Annotated[
    list[Path] | None, typer.Option("--cross", help="help.representation.cross", metavar="FILE")
]


@app.command(cls=ExampleCommand, help="help.representation.seats", epilog="help.representation.seats.example")
@guarded
def seats(
    population: Annotated[Path, typer.Argument(help="help.representation.population", metavar="POPULATION")],
    size: Annotated[int, typer.Option("--size", help="help.size", metavar="K")],
    out: Out,
    cross: Crosses = None,
    slack: Annotated[int, typer.Option("--slack", help="help.representation.slack", metavar="N")] = 0,
    exact: Annotated[bool, typer.Option("--exact", help="help.representation.exact")] = False,
    cross_targets: Annotated[
        bool, typer.Option("--cross-targets", help="help.representation.cross_targets")
    ] = False,
    language: Chosen = None,
) -> None:
    from .seats import Request, run

    run(Terminal(language), Request(population, tuple(cross or ()), size, slack, exact, cross_targets), out)


@app.command(
    cls=ExampleCommand, help="help.representation.account", epilog="help.representation.account.example"
)
@guarded
def account(
    counts: Annotated[Path, typer.Argument(help="help.representation.counts", metavar="COUNTS")],
    out: Out,
    cross: Crosses = None,
    people: Annotated[
        list[str] | None,
        typer.Option("--people", help="help.representation.people", metavar="STAGE=FILE"),
    ] = None,
    targets: Annotated[
        Path | None, typer.Option("--targets", help="help.representation.targets", metavar="FILE")
    ] = None,
    hide_population: Annotated[
        bool, typer.Option("--hide-population", help="help.representation.hide_population")
    ] = False,
    language: Chosen = None,
) -> None:
    from .account import Request, run

    request = Request(counts, tuple(cross or ()), tuple(people or ()), targets, hide_population)
    run(Terminal(language), request, out)
