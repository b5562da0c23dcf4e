"""The command group `slots`: recurring tasks become slots, and people's shifts are checked.

`python -m services.volunteer.commands.slots` runs it alone. Results go to stdout, refusals to stderr; exit
codes: 0 done, 2 bad input, 3 shifts clash or break a rule.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from chassis.words import Language, language_of_terminal
from services.volunteer.commands.running import Exit, as_csv, check_new, guarded, option_date, write
from services.volunteer.commands.slots_input import Checkable, read_series, read_shifts
from services.volunteer.commands.slots_words import SlotWords, printable
from services.volunteer.commands.tables import DEFAULT_ZONE, Faults
from services.volunteer.schedule.clash import clashes, short_rests
from services.volunteer.schedule.errors import BadInput, Reason, ScheduleError
from services.volunteer.schedule.expand import expand as expand_series
from services.volunteer.schedule.ics import feed
from services.volunteer.schedule.types import Slot
from services.volunteer.schedule.young import check as check_young

SLOT_COLUMNS = (
    "slot",
    "series",
    "on",
    "start",
    "end",
    "zone",
    "minutes",
    "capacity",
    "sequence",
    "cancelled",
)
FINDING_COLUMNS = ("person", "reason", "shifts", "date", "minutes", "limit", "source")


app = typer.Typer(
    name="slots",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Expand recurring tasks into slots, and check people's shifts.",
)

Zone = Annotated[
    str, typer.Option("--zone", help="Time zone of local times and dates that name none.", metavar="ZONE")
]
Chosen = Annotated[Language | None, typer.Option("--language", help="Of results and errors.")]

EXPAND_HELP = """Expand series into slots: local times in, UTC out.

Local time holds when clocks change, and hours are true ones: 22 to 06 is 7 h in March's night, 9 h in
October's. With --out it writes slots.csv and calendar.ics, where what is cancelled stays, marked so.

\b
Example, as it stands:
  printf 'series,title,start,end,rule\\n' > series.csv
  printf 'reading,Reading friends,2026-10-13T16:00,2026-10-13T17:30,FREQ=WEEKLY;COUNT=4\\n' >> series.csv
  printf 'series,on,cancelled\\nreading,2026-10-20,yes\\n' > changes.csv
  borgerting slots expand series.csv --until 2026-12-31 --changes changes.csv --out slots
"""

CHECK_HELP = """Check each person's shifts: overlaps, rest, and the hour rules for the young.

Back to back is no clash. Whoever stands in --people is checked by the hour rules of their age on each date;
without --school-free every Monday to Friday is a school day. Prints what is wrong; exit code 3 if anything.

\b
Example, as it stands (it finds one broken rule, so it ends with 3):
  printf 'person,start,end\\np1,2026-10-13T16:00+02:00,2026-10-13T17:30+02:00\\n' > shifts.csv
  printf 'p1,2026-10-13T17:30+02:00,2026-10-13T18:30+02:00\\n' >> shifts.csv
  printf 'person,born\\np1,2012-05-01\\n' > people.csv
  borgerting slots check shifts.csv --people people.csv
