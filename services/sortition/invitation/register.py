"""A register streamed into a few numbers per person: a million people take some 150 MB, and no row is kept.

Chance per person is one SHA-256, specified so that anyone can rebuild it:

    key    = SHA-256(UTF-8("borgerting generator v1\\n" + "invitation" + "\\n" + seed))
    digest = SHA-256(key || UTF-8(id)), read as four unsigned 64-bit integers, high byte first

(the key is that of `services.sortition.lottery.generator` for the purpose 'invitation'). Words 0 and 1 order
people at random, word 2 chooses within an address. They depend on seed and id alone, so neither the order of
the rows nor who else is in the register moves anybody's place before others.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.sortition.invitation.errors import BadInput, Reason
from services.sortition.invitation.types import Cell, Entry, Integers

# How many faults of a kind are told one by one.
_MOST_FAULTS = 100


@dataclass(frozen=True, slots=True)
class Register:
    """Who could be written to; n people, T types.

    `cells` are the types' values, sorted. `types` (n) indexes them. `words` (n, 4) are the digests.
    `homes` (n) numbers addresses from 1, 0 where none is known. `rows` (n) as in the source.
    """

    cells: tuple[Cell, ...]
    types: Integers
    words: NDArray[np.uint64]
    homes: Integers
    rows: Integers
    _ids: bytes
    _ends: Integers

    def __len__(self) -> int:
        return len(self.types)

    @property
    def people(self) -> Integers:
        """People per type (T)."""
        return np.bincount(self.types, minlength=len(self.cells)).astype(np.int64)

    def id(self, person: int) -> str:
        """The id of the person at this place."""
        start = int(self._ends[person - 1]) if person else 0
        return self._ids[start : int(self._ends[person])].decode()


def read(entries: Iterable[Entry | tuple[str, Cell, str, int]], seed: str) -> Register:
    """Stream the register. Raises BadInput with the rows of empty and repeated ids. Nobody is fine."""
    key = hashlib.sha256(f"borgerting generator v1\ninvitation\n{seed}".encode()).digest()
    sha256 = hashlib.sha256
    places: dict[Cell, int] = {}
    types, rows, ends, homes = array("i"), array("q"), array("q"), array("i")
    digests, ids = bytearray(), bytearray()
    # The numbers of addresses say which are the same, and nothing else: no result depends on their order.
    addresses: dict[str, int] = {"": 0}
    faults: list[Reason] = []
    for person, values, address, row in entries:
        if not person:
            faults.append(Reason("ID_EMPTY", {"row": str(row)}))
            continue
        name = person.encode()
        digests += sha256(key + name).digest()
        ids += name
        ends.append(len(ids))
        homes.append(addresses.setdefault(address, len(addresses)))
        place = places.get(values)
        if place is None:
            place = places[values] = len(places)
        types.append(place)
        rows.append(row)
    cells = sorted(places)
    rank = np.zeros(len(cells), dtype=np.int64)
    for new, cell in enumerate(cells):
        rank[places[cell]] = new
    words = np.frombuffer(digests, dtype=">u8").astype(np.uint64).reshape(-1, 4)
    numbers = np.array(rows, dtype=np.int64)
    faults += _repeated(words, numbers)
    if faults:
        raise BadInput(faults[:_MOST_FAULTS])
    return Register(
        tuple(cells),
        rank[np.frombuffer(types, dtype=np.int32)] if cells else np.zeros(0, dtype=np.int64),
        words,
        np.array(homes, dtype=np.int64),
        numbers,
        bytes(ids),
        np.array(ends, dtype=np.int64),
    )


def _repeated(words: NDArray[np.uint64], rows: Integers) -> list[Reason]:
    """Equal digests are equal ids: of 10**9 people, two share 128 bits with a chance under 10**-20."""
    first = np.argsort(words[:, 0], kind="stable")
    alike = words[first[1:], 0] == words[first[:-1], 0]
    suspects = first[np.append(alike, False) | np.append(False, alike)] if len(first) else first
    order = suspects[np.lexsort((rows[suspects], words[suspects, 1], words[suspects, 0]))]
    same = (words[order[1:], :2] == words[order[:-1], :2]).all(axis=1)
    again = np.flatnonzero(same)
    found = sorted((int(rows[order[i + 1]]), int(rows[order[i]])) for i in again.tolist())
    return [Reason("ID_TWICE", {"row": str(row), "first": str(first)}) for row, first in found]
