"""Assemblies, checkpoints and support in words and figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from chassis.text import Catalogue
from chassis.web.formats import Formats
from services.deliberation.app.views import RecommendationView, ReportView
from services.deliberation.domain.assembly import Assembly
from services.deliberation.domain.checkpoint import Checkpoint, CheckpointKind, WorkingDayRule
from services.deliberation.domain.followed_up import Standing
from services.deliberation.domain.report import Initiative
from services.deliberation.domain.support import Support


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of the bar of ballots: its name, and where it begins and how wide it is, in percent."""

    name: str
    x: str
    width: str


@dataclass(frozen=True, slots=True)
class ShownSupport:
    """`percent` is None where the share is undefined: `counts` and `base` say why."""

    percent: str | None
    counts: str
    base: str
    bars: tuple[Bar, ...]
    sentence: str


@dataclass(frozen=True, slots=True)
class ShownInitiative:
    id: UUID
    title: str
    text: str
    position: int
    support: ShownSupport | None


@dataclass(frozen=True, slots=True)
class ShownRecommendation:
    id: UUID
    title: str
    vision: str
    position: int
    etag: str
    initiatives: tuple[ShownInitiative, ...]


@dataclass(frozen=True, slots=True)
class ShownCheckpoint:
    """`nominal` is None before there is a handover to count from."""

    months: str
    kind: str
    rule: str
    nominal: str | None


class Wording:
    def __init__(self, words: Catalogue, f: Formats) -> None:
        self._words = words
        self._f = f

    def percent(self, support: Support) -> str | None:
        """Rounded down to a tenth, so that no share looks larger than it is: '95,8 %', '100 %'."""
        tenths = support.per_mille
        if tenths is None:
            return None
        digits = 1 if tenths % 10 else 0
        return self._f.percent(Decimal(tenths) / 1000, digits)

    def support(self, support: Support) -> ShownSupport:
        n = self._f.number
        counts = self._words.text(
            "support.counts",
            yes=n(support.in_favour),
            no=n(support.against),
            abstain=n(support.abstain),
            entitled=n(support.entitled),
        )
        if support.present:
            counts += " " + self._words.text("support.present", present=n(support.present))
        base = str(support.base.value if support.base else "")
        percent = self.percent(support)
        key = "support.base" if percent is not None else "support.undefined"
        said = self._words.text(f"{key}_{base}", base=n(support.denominator))
        return ShownSupport(percent, counts, said, _bars(support), f"{counts} {said}")

    def recommendations(self, view: ReportView) -> tuple[ShownRecommendation, ...]:
        return tuple(map(self._recommendation, view.recommendations))

    def _recommendation(self, view: RecommendationView) -> ShownRecommendation:
        one = view.recommendation
        return ShownRecommendation(
            one.id,
            one.title,
            one.vision,
            one.position,
            view.etag,
            tuple(map(self.initiative, one.initiatives)),
        )

    def initiative(self, initiative: Initiative) -> ShownInitiative:
        shown = None if initiative.support is None else self.support(initiative.support)
        return ShownInitiative(initiative.id, initiative.title, initiative.text, initiative.position, shown)

    def checkpoints(self, checkpoints: Sequence[Checkpoint], handover: date | None) -> list[ShownCheckpoint]:
        return [
            ShownCheckpoint(
                months=self._words.plural(
                    "assembly_checkpoint.within"
                    if each.kind is CheckpointKind.WITHIN
                    else "assembly_checkpoint.after",
                    each.months,
                    n=self._f.number(each.months),
                ),
                kind=each.kind.value,
                rule=self.rule(each.working_day_rule),
                nominal=self._f.date(each.nominal_date(handover), weekday=True) if handover else None,
            )
            for each in checkpoints
        ]

    def rule(self, rule: WorkingDayRule) -> str:
        return self._words.text(f"assembly_checkpoint.rule_{rule.value}")

    def months(self, checkpoints: Sequence[Checkpoint]) -> str:
        """'3, 10 og 24'."""
        return self._f.listing([self._f.number(each.months) for each in checkpoints])

    def contents(self, view: ReportView) -> str:
        """'5 anbefalinger og 24 initiativer'."""
        recommendations, initiatives = len(view.contents), view.initiatives
        one = self._words.plural(
            "assembly_report.recommendations_n", recommendations, n=self._f.number(recommendations)
        )
        other = self._words.plural(
            "assembly_report.initiatives_n", initiatives, n=self._f.number(initiatives)
        )
        return self._f.listing([one, other])

    def standing(self, assembly: Assembly) -> str:
        """Where an assembly stands, in a sentence."""
        members = self._f.number(assembly.members)
        return self._words.plural(f"assembly.standing_{assembly.state.value}", assembly.members, n=members)

    def promises(self, standing: Standing) -> list[str]:
        """What the council owes, a sentence each: given of owed, overdue, next."""
        n = self._f.number
        said = [
            self._words.plural(
                "assembly.promised",
                standing.promises,
                n=n(standing.promises),
                answered=n(standing.answered),
                owed=n(standing.owed),
            )
        ]
        if standing.overdue:
            overdue = self._words.plural("assembly.overdue", standing.overdue, n=n(standing.overdue))
            said.append(overdue)
        if standing.next_due:
            said.append(self._words.text("assembly.next_due", date=self._f.date(standing.next_due)))
        return said


def _bars(support: Support) -> tuple[Bar, ...]:
    """For, against and blank side by side, of everybody who could vote; what is left over did not."""
    whole = max(support.entitled, support.cast)
    if not whole:
        return ()
    bars, start = [], 0
    for name, count in (
        ("for", support.in_favour),
        ("against", support.against),
        ("abstain", support.abstain),
    ):
        if count:
            bars.append(Bar(name, _part(start, whole), _part(count, whole)))
        start += count
    return tuple(bars)


def _part(count: int, whole: int) -> str:
    return f"{count * 100 / whole:.3f}%"
