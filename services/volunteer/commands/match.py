"""The command group `match`: people find tasks, both sides choose each other, and slots are covered.

`python -m services.volunteer.commands.match` runs it alone. Results go to stdout, refusals to stderr; exit
codes: 0 done, 2 bad input, 3 somebody has nothing open (rank), or critical places stay empty or confirmed
placements break a rule together (cover).
"""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from chassis.words import Language, language_of_terminal
from services.volunteer.commands.match_input import read_cover, read_search, read_sides
from services.volunteer.commands.match_output import (
    assign_files,
    assign_lines,
    cover_files,
    cover_lines,
    rank_files,
    rank_lines,
)
from services.volunteer.commands.match_words import MatchWords
from services.volunteer.commands.running import Exit, check_new, guarded, option_date, write
from services.volunteer.commands.tables import Faults
from services.volunteer.matching.acceptance import assign as match_sides
from services.volunteer.matching.acceptance_types import Assignment
from services.volunteer.matching.cover_types import CoverPlan, CoverProblem
from services.volunteer.matching.errors import BadInput, Infeasible, Reason
from services.volunteer.matching.search import rank as rank_tasks
from services.volunteer.matching.search_types import Ranking

app = typer.Typer(
    name="match",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Rank tasks for people, match two sides that rank each other, and plan who covers which slot.",
)

Seed = Annotated[
    str, typer.Option("--seed", help="Any text. It breaks ties by lot; publish it.", metavar="TEXT")
]
Out = Annotated[
    Path | None, typer.Option("--out", help="A new or empty folder for the files.", metavar="DIR")
]
Chosen = Annotated[Language | None, typer.Option("--language", help="Of results and errors.")]

RANK_HELP = """Which tasks are open to a person, best first and why; which are blocked, and what would open
them.

Hard rules first: age, a guardian's consent, clearance for regular work with children, skills, language,
time, distance, access, places, closing date. Then points that add up: skill 30, time 25, distance 20, need
15, newcomer 10. Equal points share a place. Exit code 3 if somebody has nothing open.

\b
Example, as it stands:
  printf 'task,organisation,places,left,children,declared,languages,times\\n' > tasks.csv
  printf 'reading,library,4,3,regular,2027-06-01,da;en,tue-afternoon\\n' >> tasks.csv
  printf 'garden,park friends,10,2,none,,,sat-morning;sun-morning\\n' >> tasks.csv
  printf 'person,languages,free\\np1,da,sat-morning;tue-afternoon\\n' > people.csv
  borgerting match rank tasks.csv --people people.csv --on 2026-11-26
"""

ASSIGN_HELP = """Match two sides that rank each other, such as interns and hosts, so that nobody would swap.

Deferred acceptance: no applicant and host prefer each other to what they got, and every applicant has the
best host that any such matching gives them, so ranking untruthfully gains nothing. --quotas sets how many
of a school a host takes at most; lower quotas are refused, for they can leave no such matching. Rank 1 is
the most wanted; whom somebody does not rank they decline.

\b
Example, as it stands:
  printf 'applicant,host,rank\\nann,museum,1\\nann,radio,2\\nben,museum,1\\ncy,museum,1\\n' > wishes.csv
  printf 'host,applicant,rank\\nmuseum,ben,1\\nmuseum,ann,2\\nmuseum,cy,3\\nradio,ann,1\\n' > choices.csv
  printf 'host,capacity\\nmuseum,2\\nradio,1\\n' > hosts.csv
  printf 'applicant,school\\nann,north\\nben,north\\ncy,south\\n' > applicants.csv
  printf 'host,school,most\\nmuseum,north,1\\n' > quotas.csv
  borgerting match assign wishes.csv --choices choices.csv --hosts hosts.csv \\
    --applicants applicants.csv --quotas quotas.csv
"""

COVER_HELP = """Plan who takes which slot, the published objectives in order.

No rule broken; critical places filled; most people placed; lowest total rank; least recently served first;
smallest change from the last plan (--last: a plan.csv; what is confirmed in it stays). Somebody takes a
second slot only where a critical place needs it. The plan is a proposal: work with children or vulnerable
people (guarded) waits for a coordinator. Exit code 3 if critical places stay empty; the plan is written all
the same.

\b
Example, as it stands:
  printf 'slot,start,end,capacity,critical,guarded\\n' > slots.csv
  printf 'gate,2027-05-08T08:00+02:00,2027-05-08T12:00+02:00,2,1,no\\n' >> slots.csv
  printf 'play,2027-05-08T12:00+02:00,2027-05-08T16:00+02:00,1,1,yes\\n' >> slots.csv
  printf 'person,most,rest,last_served\\np1,2,11,2026-05-01\\np2,1,,\\n' > people.csv
  printf 'person,slot,rank\\np1,gate,1\\np1,play,2\\np2,gate,1\\n' > able.csv
  borgerting match cover slots.csv --people people.csv --able able.csv --out plan
"""


