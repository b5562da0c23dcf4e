"""One initiative's whole story, for anyone: what was asked, by when, what was answered, and what was not."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from services.followup.adapters.pages.house import (
    House,
    base,
    has_role,
    promise_base,
    promise_crumbs,
    promise_id,
)
from services.followup.adapters.pages.stand_words import StandWords
from services.followup.app.gate import ANSWERING, SEEKING
from services.followup.app.get_promise import get_promise
from services.followup.deadlines.types import State, Status
from services.followup.domain.checkpoint import Answer, Checkpoint
from services.followup.domain.promise import Promise
from services.followup.words import DateWords


class PromisePages:
    def __init__(self, house: House) -> None:
        self._house = house

    def router(self) -> APIRouter:
        router = APIRouter()
        router.get("/{municipality}/promises/{promise}")(self.show)
        return router

    def show(self, request: Request, municipality: str, promise: str) -> Response:
        wanted = promise_id(promise)
        header, view = self._house.read(
            request, municipality, lambda uow, who: get_promise(uow, who, wanted, clock=self._house.clock)
        )
        words = self._house.words(request)
        say = StandWords(words, self._house.formats(request, header))
        found = view.promise
        kind, badge = say.badge(view)
        latest = view.standing.latest
        return self._house.page(
            request,
            "promise",
            header,
            promise_crumbs(words, municipality, found.id, found.title),
            public=True,
            base=base(municipality),
            here=promise_base(municipality, found.id),
            promise=found,
            paragraphs=paragraphs(found.text),
            standing=say.line(view),
            kind=kind,
            badge=badge,
            checkpoints=[
                checkpoint_data(found, each, view.statuses[each.id], municipality, say)
                for each in found.checkpoints
            ],
            answers_for_council=has_role(request, municipality, *ANSWERING),
            may_seek=has_role(request, municipality, *SEEKING)
            and bool(found.volunteers_wanted or (latest and latest.decision.follows)),
            changed=found.update_time,
        )


def checkpoint_data(
    promise: Promise, checkpoint: Checkpoint, status: Status, municipality: str, say: StandWords
) -> dict[str, Any]:
    words = DateWords(say.words)
    kind, badge = say.state(status)
    return {
        "id": checkpoint.id,
        "address": f"{promise_base(municipality, promise.id)}/checkpoints/{checkpoint.id}",
        "heading": say.heading(checkpoint),
        "kind": kind,
        "badge": badge,
        "nominal": checkpoint.nominal,
        "due": checkpoint.due,
        "moved": checkpoint.nominal != checkpoint.due,
        "effective": checkpoint.effective_due,
        "wait": say.wait(status),
        "overdue": status.state is State.OVERDUE,
        "answerable": status.state is not State.NOT_YET_OPEN and status.on >= checkpoint.opens,
        "opens": checkpoint.opens,
        "how": words.dates(checkpoint.reasons),
        "extensions": [
            {
                "due": each.due,
                "granted": each.granted_on,
                "office": each.office,
                "reason": paragraphs(each.reason),
                "how": words.dates(each.reasons),
            }
            for each in checkpoint.extensions
        ],
        "answers": [answer_data(each, say) for each in checkpoint.answers],
    }


def answer_data(answer: Answer, say: StandWords) -> dict[str, Any]:
    return {
        "decision": say.decision(answer),
        "date": answer.answer_date,
        "reason": paragraphs(answer.reason),
        "committee": answer.committee,
        "office": answer.office,
        "actions": paragraphs(answer.actions),
        "evidence": list(answer.evidence_uris),
    }


def paragraphs(text: str) -> list[str]:
    """What was typed, a paragraph per line."""
    return [line.strip() for line in text.splitlines() if line.strip()]
