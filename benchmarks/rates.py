"""Clients that ask one thing over and over: the same for both sides of a comparison."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

UNLIMITED = {f"BORGERTING_LIMITS__{name}": "1000000" for name in ("READS", "CHANGES", "CALLER")} | {
    "BORGERTING_LIMITS__AT_ONCE": "32"
}
"""Where one municipality is asked as much as a process can answer; it is counted all the same."""


def rate(make_call: Callable[[], Callable[[], object]], threads: int, seconds: float) -> float:
    """Calls a second by `threads` callers at once, each with a call of its own from `make_call`.

    A call that raises ends the measurement with its error: a rate of failures is no rate.
    """
    counts = [0] * threads
    errors: list[BaseException] = []
    begin = threading.Barrier(threads + 1)
    over = threading.Event()

    def work(number: int) -> None:
        try:
            call = make_call()
            call()
        except BaseException as error:
            errors.append(error)
            begin.abort()
            return
        begin.wait()
        try:
            while not over.is_set():
                call()
                counts[number] += 1
        except BaseException as error:
            errors.append(error)

    workers = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(threads)]
    for worker in workers:
        worker.start()
    try:
        begin.wait(30)
    except threading.BrokenBarrierError:
        raise RuntimeError("a caller could not begin") from (errors[0] if errors else None)
    started = time.perf_counter()
    time.sleep(seconds)
    over.set()
    for worker in workers:
        worker.join(30)
    elapsed = time.perf_counter() - started
    if errors:
        raise RuntimeError("a call failed") from errors[0]
    return sum(counts) / elapsed


def alternately(sides: Sequence[Callable[[], float]], rounds: int) -> list[list[float]]:
    """The figures of each side, measured in turns, so that a busy machine slows all of them alike."""
    found: list[list[float]] = [[] for _ in sides]
    for number in range(rounds):
        order = range(len(sides)) if number % 2 == 0 else reversed(range(len(sides)))
        for index in order:
            found[index].append(sides[index]())
    return found


def get(url: str) -> Callable[[], int]:
    """A call that GETs `url` on one connection and reads the whole answer; how many bytes its body had.

    By hand, since a client that parses as much as the server makes would measure itself.
    """
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    ask = connection_to(url)
    return lambda: ask(path)


def connection_to(site: str) -> Callable[[str], int]:
    """As `get`, the path given with each call."""
    parts = urlsplit(site)
    connection = socket.create_connection((parts.hostname or "", parts.port or 80), timeout=30)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def call(path: str) -> int:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
        answer = connection.recv(65536)
        while b"\r\n\r\n" not in answer:
            more = connection.recv(65536)
            if not more:
                raise ConnectionError("the server closed the connection")
            answer += more
        head, _, body = answer.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise ConnectionError(head.split(b"\r\n", 1)[0].decode())
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        length, received = int(fields[b"content-length"]), len(body)
        while received < length:
            more = connection.recv(65536)
            if not more:
                raise ConnectionError("the server closed the connection")
            received += len(more)
        return length

    return call
