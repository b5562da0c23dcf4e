"""A real pgbouncer before a test's PostgreSQL, lending connections by the transaction."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.infrastructure.places import free_port
from tests.infrastructure.postgres import PASSWORD, MissingPackage, Urls, unprivileged


@contextmanager
def pooling(urls: Urls, *, connections: int) -> Iterator[str]:
    """The login's address through the pooler, which has so many connections to lend."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        raise MissingPackage("pgbouncer is not installed: apt-get install pgbouncer (or run `make setup`)")
    folder = Path(tempfile.mkdtemp(prefix="bt-pgb-"))
    become, port = unprivileged(folder), free_port()
    server = f"host=127.0.0.1 port={urls.server.port} dbname={urls.name}"
    (folder / "pgbouncer.ini").write_text(
        f"[databases]\n{urls.name} = {server} user={urls.base} password={PASSWORD}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n"
        f"pool_mode = transaction\ndefault_pool_size = {connections}\nmax_client_conn = 100\n"
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*become, program, str(folder / "pgbouncer.ini")],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
        )
    try:
        _wait(process, port, folder / "log")
        yield urls.login.replace(f":{urls.server.port}/", f":{port}/") + "?pgbouncer=true"
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + 15
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.03)
        else:
            return
    raise AssertionError(f"pgbouncer did not start:\n{log.read_text()[-2000:]}")
