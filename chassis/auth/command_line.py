"""What the commands `keys` and `tls` do."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from chassis.app import descriptors
from chassis.auth.keys import FILE_NAME, FileKeys
from chassis.clock import SystemClock

Folder = Annotated[Path, typer.Argument(help="The folder that all processes can read.")]

keys = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Make and rotate the keys of sessions and sign-in links.",
)


@keys.command("create")
def create_keys(folder: Folder) -> None:
    """Make FOLDER/keys.json, once for all processes (BORGERTING_KEYS__DIR names the folder to them).

    Whoever can read it can sign in as anybody: its owner alone may, or its group.
    """
    if (folder / FILE_NAME).exists():
        raise typer.BadParameter(
            f"{folder / FILE_NAME} is there already; `borgerting keys rotate` renews it."
        )
    made = FileKeys(folder, SystemClock())
    typer.echo(made.path)


@keys.command("rotate")
def rotate_keys(
    folder: Folder,
    sign_after_minutes: Annotated[
        int,
        typer.Option(
            "--sign-after-minutes",
            min=0,
            max=24 * 60,
            help="When the new key begins to sign; by then every process must have seen the file.",
        ),
    ] = 10,
) -> None:
    """Add a new key; the one before verifies what it signed until the next rotation.

    Sessions last up to twelve hours: rotate no more often than that, or people are signed out.
    """
    made = FileKeys(folder, SystemClock(), shared=True)
    typer.echo(made.rotate(timedelta(minutes=sign_after_minutes)))


tls = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Make certificates with which the services know one another.",
)


@tls.command("create")
def create_certificates(
    folder: Annotated[Path, typer.Argument(help="Where the files go; it must hold none of them yet.")],
    host: Annotated[
        list[str] | None,
        typer.Option("--host", help="Another name or address under which the services are reached."),
    ] = None,
    days: Annotated[int, typer.Option("--days", min=1, max=3650, help="How long they are good for.")] = 365,
) -> None:
    """Make ca.pem, and NAME.pem with NAME.key for each service, reached as NAME, localhost and 127.0.0.1.

    The authority's own key is thrown away: to renew one, make all anew. In a cluster let cert-manager do it.
    """
    from chassis.rpc.authority import make_folder

    made = make_folder(
        folder,
        descriptors(),
        ["localhost", "127.0.0.1", *(host or [])],
        SystemClock().now(),
        timedelta(days=days),
    )
    for files in made.values():
        typer.echo(files.certificate)


# typer makes a command of a group that has but one.
@tls.callback()
def _tls() -> None:
    pass
