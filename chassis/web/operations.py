"""The operations page, `/{service}/ops`: is anything stuck, late or failing, and what can be done about it.

For operators of the platform. Each process shows the services that it runs; the ingress routes by the first
path segment, so each service has the page under its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from chassis import dead_letters
from chassis.aip.names import MUNICIPALITY
from chassis.auth.principal import Role, authorise
from chassis.context import Caller
from chassis.db import Database
from chassis.errors import Code, DomainError
from chassis.limits.allotments import Usage
from chassis.operations.state import ServiceState, findings
from chassis.operations.tenant import TenantState
from chassis.web import Posted, caller, posted, redirect, render

CallerOfPage = Annotated[Caller, Depends(caller)]
PostedForm = Annotated[Posted, Depends(posted)]


class OperationsPages:
    """`states` reads every service of this process, `databases` are theirs by name, `now` tells the time;
    `tenant` reads what each has of one municipality, `usage` what municipalities asked of this process.
    """

    def __init__(
        self,
        states: Callable[[], Sequence[ServiceState]],
        databases: Callable[[], dict[str, Database]],
        now: Callable[[], datetime],
        *,
        tenant: Callable[[str], Sequence[TenantState]] = lambda slug: (),
        usage: Callable[[], Sequence[Usage]] = lambda: (),
    ) -> None:
        self._tenant = tenant
        self._usage = usage
        self._states = states
        self._databases = databases
        self._now = now

    def router(self, service: str) -> APIRouter:
        """The page under `/{service}/ops`."""
        router = APIRouter(include_in_schema=False)
        base = f"/{service}/ops"

        @router.get("/ops")
        def operations(request: Request, who: CallerOfPage) -> Response:
            authorise(who.principal, None, Role.OPERATOR)
            states = self._states()
            return render(
                request,
                "web/operations.html",
                base=base,
                states=states,
                found=[(state.name, finding) for state in states for finding in findings(state)],
                now=self._now(),
            )

        @router.get("/ops/municipalities/{municipality}")
        def one_municipality(request: Request, who: CallerOfPage, municipality: str) -> Response:
            """How much each service has of it, and what waits: figures, and nothing of what is in them."""
            authorise(who.principal, None, Role.OPERATOR)
            slug = MUNICIPALITY.parse(f"municipalities/{municipality}")["municipality"]
            return render(
                request,
                "web/operations_tenant.html",
                base=base,
                slug=slug,
                states=self._tenant(slug),
                usage={each.service: each for each in self._usage() if each.municipality == slug},
                now=self._now(),
            )

        @router.post("/ops/{owner}/parked/{letter}/replay")
        def replay(
            request: Request, who: CallerOfPage, owner: str, letter: str, form: PostedForm
        ) -> Response:
            authorise(who.principal, None, Role.OPERATOR)
            dead_letters.replay(self._store(owner), who, _identity(letter))
            return redirect(request, base)

        @router.get("/ops/{owner}/parked/{letter}/skip")
        def ask_skip(request: Request, who: CallerOfPage, owner: str, letter: str) -> Response:
            authorise(who.principal, None, Role.OPERATOR)
            wanted = _identity(letter)
            found = next((one for one in dead_letters.parked(self._store(owner)) if one.id == wanted), None)
            if found is None:
                raise _unknown(letter)
            return render(request, "web/operations_skip.html", base=base, owner=owner, letter=found)

        @router.post("/ops/{owner}/parked/{letter}/skip")
        def skip(request: Request, who: CallerOfPage, owner: str, letter: str, form: PostedForm) -> Response:
            authorise(who.principal, None, Role.OPERATOR)
            dead_letters.skip(self._store(owner), who, _identity(letter))
            return redirect(request, base)

        return router

    def _store(self, owner: str) -> Database:
        found = self._databases().get(owner)
        if found is None:
            raise DomainError(Code.NOT_FOUND, "SERVICE_UNKNOWN", {"service": owner})
        return found


def _identity(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise _unknown(text) from None


def _unknown(text: str) -> DomainError:
    return DomainError(Code.NOT_FOUND, "DEAD_LETTER_UNKNOWN", {"dead_letter": text[:36]})
