"""What followup is asked before a task is made from an initiative, outside of any unit of work."""

from __future__ import annotations

from collections.abc import Sequence

from chassis.auth.principal import Role, authorise
from chassis.context import Caller
from chassis.errors import Code, DomainError, FieldViolation
from services.volunteer.app.ports import Promises, SoughtPromise


def find_promise(promises: Promises, caller: Caller, municipality: str, name: str) -> SoughtPromise:
    """The promise that a new task comes from.

    Raises DomainError UNAUTHENTICATED, PERMISSION_DENIED, INVALID_ARGUMENT TASK_INVALID at `promise`
    (PROMISE_UNKNOWN, PROMISE_SEEKS_NOBODY), UNAVAILABLE NEIGHBOUR_UNAVAILABLE.
    """
    authorise(caller.principal, municipality, Role.COORDINATOR)
    if not name.startswith(f"municipalities/{municipality}/promises/"):
        raise _invalid("PROMISE_UNKNOWN")
    try:
        found = promises.get(caller, name)
    except DomainError as error:
        if error.code in (Code.NOT_FOUND, Code.INVALID_ARGUMENT):
            raise _invalid("PROMISE_UNKNOWN") from None
        raise
    if found.wanted == 0:
        raise _invalid("PROMISE_SEEKS_NOBODY")
    return found


def list_promises(promises: Promises, caller: Caller, municipality: str) -> Sequence[SoughtPromise]:
    """Those that seek volunteers. Raises DomainError as `find_promise`."""
    authorise(caller.principal, municipality, Role.COORDINATOR)
    return promises.sought(caller, municipality)


def _invalid(reason: str) -> DomainError:
    violation = FieldViolation("promise", reason)
    return DomainError(Code.INVALID_ARGUMENT, "TASK_INVALID", {}, (violation,))
