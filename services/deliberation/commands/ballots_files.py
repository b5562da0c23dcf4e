"""The files that `ballots tally` writes."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping

from services.deliberation.ballots.rule import Choice
from services.deliberation.ballots.tally import Tally

FORMAT = "borgerting tally 1"


def tally_json(results: Mapping[str, Tally]) -> bytes:
    """Every question with its counts, rule, figures and outcome."""
    questions = []
    for name, result in results.items():
        rule = result.rule
        quorum = None
        if rule.quorum is not None and result.quorum is not None:
            quorum = {
                "of": rule.quorum.counted.value,
                "comparator": rule.quorum.comparator.value,
                "share": [rule.quorum.share.numerator, rule.quorum.share.denominator],
                "counted": result.quorum.counted,
                "entitled": result.quorum.entitled,
                "met": result.quorum.met,
            }
        questions.append(
            {
                "question": name,
                "counts": {choice.value: result.counts.of(choice) for choice in Choice},
                "cast": result.counts.cast,
                "entitled": result.entitled,
                "present": result.present,
                "base": {"name": rule.base.value, "count": result.base},
                "threshold": [rule.threshold.numerator, rule.threshold.denominator],
                "comparator": rule.comparator.value,
                "percent": result.percent,
                "quorum": quorum,
                "outcome": result.outcome.value,
                "notices": [{"reason": notice.code, **notice.params} for notice in result.notices],
            }
        )
    whole = {"format": FORMAT, "questions": questions}
    return (json.dumps(whole, ensure_ascii=False, indent=1) + "\n").encode()


def tally_csv(results: Mapping[str, Tally]) -> bytes:
    """A row per question; percent empty where it is undefined."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    choices = [choice.value for choice in Choice]
    writer.writerow(["question", *choices, "cast", "entitled", "base", "base_count", "percent", "outcome"])
    for name, result in results.items():
        # A spreadsheet runs a cell that starts with one of these; a quote in front keeps it text.
        shown = "'" + name if name.startswith(("=", "+", "-", "@")) else name
        counts = [result.counts.of(choice) for choice in Choice]
        row = [shown, *counts, result.counts.cast, result.entitled, result.rule.base.value, result.base]
        writer.writerow([*row, result.percent or "", result.outcome.value])
    return text.getvalue().encode()
