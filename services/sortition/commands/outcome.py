"""What follows from the number: the record, the panel, the rest of the pool, the report."""

from __future__ import annotations

import json
from fractions import Fraction

from services.sortition.lottery import record
from services.sortition.lottery.lottery import Row, RowKind, Stage
from services.sortition.lottery.price import Price, price_of
from services.sortition.report.page import report_html
from services.sortition.words import Words

from .original import Original
from .tables import text_table


def outcome_files(
    language: str, commitment: bytes, revealed: bytes, audit: bytes, original: Original
) -> dict[str, bytes]:
    """record.json, panel.csv, remaining.csv, report.html. Raises RevealError if the files do not fit."""
    drawn = record.drawn_ids(revealed, audit)
    if not original.ids.issuperset(drawn):
        raise record.RevealError("the pool kept beside the commitment lacks people who were drawn")
    panel, remaining = original.split(drawn)
    return {
        "record.json": revealed,
        "panel.csv": panel,
        "remaining.csv": remaining,
        "report.html": report_html(revealed, audit, language),
    }


def prices(audit: bytes) -> tuple[Price, ...]:
    """What each quota costs in worst chance, from the proof in the audit file."""
    content = json.loads(audit)
    if not content["stages"]:
        return ()
    first = content["stages"][0]
    rows = [
        Row(RowKind(row["kind"]), (), row["lower"], row["upper"], row["feature"], row["value"])
        for row in content["rows"]
    ]
    stage = Stage(
        level=Fraction(first["level"]),
        settled=tuple(first["settled"]),
        weights=tuple((t, Fraction(y)) for t, y in first["weights"]),
        multipliers=tuple((row, Fraction(value)) for row, value in first["multipliers"]),
    )
    return price_of(rows, stage)


def outcome_lines(words: Words, revealed: bytes) -> list[str]:
    """The number, and the panel against each target."""
    content = json.loads(revealed)
    head = [words(f"check.head.{name}") for name in ("feature", "value", "min", "max", "panel")]
    rows = [
        [
            target["feature"],
            target["value"],
            str(target["minimum"]),
            str(target["maximum"]),
            str(content["panel_counts"][target["feature"]][target["value"]]),
        ]
        for target in content["targets"]
    ]
    number = str(content["number"]["value"])
    last = str(len(content["panels"]) - 1)
    return [
        words("draw.number", number=number, last=last, n=len(content["outcome"])),
        "",
        *text_table([head, *rows], numbers=(2, 3, 4)),
        "",
    ]
