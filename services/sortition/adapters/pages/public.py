"""What anyone may see: the municipality's draws, and THE page of a draw. No sign-in, no script, no cookie."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from chassis.auth.principal import Role
from chassis.context import Caller
from chassis.errors import Code, DomainError
from chassis.text import Catalogue
from chassis.web import Form, FormError, HeaderMunicipality, Posted, asked, caller
from chassis.web.formats import Formats
from services.sortition.adapters.pages.draws import attachment
from services.sortition.adapters.pages.house import House, base, draw_id
from services.sortition.adapters.pages.public_words import PublicWords
from services.sortition.adapters.pages.views import chances, published_likeness
from services.sortition.app.check_receipt import check_receipt
from services.sortition.app.get_draw_file import get_draw_file
from services.sortition.app.get_published_draw import get_published_draw
from services.sortition.app.get_signing_key import get_signing_key
from services.sortition.app.list_published_draws import list_published_draws
from services.sortition.app.ports import UnitOfWork
from services.sortition.app.views import PublishedDraw, ReceiptCheck, SigningKeyView

Asked = Annotated[Posted, Depends(asked)]

VERIFIER = "verifier.py"
KEY = "key.pem"


class PublicPages:
    def __init__(self, house: House) -> None:
        self._house = house

    def router(self) -> APIRouter:
        router = APIRouter()
        router.get("/{municipality}")(self.listing)
        router.get("/{municipality}/draws/{draw}")(self.show)
        router.post("/{municipality}/draws/{draw}/receipt")(self.receipt)
        router.get("/{municipality}/draws/{draw}/files/{filename}")(self.file)
        return router

    def listing(self, request: Request, municipality: str, page_token: str = "") -> Response:
        header, page = self._house.read(
            request, municipality, lambda uow, who: list_published_draws(uow, who, 20, page_token)
        )
        words, f = self._house.words(request), self._house.formats(request, header)
        say = PublicWords(words, f)
        principal = caller(request).principal
        return self._house.page(
            request,
            "draws_public",
            header,
            [(words.text("public_list.title"), None)],
            public=True,
            base=base(municipality),
            secretariat=principal.municipality == municipality and Role.SECRETARIAT in principal.roles,
            draws=[
                {"id": draw.id, "title": draw.title, "standing": say.standing(draw)} for draw in page.items
            ],
            older=page.next_page_token,
            changed=max((_changed(draw) for draw in page.items), default=None),
        )

    def show(self, request: Request, municipality: str, draw: str) -> Response:
        return self._draw(request, municipality, draw_id(draw), Form(), None)

    def receipt(self, request: Request, municipality: str, draw: str, form: Asked) -> Response:
        """Asked by POST, so that nobody's receipt stands in an address, a log or a history."""
        drawn, typed = draw_id(draw), form.text("random_id")
        words = self._house.words(request)
        if not typed:
            again = Form({}, (FormError("random_id", words.error("FIELD_REQUIRED")),))
            return self._draw(request, municipality, drawn, again, None)
        try:
            _, found = self._house.read(
                request,
                municipality,
                lambda uow, who: check_receipt(uow, who, _selection(uow, drawn), drawn, typed),
            )
        except DomainError as error:
            if error.reason != "RECEIPT_UNKNOWN":
                raise
            again = Form({"random_id": typed}, (FormError("random_id", words.error(error.reason)),))
            return self._draw(request, municipality, drawn, again, None)
        return self._draw(request, municipality, drawn, Form(), found)

    def file(self, request: Request, municipality: str, draw: str, filename: str) -> Response:
        drawn = draw_id(draw)
        if filename == VERIFIER:
            # The same for every draw: the one file of the standard library that checks a record.
            self._house.read(
                request,
                municipality,
                lambda uow, who: get_published_draw(uow, who, None, drawn),
            )
            return attachment(_verifier(), "text/x-python; charset=utf-8", VERIFIER, public=True)
        if filename == KEY:
            _, key = self._house.read(request, municipality, get_signing_key)
            return attachment(key.pem.encode(), "application/x-pem-file", KEY, public=True)
        _, file = self._house.read(
            request,
            municipality,
            lambda uow, who: get_draw_file(uow, who, _selection(uow, drawn), drawn, filename),
        )
        return attachment(file.content, file.media_type, file.filename, public=file.public)

    def _draw(
        self,
        request: Request,
        municipality: str,
        drawn: UUID,
        form: Form,
        receipt: ReceiptCheck | None,
    ) -> Response:
        def work(uow: UnitOfWork, who: Caller) -> tuple[PublishedDraw, SigningKeyView]:
            return get_published_draw(uow, who, None, drawn), get_signing_key(uow, who)

        header, (draw, key) = self._house.read(request, municipality, work)
        return self._show(request, header, draw, key, form, receipt)

    def _show(
        self,
        request: Request,
        header: HeaderMunicipality,
        draw: PublishedDraw,
        key: SigningKeyView,
        form: Form,
        receipt: ReceiptCheck | None,
    ) -> Response:
        words, f = self._house.words(request), self._house.formats(request, header)
        page: dict[str, Any] = dict(_told(draw, words, f)) | {
            "base": f"{base(header.slug)}/draws/{draw.id}",
            "address": f"{base(header.slug)}/draws/{draw.id}",
            "receipt": None if receipt is None else _receipt(receipt),
            "files": PublicWords(words, f).files(draw, {VERIFIER: len(_verifier()), KEY: len(key.pem)}),
            "fingerprint": key.fingerprint,
            "signed": "record.json" if draw.publish_time is not None else "commitment.json",
            "form": form,
            "status": 400 if form.errors else 200,
            "changed": _changed(draw),
        }
        crumbs = [(words.text("public_list.title"), base(header.slug)), (draw.title, None)]
        return self._house.page(request, "draw_public", header, crumbs, public=receipt is None, **page)


