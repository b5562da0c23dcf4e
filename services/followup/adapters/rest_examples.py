"""What requests and answers look like, for the OpenAPI document: (body, answer) per method."""

from __future__ import annotations

from typing import Any

_ASSEMBLY = "municipalities/strandby/assemblies/01970f3e-8a00-7000-8000-000000000001"
_PROMISE = "municipalities/strandby/promises/01970f3e-8a00-7000-8000-000000000002"
_CHECKPOINT = f"{_PROMISE}/checkpoints/01970f3e-8a00-7000-8000-000000000003"
_ANSWER = {
    "decision": "PARTLY",
    "reason": "The bus runs from August on; the evening line awaits the budget.",
    "committee": "Committee on Climate and Roads",
    "office": "Roads and Transport",
    "evidenceUris": ["https://strandby.example.dk/budget-2026"],
}
_EXTENSION = {
    "untilDate": {"year": 2026, "month": 1, "day": 30},
    "office": "Roads and Transport",
    "reason": "The timetable is negotiated in January.",
}
_PROMISE_ANSWER = {
    "name": _PROMISE,
    "assembly": _ASSEMBLY,
    "title": "A bus line to the metro",
    "recommendationTitle": "Economy 2035",
    "handoverDate": {"year": 2025, "month": 8, "day": 28},
    "checkpoints": [
        {
            "name": _CHECKPOINT,
            "months": 3,
            "kind": "WITHIN",
            "workingDayRule": "FORWARD",
            "nominalDate": {"year": 2025, "month": 11, "day": 28},
            "dueDate": {"year": 2025, "month": 11, "day": 28},
            "state": "OPEN",
            "days": 12,
        }
    ],
    "volunteersWanted": 0,
    "etag": '"5f0c2d7b9a1e4c3d8b6a7f10"',
}

EXAMPLES: dict[str, tuple[Any, Any]] = {
    "GetPromise": (None, _PROMISE_ANSWER),
    "ListPromises": (None, {"promises": [_PROMISE_ANSWER], "nextPageToken": ""}),
    "CreateAnswer": (
        _ANSWER,
        {"name": f"{_CHECKPOINT}/answers/01970f3e-8a00-7000-8000-000000000004", **_ANSWER},
    ),
    "CreateExtension": (
        _EXTENSION,
        {"name": f"{_CHECKPOINT}/extensions/01970f3e-8a00-7000-8000-000000000005", **_EXTENSION},
    ),
    "SeekVolunteers": (
        {"wanted": 12, "task": "Walk with the elderly on Tuesdays."},
        {**_PROMISE_ANSWER, "volunteersWanted": 12, "volunteersTask": "Walk with the elderly on Tuesdays."},
    ),
}