"""


@app.command("expand", help=EXPAND_HELP)
def expand(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV with a row per series: series, title, start, end, rule, zone, capacity, sequence. "
            "Or JSON (docs/schedule.md).",
            metavar="SERIES",
        ),
    ],
    until: Annotated[str, typer.Option("--until", help="The last date of a slot.", metavar="DATE")],
    first: Annotated[str, typer.Option("--from", help="The first date.", metavar="DATE")] = "1900-01-01",
    changes: Annotated[
        Path | None,
        typer.Option(
            "--changes",
            help="CSV: series, on, start, end, capacity, cancelled, sequence.",
            metavar="FILE",
        ),
    ] = None,
    zone: Zone = DEFAULT_ZONE,
    domain: Annotated[
        str, typer.Option("--domain", help="Makes the calendar's UIDs unique in the world.", metavar="NAME")
    ] = "borgerting.invalid",
    out: Annotated[
        Path | None, typer.Option("--out", help="A new or empty folder for the files.", metavar="DIR")
    ] = None,
    language: Chosen = None,
) -> None:
    words = SlotWords(language or language_of_terminal(os.environ))

    def run() -> list[Slot]:
        check_new(out)
        faults = Faults()
        begin, end = (
            option_date(text, name, faults) for text, name in ((first, "--from"), (until, "--until"))
        )
        faults.raise_any()
        given = read_series(file, changes, zone)
        made: list[Slot] = []
        wrong: list[Reason] = []
        for series in given.series:
            try:
                made += expand_series(series, begin, end)
            except BadInput as error:
                wrong += error.reasons
        if wrong:
            raise BadInput(wrong)
        made.sort(key=lambda slot: (slot.start, slot.series, slot.on))
        calendar = feed(made, domain=domain, stamp=datetime.now(UTC), titles=given.titles)
        if out is not None:
            write(out, {"slots.csv": slots_csv(made), "calendar.ics": calendar})
        return made

    for slot in guarded(words, run):
        for line in words.slot(slot):
            typer.echo(line)
    if out is not None:
        typer.echo(words.catalogue.text("slots.written", folder=out.name, files="slots.csv, calendar.ics"))


@app.command("check", help=CHECK_HELP)
def check(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV with a row per shift: person, shift, start, end (with offset), pause (minutes). "
            "Or JSON (docs/schedule.md).",
            metavar="SHIFTS",
        ),
    ],
    people: Annotated[
        Path | None, typer.Option("--people", help="CSV: person, born, school_until.", metavar="FILE")
    ] = None,
    school_free: Annotated[
        Path | None, typer.Option("--school-free", help="CSV: first, last (dates).", metavar="FILE")
    ] = None,
    rest: Annotated[
        int,
        typer.Option("--rest", min=0, max=168, help="Hours of rest between stretches of work.", metavar="H"),
    ] = 0,
    zone: Zone = DEFAULT_ZONE,
    out: Annotated[
        Path | None, typer.Option("--out", help="A new or empty folder for findings.csv.", metavar="DIR")
    ] = None,
    language: Chosen = None,
) -> None:
    words = SlotWords(language or language_of_terminal(os.environ))

    def run() -> list[Finding]:
        check_new(out)
        found = list(_findings(read_shifts(file, people, school_free, zone), timedelta(hours=rest)))
        if out is not None:
            write(out, {"findings.csv": findings_csv(found)})
        return found

    found = guarded(words, run)
    for person, reason, shifts, source in found:
        line = f"{person}: {words.reason(reason)} [{', '.join(shifts)}]"
        typer.echo(printable(line + (f" ({source})" if source else "")))
    if not found:
        typer.echo(words.catalogue.text("slots.nothing"))
    if out is not None:
        typer.echo(words.catalogue.text("slots.written", folder=out.name, files="findings.csv"))
    if found:
        raise typer.Exit(int(Exit.BROKEN))


Finding = tuple[str, Reason, Sequence[str], str]


def _findings(given: Checkable, rest: timedelta) -> Iterable[Finding]:
    faults: list[Reason] = []
    for person, shifts in given.shifts.items():
        try:
            for pair in clashes(shifts):
                yield person, Reason("CLASH"), pair, ""
            for before, after, gap in short_rests(shifts, rest):
                lengths = {"minutes": gap // timedelta(minutes=1), "limit": rest // timedelta(minutes=1)}
                yield person, Reason("SHORT_REST", lengths), (before, after), ""
            if person in given.young:
                for each in check_young(shifts, given.young[person], given.zone, given.school):
                    yield person, each.reason, each.shifts, each.source
        except ScheduleError as error:
            faults += (Reason(each.code, {"person": person, **each.params}) for each in error.reasons)
    if faults:
        raise BadInput(faults)


def slots_csv(slots: Iterable[Slot]) -> bytes:
    """A row per slot; start and end in UTC, minutes true ones."""
    rows = (
        (
            slot.id,
            slot.series,
            slot.on,
            slot.start.strftime("%Y-%m-%dT%H:%M:%SZ"),
            slot.end.strftime("%Y-%m-%dT%H:%M:%SZ"),
            slot.zone,
            int(slot.length.total_seconds()) // 60,
            slot.capacity,
            slot.sequence,
            "yes" if slot.cancelled else "no",
        )
        for slot in slots
    )
    return as_csv(SLOT_COLUMNS, rows)


def findings_csv(found: Iterable[Finding]) -> bytes:
    """A row per finding; shifts separated by semicolons, minutes as the rule counts them."""
    rows = (
        (
            person,
            reason.code.lower(),
            ";".join(shifts),
            *(reason.params.get(k, "") for k in ("date", "minutes", "limit")),
            source,
        )
        for person, reason, shifts, source in found
    )
    return as_csv(FINDING_COLUMNS, rows)


if __name__ == "__main__":
    app(prog_name="borgerting slots")
