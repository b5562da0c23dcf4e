"""The corrected copy: the table as it came, each rejected row with its errors in a column of its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from .findings import Finding
from .respondents import RespondentsTable
from .words import Words, describe
from .writer import csv_chunks


def corrected_copy(respondents: RespondentsTable, language: str) -> Iterator[bytes]:
    """CSV in pieces: every row in the file's order, and a last column that is empty for accepted rows.

    To be handed only to whoever brought the file: it carries all of its columns.
    """
    words = Words(language)
    by_row: dict[int, list[Finding]] = defaultdict(list)
    for finding in respondents.findings:
        if finding.row is not None:
            by_row[finding.row].append(finding)

    def rows() -> Iterator[list[str]]:
        width = len(respondents.header)
        yield [*respondents.header, words("corrected.column")]
        for number, cells in respondents.store:
            # Surplus cells are kept, to the right of the errors: nothing the person wrote is lost.
            padded = [*cells[:width], *[""] * (width - len(cells))]
            errors = " ".join(describe(finding, words).sentence for finding in by_row.get(number, ()))
            yield [*padded, errors, *cells[width:]]

    return csv_chunks(rows())
