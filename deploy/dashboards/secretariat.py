"""For a municipality's secretariat, in its language: what do we owe, what waits, who is asked for help?

Counts alone, and nobody in them. Which municipality somebody may choose is Grafana's to say: by a data source
that is filtered by the label.
"""

from __future__ import annotations

from typing import Literal

from deploy.dashboards.panels import AMBER, IN, RED, Board, Part, Query, bars, board, choice, curves, number

Language = Literal["da", "en"]
Words = dict[str, tuple[str, str]]

_OF = f'{IN}, municipality="$municipality"'
_TITLE = ("Borgerting: en kommune", "Borgerting: a municipality")
_SAYS = (
    "For sekretariatet: hvad skylder vi svar på, hvad venter, og hvor mangler der frivillige?",
    "For the secretariat: what do we owe, what waits, and where are volunteers wanted?",
)


def made(language: Language) -> Board:
    at = 0 if language == "da" else 1
    parts: list[Part] = [*_promises(at), *_assemblies(at), *_volunteers(at)]
    return board(
        f"borgerting-municipality-{language}",
        _TITLE[at],
        _SAYS[at],
        parts,
        choices=[
            choice("municipality", ("Kommune", "Municipality")[at], "borgerting_followup_checkpoints_overdue")
        ],
        since="now-30d",
    )


def _promises(at: int) -> list[Part]:
    return [
        ("Hvad skylder vi svar på?", "What do we owe?")[at],
        number(
            ("Dage til næste svar", "Days to the next answer")[at],
            (
                "Til den næste dato, hvor kommunalbestyrelsen skylder et svar. Tom: ingen.",
                "Until the next date on which the council owes an answer. Empty: none.",
            )[at],
            f"min(borgerting_followup_next_due_days{{{_OF}}})",
            limits=[(0, RED), (8, AMBER), (31, "green")],
            wide=6,
        ),
        number(
            ("Svar inden for 7 dage", "Answers within 7 days")[at],
            (
                "Svar, der skal gives inden for en uge og ikke er givet endnu.",
                "Answers that are due within a week and have not been given.",
            )[at],
            f"max(borgerting_followup_checkpoints_due_7d{{{_OF}}})",
            limits=[(1, AMBER)],
            wide=6,
        ),
        number(
            ("Svar inden for 30 dage", "Answers within 30 days")[at],
            ("Det samme inden for 30 dage.", "The same within 30 days.")[at],
            f"max(borgerting_followup_checkpoints_due_30d{{{_OF}}})",
            wide=6,
        ),
        number(
            ("Overskredne datoer", "Dates that passed")[at],
            (
                "Datoer, der er gået uden svar. Det står på den offentlige side, indtil svaret er givet.",
                "Dates that passed without an answer. The public page says so until it is given.",
            )[at],
            f"max(borgerting_followup_checkpoints_overdue{{{_OF}}})",
            limits=[(1, RED)],
            wide=6,
        ),
        curves(
            ("Løfter", "Promises")[at],
            (
                "overdue: en dato er overskredet. waiting: et svar skyldes senere. answered: besvaret.",
                "overdue: a date has passed. waiting: an answer is owed later. answered: all is answered.",
            )[at],
            Query(f"max by (state) (borgerting_followup_promises{{{_OF}}})", "{{state}}"),
        ),
        curves(
            ("Svar, der skyldes", "Answers owed")[at],
            (
                "Overskredne, og dem der skal gives inden for 30 dage.",
                "Those whose date has passed, and those due within 30 days.",
            )[at],
            Query(f"max(borgerting_followup_checkpoints_overdue{{{_OF}}})", ("overskredet", "passed")[at]),
            Query(
                f"max(borgerting_followup_checkpoints_due_30d{{{_OF}}})",
                ("inden for 30 dage", "within 30 days")[at],
            ),
        ),
    ]


def _assemblies(at: int) -> list[Part]:
    return [
        ("Borgerting og lodtrækninger", "Assemblies and draws")[at],
        bars(
            ("Borgerting", "Assemblies")[at],
            (
                "PREPARING: forberedes. SEATED: medlemmerne er kendt. HANDED_OVER: rapporten er overdraget.",
                "PREPARING, SEATED (its members are known), HANDED_OVER (its report is the council's).",
            )[at],
            Query(f"max by (state) (borgerting_deliberation_assemblies{{{_OF}}})", "{{state}}"),
            wide=8,
        ),
        bars(
            ("Lodtrækninger", "Draws")[at],
            (
                "Efter hvor de står, fra QUEUED (venter) til PUBLISHED (offentliggjort).",
                "By where they stand, from QUEUED to PUBLISHED.",
            )[at],
            Query(f"max by (state) (borgerting_sortition_draws{{{_OF}}})", "{{state}}"),
            wide=8,
        ),
        number(
            ("Lodtrækning i kø", "A draw in the queue")[at],
            (
                "Hvor længe den ældste har ventet på at blive beregnet. Normalt sekunder.",
                "For how long the oldest has waited to be computed. Usually seconds.",
            )[at],
            f'max(borgerting_sortition_draw_waits_seconds{{{_OF}, state="QUEUED"}}) or vector(0)',
            unit="s",
            limits=[(120, AMBER), (600, RED)],
        ),
        number(
            ("Overdragne rapporter", "Reports handed over")[at],
            (
                "Rapporter, som kommunalbestyrelsen har fået og skylder svar på.",
                "Reports that the council was handed, and owes answers to.",
            )[at],
            f"max(borgerting_deliberation_reports_handed_over{{{_OF}}})",
        ),
    ]


def _volunteers(at: int) -> list[Part]:
    return [
        ("Frivillige", "Volunteers")[at],
        curves(
            ("Ledige pladser", "Places to take")[at],
            (
                "Pladser på åbne opgaver, som nogen kan tage nu.",
                "Places on open tasks that somebody could take now.",
            )[at],
            Query(f"max(borgerting_volunteer_free_places{{{_OF}}})", ("ledige pladser", "places")[at]),
        ),
        curves(
            ("På venteliste", "On waiting lists")[at],
            (
                "Hvor mange der venter på en plads. Mange: opret flere vagter.",
                "How many people wait for a place. Many: more slots are wanted.",
            )[at],
            Query(f"max(borgerting_volunteer_people_waiting{{{_OF}}})", ("på venteliste", "waiting")[at]),
        ),
    ]
