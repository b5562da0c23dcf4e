"""What use cases answer with, and the etags of what they show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from chassis.aip.updates import make_etag
from services.deliberation.domain.assembly import Assembly
from services.deliberation.domain.canonical import report_title
from services.deliberation.domain.report import Initiative, Recommendation, Report


@dataclass(frozen=True, slots=True)
class AssemblyView:
    assembly: Assembly

    @property
    def etag(self) -> str:
        return make_etag(self.assembly.name, self.assembly.version)


@dataclass(frozen=True, slots=True)
class InitiativeView:
    """`report` is the report's resource name."""

    report: str
    initiative: Initiative

    @property
    def name(self) -> str:
        parent = f"{self.report}/recommendations/{self.initiative.recommendation}"
        return f"{parent}/initiatives/{self.initiative.id}"

    @property
    def etag(self) -> str:
        return make_etag(self.name, self.initiative.version, self.initiative.position)


@dataclass(frozen=True, slots=True)
class RecommendationView:
    """`report` is the report's resource name."""

    report: str
    recommendation: Recommendation

    @property
    def name(self) -> str:
        return f"{self.report}/recommendations/{self.recommendation.id}"

    @property
    def initiatives(self) -> tuple[InitiativeView, ...]:
        return tuple(InitiativeView(self.report, each) for each in self.recommendation.initiatives)

    @property
    def etag(self) -> str:
        """Of the whole: whoever deletes it has seen all that goes with it."""
        inside = [each.etag for each in self.initiatives]
        return make_etag(self.name, self.recommendation.version, self.recommendation.position, *inside)


@dataclass(frozen=True, slots=True)
class ReportView:
    """A report, whole, and the assembly whose report it is."""

    report: Report
    assembly: Assembly
    contents: tuple[Recommendation, ...]

    @property
    def title(self) -> str:
        return report_title(self.report, self.assembly)

    @property
    def recommendations(self) -> tuple[RecommendationView, ...]:
        return tuple(RecommendationView(self.report.name, each) for each in self.contents)

    @property
    def initiatives(self) -> int:
        return sum(len(each.initiatives) for each in self.contents)

    @property
    def etag(self) -> str:
        """Of the whole, and of what the assembly adds to it: what is handed over is what was read."""
        return make_etag(self.report.name, self.report.version, self.assembly.version)

    def recommendation(self, recommendation_id: UUID) -> RecommendationView | None:
        return next((e for e in self.recommendations if e.recommendation.id == recommendation_id), None)


def whole(report: Report, assembly: Assembly, recommendations: Sequence[Recommendation]) -> ReportView:
    return ReportView(report, assembly, tuple(recommendations))
