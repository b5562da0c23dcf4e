"""The pool's rows as they came in: what panel.csv and remaining.csv are made of, how commit keeps them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from services.sortition.spreadsheet.respondents import RespondentsTable
from services.sortition.spreadsheet.writer import csv_bytes


@dataclass(frozen=True, slots=True)
class Original:
    """The input's header, and (id, cells as they came) of everyone in the pool, in the input's order."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]

    @classmethod
    def of(cls, respondents: RespondentsTable) -> Original:
        return cls(
            respondents.header, tuple((person, tuple(cells)) for person, cells in respondents.accepted_rows())
        )

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(person for person, _ in self.rows)

    def split(self, drawn: Collection[str]) -> tuple[bytes, bytes]:
        """`panel.csv` and `remaining.csv`."""
        chosen = frozenset(drawn)

        def rows(panel: bool) -> Iterator[Sequence[str]]:
            yield self.header
            for person, cells in self.rows:
                if (person in chosen) is panel:
                    yield cells

        return csv_bytes(rows(panel=True)), csv_bytes(rows(panel=False))

    def to_json(self) -> bytes:
        """For `from_json` alone: unlike CSV it keeps every cell as it came, and which of them is the id."""
        content = {"header": self.header, "rows": [[person, *cells] for person, cells in self.rows]}
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, content: bytes) -> Original:
        """Raises ValueError if `to_json` did not write it."""
        try:
            value = json.loads(content)
            rows = tuple((str(row[0]), tuple(str(cell) for cell in row[1:])) for row in value["rows"])
            return cls(tuple(str(cell) for cell in value["header"]), rows)
        except (KeyError, TypeError, IndexError) as error:
            raise ValueError("not a pool kept by commit") from error
