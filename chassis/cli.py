"""The command `borgerting`: what the chassis itself does, and the groups that services bring along.

Help is quick because a service's commands are imported only when one of them is used. Results go to stdout,
everything else to stderr. Exit codes: 0 done, 1 refused or failed, 2 wrong usage or settings, 70 our own
fault.
"""

from __future__ import annotations

import gc
import os
import secrets
import sys
import traceback
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

from chassis.app import Commands, command_groups, descriptors
from chassis.errors import Code, DomainError

if TYPE_CHECKING:
    from chassis.config import SuiteSettings

USAGE = 2
OUR_FAULT = 70


class _LazyCommand(TyperCommand):
    """Stands in help for a group that is imported when it is used."""

    def __init__(self, name: str, help_line: str, load: Callable[[], Commands]) -> None:
        super().__init__(name=name, help=help_line, add_help_option=False)
        self._load = load

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        name = str(self.name)
        found = self._load()[name]
        if not isinstance(found, typer.Typer):
            wrapper = typer.Typer(add_completion=False, rich_markup_mode=None)
            wrapper.command(name)(found)
            found = wrapper
        command = typer.main.get_command(found)
        command.name = name
        return command.make_context(info_name, args, parent=parent, **extra)


class _SuiteGroup(TyperGroup):
    """The chassis's own commands and, by entry points, those of services and of what else is installed."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*super().list_commands(ctx), *sorted(command_groups())]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        found = command_groups().get(cmd_name)
        return None if found is None else _LazyCommand(cmd_name, *found)


app = typer.Typer(
    name="borgerting",
    cls=_SuiteGroup,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Citizens' assemblies that anyone can trust because anyone can check them.\n\n"
    "Start with `borgerting demo`, which shows everything with invented data, or `borgerting serve`. "
    "Settings are BORGERTING_… environment variables; `borgerting check-config --list` names them all.",
)


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"borgerting {version('borgerting')}")
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Say which version this is."),
    ] = False,
) -> None:
    pass


DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Folder of stores, events and keys (BORGERTING_DATA_DIR, else ./data)."),
]


@app.command()
def serve(
    service: Annotated[
        str | None,
        typer.Option("--service", help="Run this service alone; it then needs Kafka to meet the others."),
    ] = None,
    data_dir: DataDir = None,
    http_port: Annotated[
        int | None,
        typer.Option("--http-port", help="Pages and REST (8080, alone 8081…); 0: a free one."),
    ] = None,
    grpc_port: Annotated[
        int | None, typer.Option("--grpc-port", help="gRPC (9090, alone 9091…); 0: a free one.")
    ] = None,
    ops_port: Annotated[
        int | None,
        typer.Option("--ops-port", help="/livez, /readyz and /metrics (9100, alone 9101…); 0: a free one."),
    ] = None,
    drain_seconds: Annotated[
        float | None,
        typer.Option("--drain-seconds", help="How long a stop may take to end what runs (20)."),
    ] = None,
) -> None:
    """Run the suite in the foreground: all services in one process, stores and events in the data folder.

    When it can be used it prints one line, `ready http=… grpc=… ops=…`, to stdout; logs go to stderr. SIGTERM
    or Ctrl-C stops it: requests, calls and events under way are finished first; a draw that cannot end in
    time is put back and resumed at the next start. A second signal ends it at once, and nothing is lost
    then either.
    """
    # A start leaves hardly any garbage, and looking for it took a sixth of the time until it was ready.
    gc.disable()
    try:
        from chassis.config import load_settings
        from chassis.serve import serve_until_signal

        found = descriptors()
        settings = load_settings(
            found,
            alone=service,
            defaults=_own_ports(service),
            data_dir=data_dir,
            http_port=http_port,
            grpc_port=grpc_port,
            ops_port=ops_port,
            drain_seconds=drain_seconds,
        )
        if service is not None:
            from chassis.alone import check_alone

            check_alone(settings, found[service])
        serve_until_signal(settings, found, alone=service)
    finally:
        gc.enable()  # when it could not start: one that serves has done so itself


def _own_ports(service: str | None) -> dict[str, int] | None:
    """Where a service listens alone when nothing is said."""
    from chassis.config_events import ports_of

    if service is None:
        return None
    found = descriptors()
    if service not in found:
        raise typer.BadParameter(f"{service!r} is no service; there are: {', '.join(found)}.")
    return ports_of(found[service].number)


@app.command()
def migrate(
    data_dir: DataDir = None,
    nobody_serves: Annotated[
        bool,
        typer.Option(
            "--nobody-serves",
            help="No process of an earlier release runs, so none needs to be served beside.",
        ),
    ] = False,
) -> None:
    """Bring every service's store to this program's version.

    On SQLite `serve` does so too, and this refuses while a suite runs on the same data folder. On PostgreSQL
    it signs in as the owner that BORGERTING_<SERVICE>__MIGRATION_URL names, and runs before `serve`.
    """
    from chassis.clock import SystemClock
    from chassis.config import load_settings
    from chassis.folder_lock import FolderLock
    from chassis.stores import migrate_store, open_store

    found = descriptors()
    settings = load_settings(found, data_dir=data_dir)
    with FolderLock(settings.data_dir):
        for name, descriptor in found.items():
            before = migrate_store(
                settings, name, descriptor.migrations, SystemClock(), nobody_serves=nobody_serves
            )
            open_store(settings, name, descriptor.migrations, SystemClock()).close()
            if before.newer:
                by = f"by release {before.newer}; this one may serve it"
                typer.echo(f"{name}: is at {before.current} {by}")
                continue
            change = "is at" if before.at_head else f"was {before.current or 'empty'}, is now at"
            typer.echo(f"{name}: {change} {before.head}")


@app.command("database")
def database(
    act: Annotated[str, typer.Argument(metavar="sql", help="What to do: print the script for psql.")],
    prefix: Annotated[
        str, typer.Option("--prefix", help="How the databases' and roles' names begin.")
    ] = "borgerting_",
) -> None:
    """Print the SQL that makes each service's PostgreSQL database and roles, for a superuser to run by psql.

    Running it again changes nothing. Passwords: psql -v borgerting_sortition_password=… and, for the owner,
    -v borgerting_sortition_owner_password=…
    """
    from chassis.db_roles import database_script

    if act != "sql":
        raise typer.BadParameter(f"{act!r} is no act; there is: sql.")
    try:
        typer.echo(database_script(descriptors(), prefix))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


@app.command("check-config")
def check_config(
    list_all: Annotated[
        bool, typer.Option("--list", help="Name every setting, its default and what it is for.")
    ] = False,
    service: Annotated[
        str | None, typer.Option("--service", help="Check what this service needs that runs alone.")
    ] = None,
    days: Annotated[
        int, typer.Option("--days", min=0, help="Warn of certificates and keys that run out within so many.")
    ] = 30,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 2 for a warning, too.")] = False,
) -> None:
    """Say everything that is wrong with the settings, at once. Exit 0: nothing; 2: something.

    A warning is what lets a process start that its neighbours refuse, or soon will: certificates and keys
    that run out, and such as do not fit this service or its authority.
    """
    from chassis.config import check_settings, describe_settings

    models = {name: found.settings() if found.settings else None for name, found in descriptors().items()}
    if list_all:
        for variable, default, meaning in describe_settings(models):
            typer.echo(f"{variable}={default}\n    {meaning}")
        _show_ports()
        return
    settings = check_settings(models, alone=service, defaults=_own_ports(service))
    if service is not None:
        from chassis.alone import check_alone

        check_alone(settings, descriptors()[service])
    if _warn_of_expiry(settings, service, days) and strict:
        raise typer.Exit(USAGE)
    typer.echo(
        f"The settings are in order (profile {settings.profile}, data in {settings.data_dir.absolute()})."
    )


def _warn_of_expiry(settings: SuiteSettings, service: str | None, days: int) -> bool:
    """Whether there was anything to say."""
    from datetime import timedelta

    from chassis.clock import SystemClock
    from chassis.config_expiry import expiry_warnings

    found = expiry_warnings(settings, SystemClock().now(), timedelta(days=days), alone=service)
    for warning in found:
        _say(f"Warning: {warning}")
    return bool(found)


def _show_ports() -> None:
    from chassis.config_events import ports_of

    numbers = {"all services": 0, **{f"{name} alone": found.number for name, found in descriptors().items()}}
    typer.echo("\nDefault ports, each changed by the variable above it:")
    typer.echo(f"{'':<20}" + "".join(f"{name.upper():>12}" for name in ports_of(0)))
    for name, number in sorted(numbers.items(), key=lambda item: item[1]):
        typer.echo(f"{name:<20}" + "".join(f"{port:>12}" for port in ports_of(number).values()))


def run(arguments: list[str] | None = None) -> int:
    """Run one command line; its exit code. Nothing that happens inside shows as a traceback."""
    command = typer.main.get_command(app)
    try:
        # Not standalone: it answers with what the command returned, or with the code it exited with.
        result = command.main(args=arguments, prog_name="borgerting", standalone_mode=False)
    except typer.Abort:
        print("Stopped.", file=sys.stderr)  # noqa: T201
        return 1
    except BrokenPipeError:
        # Whoever read our output has what they wanted; Python must not complain on the way out either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # the one handler
        return _explain(error)
    return result if isinstance(result, int) else 0


def main() -> NoReturn:
    sys.exit(run())


def _explain(error: Exception) -> int:
    from typer._click.exceptions import ClickException

    if isinstance(error, ClickException):
        error.show()
        return error.exit_code
    if _is_call_error(error):
        from chassis.rpc.status import domain_error_from

        error = domain_error_from(error)  # type: ignore[arg-type]  # what _is_call_error says
    problems = getattr(error, "problems", None)
    if isinstance(problems, list):  # SettingsError, without importing it for every command
        for problem in problems:
            _say(problem)
        return USAGE
    if isinstance(error, DomainError):
        for line in _words(error):
            _say(line)
        return USAGE if error.code is Code.INVALID_ARGUMENT else 1
    if isinstance(error, OSError) and error.strerror:
        _say(f"{error.filename}: {error.strerror}" if error.filename else error.strerror)
        return 1
    # Their messages say what to do, and hold no key.
    if type(error).__name__ in ("KeyFileError", "CertificateFolderError"):
        _say(str(error))
        return 1
    # The text may hold what a person typed; class and place are enough to find the fault.
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    _say(
        f"Something failed that should not have ({type(error).__qualname__}{place}, "
        f"incident {secrets.token_hex(6)}). Please report it with this line."
    )
    return OUR_FAULT


def _is_call_error(error: Exception) -> bool:
    """Whether a gRPC call of ours was refused; only a command that calls has imported grpc."""
    grpc = sys.modules.get("grpc")
    return grpc is not None and isinstance(error, grpc.RpcError)


def _words(error: DomainError) -> list[str]:
    from chassis.text import catalogues

    locale = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    try:
        packages = [descriptor.package for descriptor in descriptors().values()]
    except Exception:  # a broken service must not hide what is wrong
        packages = []
    catalogue = catalogues(packages)["da" if locale.startswith("da") else "en"]
    lines = [catalogue.error(error.reason, error.metadata)]
    for violation in error.violations:
        words = catalogue.error(violation.reason, violation.metadata)
        if words != lines[0]:
            lines.append(f"{violation.field}: {words}")
    return lines


def _say(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201
