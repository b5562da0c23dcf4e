"""The public files of a draw: the commitment that is published before the number, the record after it.

The record is the commitment's parts, the number and how it came about, and what follows from it. Both carry
the SHA-256 of each of their parts and of the whole, so that a changed byte is found and named. Nothing here
solves, reads a file or looks at a clock.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from services.sortition.lottery import audit as audit_file
from services.sortition.lottery import canonical, number, suppression
from services.sortition.lottery.audit import Columns
from services.sortition.lottery.canonical import JSON
from services.sortition.lottery.commitment import Identity, commit, mint
from services.sortition.lottery.errors import LotteryError
from services.sortition.lottery.lottery import ExactLottery, UniformLottery
from services.sortition.lottery.number import Mode
from services.sortition.lottery.problem import Problem
from services.sortition.lottery.receipt import Receipts, receipts

SCHEMA = "borgerting.record/1"
# What the record has and the commitment has not: all that follows from the number.
AFTER_THE_DRAW = ("commitment", "number", "outcome", "panel_counts")
NO_COLUMNS = Columns()
SEALS = ("digest", "digests")


class RevealError(LotteryError):
    """The number does not fit the commitment, or files do not belong together. The text says what to do."""


@dataclass(frozen=True, slots=True)
class Published:
    """What is fixed before the number is known.

    `commitment` is the bytes of `commitment.json` (to publish), `audit` those of `audit.json` (to keep),
    `identities` the random id and salt per id of the pool.
    """

    commitment: bytes
    audit: bytes
    receipts: Receipts
    identities: Mapping[str, Identity]


def build(
    problem: Problem,
    exact: ExactLottery,
    uniform: UniformLottery,
    *,
    mode: Mode,
    seed: str,
    token_bytes: Callable[[int], bytes],
    program_version: str,
    title: str = "",
    announced: str = "",
    columns: Columns = NO_COLUMNS,
    reasons: Mapping[int, str] | None = None,
) -> Published:
    """Everything about a draw but its number.

    `announced` names the source of the number beforehand (public mode: 'three dice at the town hall').
    `columns` names the table's columns that `--rerun` needs; `reasons` says per unreachable type index why
    it fits no panel. `token_bytes` makes salts and random ids; nothing else is random here.
    """
    identities = mint([person.id for person in problem.people], token_bytes)
    common: dict[str, JSON] = {
        "mode": {"name": mode.value, "statement": number.STATEMENTS[mode]},
        "method": exact.method.value,
        "program": {"name": "borgerting", "version": program_version},
        "size": problem.size,
        "per_address": problem.per_address,
        "targets": audit_file.targets(problem.targets),
    }
    audit = audit_file.build(
        problem, exact, identities, seed=seed, common=common, columns=columns, reasons=reasons or {}
    )
    commitments = {
        identities[person.id].random_id: commit(
            person.id, identities[person.id], dict(zip(problem.features, person.values, strict=True))
        )
        for person in problem.people
    }
    # Sorted by random id inside a panel, so that the order tells nothing about the people.
    panels: list[JSON] = [
        list[JSON](sorted(identities[person].random_id for person in panel)) for panel in uniform.panels
    ]
    parts: dict[str, JSON] = {
        **common,
        "schema": SCHEMA,
        "title": title,
        "rule": number.rule(mode, announced),
        "pool": {
            "people": len(problem.people),
            "included": len(problem.include),
            "excluded": len(problem.exclude),
        },
        "pool_counts": _pool_counts(problem),
        "commitments": dict(commitments),
        "panels": panels,
        "audit": {"file": "audit.json", "sha256": canonical.sha256(audit)},
    }
    return Published(
        commitment=_seal({name: canonical.write(part) for name, part in parts.items()}),
        audit=audit,
        receipts=receipts(problem, exact, uniform, identities, commitments),
        identities=identities,
    )


def reveal(
    commitment: bytes,
    audit: bytes,
    *,
    drawn: int | None = None,
    randomness: str | None = None,
    note: str = "",
) -> bytes:
    """The bytes of `record.json` once the number is known.

    Public mode: exactly one of `drawn` (from dice or a drum, 0 … m - 1) and `randomness` (a published text).
    Seeded mode: neither, the seed in `audit` gives it. `note` says in words how the number came about.
    Raises RevealError.
    """
    committed = _load(commitment, "commitment.json")
    audited = _load(audit, "audit.json")
    if "outcome" in committed:
        raise RevealError("this is a record already: its number has been drawn, and a draw has one number")
    parts = {name: canonical.write(part) for name, part in committed.items() if name not in SEALS}
    if _seal(parts) != commitment:
        raise RevealError("commitment.json was changed after it was written: use the file as published")
    if canonical.sha256(audit) != committed["audit"]["sha256"]:
        raise RevealError(
            "audit.json is not the file that the commitment names: use the two that were written together"
        )
    digest, panels = committed["digest"], committed["panels"]
    how: dict[str, JSON] = {"note": note}
    if committed["mode"]["name"] == Mode.SEEDED:
        if drawn is not None or randomness is not None:
            raise RevealError("this draw is seeded: its seed gives the number, and none may be handed in")
        value = number.from_seed(audited["seed"], len(panels))
        how |= {"source": "seed", "seed": audited["seed"]}
    elif drawn is not None and randomness is None:
        value = drawn
        how |= {"source": "drawn"}
    elif randomness and drawn is None:
        value = number.from_randomness(digest, randomness, len(panels))
        how |= {"source": "randomness", "text": randomness}
    else:
        raise RevealError("give either the number drawn or the published text, one of the two, not empty")
    if not 0 <= value < len(panels):
        raise RevealError(
            f"the number {value} names no panel: there are {len(panels)}, numbered 0 to {len(panels) - 1}"
        )
    after: dict[str, JSON] = {
        "commitment": digest,
        "number": {**how, "value": value},
        "outcome": panels[value],
        "panel_counts": _panel_counts(committed["targets"], panels[value], audited),
    }
    return _seal(parts | {name: canonical.write(part) for name, part in after.items()})


def drawn_ids(record: bytes, audit: bytes) -> tuple[str, ...]:
    """The pool's own ids of those who were drawn, sorted. Raises RevealError if the files do not fit."""
    outcome = set(_load(record, "record.json").get("outcome", ()))
    people = _load(audit, "audit.json").get("people", ())
    ids = tuple(sorted(person["id"] for person in people if person["random_id"] in outcome))
    if not ids or len(ids) != len(outcome):
        raise RevealError("record.json and audit.json do not belong together: use those of one draw")
    return ids


