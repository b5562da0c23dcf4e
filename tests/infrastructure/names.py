"""Names that lead to several addresses, and to others a moment later: a headless Service's, as gRPC asks.

with running_names() as names:
    names["volunteer.test"] = ["127.0.1.1", "127.0.1.2"]
    tcp_channel(names.target("volunteer.test", 9090))
"""

from __future__ import annotations

import ipaddress
import socketserver
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

_A, _IN = 1, 1
_ANSWERED, _NO_SUCH_NAME = 0x8580, 0x8583  # a response, authoritative, recursion as if available (RFC 1035)


class Names:
    """Answers the type A for what it knows, with a TTL of zero; nothing of any other type."""

    def __init__(self, port: int, known: dict[str, Sequence[str]]) -> None:
        self._port = port
        self._known = known

    def __setitem__(self, name: str, addresses: Sequence[str]) -> None:
        self._known[name] = tuple(addresses)

    def target(self, name: str, port: int) -> str:
        """What a gRPC channel is made for."""
        return f"dns://127.0.0.1:{self._port}/{name}:{port}"


@contextmanager
def running_names() -> Iterator[Names]:
    known: dict[str, Sequence[str]] = {}

    class Handler(socketserver.DatagramRequestHandler):
        def handle(self) -> None:
            self.wfile.write(_answer(self.rfile.read(), known))

    with socketserver.ThreadingUDPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="names", daemon=True)
        thread.start()
        try:
            yield Names(server.server_address[1], known)
        finally:
            server.shutdown()
            thread.join()


def _answer(query: bytes, known: dict[str, Sequence[str]]) -> bytes:
    labels, at = [], 12
    while length := query[at]:
        labels.append(query[at + 1 : at + 1 + length].decode("ascii"))
        at += 1 + length
    (kind,) = struct.unpack_from("!H", query, at + 1)
    question = query[12 : at + 5]
    name = ".".join(labels).lower()
    addresses = known.get(name, ()) if kind == _A else ()
    flags = _ANSWERED if name in known else _NO_SUCH_NAME
    head = query[:2] + struct.pack("!HHHHH", flags, 1, len(addresses), 0, 0)
    records = (
        struct.pack("!HHHIH", 0xC00C, _A, _IN, 0, 4) + ipaddress.IPv4Address(each).packed
        for each in addresses
    )
    return head + question + b"".join(records)
