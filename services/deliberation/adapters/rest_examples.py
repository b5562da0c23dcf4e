"""What requests and answers look like, for the OpenAPI document: (body, answer) per method."""

from __future__ import annotations

from typing import Any

_ASSEMBLY = "municipalities/strandby/assemblies/01970f3e-8a00-7000-8000-000000000011"
_SELECTION = "municipalities/strandby/selections/01970f3e-8a00-7000-8000-000000000001"
_REPORT = f"{_ASSEMBLY}/report"
_RECOMMENDATION = f"{_REPORT}/recommendations/01970f3e-8a00-7000-8000-000000000012"
_INITIATIVE = f"{_RECOMMENDATION}/initiatives/01970f3e-8a00-7000-8000-000000000013"
_ETAG = '"5f0c2d7b9a1e4c3d8b6a7f10"'
_CHECKPOINTS = [{"months": months, "kind": "WITHIN", "workingDayRule": "FORWARD"} for months in (3, 10, 24)]
_WISH = {
    "title": "Welfare in 2035",
    "task": "How do we keep good welfare when more of us grow old?",
    "outside": "The level of taxes.",
    "selection": _SELECTION,
    "checkpoints": _CHECKPOINTS,
    "answerUnit": "INITIATIVE",
}
_ASSEMBLY_ANSWER = {
    "name": _ASSEMBLY,
    **_WISH,
    "state": "SEATED",
    "members": 36,
    "createTime": "2025-01-15T09:00:00Z",
    "updateTime": "2025-03-20T14:30:00Z",
    "etag": _ETAG,
}
_SUPPORT = {"for": 23, "against": 1, "abstain": 3, "entitled": 27, "present": 27, "base": "FOR_AND_AGAINST"}
_INITIATIVE_WISH = {"title": "A bus line to the metro", "text": "Every half hour.", "support": _SUPPORT}
_INITIATIVE_ANSWER = {"name": _INITIATIVE, **_INITIATIVE_WISH, "position": 1, "etag": _ETAG}
_RECOMMENDATION_WISH = {"title": "Economy in 2035", "vision": "We use what we have together."}
_RECOMMENDATION_ANSWER = {
    "name": _RECOMMENDATION,
    **_RECOMMENDATION_WISH,
    "position": 1,
    "initiatives": [_INITIATIVE_ANSWER],
    "etag": _ETAG,
}
_REPORT_ANSWER = {
    "name": _REPORT,
    "title": "Welfare in 2035",
    "preface": "We met six times.",
    "recommendations": [_RECOMMENDATION_ANSWER],
    "state": "DRAFT",
    "handoverDate": None,
    "handoverTime": None,
    "checkpoints": _CHECKPOINTS,
    "answerUnit": "INITIATIVE",
    "digest": "",
    "etag": _ETAG,
}
_HANDED_OVER = {
    **_REPORT_ANSWER,
    "state": "HANDED_OVER",
    "handoverDate": {"year": 2025, "month": 8, "day": 28},
    "handoverTime": "2025-08-28T15:00:00Z",
    "digest": "50d858e0985ecc7f60418aaf0cc5ab587f42c2570a884095a9e8ccacd0f6545c",
}

EXAMPLES: dict[str, tuple[Any, Any]] = {
    "CreateAssembly": (_WISH, {**_ASSEMBLY_ANSWER, "state": "PREPARING", "members": 0}),
    "GetAssembly": (None, _ASSEMBLY_ANSWER),
    "ListAssemblies": (None, {"assemblies": [_ASSEMBLY_ANSWER], "nextPageToken": ""}),
    "UpdateAssembly": ({"title": "Welfare in 2035"}, _ASSEMBLY_ANSWER),
    "ListMembers": (
        None,
        {
            "members": [{"name": f"{_ASSEMBLY}/members/6a3c2f0e-5b1d-4e7a-9c8b-0d1e2f3a4b5c"}],
            "nextPageToken": "",
        },
    ),
    "GetReport": (None, _HANDED_OVER),
    "UpdateReport": ({"preface": "We met six times."}, _REPORT_ANSWER),
    "CreateRecommendation": (_RECOMMENDATION_WISH, {**_RECOMMENDATION_ANSWER, "initiatives": []}),
    "UpdateRecommendation": ({"position": 1}, _RECOMMENDATION_ANSWER),
    "DeleteRecommendation": (None, {}),
    "CreateInitiative": (_INITIATIVE_WISH, _INITIATIVE_ANSWER),
    "UpdateInitiative": ({"support": _SUPPORT}, _INITIATIVE_ANSWER),
    "DeleteInitiative": (None, {}),
    "HandOverReport": ({"etag": _ETAG}, _HANDED_OVER),
}