def _pool_counts(problem: Problem) -> JSON:
    """Feature → value → count, None where a small cell (or one that would give it away) is hidden."""
    counts = Counter(
        (feature, value)
        for person in problem.people
        for feature, value in zip(problem.features, person.values, strict=True)
    )
    result: dict[str, JSON] = {}
    for feature in problem.features:
        targets = [target for target in problem.targets if target.feature == feature]
        cells = [counts[(feature, target.value)] for target in targets]
        secret = suppression.hidden(cells, [target.minimum for target in targets])
        result[feature] = {
            target.value: None if i in secret else cells[i] for i, target in enumerate(targets)
        }
    return result


def _panel_counts(targets: list[dict[str, str]], outcome: list[str], audited: dict[str, Any]) -> JSON:
    """Feature → value → members of the panel drawn; whole, since the targets bound them anyway."""
    values = {person["random_id"]: person["values"] for person in audited["people"]}
    seats = Counter(
        cell for member in outcome for cell in zip(audited["features"], values[member], strict=True)
    )
    counts: dict[str, dict[str, JSON]] = {}
    for target in targets:
        cell = (target["feature"], target["value"])
        counts.setdefault(cell[0], {})[cell[1]] = seats[cell]
    return dict(counts)


def _seal(parts: Mapping[str, bytes]) -> bytes:
    """The file whose parts have these canonical bytes, with the digest of each and of the whole."""
    digests: JSON = {name: canonical.sha256(content) for name, content in parts.items()}
    sealed = {**parts, "digests": canonical.write(digests)}
    whole = canonical.sha256(canonical.assemble(sealed))
    return canonical.assemble({**sealed, "digest": canonical.write(whole)})


def _load(content: bytes, name: str) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except ValueError as error:
        raise RevealError(f"{name} is not JSON: use the file that was written, unchanged") from error
    if not isinstance(value, dict):
        raise RevealError(f"{name} is not an object: use the file that was written, unchanged")
    return value
