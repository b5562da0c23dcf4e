"""The targets editor: each number with the pool's count beside it, and whether all of them can be met."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Request, Response

from chassis.context import Caller
from chassis.errors import DomainError
from chassis.text import Catalogue
from chassis.web import Form, HeaderMunicipality, Posted, form_of, posted, redirect
from chassis.web.formats import Formats
from services.sortition.adapters.pages.house import House, selection_base, selection_crumbs, selection_id
from services.sortition.adapters.pages.targets_draft import (
    Draft,
    cure_value,
    draft_of,
    read_cure,
    read_draft,
)
from services.sortition.adapters.pages.views import cell_lines, span
from services.sortition.app.check_targets import CheckTargets, check_targets
from services.sortition.app.get_selection import get_selection
from services.sortition.app.import_targets import ImportTargets, import_targets
from services.sortition.app.ports import UnitOfWork
from services.sortition.app.update_selection import UpdateSelection, update_selection
from services.sortition.app.views import CellError, SelectionView, TargetsCheck
from services.sortition.domain.selection import SelectionFields, SelectionState
from services.sortition.domain.target import Target

Sent = Annotated[Posted, Depends(posted)]

# Beyond this many people the ways out are only looked for when asked, not while somebody types.
CURES_WHILE_TYPING = 5_000
MOST_CURES = 5


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the pool says about the targets as a whole. `cures` are (words, what it frees, button's value)."""

    kind: str
    heading: str
    texts: Sequence[str] = ()
    cures: Sequence[tuple[str, str, str]] = field(default_factory=tuple)


