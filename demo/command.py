"""`borgerting demo`: the whole suite in one process with a demonstration in it, in the foreground."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from chassis.config import SettingsError, SuiteSettings, load_settings

if TYPE_CHECKING:
    from chassis.clock import Clock
    from demo.access import Access
    from demo.mark import Mark
    from demo.running import Addresses, RunningSuite

_FRONT_PAGE_LIMIT_S = 60
_FREE_PORTS = {f"BORGERTING_{name}_PORT": "0" for name in ("HTTP", "GRPC", "OPS")}


def demo(
    only_load: Annotated[
        bool,
        typer.Option("--only-load", help="Load it and end: the services run elsewhere, on the same stores."),
    ] = False,
) -> None:
    """Start everything in one process and load a demonstration when the data folder is empty.

    Two invented municipalities appear. One has the figures of a real assembly: 240 volunteers, 36 seats, a
    lottery in public, a report with 24 initiatives, what the council answered and what it did not, and tasks
    for volunteers. The suite's clock stands in the past while the story is loaded. Printed are the front
    page's address, then one-time sign-in links, one for each role. Stop with Ctrl-C; settings are those of
    `serve` (BORGERTING_DATA_DIR, …).
    """
    from chassis.app import descriptors
    from demo.mark import Mark, Progress
    from demo.running import RunningSuite, SuiteEndedError

    settings = load_settings(descriptors())
    if settings.profile == "production":
        raise SettingsError(
            [
                "BORGERTING_PROFILE: the demonstration is not for production, whose clock cannot be moved; "
                "use `borgerting serve`."
            ]
        )
    mark = Mark(settings.data_dir)
    if mark.read() is Progress.LOADING:
        _broken_off(settings)
        raise typer.Exit(2)
    suite = RunningSuite()
    try:
        if mark.read() is Progress.NONE and (only_load or _ports_are_free(settings)):
            _load(settings, suite, mark)
        code = 0 if only_load else _show(settings, suite)
    except SuiteEndedError as ended:
        code = ended.code
    except Exception:
        if not suite.asked_to_end:
            raise
        code = 1  # calls fail when the suite is stopped under them
    finally:
        suite.stop()
        if mark.read() is Progress.LOADING:
            _broken_off(settings)
    raise typer.Exit(code)


def _show(settings: SuiteSettings, suite: RunningSuite) -> int:
    """Until the suite ends: its exit code."""
    addresses = suite.start()
    for line in _ways_in(settings, addresses):
        typer.echo(line)
    return suite.wait()


def _broken_off(settings: SuiteSettings) -> None:
    stores = ", and empty the databases" if settings.database_urls else ""
    typer.echo(
        "The demonstration was broken off while it was loaded, so that only a part of it is there. "
        f"Delete its folder ({settings.data_dir.absolute()}){stores}, then start again.",
        err=True,
    )


def _ports_are_free(settings: SuiteSettings) -> bool:
    """Asked before a minute's loading: the suite itself refuses a port that is taken, and says which."""
    import socket

    for port in (settings.http_port, settings.grpc_port, settings.ops_port):
        with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((settings.host, port))
            except OSError:
                return False
    return True


def _clock(settings: SuiteSettings) -> Clock:
    from chassis.clock import SystemClock
    from chassis.config import parse_clock

    return parse_clock(settings.clock, SystemClock())


def _load(settings: SuiteSettings, suite: RunningSuite, mark: Mark) -> None:
    """Every chapter, unless somebody's data are there already.

    The suite runs on ports of its own meanwhile: nobody looks in while the clock stands in the past.
    """
    from demo.load import ZONE, chapters, is_empty
    from demo.mark import Progress
    from demo.running import clock_at

    with _access(settings, suite.start(_FREE_PORTS)) as access:
        empty = is_empty(access)
    suite.stop()
    if not empty:
        return
    mark.write(Progress.LOADING)
    today = _clock(settings).now().astimezone(ZONE).date()
    for chapter in chapters(today):
        clock = clock_at(chapter.begin)
        typer.echo(f"{chapter.begin.date()}:", err=True)
        addresses = suite.start({**_FREE_PORTS, "BORGERTING_CLOCK": clock})
        with _access(settings.model_copy(update={"clock": clock}), addresses) as access:
            chapter.tell(access)
        suite.stop()
    mark.write(Progress.LOADED)


@contextmanager
def _access(settings: SuiteSettings, addresses: Addresses) -> Iterator[Access]:
    """Calls to the suite as whoever is needed, by tokens of its own key."""
    from chassis.auth.identity import make_keys
    from chassis.auth.principal import Principal, Role
    from chassis.auth.tokens import LocalTokens
    from chassis.rpc.client import tcp_channel
    from demo.access import Access

    clock = _clock(settings)
    tokens = LocalTokens(make_keys(settings, clock), clock)

    def token_for(municipality: str | None, role: str, subject: str) -> str:
        return tokens.issue(Principal(subject, municipality, frozenset({Role(role)})))

    with tcp_channel(addresses.grpc) as channel:
        yield Access(channel, token_for, lambda text: typer.echo(f"  {text}", err=True))


def _ways_in(settings: SuiteSettings, addresses: Addresses) -> Iterator[str]:
    """The lines to print, each as soon as it is true: the front page, then who can sign in."""
    from demo.access import HAVNSTED
    from demo.load import shows_the_demonstration, sign_in_link

    with urllib.request.urlopen(f"{addresses.http}/", timeout=_FRONT_PAGE_LIMIT_S) as page:  # noqa: S310
        page.read()
    yield f"{settings.base_url.rstrip('/') or addresses.http}/"
    with _access(settings, addresses) as access:
        roles: list[tuple[str, str | None]] = [("operator", None)]
        if shows_the_demonstration(access):
            people = ("officer", "coordinator", "volunteer")
            roles = [("secretariat", HAVNSTED), *roles, *((role, HAVNSTED) for role in people)]
        for role, municipality in roles:
            link = sign_in_link(access, role, municipality)
            # A suite on a port that it chose itself knows its links as paths only.
            yield f"{role}: {addresses.http if link.startswith('/') else ''}{link}"
