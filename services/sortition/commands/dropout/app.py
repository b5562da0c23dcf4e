"""The group `dropout` and the options of its commands. What a command does is in its own module."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from services.sortition.commands.app import (
    Address,
    Chosen,
    Exclude,
    IdColumn,
    Out,
    Panels,
    PerAddress,
    Respondents,
    Size,
    Targets,
)
from services.sortition.commands.representation.app import ExampleCommand
from services.sortition.commands.teaching import TeachingGroup
from services.sortition.commands.terminal import Terminal, guarded

app = typer.Typer(
    name="dropout",
    cls=TeachingGroup,
    help="help.dropout",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback()
def _group() -> None:
    """The group has no options of its own: this keeps its help the catalogue's."""


Panel = Annotated[Path, typer.Option("--panel", help="help.dropout.panel", metavar="FILE")]
Rates = Annotated[Path | None, typer.Option("--rates", help="help.dropout.rates", metavar="FILE")]
Rate = Annotated[str | None, typer.Option("--rate", help="help.dropout.rate", metavar="SHARE")]
Seed = Annotated[str, typer.Option("--seed", help="help.dropout.seed", metavar="S")]


@app.command(cls=ExampleCommand, help="help.dropout.alternates", epilog="help.dropout.alternates.example")
@guarded
def alternates(
    respondents: Respondents,
    targets: Targets,
    panel: Panel,
    count: Annotated[int, typer.Option("--count", help="help.dropout.count", metavar="N")],
    seed: Seed,
    out: Out,
    rates: Rates = None,
    rate: Rate = None,
    samples: Annotated[int, typer.Option("--samples", help="help.dropout.samples", metavar="N")] = 100,
    fresh: Annotated[int, typer.Option("--fresh", help="help.dropout.fresh", metavar="N")] = 1000,
    nodes: Annotated[int, typer.Option("--nodes", help="help.dropout.nodes", metavar="N")] = 0,
    address: Address = None,
    per_address: PerAddress = None,
    id_column: IdColumn = None,
    exclude: Exclude = None,
    language: Chosen = None,
) -> None:
    from services.sortition.commands.request import Request

    from .alternates import Asked, run

    request = Request(respondents, targets, 1, address, per_address, id_column, None, exclude)
    run(Terminal(language), request, Asked(panel, rates, rate, count, samples, fresh, nodes), seed, out)


@app.command(cls=ExampleCommand, help="help.dropout.replace", epilog="help.dropout.replace.example")
@guarded
def replace(
    respondents: Respondents,
    targets: Targets,
    panel: Panel,
    dropped: Annotated[Path, typer.Option("--dropped", help="help.dropout.dropped", metavar="FILE")],
    seed: Seed,
    out: Out,
    candidates: Annotated[
        Path | None, typer.Option("--candidates", help="help.dropout.candidates", metavar="FILE")
    ] = None,
    size: Annotated[int | None, typer.Option("--size", help="help.dropout.size", metavar="K")] = None,
    least_violation: Annotated[
        bool, typer.Option("--least-violation", help="help.dropout.least_violation")
    ] = False,
    panels: Panels = 1000,
    address: Address = None,
    per_address: PerAddress = None,
    id_column: IdColumn = None,
    exclude: Exclude = None,
    language: Chosen = None,
) -> None:
    from services.sortition.commands.request import Request

    from .replace import Asked, run

    request = Request(
        respondents, targets, 1, address, per_address, id_column, None, exclude, "leximin", panels
    )
    run(Terminal(language), request, Asked(panel, dropped, candidates, size, least_violation), seed, out)


@app.command(cls=ExampleCommand, help="help.dropout.overdraw", epilog="help.dropout.overdraw.example")
@guarded
def overdraw(
    respondents: Respondents,
    targets: Targets,
    size: Size,
    seed: Seed,
    out: Out,
    rates: Rates = None,
    rate: Rate = None,
    trials: Annotated[int, typer.Option("--trials", help="help.dropout.trials", metavar="N")] = 2000,
    address: Address = None,
    per_address: PerAddress = None,
    id_column: IdColumn = None,
    exclude: Exclude = None,
    language: Chosen = None,
) -> None:
    from services.sortition.commands.request import Request

    from .overdraw import Asked, run

    request = Request(respondents, targets, size, address, per_address, id_column, None, exclude)
    run(Terminal(language), request, Asked(rates, rate, trials), seed, out)
