"""The pool: import a spreadsheet, see every wrong cell at once, take the good rows or a copy to correct."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Request, Response

from chassis.context import Caller
from chassis.errors import DomainError
from chassis.text import Catalogue
from chassis.web import Form, Posted, form_of, posted, redirect
from services.sortition.adapters.pages.house import House, selection_base, selection_crumbs, selection_id
from services.sortition.adapters.pages.views import by_feature, cell_lines
from services.sortition.app.accept_pool_import import accept_pool_import
from services.sortition.app.get_pool import get_pool
from services.sortition.app.get_pool_import import get_pool_import
from services.sortition.app.get_pool_import_corrections import get_pool_import_corrections
from services.sortition.app.get_selection import get_selection
from services.sortition.app.import_pool import ImportPool, import_pool
from services.sortition.app.ports import UnitOfWork
from services.sortition.app.views import PoolImport, PoolView, SelectionView
from services.sortition.domain.selection import SelectionState

Sent = Annotated[Posted, Depends(posted)]

_DELIMITERS = {",": "comma", ";": "semicolon", "TAB": "tab", "|": "bar"}


class PoolPages:
    def __init__(self, house: House) -> None:
        self._house = house

    def router(self) -> APIRouter:
        router = APIRouter()
        here = "/{municipality}/selections/{selection}/pool"
        router.get(here)(self.show)
        router.post(here)(self.read_file)
        router.post(f"{here}/accept")(self.accept)
        router.get(f"{here}/corrections.csv")(self.corrections)
        return router

    def show(self, request: Request, municipality: str, selection: str) -> Response:
        return self._page(request, municipality, selection_id(selection), Form())

    def read_file(self, request: Request, municipality: str, selection: str, form: Sent) -> Response:
        wanted = selection_id(selection)
        try:
            _, content = form.file("file")
            command = ImportPool(
                wanted,
                content,
                form.text("id_column"),
                _names(form.text("address_columns")),
                _names(form.text("contact_columns")),
            )

            def work(uow: UnitOfWork, who: Caller) -> None:
                import_pool(uow, who, command, clock=self._house.clock)

            self._house.write(request, municipality, work)
        except DomainError as error:
            if not error.violations:
                raise
            # A violation may name one column of several: contact_columns[2].
            fields = {violation.field: violation.field.partition("[")[0] for violation in error.violations}
            again = form_of(error, self._house.words(request), form.values, fields)
            return self._page(request, municipality, wanted, again)
        return redirect(request, f"{selection_base(municipality, wanted)}/pool")

    def accept(self, request: Request, municipality: str, selection: str, form: Sent) -> Response:
        wanted = selection_id(selection)

        def work(uow: UnitOfWork, who: Caller) -> None:
            accept_pool_import(uow, who, wanted, clock=self._house.clock)

        self._house.write(request, municipality, work)
        return redirect(request, f"{selection_base(municipality, wanted)}/pool")

    def corrections(self, request: Request, municipality: str, selection: str) -> Response:
        wanted = selection_id(selection)
        _, content = self._house.read(
            request, municipality, lambda uow, who: get_pool_import_corrections(uow, who, wanted)
        )
        name = self._house.words(request).text("pool.corrections_name")
        headers = {"Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "no-store"}
        return Response(content, media_type="text/csv; charset=utf-8", headers=headers)

    def _page(self, request: Request, municipality: str, wanted: UUID, form: Form) -> Response:
        def work(uow: UnitOfWork, who: Caller) -> tuple[SelectionView, PoolView, PoolImport | None]:
            view = get_selection(uow, who, wanted)
            latest = None
            if uow.imports.get(wanted) is not None:
                latest = get_pool_import(uow, who, wanted)
            return view, get_pool(uow, who, wanted), latest

        header, (view, pool, latest) = self._house.read(request, municipality, work)
        words, f = self._house.words(request), self._house.formats(request, header)
        title = words.text("pool.title")
        heading = (
            words.plural("pool.heading", pool.people, people=f.number(pool.people))
            if pool.people
            else words.text("pool.heading_empty")
        )
        report = None
        if latest is not None:
            report = {
                "state": latest.state.value.lower(),
                "accepted": latest.accepted_rows,
                "rejected": latest.rejected_rows,
                "errors": cell_lines(latest.errors),
                "format": _read_as(latest.format, words),
            }
        return self._house.page(
            request,
            "pool",
            header,
            selection_crumbs(words, municipality, wanted, view.selection.title, (title, None)),
            base=selection_base(municipality, wanted),
            heading=heading,
            pool=pool,
            groups=by_feature(pool.counts, lambda count: count.feature) if pool.people else {},
            latest=report,
            open=view.selection.state is SelectionState.PREPARING,
            has_targets=bool(view.selection.targets),
            features=f.listing(list(view.selection.features)),
            request_id=str(uuid4()),
            form=form,
            status=400 if form.errors else 200,
        )


def _read_as(recognised: str, words: Catalogue) -> str:
    """What the reader recognised, `utf-8 ;`, in words: 'utf-8 med semikolon'."""
    encoding, _, delimiter = recognised.rpartition(" ")
    name = _DELIMITERS.get(delimiter)
    if not encoding or name is None:
        return recognised
    return words.text("pool.format", encoding=encoding, delimiter=words.text(f"delimiter.{name}"))


def _names(typed: str) -> tuple[str, ...]:
    """Column names as typed, separated by commas."""
    return tuple(name.strip() for name in typed.split(",") if name.strip())
