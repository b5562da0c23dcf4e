"""The targets as they stand in the editor's form: being typed, perhaps half-finished, perhaps wrong."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from chassis.errors import FieldViolation
from chassis.web import Posted, invalid
from services.sortition.adapters.pages.views import by_feature
from services.sortition.app.views import CureView
from services.sortition.domain.target import MAX_TARGETS, Target

# Where a violation of one target's part stands in the form.
_PARTS = {"value": "v", "minimum": "l", "maximum": "h", "reason": "r"}


@dataclass(slots=True)
class DraftRow:
    """One value as typed. `finding` is what the pool says about it, `bad` whether that is a problem."""

    field: str
    value: str = ""
    minimum: str = ""
    maximum: str = ""
    reason: str = ""
    finding: str = ""
    bad: bool = False

    @property
    def empty(self) -> bool:
        return not (self.value or self.minimum or self.maximum)


@dataclass(slots=True)
class DraftGroup:
    """One feature as typed."""

    field: str
    name: str = ""
    rows: list[DraftRow] = dataclasses.field(default_factory=list)

    def add_row(self) -> None:
        self.rows.append(DraftRow(f"{self.field}r{len(self.rows)}"))


@dataclass(slots=True)
class Draft:
    groups: list[DraftGroup] = dataclasses.field(default_factory=list)

    @property
    def shape(self) -> str:
        """How many rows each group has: '2,4', for reading the form again."""
        return ",".join(str(len(group.rows)) for group in self.groups)

    def add_group(self, name: str = "", rows: int = 2) -> DraftGroup:
        group = DraftGroup(f"f{len(self.groups)}", name)
        for _ in range(rows):
            group.add_row()
        self.groups.append(group)
        return group

    def filled(self) -> Iterator[tuple[DraftGroup, DraftRow]]:
        """The rows that mean something: an emptied row is a removed one."""
        for group in self.groups:
            for row in group.rows:
                if not row.empty:
                    yield group, row

    def targets(self, stored: Sequence[Target]) -> tuple[Target, ...]:
        """The targets typed; flexes, which the form does not show, stay with their values.

        Raises DomainError with every cell that is not a number.
        """
        known = {(target.feature, target.value): target for target in stored}
        wrong: list[FieldViolation] = []
        made = []
        for group, row in self.filled():
            minimum = _count(row.minimum, f"{row.field}l", wrong)
            maximum = _count(row.maximum, f"{row.field}h", wrong)
            old = known.get((group.name, row.value))
            low = old.min_flex if old and old.min_flex is not None and old.min_flex <= minimum else None
            high = old.max_flex if old and old.max_flex is not None and old.max_flex >= maximum else None
            made.append(Target(group.name, row.value, minimum, maximum, low, high, row.reason))
        if wrong:
            raise invalid(*wrong)
        return tuple(made)

    def places(self) -> Mapping[str, str]:
        """A violation's path (`targets[3].maximum`) -> its field's id in the form."""
        places = {}
        for index, (group, row) in enumerate(self.filled()):
            places[f"targets[{index}].feature"] = group.field
            for part, suffix in _PARTS.items():
                places[f"targets[{index}].{part}"] = row.field + suffix
        return places

    def apply(self, changes: Sequence[Sequence[str | int]]) -> None:
        """Move the bounds that a cure names: (feature, value, 'minimum' or 'maximum', count)."""
        rows = {(group.name, row.value): row for group, row in self.filled()}
        for feature, value, bound, count in changes:
            row = rows.get((str(feature), str(value)))
            if row is not None and bound == "minimum":
                row.minimum = str(count)
            elif row is not None:
                row.maximum = str(count)


def draft_of(targets: Sequence[Target]) -> Draft:
    """The stored targets, ready to be edited; one empty feature when there are none."""
    draft = Draft()
    for feature, group in by_feature(targets, lambda target: target.feature).items():
        made = draft.add_group(feature, rows=len(group))
        for row, target in zip(made.rows, group, strict=True):
            row.value, row.reason = target.value, target.reason
            row.minimum, row.maximum = str(target.minimum), str(target.maximum)
    if not draft.groups:
        draft.add_group()
    return draft


def read_draft(form: Posted) -> Draft:
    """The form as it was sent. Raises DomainError for a shape that no form of ours has."""
    counts = form.text("shape").split(",")
    if not all(count.isascii() and count.isdigit() and len(count) <= 4 for count in counts):
        raise invalid()
    if sum(int(count) for count in counts) > MAX_TARGETS + 50 or len(counts) > MAX_TARGETS:
        raise invalid(FieldViolation("", "TOO_MANY_TARGETS", {"limit": str(MAX_TARGETS)}))
    draft = Draft()
    for count in counts:
        group = draft.add_group(rows=int(count))
        group.name = form.text(group.field)
        for row in group.rows:
            row.value = form.text(f"{row.field}v")
            row.minimum, row.maximum = form.text(f"{row.field}l"), form.text(f"{row.field}h")
            row.reason = form.text(f"{row.field}r")
    return draft


def cure_value(cure: CureView) -> str:
    """A cure as a button's value; "" for one that the editor cannot apply (it releases people)."""
    if cure.released:
        return ""
    changes = [[change.feature, change.value, change.bound.value, change.after] for change in cure.changes]
    return json.dumps({"c": changes, "s": cure.size, "p": cure.per_address}, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class CureRequest:
    """What a pressed cure asks for; `size` and `per_address` None to keep them."""

    changes: list[list[str | int]]
    size: int | None
    per_address: int | None


def read_cure(value: str) -> CureRequest:
    """Raises DomainError for anything that no button of ours says."""
    try:
        asked = json.loads(value)
        changes: list[list[str | int]] = [[str(f), str(v), str(b), int(n)] for f, v, b, n in asked["c"]]
        size, limit = asked["s"], asked["p"]
    except (ValueError, KeyError, TypeError):
        raise invalid() from None
    if not all(number is None or isinstance(number, int) for number in (size, limit)):
        raise invalid()
    return CureRequest(changes, size, limit)


def _count(text: str, place: str, wrong: list[FieldViolation]) -> int:
    typed = text.replace(".", "").replace(" ", "")
    if not typed:
        wrong.append(FieldViolation(place, "FIELD_REQUIRED"))
    elif not typed.isascii() or not typed.isdigit() or len(typed) > 9:
        wrong.append(FieldViolation(place, "NOT_A_WHOLE_NUMBER"))
    else:
        return int(typed)
    return 0
