"""`borgerting municipality export`: all that the stores hold of a municipality, for who has the stores."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chassis.app import Descriptor, descriptors
from chassis.commands import command_context, command_line
from chassis.errors import Code, DomainError
from chassis.holdings.export import export
from chassis.operations.events import DataDir, service_named


def export_municipality(
    slug: Annotated[str, typer.Argument(help="As `borgerting municipality list` shows it.")],
    out: Annotated[Path, typer.Option("--out", help="The folder for the files; made where it is not there.")],
    service: Annotated[
        str | None,
        typer.Option("--service", help="Only what this service's store holds (all when not given)."),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Write all that is held of a municipality, one zip per service: DIR/SLUG-SERVICE.zip.

    docs/export.md says what is in it. Prints each file and its rows. Works beside running services, audited.

    There are people in it: keep it as their data must be kept.

    Example: borgerting municipality export dragoer --out exports
    """
    chosen = [service_named(service)] if service else list(descriptors().values())
    out.mkdir(parents=True, exist_ok=True, mode=0o700)
    targets = {each.name: out / f"{slug}-{each.name}.zip" for each in chosen if each.holdings is not None}
    for target in targets.values():
        if target.exists():
            raise DomainError(Code.ALREADY_EXISTS, "EXPORT_FILE_EXISTS", {"file": target.name})
    for descriptor in chosen:
        if descriptor.name in targets:
            rows = _write(descriptor, slug, targets[descriptor.name], data_dir)
            typer.echo(f"{targets[descriptor.name]}\t{rows}")


def _write(descriptor: Descriptor, slug: str, target: Path, data_dir: Path | None) -> int:
    """Under another name until it is whole. How many rows it has."""
    if descriptor.holdings is None:
        raise ValueError(f"{descriptor.name} says nothing of what it holds")
    holdings = descriptor.holdings()
    part = target.with_name(f"{target.name}.part")
    try:
        with command_context(descriptor.name, data_dir=data_dir) as context:
            part.touch(mode=0o600)
            with part.open("wb") as file:
                made = export(context.database, descriptor.name, holdings, slug, command_line(), file)
        part.replace(target)
    except DomainError as error:
        if error.reason == "MUNICIPALITY_UNKNOWN":
            raise DomainError(error.code, "MUNICIPALITY_NOT_LISTED", {"municipality": slug}) from error
        raise
    finally:
        part.unlink(missing_ok=True)
    return made.total
