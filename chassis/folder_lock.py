"""A data folder belongs to one running suite: `serve`, and `migrate`, lock it. Services that run alone share
one, each with its own store in it.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

from chassis.errors import Code, DomainError

FILE_NAME = "lock"


class FolderLock:
    """Held from `with` to its end, and by the system's doing no longer than the process lives.

    `share` is a service that takes only what is its own in the folder; `exclusive` says that nobody else may
    take the same share. Raises DomainError FAILED_PRECONDITION (DATA_FOLDER_IN_USE, with the folder and the
    holder's process id).
    """

    def __init__(self, folder: Path, *, share: str | None = None, exclusive: bool = True) -> None:
        self._folder = folder
        self._share = share
        self._exclusive = exclusive
        self._descriptors: list[int] = []

    def __enter__(self) -> FolderLock:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            if self._share is None:
                self._take(FILE_NAME, fcntl.LOCK_EX)
            else:
                self._take(FILE_NAME, fcntl.LOCK_SH)
                if self._exclusive:
                    self._take(f"{FILE_NAME}.{self._share}", fcntl.LOCK_EX)
        except BaseException:
            self._release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._release()

    def _take(self, name: str, how: int) -> None:
        descriptor = os.open(self._folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, how | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 32).decode("ascii", "replace").strip() or "?"
            os.close(descriptor)
            raise DomainError(
                Code.FAILED_PRECONDITION,
                "DATA_FOLDER_IN_USE",
                {"folder": str(self._folder), "process": holder},
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptors.append(descriptor)

    def _release(self) -> None:
        # The file stays: to remove it while another waits to lock it would let two hold "the" lock.
        while self._descriptors:
            os.close(self._descriptors.pop())
