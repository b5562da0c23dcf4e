"""How much a municipality may have in a store: a bound against what runs wild, far above what any needs."""

from __future__ import annotations

from chassis.errors import Code, DomainError


def require_room(reason: str, limit: int, have: int, more: int = 1) -> None:
    """Raises DomainError RESOURCE_EXHAUSTED with the reason and `limit` where there is no room for `more`.
    It has no `retry_after`: to wait does not help.
    """
    if have + more > limit:
        raise DomainError(Code.RESOURCE_EXHAUSTED, reason, {"limit": str(limit)})
