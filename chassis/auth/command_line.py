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
    help="Make, rotate and withdraw the keys of sessions and sign-in links.",
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


@keys.command("withdraw")
def withdraw_keys(folder: Folder) -> None:
    """Refuse from now on what the key before the present one signed: after a leak, or to end a rotation.

    Sessions and our own tokens that it signed end; links that were sent go on working.
    """
    withdrawn = FileKeys(folder, SystemClock(), shared=True).withdraw()
    typer.echo(f"{withdrawn} withdrawn")


tls = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Make and renew certificates with which the services know one another.",
)


Days = Annotated[int, typer.Option("--days", min=1, max=3650, help="How long they are good for.")]
Made = Annotated[Path, typer.Argument(help="The folder that `borgerting tls create` made.")]


@tls.command("create")
def create_certificates(
    folder: Annotated[Path, typer.Argument(help="Where the files go; it must hold none of them yet.")],
    host: Annotated[
        list[str] | None,
        typer.Option("--host", help="Another name or address under which the services are reached."),
    ] = None,
    days: Days = 365,
    keep_authority: Annotated[
        bool,
        typer.Option("--keep-authority", help="Keep its key in ca.key, with which `tls renew` signs."),
    ] = False,
) -> None:
    """Make ca.pem, and NAME.pem with NAME.key for each service, reached as NAME, localhost and 127.0.0.1.

    The authority's own key is thrown away, unless it is to be kept. In a cluster let cert-manager do it.
    """
    from chassis.rpc.authority import make_folder

    made = make_folder(
        folder,
        descriptors(),
        ["localhost", "127.0.0.1", *(host or [])],
        SystemClock().now(),
        timedelta(days=days),
        keep_authority=keep_authority,
    )
    for files in made.values():
        typer.echo(files.certificate)


@tls.command("renew")
def renew_certificates(folder: Made, days: Days = 365) -> None:
    """Make each service's certificate and key anew, under the same names, signed by the key in ca.key.

    Processes that use the folder take them over without a restart.
    """
    from chassis.rpc.certificate_folder import renew

    for path in renew(folder, SystemClock().now(), timedelta(days=days)):
        typer.echo(path)


@tls.command("add-authority")
def add_authority(folder: Made, days: Days = 365) -> None:
    """Make a new authority that is trusted beside the one before, and keep its key in ca.key.

    Once every process has read ca.pem: `tls renew`, and once they have read that, `tls withdraw-authority`.
    """
    from chassis.rpc.certificate_folder import add_authority

    add_authority(folder, SystemClock().now(), timedelta(days=days))
    typer.echo(folder / "ca.pem")


@tls.command("withdraw-authority")
def withdraw_authority(folder: Made) -> None:
    """Trust only the newest authority; refused while a certificate here is signed by another."""
    from chassis.rpc.certificate_folder import withdraw_authority

    withdrawn = withdraw_authority(folder)
    typer.echo(f"{withdrawn} withdrawn")
