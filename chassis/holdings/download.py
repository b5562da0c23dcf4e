"""A service's export of a municipality as a file to download, from the API and from a page alike."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from os import SEEK_END
from typing import IO

from fastapi.responses import StreamingResponse

from chassis.aip.names import MUNICIPALITY
from chassis.auth.principal import Role, authorise
from chassis.context import Caller
from chassis.db import Database
from chassis.errors import Code, DomainError
from chassis.holdings import Holdings
from chassis.holdings.export import export

_CHUNK = 256 * 1024


class Downloads:
    """Of one service's store."""

    def __init__(self, service: str, database: Database, holdings: Holdings) -> None:
        self.service = service
        self._database = database
        self._holdings = holdings
        self._making: set[str] = set()
        self._lock = threading.Lock()

    def answer(self, municipality: str, caller: Caller) -> StreamingResponse:
        """The zip of `file`, to be sent. Raises as that does."""
        slug, file = self.file(municipality, caller)
        size = file.seek(0, SEEK_END)
        file.seek(0)
        return StreamingResponse(
            _chunks(file),
            media_type="application/zip",
            headers={
                "content-length": str(size),
                "content-disposition": f'attachment; filename="{slug}-{self.service}.zip"',
                "cache-control": "no-store",
            },
        )

    def file(self, municipality: str, caller: Caller) -> tuple[str, IO[bytes]]:
        """The slug and the zip, for the municipality's own secretariat: there are people in it, and operators
        of the platform see no content.

        A file without a name: the store's snapshot is not held for as long as somebody downloads, and what
        goes wrong is said before anything is sent. One of a municipality at a time in this process, since
        each takes room in the temporary folder.
        Raises DomainError NAME_INVALID, SIGN_IN_REQUIRED, ROLE_REQUIRED, MUNICIPALITY_UNKNOWN,
        EXPORT_UNDER_WAY.
        """
        slug = MUNICIPALITY.parse(f"municipalities/{municipality}")["municipality"]
        authorise(caller.principal, slug, Role.SECRETARIAT)
        with self.alone(slug):
            file = tempfile.TemporaryFile()  # noqa: SIM115 - closed when it is sent
            try:
                export(self._database, self.service, self._holdings, slug, caller, file)
            except BaseException:
                file.close()
                raise
        return slug, file

    @contextmanager
    def alone(self, slug: str) -> Iterator[None]:
        """While an export of the municipality is made. Raises DomainError EXPORT_UNDER_WAY."""
        with self._lock:
            if slug in self._making:
                raise DomainError(Code.ABORTED, "EXPORT_UNDER_WAY")
            self._making.add(slug)
        try:
            yield
        finally:
            with self._lock:
                self._making.discard(slug)


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(_CHUNK):
            yield chunk
