"""The one form of a report in octets, whose SHA-256 is its digest. docs/report.md tells it field by field.

JSON as RFC 8785 (JCS) writes it: texts and whole numbers only, all keys ASCII, so that `json.dumps` with
sorted keys is that form.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from services.deliberation.domain.assembly import Assembly
from services.deliberation.domain.report import Initiative, Recommendation, Report
from services.deliberation.domain.support import Support

FORMAT = "borgerting report 1"


def report_title(report: Report, assembly: Assembly) -> str:
    """The report's own, else the assembly's."""
    return report.title or assembly.title


def canonical(
    report: Report,
    assembly: Assembly,
    recommendations: Sequence[Recommendation],
    now: datetime,
    day: date,
) -> bytes:
    """`now` and `day`: the instant of the handover, and the municipality's date then."""
    content = {
        "format": FORMAT,
        "name": report.name,
        "title": report_title(report, assembly),
        "preface": report.preface,
        "assembly_title": assembly.title,
        "task": assembly.task,
        "outside": assembly.outside,
        "selection": assembly.selection_name,
        "members": assembly.members,
        "handover_date": day.isoformat(),
        "handover_time": now.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "answer_unit": assembly.answer_unit.value,
        "checkpoints": [
            {
                "months": each.months,
                "kind": each.kind.value,
                "working_day_rule": each.working_day_rule.value,
            }
            for each in assembly.checkpoints
        ],
        "recommendations": [_recommendation(report, each) for each in recommendations],
    }
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _recommendation(report: Report, recommendation: Recommendation) -> dict[str, Any]:
    name = f"{report.name}/recommendations/{recommendation.id}"
    return {
        "name": name,
        "position": recommendation.position,
        "title": recommendation.title,
        "vision": recommendation.vision,
        "initiatives": [_initiative(name, each) for each in recommendation.initiatives],
    }


def _initiative(parent: str, initiative: Initiative) -> dict[str, Any]:
    return {
        "name": f"{parent}/initiatives/{initiative.id}",
        "position": initiative.position,
        "title": initiative.title,
        "text": initiative.text,
        "support": None if initiative.support is None else _support(initiative.support),
    }


def _support(support: Support) -> dict[str, Any]:
    return {
        "for": support.in_favour,
        "against": support.against,
        "abstain": support.abstain,
        "entitled": support.entitled,
        "present": support.present,
        "base": support.base.value if support.base else "",
    }