class TargetPages:
    def __init__(self, house: House) -> None:
        self._house = house

    def router(self) -> APIRouter:
        router = APIRouter()
        here = "/{municipality}/selections/{selection}/targets"
        router.get(here)(self.show)
        router.post(here)(self.change)
        router.post(f"{here}/check")(self.check)
        router.post(f"{here}/import")(self.read_file)
        return router

    def show(self, request: Request, municipality: str, selection: str) -> Response:
        wanted = selection_id(selection)

        def work(uow: UnitOfWork, who: Caller) -> tuple[SelectionView, TargetsCheck | None]:
            view = get_selection(uow, who, wanted)
            return view, _checked(uow, who, view, view.selection.targets, cures=True)

        header, (view, result) = self._house.read(request, municipality, work)
        return self._page(request, header, view, draft_of(view.selection.targets), result)

    def change(self, request: Request, municipality: str, selection: str, form: Sent) -> Response:
        """Save, check, add a row, or apply a cure: whichever button was pressed; without a script too."""
        wanted = selection_id(selection)
        draft, act = read_draft(form), form.text("act")
        if act.startswith("row-") and act[4:].isdigit() and int(act[4:]) < len(draft.groups):
            draft.groups[int(act[4:])].add_row()
        elif act == "feature":
            draft.add_group()
        if act.startswith("cure:") or act == "save":
            size = limit = None
            if act != "save":
                cure = read_cure(act.removeprefix("cure:"))
                draft.apply(cure.changes)
                size, limit = cure.size, cure.per_address
            return self._save(request, municipality, wanted, draft, form, size, limit)
        return self._again(request, municipality, wanted, draft, form.text("etag"))

    def check(self, request: Request, municipality: str, selection: str, form: Sent) -> Response:
        """For htmx, while somebody types: the verdict, and the findings beside the numbers."""
        wanted, draft = selection_id(selection), read_draft(form)
        header, view, result, problems = self._try(request, municipality, wanted, draft, typing=True)
        words, f = self._house.words(request), self._house.formats(request, header)
        verdict = _wrong(words, problems) if problems else _verdict(view, draft, result, words, f)
        _note(draft, result, words, f)
        return self._house.page(request, "targets_check", header, groups=draft.groups, verdict=verdict)

    def read_file(self, request: Request, municipality: str, selection: str, form: Sent) -> Response:
        wanted = selection_id(selection)
        try:
            _, content = form.file("file")

            def work(uow: UnitOfWork, who: Caller) -> tuple[CellError, ...]:
                command = ImportTargets(wanted, content, form.text("etag"))
                return import_targets(uow, who, command, clock=self._house.clock).errors

            errors = self._house.write(request, municipality, work)
        except DomainError as error:
            if not error.violations and error.reason != "ETAG_STALE":
                raise
            again = form_of(error, self._house.words(request), {})
            return self._again(request, municipality, wanted, None, form.text("etag"), form=again)
        if errors:
            return self._again(request, municipality, wanted, None, form.text("etag"), errors=errors)
        return redirect(request, f"{selection_base(municipality, wanted)}/targets")

    def _save(
        self,
        request: Request,
        municipality: str,
        wanted: UUID,
        draft: Draft,
        form: Posted,
        size: int | None,
        limit: int | None,
    ) -> Response:
        def work(uow: UnitOfWork, who: Caller) -> None:
            view = get_selection(uow, who, wanted)
            selection = view.selection
            fields = SelectionFields(
                selection.title,
                selection.purpose,
                selection.size if size is None else size,
                selection.per_address if limit is None else limit,
                draft.targets(selection.targets),
            )
            mask = ("targets", *(("size",) if size is not None else ()))
            mask = (*mask, *(("per_address",) if limit is not None else ()))
            command = UpdateSelection(wanted, fields, mask, etag=form.text("etag"))
            update_selection(uow, who, command, clock=self._house.clock)

        try:
            self._house.write(request, municipality, work)
        except DomainError as error:
            if not error.violations and error.reason != "ETAG_STALE":
                raise
            again = form_of(error, self._house.words(request), {}, draft.places())
            return self._again(request, municipality, wanted, draft, form.text("etag"), form=again)
        return redirect(request, f"{selection_base(municipality, wanted)}/targets")

    def _again(
        self,
        request: Request,
        municipality: str,
        wanted: UUID,
        draft: Draft | None,
        etag: str,
        *,
        form: Form | None = None,
        errors: Sequence[CellError] = (),
    ) -> Response:
        """The editor with what was typed, checked against the pool."""
        header, view, result, problems = self._try(request, municipality, wanted, draft, typing=False)
        return self._page(
            request,
            header,
            view,
            draft or draft_of(view.selection.targets),
            result,
            form=form,
            problems=problems if form is None else form,
            errors=errors,
            etag=etag,
        )

    def _try(
        self, request: Request, municipality: str, wanted: UUID, draft: Draft | None, *, typing: bool
    ) -> tuple[HeaderMunicipality, SelectionView, TargetsCheck | None, Form | None]:
        """What the pool says to a draft; a form with errors when it cannot be read as targets."""
        problems: list[DomainError] = []

        def work(uow: UnitOfWork, who: Caller) -> tuple[SelectionView, TargetsCheck | None]:
            view = get_selection(uow, who, wanted)
            try:
                stored = view.selection.targets
                targets = stored if draft is None else draft.targets(stored)
                cures = not typing or view.pool_size <= CURES_WHILE_TYPING
                return view, _checked(uow, who, view, targets, cures=cures)
            except DomainError as error:
                if not error.violations:
                    raise
                problems.append(error)
                return view, None

        header, (view, result) = self._house.read(request, municipality, work)
        if problems and draft is not None:
            return header, view, result, form_of(problems[0], self._house.words(request), {}, draft.places())
        return header, view, result, None

    def _page(
        self,
        request: Request,
        header: HeaderMunicipality,
        view: SelectionView,
        draft: Draft,
        result: TargetsCheck | None,
        *,
        form: Form | None = None,
        problems: Form | None = None,
        errors: Sequence[CellError] = (),
        etag: str = "",
    ) -> Response:
        words, f = self._house.words(request), self._house.formats(request, header)
        selection = view.selection
        verdict = _wrong(words, problems) if problems else _verdict(view, draft, result, words, f)
        _note(draft, result, words, f)
        shown: dict[str, Any] = {
            "base": selection_base(header.slug, selection.id),
            "address": f"{selection_base(header.slug, selection.id)}/targets",
            "open": selection.state is SelectionState.PREPARING,
            "size": selection.size,
            "etag": etag or view.etag,
            "request_id": str(uuid4()),
            "import_request_id": str(uuid4()),
            "shape": draft.shape,
            "groups": draft.groups,
            "verdict": verdict,
            "file_errors": cell_lines(errors),
            "form": form or problems or Form(),
            "status": 400 if form or problems or errors else 200,
        }
        crumb = (words.text("targets.title"), None)
        crumbs = selection_crumbs(words, header.slug, selection.id, selection.title, crumb)
        return self._house.page(request, "targets", header, crumbs, **shown)


