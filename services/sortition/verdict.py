"""The answer of the feasibility check in words: why there is no panel, what would help, who fits none."""

from __future__ import annotations

from services.sortition.lottery.cures import BoundChange, Cure
from services.sortition.lottery.feasibility import Feasibility
from services.sortition.lottery.problem import Problem
from services.sortition.lottery.reach import Blocked
from services.sortition.words import Words

_MOST_BLOCKED = 20


def infeasible_lines(words: Words, problem: Problem, answer: Feasibility) -> list[str]:
    """Why no panel can be drawn, then the ranked cures."""
    lines = [words("check.infeasible", n=answer.size)]
    lines += [
        "- "
        + words(
            "check.short.line",
            feature=count.feature,
            value=count.value,
            minimum=count.minimum,
            n=count.pool,
        )
        for count in answer.short
    ]
    for total in answer.clashing:
        if total.maxima < answer.size:
            lines.append(
                "- " + words("check.maxima.line", feature=total.feature, maxima=total.maxima, n=answer.size)
            )
        else:
            lines.append(
                "- " + words("check.minima.line", feature=total.feature, minima=total.minima, n=answer.size)
            )
    if not answer.cures:
        return [*lines, "", words("cure.none")]
    lines += ["", words("cure.head")]
    people = answer.people
    lines += [
        f"{i:2}. {cure_sentence(words, problem, cure)} "
        + words("cure.frees", n=cure.frees, people=people)
        + (" " + words("cure.least") if cure.least else "")
        + (" " + words("cure.beyond_flex") if cure.beyond_flex else "")
        for i, cure in enumerate(answer.cures, start=1)
    ]
    return lines


def cure_sentence(words: Words, problem: Problem, cure: Cure) -> str:
    """The change in words, as one sentence."""
    parts = [_bound(words, change) for change in cure.bounds]
    if cure.size is not None:
        parts.append(words("cure.size", old=problem.size, new=cure.size))
    if cure.per_address is not None:
        parts.append(words("cure.per_address", old=problem.per_address or 0, new=cure.per_address))
    if cure.released:
        parts.append(words("cure.release", ids=", ".join(cure.released)))
    sentence = parts[0] if len(parts) == 1 else words("cure.and").join([", ".join(parts[:-1]), parts[-1]])
    return sentence[:1].upper() + sentence[1:] + "."


def _bound(words: Words, change: BoundChange) -> str:
    return words(
        f"cure.{change.bound.value}",
        feature=change.feature,
        value=change.value,
        old=change.old,
        new=change.new,
    )


def blocked_lines(words: Words, answer: Feasibility) -> list[str]:
    """Who fits no panel, by kind of person, and the quotas that keep them off."""
    people = sum(len(kind.members) for kind in answer.blocked)
    if not people:
        return []
    lines = [words("check.blocked", n=people)]
    lines += [f"- {blocked_sentence(words, kind)}" for kind in answer.blocked[:_MOST_BLOCKED]]
    if len(answer.blocked) > _MOST_BLOCKED:
        lines.append(words("check.blocked.more", n=len(answer.blocked) - _MOST_BLOCKED))
    return lines


def blocked_sentence(words: Words, kind: Blocked) -> str:
    """One kind of person that fits no panel, and why."""
    who = ", ".join(kind.members[:10]) + (" …" if len(kind.members) > 10 else "")
    values = " / ".join(kind.values)
    return words("check.blocked.line", ids=who, values=values, why=quotas_in_words(words, kind))


def quotas_in_words(words: Words, kind: Blocked) -> str:
    """What keeps this kind of person off every panel."""
    if not kind.quotas:
        return words("check.blocked.no_quota")
    return "; ".join(
        words(f"check.quota.{q.bound.value}", feature=q.feature, value=q.value, count=q.count)
        for q in kind.quotas
    )
