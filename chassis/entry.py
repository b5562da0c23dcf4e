"""The one place where a caller's request becomes a unit of work. Use cases run inside it and never commit."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Generic, TypeVar

from chassis.auth.principal import Role
from chassis.context import Caller
from chassis.db import Database, Transaction, retrying
from chassis.errors import DomainError
from chassis.idempotency import Raced, check_request_id, store_response, stored_response
from chassis.tenants import Municipality, refuse_unless_served

U = TypeVar("U")
R = TypeVar("R")


def _as_the_copy_says(transaction: Transaction, uow: Any) -> Municipality | None:
    """Of a TenantUnitOfWork."""
    found: Municipality | None = uow.municipalities.get()
    return found


class Entry(Generic[U]):
    """`make_uow` turns a transaction into the service's own unit of work (repositories, events, audit,
    jobs). `standing` says where the unit of work's municipality is known from: by itself from the
    `municipalities` that a TenantUnitOfWork has.
    """

    def __init__(
        self,
        database: Database,
        make_uow: Callable[[Transaction], U],
        *,
        concurrent: bool = False,
        standing: Callable[[Transaction, U], Municipality | None] = _as_the_copy_says,
    ) -> None:
        self._database = database
        self._make_uow = make_uow
        self._concurrent = concurrent
        self._standing = standing

    def read(self, caller: Caller, municipality: str, use_case: Callable[[U], R]) -> R:
        """Run `use_case` over one consistent state of the store."""
        with self._database.reading(municipality) as transaction:
            transaction.correlation_id = caller.correlation_id
            return use_case(self._make_uow(transaction))

    def write(
        self,
        caller: Caller,
        municipality: str,
        use_case: Callable[[U], R],
        *,
        request_id: str | None = None,
        fingerprint: bytes | None = None,
        store: Callable[[R], bytes] | None = None,
        restore: Callable[[bytes], R] | None = None,
        concurrent: bool = False,
        while_suspended: bool = False,
        of_registry: bool = False,
    ) -> R:
        """Run `use_case` and commit; again when the store made it give in to another. With a `request_id`,
        once: the same request again (same `fingerprint`, which must cover method and content) is answered as
        it was, from `restore` of what `store` made.

        Raises DomainError ALREADY_EXISTS (REQUEST_ID_REUSED) for another request under a used id. The id
        belongs to who is asking: nobody is given another's response. Without a request id, or for somebody
        who is not signed in, nothing is stored. `concurrent` as in `Database.writing`: many at once, each of
        which locks the rows on which it decides.

        This is where a suspended municipality is held still: whoever asks is refused with FAILED_PRECONDITION
        MUNICIPALITY_SUSPENDED, save operators of the platform, and what changes nothing of the municipality's
        own (`while_suspended`: to sign in, to look where looks are audited). A removed one is unknown to
        everybody, save to what the registry itself does with its states (`of_registry`). Workers and
        consumers open their units of work themselves, and go on.
        """

        def opened() -> AbstractContextManager[Transaction]:
            return self._database.writing(
                municipality,
                correlation_id=caller.correlation_id,
                concurrent=concurrent or self._concurrent,
            )

        def run(transaction: Transaction) -> R:
            uow = self._make_uow(transaction)
            if municipality and not of_registry:
                operator = caller.principal.has(None, Role.OPERATOR)
                standing = self._standing(transaction, uow)
                refuse_unless_served(standing, while_suspended=while_suspended or operator)
            return use_case(uow)

        def once() -> R:
            with opened() as transaction:
                return run(transaction)

        if not request_id or not caller.principal.signed_in:
            return retrying(once)
        if fingerprint is None or store is None or restore is None:
            raise TypeError("a request id needs fingerprint, store and restore")
        check_request_id(request_id)
        subject = caller.principal.subject

        def once_per_request() -> R:
            with opened() as transaction:
                earlier = stored_response(transaction, subject, request_id, fingerprint)
                if earlier is not None:
                    return restore(earlier)
                result = run(transaction)
                store_response(transaction, subject, request_id, fingerprint, store(result))
                return result

        while True:
            try:
                return retrying(once_per_request)
            except Raced:
                continue
            except DomainError:
                if not (concurrent or self._concurrent):
                    raise
                # Repeated while it was still under way, it may be refused for what it has done itself
                # meanwhile ("signed up already"). In turn, the repetition would have found the answer.
                with self._database.reading(municipality) as transaction:
                    earlier = stored_response(transaction, subject, request_id, fingerprint)
                if earlier is None:
                    raise
                return restore(earlier)
