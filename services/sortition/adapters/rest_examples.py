"""What requests and answers look like, for the OpenAPI document: (body, answer) per method."""

from __future__ import annotations

from typing import Any

_SELECTION = "municipalities/strandby/selections/01970f3e-8a00-7000-8000-000000000001"
_DRAW = f"{_SELECTION}/draws/01970f3e-8a00-7000-8000-000000000002"
_TARGETS = [
    {"feature": "gender", "value": "female", "minimum": 18, "maximum": 19},
    {
        "feature": "gender",
        "value": "male",
        "minimum": 17,
        "maximum": 18,
        "reason": "Fewer men stay to the end",
    },
]
_SELECTION_ANSWER = {
    "name": _SELECTION,
    "title": "Welfare in 2035",
    "purpose": "To advise the council on future welfare.",
    "size": 36,
    "perAddress": 1,
    "targets": _TARGETS,
    "state": "PREPARING",
    "poolSize": 240,
    "etag": '"5f0c2d7b9a1e4c3d8b6a7f10"',
}
_DRAW_ANSWER = {
    "name": _DRAW,
    "mode": "PUBLIC",
    "method": "LEXIMIN",
    "panels": 1000,
    "state": "QUEUED",
    "progress": {"stage": "queued", "figures": {}},
    "size": 36,
    "poolSize": 240,
    "announced": "Three dice at the town hall",
}

EXAMPLES: dict[str, tuple[Any, Any]] = {
    "CreateSelection": (
        {"title": "Welfare in 2035", "purpose": "To advise the council.", "size": 36, "perAddress": 1},
        _SELECTION_ANSWER,
    ),
    "GetSelection": (None, _SELECTION_ANSWER),
    "ListSelections": (None, {"selections": [_SELECTION_ANSWER], "nextPageToken": ""}),
    "UpdateSelection": ({"targets": _TARGETS}, _SELECTION_ANSWER),
    "AcceptPoolImport": ({}, {"state": "APPLIED", "acceptedRows": 238, "rejectedRows": 2}),
    "GetPool": (
        None,
        {
            "name": f"{_SELECTION}/pool",
            "people": 240,
            "counts": [{"feature": "gender", "value": "female", "people": 131}],
        },
    ),
    "CheckTargets": (
        {"targets": _TARGETS, "size": 36},
        {
            "feasible": True,
            "people": 240,
            "findings": [{"feature": "gender", "value": "female", "people": 131, "shortBy": 0}],
        },
    ),
    "UpdatePerson": ({"inclusion": "MUST_NOT"}, None),
    "CreateDraw": (
        {"mode": "PUBLIC", "panels": 1000, "announced": "Three dice at the town hall"},
        _DRAW_ANSWER,
    ),
    "GetDraw": (None, _DRAW_ANSWER),
    "CancelDraw": ({}, {**_DRAW_ANSWER, "state": "CANCELLED"}),
    "PublishCommitment": ({}, {**_DRAW_ANSWER, "state": "COMMITTED"}),
    "RevealDraw": (
        {"number": 437, "note": "Three dice, thrown by the mayor"},
        {**_DRAW_ANSWER, "state": "DRAWN", "number": 437},
    ),
    "PublishDraw": ({}, {**_DRAW_ANSWER, "state": "PUBLISHED", "number": 437}),
    "CheckReceipt": (
        {"randomId": "7QK2M9ZT4C"},
        {"randomId": "7QK2M9ZT4C", "panelsWith": 151, "panels": 1000, "chance": 0.151, "drawn": False},
    ),
    "SetSeatAnswer": ({"answer": "ACCEPTED"}, None),
    "ConfirmPanel": (
        {},
        {"name": f"{_SELECTION}/panel", "size": 36, "accepted": 33, "declined": 3},
    ),
}
