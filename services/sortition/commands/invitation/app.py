"""The group `invitation` and the options of its commands. What a command does is in its own module."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from services.sortition.commands.app import Address, Chosen, IdColumn, Out, Size, Targets
from services.sortition.commands.representation.app import ExampleCommand
from services.sortition.commands.teaching import TeachingGroup
from services.sortition.commands.terminal import Terminal, guarded

app = typer.Typer(
    name="invitation",
    cls=TeachingGroup,
    help="help.invitation",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback()
def _group() -> None:
    """The group has no options of its own: this keeps its help the catalogue's."""


class DesignName(StrEnum):
    """How letters are shared (`services.sortition.invitation.types.Design`, without loading it)."""

    SIMPLE = "simple"
    STRATIFIED = "stratified"
    WEIGHTED = "weighted"


Seed = Annotated[str, typer.Option("--seed", help="help.invitation.seed", metavar="S")]
PerSeat = Annotated[float, typer.Option("--per-seat", help="help.invitation.per_seat", metavar="N")]
Prior = Annotated[float, typer.Option("--prior", help="help.invitation.prior", metavar="LETTERS")]
Level = Annotated[float, typer.Option("--level", help="help.invitation.level", metavar="F")]
Interval = Annotated[float, typer.Option("--interval", help="help.invitation.interval", metavar="SHARE")]
Simulations = Annotated[int, typer.Option("--simulations", help="help.invitation.simulations", metavar="N")]


@app.command(cls=ExampleCommand, help="help.invitation.sample", epilog="help.invitation.sample.example")
@guarded
def sample(
    targets: Targets,
    size: Size,
    letters: Annotated[int, typer.Option("--letters", help="help.invitation.letters", metavar="N")],
    seed: Seed,
    out: Out,
    register: Annotated[
        Path | None, typer.Option("--register", help="help.invitation.register", metavar="FILE")
    ] = None,
    totals: Annotated[
        Path | None, typer.Option("--totals", help="help.invitation.totals", metavar="FILE")
    ] = None,
    rate: Annotated[str | None, typer.Option("--rate", help="help.invitation.rate", metavar="SHARE")] = None,
    rates: Annotated[
        Path | None, typer.Option("--rates", help="help.invitation.rates", metavar="FILE")
    ] = None,
    earlier: Annotated[
        Path | None, typer.Option("--earlier", help="help.invitation.earlier", metavar="FILE")
    ] = None,
    design: Annotated[
        DesignName, typer.Option("--design", help="help.invitation.design")
    ] = DesignName.WEIGHTED,
    address: Address = None,
    id_column: IdColumn = None,
    columns: Annotated[
        str | None, typer.Option("--columns", help="help.invitation.columns", metavar="COLUMNS")
    ] = None,
    per_seat: PerSeat = 3.0,
    spread: Annotated[float, typer.Option("--spread", help="help.invitation.spread", metavar="N")] = 4.0,
    prior: Prior = 400.0,
    level: Level = 1.4,
    interval: Interval = 0.9,
    simulations: Simulations = 400,
    language: Chosen = None,
) -> None:
    from services.sortition.commands.request import column_names

    from .sample import Request, run

    request = Request(
        targets, size, letters, seed, register, totals, rate, rates, earlier, design.value,
        column_names(address or ""), id_column, column_names(columns or ""), per_seat, spread, prior, level,
        interval, simulations,
    )  # fmt: skip
    run(Terminal(language), request, out)


@app.command(cls=ExampleCommand, help="help.invitation.forecast", epilog="help.invitation.forecast.example")
@guarded
def forecast(
    types: Annotated[Path, typer.Option("--types", help="help.invitation.types", metavar="FILE")],
    replies: Annotated[Path, typer.Option("--replies", help="help.invitation.replies", metavar="FILE")],
    targets: Targets,
    size: Size,
    seed: Seed,
    out: Out,
    day: Annotated[int | None, typer.Option("--day", help="help.invitation.day", metavar="D")] = None,
    close: Annotated[int | None, typer.Option("--close", help="help.invitation.close", metavar="D")] = None,
    curve: Annotated[
        Path | None, typer.Option("--curve", help="help.invitation.curve", metavar="FILE")
    ] = None,
    curve_weight: Annotated[
        float, typer.Option("--curve-weight", help="help.invitation.curve_weight", metavar="REPLIES")
    ] = 50.0,
    per_seat: PerSeat = 3.0,
    level: Level = 1.4,
    interval: Interval = 0.9,
    simulations: Simulations = 400,
    language: Chosen = None,
) -> None:
    from .forecast import Request, run

    request = Request(
        types, replies, targets, size, seed, day, close, curve, curve_weight, per_seat, level, interval,
        simulations,
    )  # fmt: skip
    run(Terminal(language), request, out)
