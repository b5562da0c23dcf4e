"""`lottery verify`: the one-file verifier, the signature, and if asked the whole lottery solved again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from services.sortition.lottery import verifier
from services.sortition.lottery.draw import solve
from services.sortition.lottery.errors import LotteryError
from services.sortition.lottery.lottery import Method
from services.sortition.lottery.problem import Problem
from services.sortition.lottery.receipt import optimal_chances
from services.sortition.spreadsheet.assemble import listed, to_problem
from services.sortition.spreadsheet.findings import File, Finding, Findings
from services.sortition.spreadsheet.respondents import read_respondents
from services.sortition.spreadsheet.targets import read_targets
from services.sortition.spreadsheet.words import describe

from .request import lines_of, state
from .signing import SUFFIX, signed
from .terminal import Exit, Refusal, Terminal, interruptible

# Two solvers' floats may differ in the last digits; the proof itself allows as much.
_SAME = Fraction(1, 1_000_000)


@dataclass(frozen=True, slots=True)
class Again:
    """What --rerun reads: the files of the draw, and how they are read."""

    respondents: Path | None
    targets: Path | None
    address: str | None
    id_column: str | None


def run(
    terminal: Terminal,
    record: Path,
    audit: Path | None,
    commitment: Path | None,
    key: Path | None,
    again: Again | None,
) -> None:
    """Prints what holds, what was not checked, what fails; ends with 0, 1 or 2."""
    words = terminal.words
    if again is not None and (audit is None or again.respondents is None or again.targets is None):
        raise Refusal(Exit.BAD_INPUT, [words("verify.rerun.needs")])
    content = _read(terminal, record)
    audited = _read(terminal, audit) if audit is not None else None
    committed = _read(terminal, commitment) if commitment is not None else None
    genuine: bool | Finding | None = None
    if key is not None:
        genuine = signed(content, _read(terminal, record.with_name(record.name + SUFFIX)), key)
    if isinstance(genuine, Finding):
        raise Refusal(Exit.BAD_INPUT, [describe(genuine, words).line])
    report = verifier.verify(content, audited, committed)
    lines = list(report.lines())
    verdict = lines.pop() if not report.unreadable else ""
    code = Exit(report.exit_code)
    if genuine is not None and not report.unreadable:
        if genuine:
            lines.append(words("verify.signature.holds"))
        else:
            lines.append(words("verify.signature.refused"))
            code = Exit.REFUSED
    if again is not None and code is Exit.OK and audited is not None:
        more, same = _again(terminal, again, json.loads(content), json.loads(audited))
        lines += more
        code = code if same else Exit.REFUSED
    if code is Exit.REFUSED and not report.refused:
        verdict = words("verify.refused")
    terminal.result(*lines, *([verdict] if verdict else []))
    if code is not Exit.OK:
        raise Refusal(code, [])


def _read(terminal: Terminal, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Refusal(
            Exit.BAD_INPUT, [terminal.words("verify.missing", path=str(path), why=error.strerror or "")]
        ) from error


def _again(
    terminal: Terminal, again: Again, record: dict[str, Any], audit: dict[str, Any]
) -> tuple[list[str], bool]:
    """(lines, whether the draw is borne out) of solving the same input again."""
    words = terminal.words
    problem = _problem(terminal, again, audit)
    if isinstance(problem, Findings):
        raise Refusal(Exit.BAD_INPUT, lines_of(terminal, problem))
    people = {person["id"]: person for person in audit["people"]}
    given = {person.id: list(person.values) for person in problem.people}
    if given != {name: person["values"] for name, person in people.items()}:
        return [words("verify.rerun.other_pool")], False
    terminal.progress(words("cli.progress.solve", n=len(given), seats=problem.size))
    try:
        exact, uniform = interruptible(
            lambda: solve(
                problem, Method(audit["method"]), audit["seed"], len(record["panels"]), terminal.steps()
            )
        )
    except LotteryError:
        return [words("verify.rerun.no_panel")], False
    chances = optimal_chances(problem, exact)
    levels = [Fraction(chance) for chance in audit["lottery"]["chances"]]
    published = {
        name: Fraction(0) if person["type"] is None else levels[person["type"]]
        for name, person in people.items()
    }
    if max(abs(chances[name] - published[name]) for name in people) > _SAME:
        return [words("verify.rerun.other_chances")], False
    panels = [sorted(people[name]["random_id"] for name in panel) for panel in uniform.panels]
    if panels == [sorted(panel) for panel in record["panels"]]:
        return [words("verify.rerun.same")], True
    return [words("verify.rerun.other_panels")], True


def _problem(terminal: Terminal, again: Again, audit: dict[str, Any]) -> Problem | Findings:
    if again.respondents is None or again.targets is None:
        raise ValueError("both files were asked for before")
    columns = tuple(name.strip() for name in (again.address or "").split(",") if name.strip())
    targets = read_targets(again.targets)
    respondents = read_respondents(again.respondents, targets, again.id_column, columns)
    state(terminal, File.RESPONDENTS, respondents.info)
    state(terminal, File.TARGETS, targets.info)
    include = listed(File.INCLUDE, [person["id"] for person in audit["people"] if person["must"]])
    exclude = listed(File.EXCLUDE, [person["id"] for person in audit["people"] if person["type"] is None])
    return to_problem(targets, respondents, audit["size"], audit["per_address"], include, exclude)
