"""What a service's revisions say of themselves: their kind, the release that brought them, and with which
programs they can be lived beside (docs/adr/0008).

    revision, down_revision = "0003", "0002"
    kind = "contract"            # or "expand", which says no compatible_from
    release = "1.2.0"            # the first that has it
    compatible_from = "0002"     # the oldest revision whose programs may still serve the store
    statement_seconds = 300      # where a statement needs more than 10: it must lock nothing that calls need
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory

EXPAND, CONTRACT = "expand", "contract"
KINDS = (EXPAND, CONTRACT)

STATEMENT_SECONDS = 10
"""A statement that locks a table is over before the calls that wait for it give up (BUSY_SECONDS)."""


@dataclass(frozen=True, slots=True)
class Revision:
    """`compatible_from` is the oldest revision whose programs may serve a store that is at this one;
    `statement_seconds` how long one of its statements may take on PostgreSQL.
    """

    revision: str
    kind: str
    release: str
    compatible_from: str
    statement_seconds: int = STATEMENT_SECONDS


def stated_revisions(script: ScriptDirectory) -> list[Revision]:
    """From the first to the newest. Raises RuntimeError, a programming error, for one that does not say what
    it must, or says what cannot be.
    """
    found: list[Revision] = []
    for one in reversed(list(script.walk_revisions())):
        if one.is_merge_point or one.is_branch_point:
            raise RuntimeError(f"revision {one.revision}: revisions are one line, each after the one before")
        problems = list(_problems(one.module, found))
        if problems:
            raise RuntimeError(f"revision {one.revision}: {'; '.join(problems)}")
        module = one.module
        stated = getattr(module, "compatible_from", None)
        before = found[-1].compatible_from if found else one.revision
        seconds = getattr(module, "statement_seconds", STATEMENT_SECONDS)
        found.append(Revision(one.revision, module.kind, module.release, stated or before, seconds))
    return found


def _problems(module: Any, before: Sequence[Revision]) -> Iterator[str]:
    kind = getattr(module, "kind", None)
    release = getattr(module, "release", "")
    stated = getattr(module, "compatible_from", None)
    if kind not in KINDS:
        yield f"kind must be one of {', '.join(KINDS)}, not {kind!r}"
    if not re.fullmatch(r"\d+\.\d+\.\d+", release):
        yield f"release must be the release that brings it, such as '1.2.0', not {release!r}"
        return
    if before and _number(release) < _number(before[-1].release):
        yield f"release {release} is before {before[-1].release}, that of the revision before"
    if kind == EXPAND and stated is not None:
        yield "an expand revision leaves compatible_from as it is, and says none"
    if kind == CONTRACT:
        yield from _contract_problems(release, stated, before)


def _contract_problems(release: str, stated: object, before: Sequence[Revision]) -> Iterator[str]:
    order = [one.revision for one in before]
    if not isinstance(stated, str) or stated not in order:
        yield f"a contract revision says compatible_from, an earlier revision, not {stated!r}"
        return
    if order.index(stated) < order.index(before[-1].compatible_from):
        yield f"compatible_from goes back from {before[-1].compatible_from} to {stated}"
    brought = before[order.index(stated)].release
    if _number(brought) >= _number(release):
        yield (
            f"the release before {release} must be able to serve beside it, "
            f"but compatible_from {stated} came with {brought}: contract a release later"
        )


def _number(release: str) -> tuple[int, ...]:
    return tuple(int(part) for part in release.split("."))
