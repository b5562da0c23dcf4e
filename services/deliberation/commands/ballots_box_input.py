"""Reads what `ballots seal` is given: opening record, box, left-over codes, papers, numbers issued."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from services.deliberation.ballots.box import Ballot, ballot_from_json
from services.deliberation.ballots.codes import read_code
from services.deliberation.ballots.encoding import from_base64url, parse
from services.deliberation.ballots.errors import BadInput, BallotError, Reason, bad
from services.deliberation.ballots.opening import Opening, Role, Way, opening_from_json
from services.deliberation.ballots.rule import Choice
from services.deliberation.ballots.tally import Counts
from services.deliberation.commands.ballots_input import (
    CHOICES,
    Faults,
    content,
    json_value,
    only,
    table,
    whole,
)


def opening_file(path: Path) -> tuple[Opening, dict[Role, bytes]]:
    """opening.json: the record and both signatures. Raises BadInput."""
    value = parse(content(path))
    try:
        signatures = {role: from_base64url(value["signatures"][role.value], 64) for role in Role}
        opening = opening_from_json(value["opening"])
    except (KeyError, TypeError):
        raise bad("OPENING_SHAPE") from None
    return opening, signatures


def votes(path: Path) -> list[Ballot]:
    """The ballot box: CSV with the columns choice and code, or JSON {"ballots": […]}, with tokens too."""
    items: list[tuple[int, Any]]
    if path.suffix.lower() == ".json":
        value = json_value(path)
        if not isinstance(value, dict) or set(value) != {"ballots"} or not isinstance(value["ballots"], list):
            raise bad("JSON_SHAPE", file=path.name, place="ballots")
        items = list(enumerate(value["ballots"], 1))
    else:
        columns, rows = table(path)
        only(path, columns, ("choice", "code"), ("choice", "code"))
        items = []
        for number, row in rows:
            choice = CHOICES.get(row["choice"].lower())
            items.append((number, {"choice": choice.value if choice else "", "code": row["code"]}))
    found, faults = [], Faults()
    for number, item in items:
        try:
            found.append(ballot_from_json(item))
        except BallotError as error:
            faults.found += (Reason(r.code, {**r.params, "row": number}) for r in error.reasons)
    faults.raise_any()
    return found


def voided(path: Path) -> list[str]:
    """The left-over codes: CSV with the column code."""
    columns, rows = table(path)
    only(path, columns, ("code",), ("code",))
    found, faults = [], Faults()
    for number, row in rows:
        try:
            found.append(read_code(row["code"]))
        except BadInput as error:
            faults.found += (Reason(r.code, {**r.params, "row": number}) for r in error.reasons)
    faults.raise_any()
    return found


def papers(path: Path) -> tuple[Counts, Counts]:
    """The two tellers' counts: CSV with the columns role, yes, no, abstain, blank; a row for each signer."""
    columns, rows = table(path)
    names = [choice.value for choice in Choice]
    only(path, columns, ("role", *names), ("role", *names))
    found: dict[str, Counts] = {}
    for number, row in rows:
        counts = {name: whole(row[name], file=path.name, row=number, column=name) for name in names}
        if row["role"] in found or row["role"] not in tuple(Role):
            raise bad("PAPERS_TWO_ROWS", file=path.name)
        found[row["role"]] = Counts(**counts)
    if len(found) != len(Role):
        raise bad("PAPERS_TWO_ROWS", file=path.name)
    return found[Role.SECRETARIAT], found[Role.TELLER]


def issued(texts: Sequence[str]) -> dict[Way, int]:
    """From WAY=NUMBER, as often as ways are open. Raises BadInput (ISSUED_OPTION)."""
    found: dict[Way, int] = {}
    for text in texts:
        name, _, number = text.partition("=")
        if name not in tuple(Way) or Way(name) in found or not (number.isascii() and number.isdigit()):
            raise bad("ISSUED_OPTION")
        found[Way(name)] = whole(number, file="--issued", column=name)
    return found
