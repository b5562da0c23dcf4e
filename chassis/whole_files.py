"""Files that are there whole or not at all, whoever reads them meanwhile and whatever ends the writer."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def create_file(path: Path, content: bytes, mode: int) -> bool:
    """Whether it was made: of two processes that begin at once, one makes it, and the other's is dropped."""
    with _written_beside(path, content, mode) as temporary:
        try:
            os.link(temporary, path)  # which fails where a file stands
        except FileExistsError:
            return False
        return True


def replace_file(path: Path, content: bytes, mode: int) -> None:
    """With the owner and the rights of the file before; `mode` where there was none."""
    with _written_beside(path, content, mode) as temporary:
        if path.exists():
            before, own = path.stat(), temporary.stat()
            if (before.st_uid, before.st_gid) != (own.st_uid, own.st_gid):
                os.chown(temporary, before.st_uid, before.st_gid)
            temporary.chmod(before.st_mode & 0o777)
        temporary.replace(path)


@contextmanager
def _written_beside(path: Path, content: bytes, mode: int) -> Iterator[Path]:
    """A file of that content on the same file system, on the disk by now; gone afterwards unless it moved."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)
