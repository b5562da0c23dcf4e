"""The group `rotation` and the options of its commands. What a command does is in its own module."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from services.sortition.commands.app import Chosen, IdColumn, Out, Panels
from services.sortition.commands.representation.app import ExampleCommand
from services.sortition.commands.teaching import TeachingGroup
from services.sortition.commands.terminal import Terminal, guarded

app = typer.Typer(
    name="rotation",
    cls=TeachingGroup,
    help="help.rotation",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback()
def _group() -> None:
    """The group has no options of its own: this keeps its help the catalogue's."""


Respondents = Annotated[Path, typer.Argument(help="help.respondents", metavar="RESPONDENTS")]
Targets = Annotated[Path, typer.Argument(help="help.rotation.targets", metavar="TARGETS")]
Cohorts = Annotated[str, typer.Option("--cohorts", help="help.rotation.cohorts", metavar="K,K,…")]
Founding = Annotated[str, typer.Option("--founding", help="help.rotation.founding", metavar="DATE")]
Every = Annotated[int, typer.Option("--every", help="help.rotation.every", metavar="MONTHS")]
Ahead = Annotated[int, typer.Option("--ahead", help="help.rotation.ahead", metavar="N")]
Number = Annotated[int, typer.Option("--rotation", help="help.rotation.rotation", metavar="N")]
Members = Annotated[Path | None, typer.Option("--members", help="help.rotation.members", metavar="FILE")]
Served = Annotated[Path | None, typer.Option("--served", help="help.rotation.served", metavar="FILE")]
Cooling = Annotated[int, typer.Option("--cooling-off", help="help.rotation.cooling", metavar="MONTHS")]
Skip = Annotated[int, typer.Option("--skip", help="help.rotation.skip", metavar="N")]
Once = Annotated[bool, typer.Option("--once", help="help.rotation.once")]
Later = Annotated[Path | None, typer.Option("--later", help="help.rotation.later", metavar="FILE")]
Election = Annotated[
    list[str] | None, typer.Option("--election", help="help.rotation.election", metavar="DATE")
]
Before = Annotated[int, typer.Option("--quiet-before", help="help.rotation.quiet_before", metavar="DAYS")]
After = Annotated[int, typer.Option("--quiet-after", help="help.rotation.quiet_after", metavar="DAYS")]
Seed = Annotated[str, typer.Option("--seed", help="help.seed", metavar="TEXT")]


@app.command(cls=ExampleCommand, help="help.rotation.plan", epilog="help.rotation.plan.example")
@guarded
def plan(
    respondents: Respondents,
    targets: Targets,
    cohorts: Cohorts,
    founding: Founding,
    out: Out,
    every: Every = 6,
    ahead: Ahead = 4,
    rotation: Number = 0,
    members: Members = None,
    served: Served = None,
    cooling_off: Cooling = 0,
    skip: Skip = 0,
    once: Once = False,
    later: Later = None,
    election: Election = None,
    quiet_before: Before = 60,
    quiet_after: After = 30,
    id_column: IdColumn = None,
    language: Chosen = None,
) -> None:
    from .plan import run
    from .reading import Request

    request = Request(
        respondents, targets, cohorts, founding, every, ahead, rotation, members, served, cooling_off, skip,
        once, later, tuple(election or ()), quiet_before, quiet_after, id_column,
    )  # fmt: skip
    run(Terminal(language), request, out)


@app.command(cls=ExampleCommand, help="help.rotation.draw", epilog="help.rotation.draw.example")
@guarded
def draw(
    respondents: Respondents,
    targets: Targets,
    cohorts: Cohorts,
    founding: Founding,
    seed: Seed,
    out: Out,
    every: Every = 6,
    ahead: Ahead = 4,
    rotation: Number = 0,
    members: Members = None,
    served: Served = None,
    cooling_off: Cooling = 0,
    skip: Skip = 0,
    once: Once = False,
    later: Later = None,
    election: Election = None,
    quiet_before: Before = 60,
    quiet_after: After = 30,
    id_column: IdColumn = None,
    panels: Panels = 1000,
    language: Chosen = None,
) -> None:
    from .draw import run
    from .reading import Request

    request = Request(
        respondents, targets, cohorts, founding, every, ahead, rotation, members, served, cooling_off, skip,
        once, later, tuple(election or ()), quiet_before, quiet_after, id_column,
    )  # fmt: skip
    run(Terminal(language), request, seed, panels, out)
