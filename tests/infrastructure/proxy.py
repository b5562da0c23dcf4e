"""A TCP proxy before a real server, whose line can be cut, slowed, or left half-open.

with proxying(server.port) as line:
    line.cut()        # connections end, new ones are refused
    line.slow(0.2)    # each piece comes so many seconds later
    line.swallow()    # connections stay and are taken, and nothing comes through any more
    line.forget()     # the same of those that are there; new ones work
    line.mend()
    line.lead(other)  # new connections go to another server; those there were end
    line.lead(a, b)   # to the first of them that takes them
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from tests.infrastructure.places import lasting_ports

_PIECE = 1 << 16


class Line:
    """`port` stays the same, cut or not."""

    def __init__(self, *targets: int) -> None:
        [self.port] = lasting_ports(1)
        self._targets = targets
        self._delay = 0.0
        self._open = asyncio.Event()
        self._open.set()
        self._connections: set[asyncio.StreamWriter] = set()
        self._pipes: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._thread.start()
        self._do(self._listen())

    def cut(self) -> None:
        self._do(self._cut())

    def slow(self, seconds: float) -> None:
        self._delay = seconds

    def swallow(self) -> None:
        self._loop.call_soon_threadsafe(self._open.clear)

    def forget(self) -> None:
        self._do(self._forget())

    def lead(self, *targets: int) -> None:
        self._do(self._lead(targets))

    def mend(self) -> None:
        """What was swallowed is lost with its connection, as where a router forgot it."""
        self._delay = 0.0
        self._do(self._mend())

    def close(self) -> None:
        self._do(self._cut())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, act: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(act, self._loop).result(30)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)

    async def _cut(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._end_all()

    async def _forget(self) -> None:
        self._open.clear()
        self._open = asyncio.Event()
        self._open.set()

    async def _lead(self, targets: tuple[int, ...]) -> None:
        self._targets = targets
        await self._end_all()

    async def _mend(self) -> None:
        if not self._open.is_set():
            await self._end_all()
            self._open.set()
        if self._server is None:
            await self._listen()

    async def _end_all(self) -> None:
        for writer in self._connections:
            writer.transport.abort()
        for pipe in self._pipes:
            pipe.cancel()
        if self._pipes:
            await asyncio.wait(self._pipes)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        there: asyncio.StreamWriter | None = None
        opened = self._open
        try:
            await opened.wait()
            from_there, there = await self._reach()
            self._connections.add(there)
            pipes = [
                asyncio.create_task(self._pipe(reader, there, opened)),
                asyncio.create_task(self._pipe(from_there, writer, opened)),
            ]
            self._pipes.update(pipes)
            # One side may have said all and still listen; where one was reset, the other has to hear of it.
            await asyncio.wait(pipes, return_when=asyncio.FIRST_EXCEPTION)
            for pipe in pipes:
                pipe.cancel()
            await asyncio.gather(*pipes, return_exceptions=True)
            self._pipes.difference_update(pipes)
        except OSError:
            pass  # nobody is there: neither is this end
        finally:
            for end in (writer, there):
                if end is not None:
                    self._connections.discard(end)
                    end.transport.abort()

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        *others, last = self._targets
        for target in others:
            try:
                return await asyncio.open_connection("127.0.0.1", target)
            except OSError:
                continue
        return await asyncio.open_connection("127.0.0.1", last)

    async def _pipe(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, opened: asyncio.Event
    ) -> None:
        while piece := await reader.read(_PIECE):
            await opened.wait()
            if self._delay:
                await asyncio.sleep(self._delay)
            writer.write(piece)
            await writer.drain()
        writer.write_eof()


@contextmanager
def proxying(target: int) -> Iterator[Line]:
    line = Line(target)
    try:
        yield line
    finally:
        line.close()
