"""What the `match` commands say and write: lines for people, CSV with stable codes for programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from services.volunteer.commands.match_words import MatchWords
from services.volunteer.commands.running import as_csv
from services.volunteer.matching.acceptance_types import Assignment
from services.volunteer.matching.cover_types import CoverPlan, CoverProblem, Status
from services.volunteer.matching.errors import Reason
from services.volunteer.matching.search_types import Part, Ranking

Files = Mapping[str, bytes]


def _codes(reasons: Iterable[Reason]) -> str:
    """lack_of=x,y; another: codes in lower case with their parameters."""
    return "; ".join(
        each.code.lower()
        + (
            f" ({', '.join(f'{name}={_value(value)}' for name, value in each.params.items())})"
            if each.params
            else ""
        )
        for each in reasons
    )


def _value(value: object) -> str:
    return "|".join(value) if isinstance(value, tuple) else str(value)


def rank_lines(made: Iterable[Ranking], words: MatchWords) -> list[str]:
    lines = []
    for ranking in made:
        lines.append(words.text("match.rank.person", person=ranking.person))
        for shown in ranking.shown:
            lines.append(
                "  " + words.text("match.rank.shown", place=shown.place, task=shown.task, points=shown.points)
            )
            for part in shown.parts:
                name = words.text(f"match.part.{part.part.value}")
                said = words.reason(part.reason)
                lines.append(
                    "     "
                    + words.text(
                        "match.rank.part", part=name, points=part.points, most=part.most, reason=said
                    )
                )
        if not ranking.shown:
            lines.append("  " + words.text("match.rank.nothing"))
        for hidden in ranking.hidden:
            lines.append("  " + words.text("match.rank.blocked", task=hidden.task))
            lines += ("     > " + words.reason(block.reason) for block in hidden.blocks)
    return lines


def rank_files(made: Iterable[Ranking]) -> Files:
    made = tuple(made)
    shown = (
        (each.person, one.place, one.task, one.points, *(part.points for part in one.parts))
        for each in made
        for one in each.shown
    )
    blocked = (
        (each.person, one.task, block.opening.value, _codes([block.reason]))
        for each in made
        for one in each.hidden
        for block in one.blocks
    )
    return {
        "shown.csv": as_csv(("person", "place", "task", "points", *(part.value for part in Part)), shown),
        "blocked.csv": as_csv(("person", "task", "opened_by", "reason"), blocked),
    }


def assign_lines(made: Assignment, words: MatchWords) -> list[str]:
    ranks = {match.applicant: match.rank for match in made.matches}
    lines = []
    for each in made.applicants:
        if each.host is None:
            lines.append(words.text("match.assign.without", applicant=each.applicant))
        else:
            lines.append(
                words.text(
                    "match.assign.with", applicant=each.applicant, host=each.host, rank=ranks[each.applicant]
                )
            )
        lines += ("  > " + words.reason(reason) for reason in each.reasons)
    for host in made.hosts:
        if host.free:
            lines.append(words.text("match.assign.free", host=host.host, free=host.free))
            lines += ("  > " + words.reason(reason) for reason in host.reasons)
    if made.one_sided:
        lines.append(words.text("match.assign.one_sided", count=made.one_sided))
    if made.ties:
        lines.append(words.text("match.assign.ties", count=made.ties))
    return lines


def assign_files(made: Assignment) -> Files:
    return {
        "matches.csv": as_csv(
            ("applicant", "host", "rank", "host_rank"),
            ((each.applicant, each.host, each.rank, each.host_rank) for each in made.matches),
        ),
        "applicants.csv": as_csv(
            ("applicant", "host", "reasons"),
            ((each.applicant, each.host or "", _codes(each.reasons)) for each in made.applicants),
        ),
        "hosts.csv": as_csv(
            ("host", "free", "reasons"),
            ((each.host, each.free, _codes(each.reasons)) for each in made.hosts),
        ),
    }


def cover_lines(made: CoverPlan, words: MatchWords) -> list[str]:
    lines = []
    for level in made.levels:
        key = f"match.level.{level.level.value}"
        text = words.text(key, value=level.value, bound=level.bound)
        proved = words.text("match.level.best") if not level.gap else ""
        lines.append(
            text + (proved or words.text("match.level.gap", bound=level.bound, gap=words.gap(level.gap)))
        )
    waiting = sum(each.status is Status.NEEDS_COORDINATOR for each in made.placements)
    lines.append(words.text("match.cover.placements", count=len(made.placements)))
    if waiting:
        lines.append(words.text("match.cover.waiting", count=waiting))
    for each in made.unfilled:
        if each.critical:
            lines.append(
                words.text("match.cover.critical", slot=each.slot, free=each.free, critical=each.critical)
            )
        else:
            lines.append(words.text("match.cover.free", slot=each.slot, free=each.free))
        lines += ("  > " + words.reason(reason) for reason in each.reasons)
    for person in made.people:
        if not person.slots:
            lines.append(words.text("match.cover.unplaced", person=person.person))
            lines += ("  > " + words.reason(reason) for reason in person.reasons)
    return lines


def cover_files(problem: CoverProblem, made: CoverPlan) -> Files:
    slots = {slot.id: slot for slot in problem.slots}
    plan = (
        (
            each.slot,
            slots[each.slot].start.isoformat(),
            slots[each.slot].end.isoformat(),
            each.person,
            each.rank,
            each.status.value,
        )
        for each in made.placements
    )
    return {
        "plan.csv": as_csv(("slot", "start", "end", "person", "rank", "status"), plan),
        "people.csv": as_csv(
            ("person", "slots", "reasons"),
            ((each.person, ";".join(each.slots), _codes(each.reasons)) for each in made.people),
        ),
        "unfilled.csv": as_csv(
            ("slot", "free", "critical", "reasons"),
            ((each.slot, each.free, each.critical, _codes(each.reasons)) for each in made.unfilled),
        ),
        "levels.csv": as_csv(
            ("level", "value", "bound", "gap"),
            ((each.level.value, each.value, each.bound, f"{each.gap:.6f}") for each in made.levels),
        ),
    }
