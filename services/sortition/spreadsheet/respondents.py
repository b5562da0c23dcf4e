"""The respondents' table: an id, a value per feature, perhaps an address, and whatever else it carries."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from services.sortition.lottery.problem import Person

from . import normal
from .findings import File, Finding, Reason, UnreadableInputError, quote
from .normal import Cells
from .rowstore import RowStore
from .source import Sheet, SourceInfo, opened
from .targets import TargetsTable

_MOST_CHOICES = 12
# Headers of columns whose cells are never quoted, even where they serve as ids.
_PERSONAL = frozenset(
    "name navn full_name fullname fornavn efternavn firstname first_name lastname last_name surname "
    "email e-mail mail phone telefon mobil mobile address adresse street vej cpr birthday fødselsdag".split()
)


@dataclass(frozen=True, slots=True)
class RespondentsTable:
    """What the respondents' file says.

    `people` are the accepted rows in the file's order, their values in `features` order (the targets'
    spelling). `header` and `store` are the table as it came, every row that is not blank. `rejected` are
    the row numbers with an error. `ids` are all ids seen, those of rejected rows too; `private` where
    names or addresses serve as ids, which no finding may quote.
    """

    info: SourceInfo | None
    header: tuple[str, ...]
    id_column: int
    features: tuple[str, ...]
    people: tuple[Person, ...]
    store: RowStore
    rejected: frozenset[int]
    ids: frozenset[str]
    findings: tuple[Finding, ...]
    private: bool = False

    @property
    def accepted_count(self) -> int:
        return len(self.people)

    def accepted_rows(self) -> Iterator[tuple[str, Cells]]:
        """(id, cells as they came) of every accepted row, in the file's order."""
        for number, cells in self.store:
            if number not in self.rejected:
                yield normal.value(cells[self.id_column]), cells


def read_respondents(
    source: bytes | Path,
    targets: TargetsTable,
    id_column: str | None = None,
    address_columns: Sequence[str] = (),
) -> RespondentsTable:
    """Read respondents from a CSV file or workbook; every error is in `findings`, none is raised.

    `id_column` is a header (None: the column `id`, else the first). People whose `address_columns` are
    equal, case and blanks aside, share a household; all of them empty is nobody's neighbour.
    """
    wanted = {normal.header(name) for name in (*targets.features, id_column or "id", *address_columns)}
    try:
        with opened(source, File.RESPONDENTS, wanted) as sheet:
            return _Reader(sheet, targets, id_column, address_columns).read()
    except UnreadableInputError as refusal:
        empty = RowStore()
        return RespondentsTable(
            None, (), 0, targets.features, (), empty, frozenset(), frozenset(), (refusal.finding,)
        )


