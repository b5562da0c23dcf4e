"""A draw's engine, run in a process of its own: frozen input in, files out. Knows no store and no clock."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from chassis.errors import Code, DomainError
from services.sortition.app.snapshot import columns_of, thaw, title_of

Progress = Callable[[str, Mapping[str, str]], None]


@dataclass(frozen=True, slots=True)
class EngineRequest:
    """`snapshot` is the draw's frozen input; the rest what it was asked for."""

    snapshot: bytes
    mode: str
    method: str
    panels: int
    seed: str
    announced: str


@dataclass(frozen=True, slots=True)
class EngineResult:
    """`number` and `record` only in seeded mode. `optimal_lowest` is a decimal; files are whole."""

    commitment: bytes
    audit: bytes
    receipts: bytes
    chances: bytes
    panels: bytes
    record: bytes | None
    number: int | None
    optimal_lowest: str
    unreachable: int


def run(payload: bytes, progress: Progress) -> bytes:
    """Entry of the child process: a packed EngineRequest in, a packed EngineResult out."""
    return _pack(draw(EngineRequest(**_unpack(payload)), progress))


def draw(request: EngineRequest, progress: Progress) -> EngineResult:
    """Solve, round, and write everything but the number (in seeded mode that too).

    Salts and random ids are fresh from the operating system: two runs differ in them, so only the first
    result that is stored counts. Raises DomainError FAILED_PRECONDITION TARGETS_INFEASIBLE, LEGACY_STUCK.
    """
    from services.sortition.lottery import record
    from services.sortition.lottery.audit import Columns
    from services.sortition.lottery.draw import solve
    from services.sortition.lottery.errors import Infeasible, LegacyStuck
    from services.sortition.lottery.lottery import Method
    from services.sortition.lottery.number import Mode
    from services.sortition.lottery.receipt import decimal
    from services.sortition.spreadsheet import results
    from services.sortition.spreadsheet.writer import csv_bytes

    problem = thaw(request.snapshot)
    people = {"people": str(len(problem.people)), "size": str(problem.size)}

    def step(name: str, figure: float | None) -> None:
        progress(name, people if figure is None else {**people, "figure": f"{figure:g}"})

    try:
        exact, uniform = solve(problem, Method(request.method), request.seed, request.panels, step)
    except LegacyStuck as stuck:
        attempts = {"attempts": str(stuck.restarts)}
        raise DomainError(Code.FAILED_PRECONDITION, "LEGACY_STUCK", attempts) from stuck
    except Infeasible as infeasible:
        raise DomainError(Code.FAILED_PRECONDITION, "TARGETS_INFEASIBLE", people) from infeasible
    progress("files", people)
    columns = columns_of(request.snapshot)
    published = record.build(
        problem,
        exact,
        uniform,
        mode=Mode(request.mode),
        seed=request.seed,
        token_bytes=secrets.token_bytes,
        program_version=version("borgerting"),
        title=title_of(request.snapshot),
        announced=request.announced,
        columns=Columns(columns.id, columns.address),
        reasons=_reasons(problem, exact),
    )
    revealed = None
    if request.mode == Mode.SEEDED:
        revealed = record.reveal(published.commitment, published.audit)
    possible = [chance for t, chance in enumerate(exact.chances) if t not in exact.unreachable]
    return EngineResult(
        commitment=published.commitment,
        audit=published.audit,
        receipts=csv_bytes([published.receipts.header, *published.receipts.rows]),
        chances=results.chances_csv(problem, exact, uniform),
        panels=results.panels_csv(uniform),
        record=revealed,
        number=None if revealed is None else json.loads(revealed)["number"]["value"],
        optimal_lowest=decimal(min(possible)) if possible else "",
        unreachable=sum(len(exact.types[t].members) for t in exact.unreachable),
    )


def _reasons(problem: Any, exact: Any) -> dict[int, str]:
    """Per type that fits no panel why, in the one language of the audit file."""
    if not exact.unreachable:
        return {}
    from services.sortition.lottery.reach import blocked
    from services.sortition.lottery.types import reduce
    from services.sortition.verdict import quotas_in_words
    from services.sortition.words import Words

    words = Words("en")
    return {kind.type: quotas_in_words(words, kind) for kind in blocked(reduce(problem), exact.unreachable)}


def pack_request(request: EngineRequest) -> bytes:
    return _pack(request)


def unpack_result(packed: bytes) -> EngineResult:
    return EngineResult(**_unpack(packed))


def _pack(value: EngineRequest | EngineResult) -> bytes:
    """JSON with bytes as {"base64": …}: nothing that comes over the pipe is code."""
    fields = {name: getattr(value, name) for name in value.__slots__}
    return json.dumps(
        {
            name: {"base64": base64.b64encode(content).decode()} if isinstance(content, bytes) else content
            for name, content in fields.items()
        }
    ).encode()


def _unpack(packed: bytes) -> dict[str, Any]:
    return {
        name: base64.b64decode(content["base64"]) if isinstance(content, dict) else content
        for name, content in json.loads(packed).items()
    }