def _checked(
    uow: UnitOfWork, who: Caller, view: SelectionView, targets: tuple[Target, ...], *, cures: bool
) -> TargetsCheck | None:
    """None when there is nothing to check: no targets, or nobody in the pool."""
    if not targets or not view.pool_size:
        return None
    return check_targets(uow, who, CheckTargets(view.selection.id, targets, with_cures=cures))


def _wrong(words: Catalogue, form: Form) -> Verdict:
    texts = list(dict.fromkeys(error.text for error in form.errors))
    return Verdict("error", words.text("targets.verdict_wrong"), texts[:5])


def _verdict(
    view: SelectionView, draft: Draft, result: TargetsCheck | None, words: Catalogue, f: Formats
) -> Verdict:
    if result is None:
        if not any(True for _ in draft.filled()):
            return Verdict(
                "info", words.text("targets.verdict_none"), [words.text("targets.verdict_none_text")]
            )
        return Verdict(
            "info", words.text("targets.verdict_no_pool"), [words.text("targets.verdict_no_pool_text")]
        )
    if result.problems:
        texts = [words.error(problem.reason, problem.metadata) for problem in result.problems]
        return Verdict("error", words.text("targets.verdict_impossible"), texts)
    if result.feasible:
        kept_off = sum(group.people for group in result.kept_off)
        texts = [words.plural("targets.kept_off", kept_off, people=f.number(kept_off))] if kept_off else []
        if not kept_off:
            texts = [words.text("targets.all_can", people=f.number(result.people))]
        return Verdict("warning" if kept_off else "success", words.text("targets.verdict_feasible"), texts)
    cures = [
        (cure.words, words.text("targets.cure_frees", people=f.number(cure.frees)), cure_value(cure))
        for cure in result.cures[:MOST_CURES]
    ]
    text = words.text("targets.infeasible_text") if cures else words.text("targets.infeasible_no_cure")
    return Verdict("error", words.text("targets.verdict_infeasible"), [text], cures)


def _note(draft: Draft, result: TargetsCheck | None, words: Catalogue, f: Formats) -> None:
    """Put the pool's word beside each number."""
    if result is None:
        return
    findings = {(finding.target.feature, finding.target.value): finding for finding in result.findings}
    for group, row in draft.filled():
        finding = findings.get((group.name, row.value))
        if finding is None:
            continue
        people = f.number(finding.people)
        row.bad = bool(finding.short_by) or not finding.fits
        if finding.short_by:
            row.finding = words.text("targets.finding_short", people=people, short=f.number(finding.short_by))
            continue
        row.finding = words.plural(
            "targets.finding_people",
            finding.people,
            people=people,
            share=f.share(finding.people, result.people),
        )
        if finding.lowest is not None and finding.highest is not None:
            key = "targets.finding_room" if finding.fits else "targets.finding_no_room"
            row.finding += " · " + words.text(key, room=span(finding.lowest, finding.highest))
