"""What the use cases answer: plain data for every surface, without anything a surface may not show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.sortition.app.ports import StoredFileInfo
from services.sortition.domain.draw import Draw, DrawMethod, DrawMode, DrawState
from services.sortition.domain.pool import Inclusion
from services.sortition.domain.seat import Answer
from services.sortition.domain.selection import Selection
from services.sortition.domain.target import Target


@dataclass(frozen=True, slots=True)
class SelectionView:
    """A selection with the number of people in its pool now."""

    selection: Selection
    pool_size: int
    etag: str


@dataclass(frozen=True, slots=True)
class SelectionPage:
    items: tuple[SelectionView, ...]
    next_page_token: str


@dataclass(frozen=True, slots=True)
class CellError:
    """One wrong cell. `place`, `what` and `cure` are sentences in the caller's language; the rest is for
    programs: `row` as the spreadsheet numbers it (0: the whole file), `found` only of id, feature and target
    columns.
    """

    row: int
    column: str
    found: str
    reason: str
    place: str
    what: str
    cure: str


@dataclass(frozen=True, slots=True)
class TargetsImport:
    """`errors` empty: the targets were replaced. Otherwise nothing was. `format` says what was recognised."""

    selection: SelectionView
    errors: tuple[CellError, ...]
    format: str


class ImportState(StrEnum):
    """APPLIED: the pool was replaced. WAITING: there are errors, the good rows may be accepted. REFUSED: no
    row can be accepted.
    """

    APPLIED = "APPLIED"
    WAITING = "WAITING"
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True)
class PoolImport:
    state: ImportState
    accepted_rows: int
    rejected_rows: int
    errors: tuple[CellError, ...]
    format: str
    create_time: datetime


@dataclass(frozen=True, slots=True)
class ValueCount:
    feature: str
    value: str
    people: int


@dataclass(frozen=True, slots=True)
class PoolView:
    """`unanswered` counts people who lack a value that the targets now ask for (imported before)."""

    selection: UUID
    people: int
    included: int
    excluded: int
    unanswered: int
    counts: tuple[ValueCount, ...]
    import_time: datetime | None


@dataclass(frozen=True, slots=True)
class PersonView:
    """`household_others` counts the others of the pool at the same address."""

    name: str
    id: UUID
    pool_id: str
    values: Mapping[str, str]
    inclusion: Inclusion
    household_others: int
    etag: str


@dataclass(frozen=True, slots=True)
class PeoplePage:
    items: tuple[PersonView, ...]
    next_page_token: str


@dataclass(frozen=True, slots=True)
class DrawView:
    """A draw with its files and, while it is at work, how far that is."""

    draw: Draw
    files: tuple[StoredFileInfo, ...]
    stage: str
    progress: Mapping[str, str]
    etag: str


@dataclass(frozen=True, slots=True)
class DrawPage:
    items: tuple[DrawView, ...]
    next_page_token: str


@dataclass(frozen=True, slots=True)
class DrawFileView:
    """`public`: anyone may have it now."""

    draw: str
    filename: str
    media_type: str
    content: bytes
    sha256: str
    public: bool


@dataclass(frozen=True, slots=True)
class PublishedValue:
    """`pool` is None where the record suppresses the count, `panel` before the number is drawn."""

    target: Target
    pool: int | None
    panel: int | None


@dataclass(frozen=True, slots=True)
class ChanceGroup:
    """`people` have a place on `panels` of the draw's panels."""

    panels: int
    people: int


@dataclass(frozen=True, slots=True)
class PublishedDraw:
    """A draw as anyone may see it. Chances are counted in panels out of `panels`.

    `optimal_lowest` is the lowest chance that the method's exact lottery gives anybody who fits a panel (for
    leximin and maximin no lottery gives more), as a decimal; "" for a method without that proof. `chances`
    are for everyone in the pool, lowest first. `outcome` is empty until the draw is published. `included`
    people were bound to be drawn, `excluded` ones could not be.
    """

    name: str
    selection: UUID
    id: UUID
    title: str
    purpose: str
    state: DrawState
    mode: DrawMode
    method: DrawMethod
    pool_size: int
    size: int
    panels: int
    per_address: int | None
    values: tuple[PublishedValue, ...]
    chances: tuple[ChanceGroup, ...]
    optimal_lowest: str
    unreachable: int
    announced: str
    number: int | None
    randomness: str
    note: str
    outcome: tuple[str, ...]
    files: tuple[StoredFileInfo, ...]
    commit_time: datetime | None
    reveal_time: datetime | None
    publish_time: datetime | None
    cancel_time: datetime | None
    included: int = 0
    excluded: int = 0

    @property
    def lowest_chance(self) -> float:
        """The lowest chance of anybody in the pool, those who fit no panel at all left aside."""
        reached = [group.panels for group in self.chances if group.panels]
        return min(reached, default=0) / self.panels

    @property
    def highest_chance(self) -> float:
        return max((group.panels for group in self.chances), default=0) / self.panels


