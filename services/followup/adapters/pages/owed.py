"""What the council owes, by date: the home of officers and council."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from fastapi import APIRouter, Request, Response

from services.followup.adapters.pages.house import House, base, crumbs, promise_base
from services.followup.adapters.pages.stand_words import StandWords
from services.followup.app.list_owed import list_owed
from services.followup.app.views import Owed, OwedList
from services.followup.deadlines.types import State


class OwedPages:
    def __init__(self, house: House) -> None:
        self._house = house

    def router(self) -> APIRouter:
        router = APIRouter()
        router.get("/{municipality}/owed")(self.show)
        return router

    def show(self, request: Request, municipality: str) -> Response:
        header, owed = self._house.read(
            request, municipality, lambda uow, who: list_owed(uow, who, clock=self._house.clock)
        )
        words = self._house.words(request)
        say = StandWords(words, self._house.formats(request, header))
        return self._house.page(
            request,
            "owed",
            header,
            crumbs(words, municipality, (words.text("owed.title"), None)),
            base=base(municipality),
            lead=_lead(owed, say),
            days=_days(owed.items, municipality, say),
        )


def _lead(owed: OwedList, say: StandWords) -> str:
    if not owed.items:
        return say.words.text("owed.empty")
    late = sum(each.status.state is State.OVERDUE for each in owed.items)
    if late:
        return say.words.plural("owed.lead_late", late)
    first = owed.items[0].checkpoint.effective_due
    number = sum(each.checkpoint.effective_due == first for each in owed.items)
    return say.words.plural("owed.lead_next", number, due=say.day(first))


def _days(items: Sequence[Owed], municipality: str, say: StandWords) -> list[dict[str, Any]]:
    days = []
    for due, same in groupby(items, lambda each: each.checkpoint.effective_due):
        owed = list(same)
        kind, badge = say.state(owed[0].status)
        days.append(
            {
                "due": say.day(due, capital=True),
                "kind": kind,
                "badge": badge,
                "wait": say.wait(owed[0].status),
                "lines": [_line(each, municipality, say) for each in owed],
            }
        )
    return days


def _line(owed: Owed, municipality: str, say: StandWords) -> dict[str, Any]:
    promise, checkpoint = owed.promise, owed.checkpoint
    address = promise_base(municipality, promise.id)
    opens = checkpoint.opens
    return {
        "title": promise.title,
        "address": address,
        "what": say.heading(checkpoint),
        "answer": f"{address}/checkpoints/{checkpoint.id}/answer" if owed.status.on >= opens else "",
        "opens": opens,
    }
