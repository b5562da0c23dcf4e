"""The command group `groups`: who sits with whom in which round.

`python -m services.deliberation.commands.groups` runs it alone. Results go to stdout, progress and refusals
to stderr; exit codes: 0 done, 2 bad input, 3 the rules cannot all be kept.
"""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Mapping
from enum import IntEnum
from pathlib import Path
from typing import Annotated

import typer

from chassis import folders
from chassis.words import Language, language_of_terminal
from services.deliberation.commands.groups_input import Request, read
from services.deliberation.commands.groups_words import GroupsWords
from services.deliberation.grouping.errors import BadInput, GroupingError, Reason
from services.deliberation.grouping.plan import replan as make_plan
from services.deliberation.grouping.types import Plan

FORMAT = "borgerting groups 1"


class Exit(IntEnum):
    """The exit codes that scripts rely on."""

    BAD_INPUT = 2
    INFEASIBLE = 3
    DEFECT = 70


app = typer.Typer(
    name="groups",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Plan groups that rotate, so that members meet as many others as can be in balanced groups.",
)

Members = Annotated[
    Path,
    typer.Argument(
        help="CSV with a row per member: a column id, a column per feature, perhaps needs (resources, "
        "separated by spaces). Or JSON with everything in it (docs/rotating-groups.md).",
        metavar="MEMBERS",
    ),
]
Groups = Annotated[int | None, typer.Option("--groups", help="Groups in each round (CSV).", metavar="N")]
Rounds = Annotated[
    int | None, typer.Option("--rounds", help="Rounds in all, held ones too (CSV).", metavar="N")
]
Balance = Annotated[
    list[str] | None,
    typer.Option(
        "--balance",
        help="A column whose values each group gets its share of; may be repeated; all = every column.",
        metavar="COLUMN",
    ),
]
Rules = Annotated[
    Path | None,
    typer.Option(
        "--rules",
        help="CSV: rule (apart, together, need, resource, absent, facilitator), who (ids, separated by "
        "spaces), what (the resource), limit (groups that can have it at once), groups (those that can), "
        "rounds (absent).",
        metavar="FILE",
    ),
]
IdColumn = Annotated[str, typer.Option("--id", help="The column of the ids.", metavar="COLUMN")]
Tolerance = Annotated[
    int | None,
    typer.Option(
        "--tolerance",
        help="Quota cells of 100 that may be off by one so that more people meet (6; CSV).",
        metavar="PERCENT",
    ),
]
Seed = Annotated[
    str,
    typer.Option("--seed", help="Any text. The same input, seed and effort give the same plan.", metavar="S"),
]
Out = Annotated[Path, typer.Option("--out", help="A new or empty folder for the plan.", metavar="DIR")]
Effort = Annotated[
    int | None,
    typer.Option("--effort", help="Search steps; a few seconds' worth when not given.", metavar="STEPS"),
]
Chosen = Annotated[Language | None, typer.Option("--language", help="Of results and errors.")]

PLAN_HELP = """Plan every round.

Writes groups.csv (round, group, role, id) and plan.json (the same with figures, seed, the input's SHA-256),
and prints how many pairs meet, of how many at most, and how many quota cells are off.

\b
Example, as it stands:
  printf 'id,gender\\nA,f\\nB,m\\nC,f\\nD,m\\nE,f\\nF,m\\n' > members.csv
  printf 'rule,who\\napart,A B\\n' > rules.csv
  borgerting groups plan members.csv --groups 3 --rounds 3 --balance gender --rules rules.csv \\
    --seed 1 --out plan
"""

REPLAN_HELP = """Plan the rounds that remain, after some were held and not everybody came.

Give the members as they are now (without those who left, with those who came instead), all rounds, and
groups.csv corrected to who really sat where. Rounds up to --done stay as they were; the others are new.

\b
Example, after that of `plan`, when D stayed away from round 1:
  grep -v '^1,.*,D$' plan/groups.csv > sat.csv
  borgerting groups replan members.csv --groups 3 --rounds 3 --balance gender --rules rules.csv \\
    --attended sat.csv --done 1 --seed 2 --out plan2
"""


@app.command("plan", help=PLAN_HELP)
def plan(
    members: Members,
    seed: Seed,
    out: Out,
    groups: Groups = None,
    rounds: Rounds = None,
    balance: Balance = None,
    rules: Rules = None,
    id_column: IdColumn = "id",
    tolerance: Tolerance = None,
    effort: Effort = None,
    language: Chosen = None,
) -> None:
    request = Request(members, groups, rounds, tuple(balance or ()), rules, id_column, tolerance)
    _run(request, seed, out, effort, language)