@dataclass(frozen=True, slots=True)
class PublishedDrawPage:
    items: tuple[PublishedDraw, ...]
    next_page_token: str


@dataclass(frozen=True, slots=True)
class ReceiptCheck:
    """`drawn` is None until the draw is published."""

    random_id: str
    commitment: str
    panels_with: int
    panels: int
    drawn: bool | None


@dataclass(frozen=True, slots=True)
class DrawStateView:
    """What an operator sees of a draw."""

    name: str
    state: DrawState
    failure_reason: str
    attempts: int
    create_time: datetime
    update_time: datetime


@dataclass(frozen=True, slots=True)
class DrawStatePage:
    items: tuple[DrawStateView, ...]
    next_page_token: str


@dataclass(frozen=True, slots=True)
class PanelView:
    selection: UUID
    draw: UUID
    size: int
    not_asked: int
    asked: int
    accepted: int
    declined: int
    confirm_time: datetime | None
    etag: str


@dataclass(frozen=True, slots=True)
class SeatView:
    """`values` are the person's as frozen for the draw."""

    name: str
    id: UUID
    answer: Answer
    answer_time: datetime | None
    values: Mapping[str, str]
    etag: str


@dataclass(frozen=True, slots=True)
class SeatPage:
    items: tuple[SeatView, ...]
    next_page_token: str


@dataclass(frozen=True, slots=True)
class SeatContact:
    """For the phone list alone. `fields` are the file's columns as they were; empty when erased."""

    seat: SeatView
    pool_id: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SeatContactPage:
    items: tuple[SeatContact, ...]
    next_page_token: str


@dataclass(frozen=True, slots=True)
class PersonExport:
    """All that is kept about a person."""

    person: PersonView
    contact: Mapping[str, str]
    draws: tuple[str, ...]
    seat: SeatView | None


@dataclass(frozen=True, slots=True)
class ValueRepresentation:
    target: Target
    pool: int
    drawn: int
    accepted: int


@dataclass(frozen=True, slots=True)
class Representation:
    """Targets, pool and panel side by side; of the published draw, or before it of the pool as it stands."""

    selection: UUID
    pool_size: int
    panel_size: int
    accepted_size: int
    values: tuple[ValueRepresentation, ...]


@dataclass(frozen=True, slots=True)
class TargetProblem:
    """What keeps any lottery from starting; `feature` is the one meant, if one is."""

    reason: str
    metadata: Mapping[str, str]
    feature: str = ""


@dataclass(frozen=True, slots=True)
class TargetFinding:
    """`people` have the value and may be drawn; `short_by` are lacking to reach the minimum.

    `lowest` and `highest` are the room that all else leaves the value's count (an outer range: beyond it no
    panel lies); None when it was not worked out. `fits`: the target reaches into that room.
    """

    target: Target
    people: int
    short_by: int
    lowest: int | None = None
    highest: int | None = None
    fits: bool = True


class Bound(StrEnum):
    MINIMUM = "minimum"
    MAXIMUM = "maximum"


@dataclass(frozen=True, slots=True)
class Quota:
    """One side of one target, and its count."""

    feature: str
    value: str
    bound: Bound
    count: int


@dataclass(frozen=True, slots=True)
class KeptOff:
    """So many people fit no panel. `quotas`: a smallest set whose loosening would let them in; empty when the
    limit per address, or those who must be drawn, keeps them off.
    """

    people: int
    quotas: tuple[Quota, ...]


@dataclass(frozen=True, slots=True)
class BoundChange:
    feature: str
    value: str
    bound: Bound
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class CureView:
    """One way out, in `words` of the caller's language too.

    `size` and `per_address` are new ones, None to keep them; `released` counts people no longer bound to be
    drawn; `seats` is the sum of all steps of `changes`; `frees` counts who can be on some panel afterwards;
    `least`: no other change of targets alone takes fewer steps; `beyond_flex`: further than a flex allows.
    """

    changes: tuple[BoundChange, ...]
    size: int | None
    per_address: int | None
    released: int
    seats: int
    frees: int
    least: bool
    beyond_flex: bool
    words: str


@dataclass(frozen=True, slots=True)
class TargetsCheck:
    """The pool held against targets. With `problems` nothing could be asked: feasible is False, and there
    are no cures. `people` may be drawn.
    """

    feasible: bool
    people: int
    findings: tuple[TargetFinding, ...]
    cures: tuple[CureView, ...]
    problems: tuple[TargetProblem, ...]
    kept_off: tuple[KeptOff, ...]


@dataclass(frozen=True, slots=True)
class SigningKeyView:
    pem: str
    fingerprint: str
    create_time: datetime
