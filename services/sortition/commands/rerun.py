"""`verify --rerun`: solve the same input again, and say whether the draw comes out the same."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from services.sortition.lottery.draw import solve
from services.sortition.lottery.errors import LotteryError
from services.sortition.lottery.lottery import Method
from services.sortition.lottery.problem import Problem
from services.sortition.lottery.receipt import optimal_chances
from services.sortition.lottery.verifier import TOLERANCE
from services.sortition.spreadsheet.assemble import listed, to_problem
from services.sortition.spreadsheet.findings import File, Findings
from services.sortition.spreadsheet.respondents import read_respondents
from services.sortition.spreadsheet.targets import read_targets

from .request import column_names, lines_of, state
from .terminal import Exit, Refusal, Terminal, interruptible


@dataclass(frozen=True, slots=True)
class Again:
    """What --rerun reads; `address` and `id_column` only if they are other than the audit file says."""

    respondents: Path
    targets: Path
    address: str | None
    id_column: str | None


def compare(terminal: Terminal, again: Again, record: bytes, audit: bytes) -> tuple[list[str], bool]:
    """(lines, whether the draw is borne out). Both files must have passed the verifier.

    Other panels with the same chances do bear it out: another processor or library build may choose other
    panels, as fair as these, and the proof in the audit file holds for these.
    """
    words = terminal.words
    published, audited = json.loads(record), json.loads(audit)
    problem = _problem(terminal, again, audited)
    if isinstance(problem, Findings):
        raise Refusal(Exit.BAD_INPUT, lines_of(terminal, problem))
    if _targets(problem) != {
        (t["feature"], t["value"]): (t["minimum"], t["maximum"]) for t in audited["targets"]
    }:
        return [words("verify.rerun.other_targets")], False
    people = {person["id"]: person for person in audited["people"]}
    if not _same_pool(problem, audited, people):
        return [words("verify.rerun.other_pool")], False
    terminal.progress(words("cli.progress.solve", n=len(people), seats=problem.size))
    method, panels = Method(audited["method"]), published["panels"]
    try:
        exact, uniform = interruptible(
            lambda: solve(problem, method, audited["seed"], len(panels), terminal.steps())
        )
    except LotteryError:
        return [words("verify.rerun.no_panel")], False
    chances = optimal_chances(problem, exact)
    levels = [Fraction(chance) for chance in audited["lottery"]["chances"]]
    given = {
        name: Fraction(0) if person["type"] is None else levels[person["type"]]
        for name, person in people.items()
    }
    if max(abs(chances[name] - chance) for name, chance in given.items()) > TOLERANCE:
        return [words("verify.rerun.other_chances")], False
    found = [sorted(people[name]["random_id"] for name in panel) for panel in uniform.panels]
    if found == [sorted(panel) for panel in panels]:
        return [words("verify.rerun.same")], True
    return [words("verify.rerun.other_panels")], True


def _problem(terminal: Terminal, again: Again, audit: dict[str, Any]) -> Problem | Findings:
    columns = tuple(audit["columns"]["address"]) if again.address is None else column_names(again.address)
    targets = read_targets(again.targets)
    respondents = read_respondents(
        again.respondents, targets, again.id_column or audit["columns"]["id"] or None, columns
    )
    state(terminal, File.RESPONDENTS, respondents.info)
    state(terminal, File.TARGETS, targets.info)
    include = listed(File.INCLUDE, [p["id"] for p in audit["people"] if p["must"]])
    exclude = listed(File.EXCLUDE, [p["id"] for p in audit["people"] if p["type"] is None])
    return to_problem(targets, respondents, audit["size"], audit["per_address"], include, exclude)


def _targets(problem: Problem) -> dict[tuple[str, str], tuple[int, int]]:
    return {(t.feature, t.value): (t.minimum, t.maximum) for t in problem.targets}


def _same_pool(problem: Problem, audit: dict[str, Any], people: dict[str, dict[str, Any]]) -> bool:
    features = audit["features"]
    then = {name: dict(zip(features, person["values"], strict=True)) for name, person in people.items()}
    now = {person.id: dict(zip(problem.features, person.values, strict=True)) for person in problem.people}
    if then != now:
        return False
    if problem.per_address is None:
        return True
    homes_then = _homes((name, person["household"]) for name, person in people.items())
    return homes_then == _homes((person.id, person.address) for person in problem.people)


def _homes(people: Iterable[tuple[str, Any]]) -> set[frozenset[str]]:
    """Who lives together, as sets of at least two ids."""
    groups: dict[Any, set[str]] = defaultdict(set)
    for person, home in people:
        if home is not None:
            groups[home].add(person)
    return {frozenset(group) for group in groups.values() if len(group) > 1}
