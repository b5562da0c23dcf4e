"""A result folder appears whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path


def refused(out: Path) -> str | None:
    """Why results cannot go there: OUT_NOT_EMPTY, OUT_NOT_WRITABLE; None for a new or an empty folder."""
    try:
        if not out.exists():
            return None
        if not out.is_dir() or any(out.iterdir()):
            return "OUT_NOT_EMPTY"
    except OSError:
        return "OUT_NOT_WRITABLE"
    return None


def write_new(out: Path, files: Mapping[str, bytes]) -> None:
    """Write all files into `out`, a new or an empty folder. Raises OSError, and then leaves nothing behind.

    They are written into a folder beside it first, which then takes its name.
    """
    target = out.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    with _beside(target) as partial:
        _write(partial, files)
        if target.exists():
            # An empty folder keeps its own permissions (it may be a mount): the files move in.
            _move_in(partial, target, files)
        else:
            partial.rename(target)


def write_into(folder: Path, files: Mapping[str, bytes]) -> None:
    """Add files to a folder that has none of them yet, in order. Raises OSError, and then adds nothing."""
    target = folder.resolve()
    with _beside(target) as partial:
        _write(partial, files)
        _move_in(partial, target, files)


@contextlib.contextmanager
def _beside(target: Path) -> Iterator[Path]:
    partial = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".partial", dir=target.parent))
    try:
        yield partial
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        with (folder / name).open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())


def _move_in(partial: Path, target: Path, files: Mapping[str, bytes]) -> None:
    moved: list[Path] = []
    try:
        for name in files:
            (partial / name).rename(target / name)
            moved.append(target / name)
    except OSError:
        for path in moved:
            path.unlink(missing_ok=True)
        raise
