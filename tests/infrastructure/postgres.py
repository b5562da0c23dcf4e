"""A real PostgreSQL 15 for tests and benchmarks: its own data folder, on loopback, stopped by process id.

    with PostgresServer.running(folder) as server:
        urls = server.prepare("sortition", "services.sortition.migrations")   # once: roles, database, tables
        mine = server.clone(urls)                                             # quickly: a copy for one test

Roles and databases are made by the very script that operators run (`borgerting database sql`). The server
does not force its files to the disk (fsync off): a crash of the machine is not what is tested. What it has
committed does outlive its own crash, which is tested, so synchronous_commit stays on.
"""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg

from chassis.clock import SystemClock
from chassis.db import Database
from chassis.db_roles import Roles, database_script
from chassis.migrations import migrate
from tests.infrastructure.places import free_port

VERSIONS = ("15", "16", "17", "18")


class MissingPackage(Exception):  # noqa: N818 - what is missing, and the package that has it
    """A part of the machine that the tests need is not installed."""


@dataclass(frozen=True, slots=True)
class Urls:
    """Addresses of one database: the login's, the owner's, and a superuser's for what tests arrange."""

    server: PostgresServer
    name: str
    base: str

    def _of(self, user: str) -> str:
        password = "" if user == self.server.superuser else f":{PASSWORD}"
        return f"postgresql://{user}{password}@127.0.0.1:{self.server.port}/{self.name}"

    @property
    def service(self) -> str:
        return self.base.rpartition("_")[2]

    @property
    def login(self) -> str:
        return self._of(self.base)

    @property
    def owner(self) -> str:
        return self._of(Roles(self.base).owner)

    @property
    def superuser(self) -> str:
        return self._of(self.server.superuser)


PASSWORD = "not-a-secret"  # the servers that know it listen on loopback, for the tests' own time
PREFIX = "borgerting_"