@functools.lru_cache(maxsize=64)
def _told(draw: PublishedDraw, words: Catalogue, f: Formats) -> Mapping[str, Any]:
    """What the page says of a draw to everybody: the same for as long as the draw is the same."""
    say = PublicWords(words, f)
    likeness = published_likeness(draw, words, f)
    spread = chances(draw, words, f)
    series = [("pool", words.text("chart.pool"))]
    if say.state(draw) == "published":
        series.append(("panel", words.text("chart.panel")))
    return say.page(draw, likeness, spread) | {
        "draw": draw,
        "shown": likeness,
        "series": series,
        "suppressed": any(value.pool is None for value in draw.values),
        "chances": spread,
    }


def _selection(uow: UnitOfWork, drawn: UUID) -> UUID:
    """Which selection a public draw belongs to: its public address does not say.

    Raises DomainError NOT_FOUND DRAW_UNKNOWN, also for one that is not public.
    """
    # Draws come newest first and their ids are in order of time: the first at or before this id is the one.
    found = uow.draws.public_page(1, UUID(int=min(drawn.int + 1, (1 << 128) - 1)))
    if not found or found[0].id != drawn:
        raise DomainError(Code.NOT_FOUND, "DRAW_UNKNOWN")
    return found[0].selection


def _changed(draw: PublishedDraw) -> datetime:
    """When the public page of a draw last changed: a draw is public from one of these moments on."""
    moments = (draw.commit_time, draw.publish_time, draw.cancel_time)
    return max(moment for moment in moments if moment is not None)


def _receipt(found: ReceiptCheck) -> dict[str, Any]:
    return {
        "chance": found.panels_with / found.panels,
        "panels_with": found.panels_with,
        "panels": found.panels,
        "drawn": found.drawn,
        "commitment": found.commitment,
    }


@functools.cache
def _verifier() -> bytes:
    from importlib import resources

    return (resources.files("services.sortition.lottery") / VERIFIER).read_bytes()
