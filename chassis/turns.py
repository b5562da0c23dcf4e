"""Whose work is taken up next: municipalities take turns, and none has all of a service's workers.

Round robin over queues (Nagle, RFC 970), since a queue that is only first come, first served is whoever's
asks most. One worker is always left to the others: work may take hours, and cannot be interrupted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any


class Turns:
    """One pool of `workers`. Not for several threads at once."""

    def __init__(self, workers: int) -> None:
        self._most = max(1, workers - 1)
        self._at_hand: Counter[str] = Counter()
        self._served: dict[str, int] = {}
        self._turn = 0

    def order(self, waiting: Mapping[str, Any]) -> list[str]:
        """The municipalities, in the order of their turns: who has least at hand, then who was served
        longest ago, then whose work waits longest (`waiting` has its instant).
        """
        return sorted(
            waiting,
            key=lambda one: (self._at_hand[one], self._served.get(one, 0), waiting[one], one),
        )

    def full(self) -> frozenset[str]:
        """Who has as many workers as one may have."""
        return frozenset(one for one, number in self._at_hand.items() if number >= self._most)

    def begin(self, municipality: str) -> None:
        self._turn += 1
        self._served[municipality] = self._turn
        self._at_hand[municipality] += 1

    def end(self, municipality: str) -> None:
        self._at_hand[municipality] -= 1
        if not self._at_hand[municipality]:
            del self._at_hand[municipality]
