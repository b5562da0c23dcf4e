"""An ingress that shares requests out among replicas and repeats none: what a replica loses is seen.

It keeps connections to replicas, as a real one does, and takes up and leaves out replicas at any moment.
"""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

_LIMIT = 1 << 20

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class Ingress:
    """`replicas` has each service's "host:port"; the first segment of a path says which service it is for,
    and `root` has the others.
    """

    root: str
    address: str = ""
    _replicas: Mapping[str, Sequence[str]] = field(default_factory=dict)
    _turn: int = 0
    _idle: dict[str, list[Connection]] = field(default_factory=lambda: defaultdict(list))

    def share(self, replicas: Mapping[str, Sequence[str]]) -> None:
        """From now on among these. What is under way ends where it is."""
        self._replicas = {name: tuple(each) for name, each in replicas.items()}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                body = await reader.readexactly(_length(head))
                answer = await self._forward(head + body)
                writer.write(answer or b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n")
                await writer.drain()
        except (ConnectionError, EOFError):
            pass  # the caller is gone
        finally:
            writer.close()

    async def _forward(self, request: bytes) -> bytes:
        """b"" when the replica gives no whole answer."""
        segment = request.split(b" ", 2)[1].split(b"/", 2)[1].partition(b"?")[0].decode()
        replicas = self._replicas.get(segment) or self._replicas.get(self.root, ())
        if not replicas:
            return b""
        self._turn += 1
        replica = replicas[self._turn % len(replicas)]
        try:
            reader, writer = await self._connection(replica)
        except OSError:
            return b""
        whole = b""
        try:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            whole = head + await reader.readexactly(_length(head))
        except (OSError, EOFError):
            pass
        if whole and _field(whole, b"connection").lower() != b"close":
            self._idle[replica].append((reader, writer))
        else:
            writer.close()
        return whole

    async def _connection(self, replica: str) -> Connection:
        if self._idle[replica]:
            return self._idle[replica].pop()
        host, _, port = replica.partition(":")
        return await asyncio.open_connection(host, int(port), limit=_LIMIT)

    def close_idle(self) -> None:
        for connections in self._idle.values():
            for _, writer in connections:
                writer.close()


def _field(message: bytes, name: bytes) -> bytes:
    for line in message.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]:
        found, _, value = line.partition(b":")
        if found.lower() == name:
            return value.strip()
    return b""


def _length(head: bytes) -> int:
    return int(_field(head, b"content-length") or 0)


@contextmanager
def running_ingress(root: str) -> Iterator[Ingress]:
    ingress = Ingress(root)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="ingress", daemon=True)
    thread.start()
    try:
        starting = asyncio.start_server(ingress.serve, "127.0.0.1", 0, limit=_LIMIT)
        server = asyncio.run_coroutine_threadsafe(starting, loop).result(10)
        host, port = server.sockets[0].getsockname()
        ingress.address = f"http://{host}:{port}"
        yield ingress
        asyncio.run_coroutine_threadsafe(_close(server, ingress), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _close(server: asyncio.Server, ingress: Ingress) -> None:
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    ingress.close_idle()
    await asyncio.sleep(0)  # what is closed is given up in the loop's next turn
