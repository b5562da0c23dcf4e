"""What requests and answers look like, for the OpenAPI document: (body, answer) per method."""

from __future__ import annotations

from typing import Any

_MUNICIPALITY = "municipalities/strandby"
_TASK = f"{_MUNICIPALITY}/tasks/01970f3e-8a00-7000-8000-000000000011"
_SLOT = f"{_TASK}/slots/01970f3e-8a00-7000-8000-000000000012"
_PERSON = f"{_MUNICIPALITY}/people/4b1f4f0e-0d3b-4b8e-9a55-6f3a1d1f7c11"
_SIGN_UP = f"{_SLOT}/signUps/9c2e7a57-35f5-4c5b-8f0a-2b7a0c3b5d22"
_WORDS = {
    "title": "Reading friends at the school",
    "text": "Read aloud with a child for half an hour, twice in the afternoon.",
    "requirements": "No experience needed. You come every time you said you would.",
    "place": "Strandby School, the library",
    "privateText": "Ring at the side door.",
    "contactOffice": "The volunteer coordinator",
    "contactPhone": "+45 20 00 00 01",
}
_TASK_ANSWER = {
    "name": _TASK,
    **_WORDS,
    "promise": f"{_MUNICIPALITY}/promises/01970f3e-8a00-7000-8000-000000000013",
    "promiseTitle": "Volunteer mentors for children and youth",
    "state": "OPEN",
    "places": 5,
    "free": 2,
    "waiting": 0,
    "etag": '"5f0c2d7b9a1e4c3d8b6a7f10"',
}
_WHEN = {
    "startTime": "2027-04-06T12:00:00Z",
    "endTime": "2027-04-06T14:00:00Z",
    "timeZone": "Europe/Copenhagen",
    "capacity": 5,
}
_SLOT_ANSWER = {
    "name": _SLOT,
    **_WHEN,
    "sequence": 0,
    "cancelled": False,
    "confirmed": 3,
    "waiting": 0,
    "free": 2,
    "etag": '"8d1b2f3c4a5e6d7c8b9a0f11"',
}
_SIGN_UP_ANSWER = {"name": _SIGN_UP, "person": _PERSON, "state": "WAITLISTED", "queueNumber": 3}
_CONTACT = {"displayName": "Ada", "phone": "+45 20 00 00 02", "email": "ada@example.org"}
_PERSON_ANSWER = {"name": _PERSON, **_CONTACT, "etag": '"1a2b3c4d5e6f708192a3b4c5"'}

EXAMPLES: dict[str, tuple[Any, Any]] = {
    "CreateTask": ({**_WORDS, "promise": _TASK_ANSWER["promise"]}, {**_TASK_ANSWER, "state": "DRAFT"}),
    "GetTask": (None, _TASK_ANSWER),
    "ListTasks": (None, {"tasks": [_TASK_ANSWER], "nextPageToken": ""}),
    "UpdateTask": ({"place": "Strandby School, room 12"}, _TASK_ANSWER),
    "PublishTask": ({}, _TASK_ANSWER),
    "CloseTask": ({}, {**_TASK_ANSWER, "state": "CLOSED"}),
    "CancelTask": ({}, {**_TASK_ANSWER, "state": "CANCELLED", "places": 0, "free": 0}),
    "CreateSlot": (_WHEN, _SLOT_ANSWER),
    "GetSlot": (None, _SLOT_ANSWER),
    "ListSlots": (None, {"slots": [_SLOT_ANSWER], "nextPageToken": ""}),
    "UpdateSlot": ({"capacity": 6}, {**_SLOT_ANSWER, "capacity": 6, "sequence": 1}),
    "CancelSlot": ({}, {**_SLOT_ANSWER, "cancelled": True, "confirmed": 0, "free": 0}),
    "CreateSignUp": ({}, _SIGN_UP_ANSWER),
    "GetSignUp": (None, _SIGN_UP_ANSWER),
    "CancelSignUp": ({}, {**_SIGN_UP_ANSWER, "state": "CANCELLED", "cancelledBy": "VOLUNTEER"}),
    "ListSignUps": (None, {"signUps": [_SIGN_UP_ANSWER], "nextPageToken": ""}),
    "ListSignUpContacts": (
        None,
        {
            "signUpContacts": [
                {"signUp": {**_SIGN_UP_ANSWER, "state": "CONFIRMED", "queueNumber": 0}, **_CONTACT}
            ]
        },
    ),
    "ListPersonSignUps": (None, {"signUps": [_SIGN_UP_ANSWER], "nextPageToken": ""}),
    "CreatePerson": (_CONTACT, _PERSON_ANSWER),
    "GetPerson": (None, _PERSON_ANSWER),
    "UpdatePerson": ({"phone": "+45 20 00 00 03"}, _PERSON_ANSWER),
    "ExportPerson": (None, {"person": _PERSON_ANSWER, "subject": "v-17", "signUps": []}),
}