@app.command("rank", help=RANK_HELP)
def rank(
    tasks: Annotated[
        Path,
        typer.Argument(help="CSV with a row per task, or JSON with tasks and people (docs/matching.md)."),
    ],
    people: Annotated[
        Path | None, typer.Option("--people", help="CSV with a row per person.", metavar="FILE")
    ] = None,
    on: Annotated[
        str,
        typer.Option("--on", help="The day on which rules are judged; today if not given.", metavar="DATE"),
    ] = "",
    person: Annotated[str, typer.Option("--person", help="Only this person.", metavar="ID")] = "",
    seed: Seed = "",
    out: Out = None,
    language: Chosen = None,
) -> None:
    words = MatchWords(language or language_of_terminal(os.environ))

    def run() -> tuple[Ranking, ...]:
        check_new(out)
        faults = Faults()
        day = option_date(on, "--on", faults) if on else date.today()  # noqa: DTZ011 - the reader's own day
        faults.raise_any()
        given = read_search(tasks, people)
        chosen = tuple(each for each in given.people if person in ("", each.id))
        if not chosen:
            raise BadInput([Reason("NO_SUCH_PERSON" if person else "NO_PEOPLE", {"person": person})])
        made = rank_tasks(chosen, given.tasks, day, seed)
        if out is not None:
            write(out, rank_files(made))
        return made

    made = guarded(words, run)
    _say(rank_lines(made, words))
    _written(words, out, "shown.csv, blocked.csv")
    if not all(each.shown for each in made):
        raise typer.Exit(int(Exit.BROKEN))


@app.command("assign", help=ASSIGN_HELP)
def assign(
    wishes: Annotated[
        Path,
        typer.Argument(help="CSV: applicant, host, rank. Or JSON with all tables (docs/matching.md)."),
    ],
    choices: Annotated[
        Path | None, typer.Option("--choices", help="CSV: host, applicant, rank.", metavar="FILE")
    ] = None,
    hosts: Annotated[
        Path | None, typer.Option("--hosts", help="CSV: host, capacity.", metavar="FILE")
    ] = None,
    applicants: Annotated[
        Path | None, typer.Option("--applicants", help="CSV: applicant, school.", metavar="FILE")
    ] = None,
    quotas: Annotated[
        Path | None, typer.Option("--quotas", help="CSV: host, school, most.", metavar="FILE")
    ] = None,
    seed: Seed = "",
    out: Out = None,
    language: Chosen = None,
) -> None:
    words = MatchWords(language or language_of_terminal(os.environ))

    def run() -> Assignment:
        check_new(out)
        given = read_sides(
            {
                "wishes": wishes,
                "choices": choices,
                "hosts": hosts,
                "applicants": applicants,
                "quotas": quotas,
            }
        )
        made = match_sides(given.applicants, given.hosts, seed)
        if out is not None:
            write(out, assign_files(made))
        return made

    _say(assign_lines(guarded(words, run), words))
    _written(words, out, "matches.csv, applicants.csv, hosts.csv")


@app.command("cover", help=COVER_HELP)
def cover(
    slots: Annotated[
        Path,
        typer.Argument(
            help="CSV: slot, start, end (with offset), capacity, critical, guarded. "
            "Or JSON (docs/matching.md)."
        ),
    ],
    people: Annotated[
        Path | None,
        typer.Option("--people", help="CSV: person, most, rest (hours), last_served.", metavar="FILE"),
    ] = None,
    able: Annotated[
        Path | None,
        typer.Option("--able", help="CSV: person, slot, rank: who may take what.", metavar="FILE"),
    ] = None,
    last: Annotated[
        Path | None, typer.Option("--last", help="The last plan.csv: slot, person, status.", metavar="FILE")
    ] = None,
    seed: Seed = "",
    out: Out = None,
    language: Chosen = None,
) -> None:
    words = MatchWords(language or language_of_terminal(os.environ))

    def run() -> tuple[CoverProblem, CoverPlan]:
        # The solver costs half a second to import, which the other commands need not pay.
        from services.volunteer.matching.cover import plan

        check_new(out)
        problem = read_cover({"slots": slots, "people": people, "able": able, "last": last})
        made = plan(problem, seed)
        if out is not None:
            write(out, cover_files(problem, made))
        return problem, made

    _, made = guarded(words, run, unmet=Infeasible)
    _say(cover_lines(made, words))
    _written(words, out, "plan.csv, people.csv, unfilled.csv, levels.csv")
    if any(each.critical for each in made.unfilled):
        raise typer.Exit(int(Exit.BROKEN))


def _say(lines: list[str]) -> None:
    for line in lines:
        typer.echo(line)


def _written(words: MatchWords, out: Path | None, files: str) -> None:
    if out is not None:
        typer.echo(words.text("slots.written", folder=out.name, files=files))


if __name__ == "__main__":
    app(prog_name="borgerting match")
