"""A data folder belongs to one running suite: `serve`, and `migrate`, lock it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

from chassis.errors import Code, DomainError

FILE_NAME = "lock"


class FolderLock:
    """Held from `with` to its end, and by the system's doing no longer than the process lives.

    Raises DomainError FAILED_PRECONDITION (DATA_FOLDER_IN_USE, with the folder and the holder's process id).
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._descriptor = -1

    def __enter__(self) -> FolderLock:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._folder / FILE_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
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
        self._descriptor = descriptor
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # The file stays: to remove it while another waits to lock it would let two hold "the" lock.
        os.close(self._descriptor)