class _Reader:
    def __init__(
        self, sheet: Sheet, targets: TargetsTable, id_column: str | None, address_columns: Sequence[str]
    ) -> None:
        self._sheet = sheet
        self._targets = targets
        self._id_name = id_column
        self._address_names = address_columns
        self._findings: list[Finding] = []
        self._header: Cells = []
        self._id = 0
        self._id_label = ""
        self._missing_id = False
        self._features: list[tuple[str, int]] = []
        self._addresses: list[int] = []
        self._store = RowStore()
        self._rejected: set[int] = set()
        self._first: dict[str, int] = {}
        self._ids: list[str] = []
        self._values: list[tuple[str, ...]] = []
        self._homes: list[bytes] = []
        self._private = False
        self._choices: dict[tuple[str, str], tuple[str, ...]] = {}

    def read(self) -> RespondentsTable:
        rows = self._sheet.rows
        row, self._header = next(rows, (0, []))
        self._find_columns(row)
        self._read_rows(rows)
        if not len(self._store):
            self._findings.append(Finding(Reason.NO_ROWS, File.RESPONDENTS))
        whole = not self._missing_id and len(self._features) == len(self._targets.features)
        return RespondentsTable(
            replace(self._sheet.info, rows=len(self._store)),
            tuple(self._header),
            self._id,
            self._targets.features,
            self._people() if whole else (),
            self._store,
            frozenset(self._rejected if whole else (number for number, _ in self._store)),
            frozenset(self._first),
            (*self._findings, *self._sheet.trailing),
            self._private,
        )

    def _find_columns(self, row: int) -> None:
        places = normal.positions(self._header)
        index = self._column(places, row, self._id_name) if self._id_name else places.get("id", [0])[0]
        self._missing_id = index is None
        self._id = index or 0
        if index is not None and self._header:
            self._id_label = quote(normal.value(self._header[index]))
            if len(places.get(normal.header(self._id_label), ())) > 1:
                self._duplicate(row, self._id_label)
                self._missing_id = True
        for feature in self._targets.features:
            place = self._column(places, row, feature)
            if place is not None and place == index:
                self._findings.append(
                    Finding(Reason.FEATURE_IS_ID, File.RESPONDENTS, row=row, column=quote(feature))
                )
                self._missing_id = True
            if place is not None:
                self._features.append((feature, place))
        fallback = not self._id_name and "id" not in places
        if fallback and not self._features:
            # Probably there is no header row at all: what would be called the id's header is a person's.
            self._missing_id = True
        self._private = normal.header(self._id_label) in _PERSONAL
        for name in self._address_names:
            place = self._column(places, row, name, Reason.MISSING_ADDRESS_COLUMN)
            if place is not None:
                self._addresses.append(place)

    def _column(
        self,
        places: dict[str, list[int]],
        row: int,
        name: str,
        reason: Reason = Reason.MISSING_COLUMN,
    ) -> int | None:
        found = places.get(normal.header(name))
        if found is None:
            # Only a header that is nearly the wanted one is quoted: without a header row, the first row
            # is a person.
            near = difflib.get_close_matches(normal.header(name), places, n=1, cutoff=0.8)
            self._findings.append(
                Finding(
                    reason,
                    File.RESPONDENTS,
                    row=row or None,
                    column=quote(name),
                    sizes=(("columns", len(self._header)),),
                    choices=tuple(quote(self._header[places[key][0]].strip()) for key in near),
                )
            )
            return None
        if len(found) > 1:
            # Which of them is meant cannot be told, so nothing that stands in them is read or quoted.
            self._duplicate(row, name)
            return None
        return found[0]

    def _duplicate(self, row: int, column: str) -> None:
        finding = Finding(Reason.DUPLICATE_COLUMN, File.RESPONDENTS, row=row, column=quote(column))
        if finding not in self._findings:
            self._findings.append(finding)

    def _read_rows(self, rows: Iterator[tuple[int, Cells]]) -> None:
        width = len(self._header)
        # Per feature, the canonical value of each cell text that is right, so that a million rows share a
        # few strings and are compared once each.
        known = [
            (feature, place, {value: value for value in self._targets.values[feature]})
            for feature, place in self._features
        ]
        kinds: dict[tuple[str, ...], tuple[str, ...]] = {}
        for row, cells in rows:
            self._store.append(row, cells)
            before = len(self._findings)
            person = "" if self._missing_id else self._read_id(row, cells)
            values = []
            for feature, place, canonical in known:
                cell = cells[place] if place < len(cells) else ""
                value = canonical.get(cell)
                if value is None:
                    value = canonical.get(normal.value(cell))
                    if value is None:
                        self._wrong_value(row, person, feature, place, normal.value(cell))
                        continue
                    canonical[cell] = value
                values.append(value)
            if len(cells) != width:
                self._check_width(row, cells, width, before)
            if len(self._findings) > before:
                self._rejected.add(row)
                continue
            kind = tuple(values)
            self._ids.append(person)
            self._values.append(kinds.setdefault(kind, kind))
            if self._addresses:
                self._homes.append(self._home(cells))

    def _check_width(self, row: int, cells: Cells, width: int, before: int) -> None:
        """A row of another width may stand under the wrong headers: then nothing of it may be quoted.

        Delimiters too many or too few at its end are forgiven where everything that is needed is right.
        """
        surplus = any(cell.strip() for cell in cells[width:])
        if not surplus and len(self._findings) == before:
            return
        del self._findings[before:]
        reason = Reason.TOO_MANY_CELLS if len(cells) > width else Reason.TOO_FEW_CELLS
        sizes = (("cells", len(cells)), ("columns", width))
        self._findings.append(Finding(reason, File.RESPONDENTS, row=row, sizes=sizes))

    def _read_id(self, row: int, cells: Cells) -> str:
        person = normal.value(cells[self._id]) if self._id < len(cells) else ""
        if not person:
            self._findings.append(Finding(Reason.EMPTY_ID, File.RESPONDENTS, row=row, column=self._id_label))
            return ""
        first = self._first.setdefault(person, row)
        if first != row:
            self._findings.append(
                Finding(
                    Reason.DUPLICATE_ID,
                    File.RESPONDENTS,
                    row=row,
                    column=self._id_label,
                    found=self._shown(person) or "…",
                    id=self._shown(person),
                    sizes=(("first", first),),
                )
            )
        return person

    def _shown(self, person: str) -> str:
        """The id as a finding may carry it: not at all where names or addresses serve as ids."""
        return "" if self._private else quote(person)

    def _wrong_value(self, row: int, person: str, feature: str, place: int, value: str) -> None:
        found = quote(value)
        choices = self._choices.get((feature, value))
        if choices is None:
            choices = self._choices[feature, value] = _choices(value, self._targets.values[feature])
        self._findings.append(
            Finding(
                Reason.UNKNOWN_VALUE if value else Reason.EMPTY_VALUE,
                File.RESPONDENTS,
                row=row,
                column=quote(normal.value(self._header[place])),
                found=found,
                id=self._shown(person),
                sizes=(("values", len(self._targets.values[feature])),),
                choices=choices,
            )
        )

    def _home(self, cells: Cells) -> bytes:
        parts = [cells[place] if place < len(cells) else "" for place in self._addresses]
        folded = [" ".join(normal.value(part).casefold().split()) for part in parts]
        if not any(folded):
            return b""
        return hashlib.blake2b("\x1f".join(folded).encode(), digest_size=16).digest()

    def _people(self) -> tuple[Person, ...]:
        if not self._addresses:
            return tuple(Person(i, v) for i, v in zip(self._ids, self._values, strict=True))
        # A household is called by its least id: opaque, and the same whatever the order of the rows.
        least: dict[bytes, str] = {}
        several: set[bytes] = set()
        for person, home in zip(self._ids, self._homes, strict=True):
            if home in least:
                several.add(home)
                least[home] = min(least[home], person)
            elif home:
                least[home] = person
        return tuple(
            Person(person, values, least[home] if home in several else None)
            for person, values, home in zip(self._ids, self._values, self._homes, strict=True)
        )


def _choices(value: str, values: Sequence[str]) -> tuple[str, ...]:
    """The feature's values, the one that was probably meant first."""
    near = difflib.get_close_matches(value.casefold(), [v.casefold() for v in values], n=1, cutoff=0.75)
    nearest = [v for v in values if v.casefold() in near]
    return tuple(quote(v) for v in (*nearest, *(v for v in values if v not in nearest))[:_MOST_CHOICES])