@app.command("replan", help=REPLAN_HELP)
def replan(
    members: Members,
    attended: Annotated[
        Path,
        typer.Option("--attended", help="CSV: round, group, id, role; who really sat where.", metavar="FILE"),
    ],
    seed: Seed,
    out: Out,
    done: Annotated[
        int | None,
        typer.Option(
            "--done", help="Rounds held so far; the last in --attended when not given.", metavar="N"
        ),
    ] = None,
    groups: Groups = None,
    rounds: Rounds = None,
    balance: Balance = None,
    rules: Rules = None,
    id_column: IdColumn = "id",
    tolerance: Tolerance = None,
    effort: Effort = None,
    language: Chosen = None,
) -> None:
    request = Request(
        members, groups, rounds, tuple(balance or ()), rules, id_column, tolerance, attended, done
    )
    _run(request, seed, out, effort, language)


def _run(request: Request, seed: str, out: Path, effort: int | None, language: Language | None) -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that lacks a letter shows a question mark; it does not end the command.
            stream.reconfigure(errors="replace")
    words = GroupsWords(language or language_of_terminal(os.environ))
    out = out.absolute()
    try:
        _check_new(out)
        problem, held = read(request)
        typer.echo(words.catalogue.text("groups.progress"), err=True)
        made = make_plan(problem, held, seed, effort)
        _write(out, {"groups.csv": groups_csv(made), "plan.json": plan_json(made)})
    except GroupingError as error:
        for line in words.error(error):
            typer.echo(line, err=True)
        code = Exit.BAD_INPUT if isinstance(error, BadInput) else Exit.INFEASIBLE
        raise typer.Exit(int(code)) from None
    except Exception as error:
        # The kind of a defect helps its repair; its text could quote what people are not to see.
        typer.echo(words.catalogue.text("groups.defect", kind=type(error).__name__), err=True)
        raise typer.Exit(int(Exit.DEFECT)) from None
    for line in words.figures(made):
        typer.echo(line)
    typer.echo(
        words.catalogue.text("groups.written", folder=out.name, first="groups.csv", second="plan.json")
    )


def groups_csv(made: Plan) -> bytes:
    """Rows of round, group, role (member, facilitator, resource), id."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["round", "group", "role", "id"])
    for each in made.rounds:
        for group in each.groups:
            rows = [("member", member) for member in group.members]
            rows += [("facilitator", group.facilitator)] if group.facilitator else []
            rows += [("resource", resource) for resource in group.resources]
            writer.writerows([each.number, group.number, *row] for row in rows)
    return text.getvalue().encode()


def plan_json(made: Plan) -> bytes:
    """The whole plan with figures, seed, effort and the input's digest."""
    figures = made.figures
    content = {
        "format": FORMAT,
        "seed": made.seed,
        "effort": made.effort,
        "input_sha256": made.input_digest,
        "figures": {
            "members": figures.members,
            "pairs_met": figures.pairs_met,
            "bound": figures.bound,
            "meetings": {str(times): pairs for times, pairs in figures.meetings.items()},
            "most_meetings": figures.most_meetings,
            "fewest_met": figures.fewest_met,
            "quota_cells": figures.cells,
            "off_by_one": figures.off_by_one,
            "off_by_more": figures.off_by_more,
            "facilitator_repeats": figures.facilitator_repeats,
        },
        "rounds": [
            {
                "round": each.number,
                "held": each.held,
                "groups": [
                    {
                        "group": group.number,
                        "members": list(group.members),
                        "facilitator": group.facilitator,
                        "resources": list(group.resources),
                    }
                    for group in each.groups
                ],
            }
            for each in made.rounds
        ],
        "notices": [{"reason": notice.code, **notice.params} for notice in made.notices],
    }
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


def _check_new(out: Path) -> None:
    """Before anything long is done. Raises BadInput for a folder that results cannot go to."""
    if code := folders.refused(out):
        raise BadInput([Reason(code, {"folder": out.name})])


def _write(out: Path, files: Mapping[str, bytes]) -> None:
    try:
        folders.write_new(out, files)
    except OSError:
        raise BadInput([Reason("OUT_NOT_WRITABLE", {"folder": out.name})]) from None


if __name__ == "__main__":
    app(prog_name="borgerting groups")
