"""Where the real servers of the tests keep what they fetch, and where they listen."""

from __future__ import annotations

import fcntl
import os
import random
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

_CHECKOUT = Path(__file__).parents[2]


def cache(name: str, fill: Callable[[Path], None]) -> Path:
    """The folder `name` of the cache, filled by `fill` when it is missing: whole or not at all.

    The cache is `.cache` of the checkout, or BORGERTING_TEST_CACHE, so that several checkouts share one.
    """
    root = cache_root()
    root.mkdir(parents=True, exist_ok=True)
    folder = root / name
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            partial = root / f"{name}.partial"
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            fill(partial)
            partial.rename(folder)
    return folder


def cached(name: str) -> bool:
    """Whether the folder `name` of the cache is there already."""
    return (cache_root() / name).exists()


def cache_root() -> Path:
    """Where all of it lies."""
    return Path(os.environ.get("BORGERTING_TEST_CACHE") or _CHECKOUT / ".cache")


def program(name: str, package: str) -> str:
    """The path of an installed program. Raises RuntimeError that says which Debian package has it."""
    found = shutil.which(name)
    if found is None:
        raise RuntimeError(f"{name} is not installed: run `make setup`, or apt-get install {package}")
    return found


def free_ports(count: int) -> list[int]:
    """So many different ports of the loopback that nothing listens on."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()


def free_port() -> int:
    return free_ports(1)[0]


_given: set[int] = set()


def lasting_ports(count: int) -> list[int]:
    """As free_ports, for servers that are stopped and come back: out of the range that outgoing connections
    take their ports from, so that none of them sits on a port meanwhile. None is given twice: whoever was
    given it may not listen yet.
    """
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(10_000, lowest)
        if port in _given:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given.add(port)
        found.append(port)
    return found