class PostgresServer:
    """One server. `folder` must be short enough for a socket's path, and is this server's alone.

    `primary` makes it a standby that streams from another.
    """

    superuser = "postgres"

    def __init__(
        self,
        folder: Path,
        *,
        settings: Sequence[str] = (),
        port: int = 0,
        primary: PostgresServer | None = None,
    ) -> None:
        self._bin = find_binaries()
        self.folder = folder
        self.port = port or free_port()
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)
        self._prepared: dict[tuple[str, str], Urls] = {}
        self._as_user = unprivileged(folder)
        if primary is None:
            self._initialise()
        else:
            self._copy(primary)

    @classmethod
    @contextmanager
    def running(
        cls,
        *,
        settings: Sequence[str] = (),
        durable: bool = False,
        primary: PostgresServer | None = None,
    ) -> Iterator[PostgresServer]:
        """A started server in a temporary folder. `durable` keeps fsync on, as benchmarks must."""
        folder = Path(tempfile.mkdtemp(prefix="bt-pg-"))
        own = [] if durable else ["fsync=off", "full_page_writes=off"]
        try:
            server = cls(folder, settings=[*own, *settings], primary=primary)
            server.start()
            try:
                yield server
            finally:
                server.stop()
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def start(self, seconds: float = 30.0) -> None:
        """Returns when it answers. Raises AssertionError with its log when it does not."""
        options = [f"port={self.port}", *_SETTINGS, f"unix_socket_directories={self.folder}", *self._settings]
        arguments = [argument for option in options for argument in ("-c", option)]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._as_user, str(self._bin / "postgres"), "-D", str(self.folder / "data"), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
            )
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self._process.poll() is not None:
                break
            try:
                psycopg.connect(self._superuser_url("postgres"), connect_timeout=2).close()
            except psycopg.OperationalError:
                time.sleep(0.03)
            else:
                return
        raise AssertionError(f"PostgreSQL did not start:\n{self.log[-4000:]}")

    def stop(self, how: signal.Signals = signal.SIGINT, seconds: float = 30.0) -> None:
        """SIGINT ends every session and shuts down in order; SIGQUIT at once, as a crash would."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(how)
        self._process.wait(seconds)
        self._process = None

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """It and all its sessions stand still: connections are taken (by the system), and nothing is said."""
        assert self._process is not None
        postmaster = self._process.pid
        os.kill(postmaster, signal.SIGSTOP)  # first: it makes no more of them
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        try:
            for child in children:
                _signal(int(child), signal.SIGSTOP)
            yield
        finally:
            for child in children:
                _signal(int(child), signal.SIGCONT)
            os.kill(postmaster, signal.SIGCONT)  # last: until then it buries none of them

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def prepare(self, service: str, migrations: str) -> Urls:
        """A service's roles and its database at the head of `migrations`; made once, to be cloned."""
        key = (service, migrations)
        if key not in self._prepared:
            self.run_script(database_script([service], PREFIX), _passwords(PREFIX + service))
            urls = Urls(self, PREFIX + service, PREFIX + service)
            owner = Database(urls.owner, clock=SystemClock())
            try:
                migrate(owner, migrations)
            finally:
                owner.close()
            self._prepared[key] = urls
        return self._prepared[key]

    def bare(self, service: str) -> Urls:
        """A service's roles, and its database without any table: as an operator has it before migrating."""
        base = f"{PREFIX}bare{next(self._numbers)}_{service}"
        self.run_script(database_script([service], base.removesuffix(service)), _passwords(base))
        return Urls(self, base, base)

    def clone(self, urls: Urls) -> Urls:
        """A copy of a database that nobody is connected to, with the same owner and rights."""
        name = f"{urls.base}_{next(self._numbers)}"
        roles = Roles(urls.base)
        with psycopg.connect(self._superuser_url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{urls.name}" OWNER "{roles.owner}"')
            connection.execute(f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC')
            connection.execute(f'GRANT CONNECT ON DATABASE "{name}" TO "{roles.base}", "{roles.owner}"')
        return Urls(self, name, urls.base)

    def drop(self, urls: Urls) -> None:
        with psycopg.connect(self._superuser_url("postgres"), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{urls.name}" WITH (FORCE)')

    def dump(self, database: str, file: Path) -> None:
        """By pg_dump, in its own format, beside whoever uses the database."""
        self._run_tool("pg_dump", "-Fc", "-f", str(file), self._superuser_url(database))

    def restore(self, service: str, file: Path) -> None:
        """A service's database becomes what `file` has, as docs/backup.md says; nobody may be connected."""
        name = PREFIX + service
        with psycopg.connect(self._superuser_url("postgres"), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}"')
        self.run_script(database_script([service], PREFIX))
        self._run_tool("pg_restore", "--exit-on-error", "-d", self._superuser_url(name), str(file))

    def _run_tool(self, tool: str, *arguments: str) -> None:
        done = subprocess.run([str(self._bin / tool), *arguments], capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()

    def run_script(self, script: str, variables: Sequence[str] = ()) -> None:
        """By psql, as a superuser. Raises AssertionError with what it said when it fails."""
        done = subprocess.run(
            [str(self._bin / "psql"), "-X", "-q", *variables, "-f", "-", self._superuser_url("postgres")],
            input=script.encode(),
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()

    def _superuser_url(self, database: str) -> str:
        return f"postgresql://{self.superuser}@127.0.0.1:{self.port}/{database}"

    def _initialise(self) -> None:
        command = [
            *self._as_user,
            str(self._bin / "initdb"),
            "--no-sync",
            f"--username={self.superuser}",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "-D",
            str(self.folder / "data"),
        ]
        done = subprocess.run(command, capture_output=True, check=False, cwd="/")
        assert done.returncode == 0, done.stderr.decode()
        # The services' roles need their passwords, as in production; only the tests' superuser does not.
        (self.folder / "data" / "pg_hba.conf").write_text(
            f"host all {self.superuser} 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
            f"host replication {self.superuser} 127.0.0.1/32 trust\n"
        )

    def _copy(self, primary: PostgresServer) -> None:
        address = ["-h", "127.0.0.1", "-p", str(primary.port), "-U", self.superuser]
        command = [*self._as_user, str(self._bin / "pg_basebackup"), *address, "--write-recovery-conf"]
        command += ["--checkpoint=fast", "--no-sync", "-D", str(self.folder / "data")]
        done = subprocess.run(command, capture_output=True, check=False, cwd="/")
        assert done.returncode == 0, done.stderr.decode()

    def promote(self) -> None:
        """A standby becomes a server of its own; returns when it writes."""
        with psycopg.connect(self._superuser_url("postgres"), autocommit=True) as connection:
            connection.execute("SELECT pg_promote()")

    def set(self, setting: str, value: str) -> None:
        """Of the running server, from now on."""
        with psycopg.connect(self._superuser_url("postgres"), autocommit=True) as connection:
            connection.execute(f"ALTER SYSTEM SET {setting} = '{value}'")
            connection.execute("SELECT pg_reload_conf()")


_SETTINGS = (
    "listen_addresses=127.0.0.1",
    "max_connections=200",
    "shared_buffers=64MB",
    "autovacuum_naptime=60",
    "log_min_messages=warning",
    "password_encryption=scram-sha-256",
)


def find_binaries() -> Path:
    """The folder of `postgres` and `initdb`. Raises MissingPackage with the Debian package's name."""
    places = [Path(f"/usr/lib/postgresql/{version}/bin") for version in VERSIONS]
    on_path = shutil.which("postgres")
    if on_path:
        places.append(Path(on_path).resolve().parent)
    for place in places:
        if all((place / name).exists() for name in ("postgres", "initdb", "psql")):
            return place
    raise MissingPackage("PostgreSQL is not installed: apt-get install postgresql (or run `make setup`)")


def unprivileged(folder: Path) -> list[str]:
    """PostgreSQL refuses to run as root: then it runs as another user, whose `folder` becomes."""
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise MissingPackage("setpriv is not installed: apt-get install util-linux")
    user = next(pwd.getpwnam(name) for name in ("postgres", "nobody") if _exists(name))
    os.chown(folder, user.pw_uid, user.pw_gid)
    return [
        setpriv,
        "--pdeathsig=INT",
        f"--reuid={user.pw_uid}",
        f"--regid={user.pw_gid}",
        "--clear-groups",
        "--",
    ]


def _signal(pid: int, what: signal.Signals) -> None:
    """To a session, which may have ended by itself."""
    with suppress(ProcessLookupError):
        os.kill(pid, what)


def _exists(name: str) -> bool:
    return any(entry.pw_name == name for entry in pwd.getpwall())


def _passwords(base: str) -> list[str]:
    names = (base, Roles(base).owner)
    return [part for name in names for part in ("-v", f"{name}_password={PASSWORD}")]
