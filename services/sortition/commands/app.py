"""The group `lottery` and the options of its commands. What a command does is in the module of its name."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .teaching import TeachingCommand, TeachingGroup
from .terminal import Exit, Refusal, Terminal, guarded

app = typer.Typer(
    name="lottery",
    cls=TeachingGroup,
    help="help.lottery",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback()
def _group() -> None:
    """The group has no options of its own: this keeps its help the catalogue's."""


class Language(StrEnum):
    """The languages there are."""

    EN = "en"
    DA = "da"


class MethodName(StrEnum):
    """How chances are shared (`services.sortition.lottery.lottery.Method`, without loading it)."""

    LEXIMIN = "leximin"
    MAXIMIN = "maximin"
    LEGACY = "legacy"


Respondents = Annotated[Path, typer.Option("--respondents", help="help.respondents", metavar="FILE")]
Targets = Annotated[Path, typer.Option("--targets", help="help.targets", metavar="FILE")]
Size = Annotated[int, typer.Option("--size", help="help.size", metavar="K")]
IdColumn = Annotated[str | None, typer.Option("--id", help="help.id", metavar="COLUMN")]
Address = Annotated[str | None, typer.Option("--address", help="help.address", metavar="COLUMNS")]
PerAddress = Annotated[
    int | None,
    typer.Option("--per-address", help="help.per_address", metavar="N"),
]
Include = Annotated[Path | None, typer.Option("--include", help="help.include", metavar="FILE")]
Exclude = Annotated[Path | None, typer.Option("--exclude", help="help.exclude", metavar="FILE")]
Chosen = Annotated[Language | None, typer.Option("--language", help="help.language")]
Out = Annotated[Path, typer.Option("--out", help="help.out", metavar="DIR")]
Method = Annotated[MethodName, typer.Option("--method", help="help.method")]
Panels = Annotated[int, typer.Option("--panels", help="help.panels", metavar="M")]
Sign = Annotated[Path | None, typer.Option("--sign", help="help.sign", metavar="KEYFILE")]
Title = Annotated[str, typer.Option("--title", help="help.title", metavar="TEXT")]


@app.command(cls=TeachingCommand, help="help.check", epilog="help.check.example")
@guarded
def check(
    respondents: Respondents,
    targets: Targets,
    size: Size,
    address: Address = None,
    per_address: PerAddress = None,
    id_column: IdColumn = None,
    include: Include = None,
    exclude: Exclude = None,
    language: Chosen = None,
) -> None:
    from .check import run
    from .request import Request

    run(
        Terminal(language),
        Request(respondents, targets, size, address, per_address, id_column, include, exclude),
    )


@app.command(cls=TeachingCommand, help="help.draw", epilog="help.draw.example")
@guarded
def draw(
    respondents: Respondents,
    targets: Targets,
    size: Size,
    seed: Annotated[str, typer.Option("--seed", help="help.seed", metavar="S")],
    out: Out,
    method: Method = MethodName.LEXIMIN,
    panels: Panels = 1000,
    address: Address = None,
    per_address: PerAddress = None,
    id_column: IdColumn = None,
    include: Include = None,
    exclude: Exclude = None,
    sign: Sign = None,
    title: Title = "",
    language: Chosen = None,
) -> None:
    from .draw import run
    from .request import Request

    request = Request(
        respondents,
        targets,
        size,
        address,
        per_address,
        id_column,
        include,
        exclude,
        method,
        panels,
        sign,
        title,
    )
    run(Terminal(language), request, seed, out)


@app.command(cls=TeachingCommand, help="help.commit", epilog="help.commit.example")
@guarded
def commit(
    respondents: Respondents,
    targets: Targets,
    size: Size,
    out: Out,
    method: Method = MethodName.LEXIMIN,
    panels: Panels = 1000,
    address: Address = None,
    per_address: PerAddress = None,
    id_column: IdColumn = None,
    include: Include = None,
    exclude: Exclude = None,
    sign: Sign = None,
    title: Title = "",
    announced: Annotated[str, typer.Option("--announced", help="help.announced", metavar="TEXT")] = "",
    language: Chosen = None,
) -> None:
    from .commit import run
    from .request import Request

    request = Request(
        respondents,
        targets,
        size,
        address,
        per_address,
        id_column,
        include,
        exclude,
        method,
        panels,
        sign,
        title,
    )
    run(Terminal(language), request, announced, out)


@app.command(cls=TeachingCommand, help="help.reveal", epilog="help.reveal.example")
@guarded
def reveal(
    folder: Annotated[Path, typer.Argument(help="help.reveal.dir", metavar="DIR")],
    number: Annotated[str | None, typer.Option("--number", help="help.number", metavar="N")] = None,
    randomness: Annotated[
        str | None,
        typer.Option("--randomness", help="help.randomness", metavar="TEXT"),
    ] = None,
    note: Annotated[str, typer.Option("--note", help="help.note", metavar="TEXT")] = "",
    sign: Sign = None,
    language: Chosen = None,
) -> None:
    from .reveal import run

    run(Terminal(language), folder, number, randomness, note, sign)


@app.command(cls=TeachingCommand, help="help.verify", epilog="help.verify.example")
@guarded
def verify(
    record: Annotated[Path, typer.Argument(help="help.record", metavar="RECORD")],
    audit: Annotated[Path | None, typer.Option("--audit", help="help.audit", metavar="FILE")] = None,
    commitment: Annotated[
        Path | None,
        typer.Option("--commitment", help="help.commitment", metavar="FILE"),
    ] = None,
    key: Annotated[Path | None, typer.Option("--key", help="help.key", metavar="FILE")] = None,
    rerun: Annotated[bool, typer.Option("--rerun", help="help.rerun")] = False,
    respondents: Annotated[
        Path | None,
        typer.Option("--respondents", help="help.rerun.respondents", metavar="FILE"),
    ] = None,
    targets: Annotated[
        Path | None,
        typer.Option("--targets", help="help.rerun.targets", metavar="FILE"),
    ] = None,
    address: Address = None,
    id_column: IdColumn = None,
    language: Chosen = None,
) -> None:
    from .verify import Again, run

    terminal = Terminal(language)
    again = None
    if rerun:
        if audit is None or respondents is None or targets is None:
            raise Refusal(Exit.BAD_INPUT, [terminal.words("verify.rerun.needs")])
        again = Again(respondents, targets, address, id_column)
    run(terminal, record, audit, commitment, key, again)


@app.command(cls=TeachingCommand, help="help.explain", epilog="help.explain.example")
@guarded
def explain(
    folder: Annotated[Path, typer.Argument(help="help.explain.dir", metavar="DIR")],
    language: Chosen = None,
) -> None:
    from .explain import run

    run(Terminal(language), folder)
