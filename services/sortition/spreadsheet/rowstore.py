"""Rows kept as they came, packed: a million rows of a dozen cells cost some 40 MB instead of 2 GB."""

from __future__ import annotations

import marshal
import zlib
from collections.abc import Iterator

from .normal import Cells

_ROWS_PER_BLOCK = 4096


class RowStore:
    """A list of rows of text to append to and to read from the start. Lives and dies in one process."""

    def __init__(self) -> None:
        self._blocks: list[bytes] = []
        self._open: list[tuple[int, Cells]] = []
        self._length = 0

    def append(self, number: int, cells: Cells) -> None:
        self._open.append((number, cells))
        self._length += 1
        if len(self._open) == _ROWS_PER_BLOCK:
            self._blocks.append(zlib.compress(marshal.dumps(self._open), 1))
            self._open = []

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[tuple[int, Cells]]:
        """(row number, cells) in the order they were appended."""
        for block in self._blocks:
            # Written by this very process a moment ago, so marshal is safe and several times faster.
            yield from marshal.loads(zlib.decompress(block))  # noqa: S302
        yield from self._open
