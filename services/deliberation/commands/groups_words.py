"""What grouping's reasons, clashes and figures say to a person, in Danish or English, from the catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from chassis.text import Catalogue, catalogues
from services.deliberation.grouping.errors import (
    BadInput,
    Cure,
    GroupingError,
    Infeasible,
    Parameter,
    Reason,
    Rule,
    Undecided,
)
from services.deliberation.grouping.types import Plan


class GroupsWords:
    """One language's sentences."""

    def __init__(self, language: str) -> None:
        self.catalogue: Catalogue = catalogues(("services.deliberation",))[language]

    def reason(self, reason: Reason) -> str:
        """One sentence: what is wrong, where, and what to do."""
        return self.catalogue.text(f"groups.reason.{reason.code}", **_shown(reason.params))

    def error(self, error: GroupingError) -> Iterator[str]:
        """The lines of a refusal."""
        if isinstance(error, BadInput):
            for reason in error.reasons:
                yield self.reason(reason)
        elif isinstance(error, Infeasible):
            yield self.catalogue.text(
                f"groups.clash.{error.reason}", round=error.round, groups=error.groups, seats=error.seats
            )
            for rule in error.rules:
                yield f"  - {self.rule(rule)}"
            if error.cures:
                yield self.catalogue.text("groups.cures")
            for cure in error.cures:
                yield f"  - {self.cure(cure)}"
        elif isinstance(error, Undecided):
            yield self.catalogue.text("groups.undecided", round=error.round, steps=error.steps)

    def rule(self, rule: Rule) -> str:
        members = ", ".join(rule.members)
        return self.catalogue.text(f"groups.rule.{rule.kind}", members=members, resource=rule.resource)

    def cure(self, cure: Cure) -> str:
        rule = self.rule(cure.rule) if cure.rule is not None else ""
        key = f"groups.cure.{cure.kind}"
        return self.catalogue.text(key, rule=rule, count=cure.count, resource=cure.resource)

    def figures(self, plan: Plan) -> Iterator[str]:
        """The summary of a plan, one figure a line."""
        figures = plan.figures
        text = self.catalogue.text
        planned = [each for each in plan.rounds if not each.held]
        yield text(
            "groups.figures.size",
            members=figures.members,
            rounds=len(planned),
            held=len(plan.rounds) - len(planned),
        )
        yield text(
            "groups.figures.pairs",
            met=figures.pairs_met,
            bound=figures.bound,
            share=self._percent(figures.share_of_bound),
        )
        yield text("groups.figures.most", times=figures.most_meetings)
        yield text("groups.figures.fewest", others=figures.fewest_met)
        if figures.cells:
            yield text(
                "groups.figures.cells",
                cells=figures.cells,
                one=figures.off_by_one,
                more=figures.off_by_more,
                share=self._percent(figures.share_off),
            )
        if any(group.facilitator for each in plan.rounds for group in each.groups):
            yield text("groups.figures.facilitators", times=figures.facilitator_repeats)
        yield text("groups.figures.again", seed=plan.seed, effort=plan.effort, digest=plan.input_digest)
        for notice in plan.notices:
            yield self.reason(notice)

    def _percent(self, share: float) -> str:
        shown = f"{100 * share:.1f}"
        return f"{shown} %".replace(".", ",") if self.catalogue.language == "da" else f"{shown} %"


def _shown(params: Mapping[str, Parameter]) -> dict[str, str | int]:
    shown = {name: ", ".join(v) if isinstance(v, tuple) else v for name, v in params.items()}
    if "kind" in shown:
        # As the rules file writes it.
        shown["kind"] = str(shown["kind"]).lower()
    return shown
