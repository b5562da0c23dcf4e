"""Checks a lottery's published record: python3 verifier.py record.json [--audit FILE] [--commitment FILE]

One file, the standard library of Python 3.10 or newer, no network. It never solves the lottery again: the
outcome follows from the panels and the number, the chances from the panels, and that nobody could have had
fairer chances from a proof in audit.json, in exact fractions. docs/record.md describes both files.

Exit: 0 all that was checked holds, 1 refused (with the part that fails), 2 not readable as a record.

What to read (reckoned at fifteen lines a minute, by one who reads Python):

  1  What was drawn      130 lines  ten minutes: every check of what is public, and nothing but checks
  2  Who is behind it    145 lines  ten more, with audit.json: people, types, each panel against the rules
  3  The proof           125 lines  ten, after docs/lottery-explained.md, 'The proof', which has its formulas
  4  Every byte          180 lines  what 1 to 3 lean on: digests, canonical JSON, the shape of each part
  5  The command          65 lines  options, and the words of the verdict

To trust the outcome, read 1 and take its helpers by their names; in 4 they are what they say. Each check is
one line, `need(what must be true, the part that is refused else, why)`.
"""
# ruff: noqa: T201 - prints what it finds: this file is a program of its own, too.

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import math
import re
import shlex
import sys
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

SCHEMA = "borgerting.record/1"
AUDIT_SCHEMA = "borgerting.audit/1"
TOLERANCE = Fraction(1, 1_000_000)  # how far a chance may be from what the proof bounds it by
ROUNDING = 10  # m panels round a chance by about 1/m; this many times that is no rounding any more
SMALL = 5  # pool counts under this are not published

STATEMENTS = {
    "public": "The panels were fixed and published first; then a number that nobody here controls was drawn "
    "in public. Whoever saw the commitment before the draw knows that nobody chose the outcome.",
    "seeded": "The seed gives the number, and whoever chose the seed may have tried several. "
    "This draw is repeatable; it proves no impartiality.",
}
FORMULAS = {
    "public": 'number = SHA-256(UTF-8(D + "\\n" + TEXT)) mod m',
    "seeded": 'number = Generator(SEED, "outcome").below(m)',
}


class RefusedError(Exception):
    """A check failed: in which part, and how."""

    def __init__(self, part: str, why: str) -> None:
        super().__init__(f'part "{part}": {why}')


class UnreadableError(Exception):
    """The file is no record at all."""


# --- 1. What was drawn: the record, and the commitment published before --------------------------------


def verify(record: bytes, audit: bytes | None = None, commitment: bytes | None = None) -> Report:
    """Every check that the files at hand allow; never raises for what a file holds."""
    report = Report()
    try:
        checked = check_record(record, report)
        if commitment is not None:
            check_commitment(checked, commitment, report)
        elif checked["mode"]["name"] == "public":
            report.unchecked.append("that the panels were fixed before the draw: give --commitment")
        if audit is not None:
            check_audit(checked, audit, report)
        else:
            report.unchecked.append("quotas, household limits and optimality: give --audit")
    except RefusedError as error:
        report.refused.append(str(error))
    except UnreadableError as error:
        report.unreadable = str(error)
    return report


def check_record(content: bytes, report: Report) -> Any:
    record = read_record(content)
    check_digests(record)
    if record["schema"] != SCHEMA:
        raise UnreadableError(f"its schema is {record['schema']!r}, this verifier reads {SCHEMA!r}")
    for part, shape in {**COMMITTED, **DRAWN}.items():
        need(fits(record[part], shape), part, "does not have the shape that the schema gives it")
    report.holds.append("every part and the whole have the digests stated: no byte was changed since")
    check_panels(record, report)
    check_number(record, report)
    check_counts(record, report)
    return record


def need(truth: Any, part: str, why: str) -> None:
    if not truth:
        raise RefusedError(part, why)


def check_panels(record: Any, report: Report) -> None:
    """Every panel has as many seats as stated, each filled by somebody of the pool."""
    people, pool, size, panels = (record[part] for part in ("commitments", "pool", "size", "panels"))
    need(all(fits(key, ID) for key in people), "commitments", "has an id that is no random id")
    need(len(people) == pool["people"], "commitments", f"are {len(people)}, the pool has {pool['people']}")
    need(len(set(people.values())) == len(people), "commitments", "has one commitment twice")
    need(1 <= size <= len(people) and panels, "size", "there is no panel, or it cannot be filled")
    need(0 <= pool["included"] <= size, "pool", "more must be drawn than there are seats")
    need(0 <= pool["excluded"] <= len(people) - size, "pool", "more are excluded than can be spared")
    need(record["per_address"] is None or record["per_address"] >= 1, "per_address", "is under 1")
    for number, panel in enumerate(panels):
        need(len(panel) == size, "panels", f"panel {number} has {len(panel)} seats, not {size}")
        need(panel == sorted(set(panel)), "panels", f"panel {number} is not sorted, or seats somebody twice")
        need(people.keys() >= set(panel), "panels", f"panel {number} seats somebody from outside the pool")
    m, seats = len(panels), Counter(member for panel in panels for member in panel)
    least, most, none = min(seats.values()) / m, max(seats.values()) / m, len(people) - len(seats)
    report.holds.append(f"{m} panels, each of {size} different people out of the pool's {len(people)}")
    report.facts.append(f"chances under the {m} panels: {least:.4f} to {most:.4f}, none for {none} people")


def check_number(record: Any, report: Report) -> None:
    """The number follows by the rule stated beforehand, and the outcome is the panel that it names."""
    mode, number, m = record["mode"]["name"], record["number"], len(record["panels"])
    source, value = number["source"], number["value"]
    need(record["mode"]["statement"] == STATEMENTS[mode], "mode", "does not state what its mode proves")
    need(record["rule"]["formula"] == FORMULAS[mode], "rule", "does not state the formula of its mode")
    need((source == "seed") == (mode == "seeded"), "number", f"comes from {source}: not in mode {mode}")
    need(0 <= value < m, "number", f"{value} names none of the panels 0 to {m - 1}")
    need(seal(record)["digest"] == record["commitment"], "commitment", "does not fit the parts")
    if source == "randomness":
        drawn = int(sha256(f"{record['commitment']}\n{number['text']}".encode()), 16) % m
        need(value == drawn, "number", f"the published text gives {drawn}, not {value}")
        report.holds.append(f"the number {value} follows from the commitment and the published text")
    elif source == "seed":
        seeded = below(number["seed"], m)
        need(value == seeded, "number", f"the seed gives {seeded}, not {value}")
        report.holds.append(f"the number {value} follows from the seed, which proves no impartiality")
    else:
        report.unchecked.append(f"that {value} is the number drawn in public: those who were there can say")
    need(record["outcome"] == record["panels"][value], "outcome", f"is not panel {value}")
    report.holds.append(f"the outcome is panel {value}")


def check_commitment(record: Any, content: bytes, report: Report) -> None:
    """What was published before the draw is, byte for byte, what the record says was fixed."""
    sealed = seal(record)
    if canonical(sealed) != content:
        before = read(content)
        need(isinstance(before, dict), "whole", "the commitment is no object")
        names = sorted(sealed.keys() | before.keys())
        other = [name for name in names if sealed.get(name) != before.get(name)]
        parts = [name for name in other if name not in ("digest", "digests")] or other
        raise RefusedError('", "'.join(parts), "is not what the commitment fixed before the draw")
    report.holds.append("all but number and outcome is, byte for byte, the commitment published before")


def seal(record: Any) -> Any:
    """The commitment: the parts that were fixed before the number, with their own digests and whole."""
    sealed = {name: record[name] for name in COMMITTED}
    sealed["digests"] = {name: record["digests"][name] for name in COMMITTED}
    return {**sealed, "digest": sha256(canonical(sealed))}


def check_counts(record: Any, report: Report) -> None:
    """The panel's counts lie within the targets; the pool's hide small cells."""
    pool, panel, here = record["pool_counts"], record["panel_counts"], "pool_counts"
    cells: dict[str, set[str]] = {target["feature"]: set() for target in record["targets"]}
    for target in record["targets"]:
        need(target["value"] not in cells[target["feature"]], "targets", "have one value twice")
        cells[target["feature"]].add(target["value"])
    for part in ("pool_counts", "panel_counts"):
        counted = {feature: set(counts) for feature, counts in record[part].items()}
        need(counted == cells, part, "has other values than the targets")
    for target in record["targets"]:
        feature, value, low, high = (target[key] for key in ("feature", "value", "minimum", "maximum"))
        name, drawn, shown = f"{feature} = {value}", panel[feature][value], pool[feature][value]
        need(0 <= low <= high, "targets", f"{name}: minimum over maximum")
        need(low <= drawn <= high, "panel_counts", f"{name}: {drawn} is outside the target")
        need(shown is None or shown >= max(SMALL, drawn), here, f"{name}: {shown} is too few")
    for feature in cells:
        need(sum(panel[feature].values()) == record["size"], "panel_counts", f"{feature} has another sum")
        numbers = [count for count in pool[feature].values() if count is not None]
        hidden, rest = len(pool[feature]) - len(numbers), record["pool"]["people"] - sum(numbers)
        need(hidden != 1 or not numbers, here, f"{feature} hides one count, which the total gives away")
        need(rest >= 0 if hidden else rest == 0, here, f"{feature} does not add up to the pool")
    report.holds.append("the panel drawn has counts within every target; the pool's small counts are hidden")


# --- 2. Who is behind it, with audit.json: people, types, and each panel against the rules -------------


def check_audit(record: Any, content: bytes, report: Report) -> None:
    """The people behind the random ids, and the lottery behind the panels."""
    need(sha256(content) == record["audit"]["sha256"], "audit", "is not the file that the record names")
    audit = read(content)
    need(isinstance(audit, dict) and audit.keys() == AUDIT.keys(), "audit", "has other parts than its schema")
    for part, shape in AUDIT.items():
        need(fits(audit[part], shape), f"audit: {part}", "does not have the shape that the schema gives it")
    need(audit["schema"] == AUDIT_SCHEMA, "audit: schema", f"is not {AUDIT_SCHEMA}")
    for part in COMMON:
        need(audit[part] == record[part], f"audit: {part}", "differs from the record")
    seed = record["number"].get("seed", audit["seed"])  # a public draw's record has none
    need(seed == audit["seed"], "audit: seed", "differs from the record")
    report.holds.append("audit.json is the file that the record names")
    check_people(record, audit, report)
    types = derive_types(audit)
    check_rows(audit, types)
    check_drawn_panels(record, audit, report)
    chances = check_lottery(audit, types, report)
    check_proof(audit, types, chances, report)
    check_chances(record, audit, chances, report)
    report.unchecked.append("that pool and addresses are true: volunteers check their own receipts")


def check_people(record: Any, audit: Any, report: Report) -> None:
    """Each commitment opens to one person of the audit file, and the counts per value are theirs."""
    people, features, pool, here = audit["people"], audit["features"], record["pool"], "audit: people"
    need(len({p["id"] for p in people}) == len(people) == pool["people"], here, "is not as many as the pool")
    ids = {p["random_id"] for p in people}
    need(ids == record["commitments"].keys(), here, "has other random ids than the record")
    need(sorted(features) == sorted(record["pool_counts"]), "audit: features", "are not those of the record")
    need(sum(p["must"] for p in people) == pool["included"], here, "not as many must be drawn")
    need(sum(p["type"] is None for p in people) == pool["excluded"], here, "not as many are excluded")
    need(not any(p["must"] and p["type"] is None for p in people), here, "an excluded person must be drawn")
    counts: Counter[tuple[str, str]] = Counter()
    seats: Counter[tuple[str, str]] = Counter()
    for p in people:
        who = p["random_id"]
        need(len(p["values"]) == len(features), here, f"{who} has not one value for each feature")
        values = dict(zip(features, p["values"], strict=True))
        opening = {"id": p["id"], "random_id": who, "salt": p["salt"], "values": values}
        digest = sha256(canonical({**opening, "version": "borgerting.receipt/1"}))
        need(record["commitments"][who] == digest, here, f"{who} does not open the commitment")
        known = all(value in record["pool_counts"][feature] for feature, value in values.items())
        need(known, here, f"{who} has a value without a target")
        counts.update(values.items())
        seats.update(values.items() if who in record["outcome"] else ())
    for feature, cells in record["pool_counts"].items():
        for value, shown in cells.items():
            need(shown in (None, counts[feature, value]), "pool_counts", f"{feature} = {value} is miscounted")
            drawn = record["panel_counts"][feature][value]
            need(drawn == seats[feature, value], "panel_counts", f"{feature} = {value} is miscounted")
    report.holds.append("every commitment opens to one person, and the counts per value are theirs")


def derive_types(audit: Any) -> list[Any]:
    """Who is alike, worked out anew from the people: equal values, must, and household where its limit binds.

    A household binds when more of its people may be drawn than the limit lets through; its signature is
    what its members are. A type's count lies between 0 (all, if they must be drawn) and its members, or
    the seats that its households allow.
    """
    limit, people = audit["per_address"], [p for p in audit["people"] if p["type"] is not None]
    homes: dict[Any, list[Any]] = {}
    for p in people:
        if limit is not None and p["household"] is not None:
            homes.setdefault(p["household"], []).append((tuple(p["values"]), p["must"]))
    signatures = {home: tuple(sorted(members)) for home, members in homes.items() if len(members) > limit}
    alike = Counter(signatures.values())
    members: dict[Any, set[int]] = {}
    numbers: Counter[Any] = Counter()
    for p in people:
        key = (tuple(p["values"]), p["must"], signatures.get(p["household"], ()))
        members.setdefault(key, set()).add(p["type"])
        numbers[key] += 1
    types = []
    for t, stated in enumerate(audit["types"]):
        signature = tuple(sorted((tuple(other["values"]), other["must"]) for other in stated["household"]))
        profile = (tuple(stated["values"]), stated["must"])
        key = (*profile, signature)
        need(members.pop(key, None) == {t}, "audit: types", f"type {t} is not that of its people")
        n, seats = numbers[key], numbers[key]
        if signature:
            seats = alike[signature] * min(limit, signature.count(profile))
        bounds = {"members": n, "lower": n if stated["must"] else 0, "upper": seats}
        need(all(stated[k] == v for k, v in bounds.items()), "audit: types", f"type {t} has other bounds")
        types.append(
            {**bounds, "values": stated["values"], "signature": signature, "homes": alike[signature]}
        )
    need(not members, "audit: types", "somebody is of no type")
    return types


def check_rows(audit: Any, types: list[Any]) -> None:
    """Size, targets and households as inequalities, worked out anew: the file's must be these."""
    expected = [("size", set(range(len(types))), audit["size"], audit["size"], "", "")]
    for target in audit["targets"]:
        feature, value = target["feature"], target["value"]
        column = audit["features"].index(feature)
        chosen = {t for t, kind in enumerate(types) if kind["values"][column] == value}
        expected.append(("quota", chosen, target["minimum"], target["maximum"], feature, value))
    for signature in {kind["signature"] for kind in types} - {()}:
        chosen = {t for t, kind in enumerate(types) if kind["signature"] == signature}
        limit = audit["per_address"] * types[min(chosen)]["homes"]
        expected.append(("household", chosen, None, limit, "", ""))
    for number, row in enumerate(audit["rows"]):
        pairs = row["coefficients"]
        chosen = {t for t, _ in pairs if 0 <= t < len(types)}
        need(len(chosen) == len(pairs), "audit: rows", f"row {number} is not a list of types")
        if row["kind"] != "trusted":
            found = (row["kind"], chosen, row["lower"], row["upper"], row["feature"], row["value"])
            right = found in expected and all(a == 1 for _, a in pairs)
            need(right, "audit: rows", f"row {number} is not what targets and households give")
            expected.remove(found)
    need(not expected, "audit: rows", "leaves out the size, a target or a household limit")


def check_drawn_panels(record: Any, audit: Any, report: Report) -> None:
    """Each of the m panels meets every target, household limit and must-be-drawn mark."""
    person = {p["random_id"]: p for p in audit["people"]}
    must = {p["random_id"] for p in audit["people"] if p["must"]}
    for number, panel in enumerate(record["panels"]):
        types = Counter(person[member]["type"] for member in panel)
        homes = Counter(person[member]["household"] for member in panel)
        homes.pop(None, None)
        fault = broken(audit, types)
        need(None not in types, "panels", f"panel {number} seats somebody excluded by hand")
        need(must <= set(panel), "panels", f"panel {number} leaves out somebody who must be drawn")
        need(not fault, "panels", f"panel {number} breaks {fault}")
        crowd, limit = max(homes.values(), default=0), record["per_address"]
        need(limit is None or crowd <= limit, "panels", f"panel {number} has {crowd} of one household")
    report.holds.append(f"each of the {len(record['panels'])} panels meets every target and household limit")


def broken(audit: Any, count: Any) -> str:
    """The first inequality that a panel with these counts per type breaks, or nothing."""
    for row in audit["rows"]:
        total, low, high = sum(a * count[t] for t, a in row["coefficients"]), row["lower"], row["upper"]
        if (low is not None and total < low) or (high is not None and total > high):
            return f"the {row['kind']} row {row['feature']} {row['value']}".rstrip()
    return ""


# --- 3. The proof, with audit.json: the exact lottery, and that nothing is fairer ----------------------


def check_lottery(audit: Any, types: list[Any], report: Report) -> list[Fraction]:
    """The exact lottery: each panel keeps every rule, the weights add up to 1, the chances follow exactly."""
    part, lottery, n = "audit: lottery", audit["lottery"], len(types)
    weights = [rational(text, part) for text in lottery["weights"]]
    chances = [rational(text, part) for text in lottery["chances"]]
    need(len(weights) == len(lottery["panels"]) and len(chances) == n, part, "has lists of unequal length")
    need(min(weights, default=-1) >= 0 and sum(weights) == 1, part, "has weights that do not add up to 1")
    common = math.lcm(*(weight.denominator for weight in weights))
    expected = [0] * n
    for number, (panel, weight) in enumerate(zip(lottery["panels"], weights, strict=True)):
        need(all(0 <= t < n for t, _ in panel), part, f"panel {number} counts no type")
        count = [0] * n
        for t, seats in panel:
            count[t] += seats
            expected[t] += seats * int(weight * common)
        for t, kind in enumerate(types):
            within = kind["lower"] <= count[t] <= kind["upper"]
            need(within, part, f"panel {number} has an impossible count of type {t}")
        fault = broken(audit, count)
        need(not fault, part, f"panel {number} breaks {fault}")
    for t, kind in enumerate(types):
        follows = chances[t] * common * kind["members"] == expected[t]
        need(follows, part, f"the chance of type {t} does not follow from panels and weights")
    for t in (entry["type"] for entry in audit["unreachable"]):
        need(0 <= t < n and chances[t] == 0, "audit: unreachable", f"type {t} is on a panel")
    report.holds.append("the exact lottery: panels keep every rule, weights add up to 1, chances follow")
    return chances


def check_proof(audit: Any, types: list[Any], chances: list[Fraction], report: Report) -> None:
    """No lottery does better, level by level: see docs/lottery-explained.md, 'The proof'.

    A stage bounds sum y_t * chance_t for any lottery whatever. With those settled earlier at least where
    they are, the types still open cannot all be above the ceiling: their lowest chance is as high as can
    be. A type with y_t > 0 settles there: were it higher, another open type would have to be lower.
    """
    part, method, worst = "audit: stages", audit["method"], Fraction(0)
    trusted = sum(row["kind"] == "trusted" for row in audit["rows"])
    if method == "legacy":
        need(not audit["stages"], part, "the legacy method proves nothing")
        report.unchecked.append("optimality: the legacy method makes no claim")
        return
    still_open, stages = set(range(len(types))), audit["stages"]
    for number, stage in enumerate(stages):
        here = f"{part} {number}"
        weights, bound = stage_bound(stage, types, audit["rows"], here)
        share = sum((y for t, y in weights.items() if t in still_open), Fraction(0))
        need(share > 0, here, "bounds no type that is still open")
        closed = sum((y * chances[t] for t, y in weights.items() if t not in still_open), Fraction(0))
        ceiling, floor = (bound - closed) / share, min(chances[t] for t in still_open)
        gap, level, settled = ceiling - floor, rational(stage["level"], here), stage["settled"]
        worst = max(worst, gap)
        need(gap <= TOLERANCE, here, f"leaves room for chances {float(gap):.1e} higher")
        need(abs(level - floor) <= TOLERANCE, here, "its level is not the lowest chance still open")
        need(settled and len(set(settled)) == len(settled), here, "settles nobody, or somebody twice")
        need(set(settled) <= still_open, here, "settles a type that is settled already")
        for t in settled:
            need(abs(chances[t] - level) <= TOLERANCE, here, f"type {t} does not have the level's chance")
            y = weights.get(t, Fraction(0))
            need(y > 0 and gap * share <= TOLERANCE * y, here, f"type {t} is not proved to be settled")
        still_open -= set(settled)
    need(stages, part, "is empty: nothing is proved")
    # Maximin proves only the lowest chance of those who fit a panel: the others' 0, then one stage more.
    apart = {entry["type"] for entry in audit["unreachable"]} & {*still_open, *stages[-1]["settled"]}
    need(method != "leximin" or not still_open, part, f"leave out {len(still_open)} types")
    need(method != "maximin" or not apart, part, "do not reach the lowest chance of those who fit a panel")
    claim = "optimal (leximin)" if method == "leximin" else "lowest chance optimal (maximin)"
    given = (
        f" given these {trusted} inequalities of audit.json, which --rerun proves again" if trusted else ""
    )
    report.holds.append(f"{claim}{given}: proved in exact fractions to within {float(worst):.1e}")


def stage_bound(
    stage: Any, types: list[Any], rows: list[Any], part: str
) -> tuple[dict[int, Fraction], Fraction]:
    """The weights y, and a bound of sum y_t * count_t / members_t for every panel (weak duality).

    Whatever the multipliers are, the rows' bounds priced by them, plus the best that each type's own
    bounds allow at what is left of its weight, cannot be exceeded. In integers over a common denominator.
    """
    found: dict[str, dict[int, Fraction]] = {"weights": {}, "multipliers": {}}
    for name, limit in (("weights", len(types)), ("multipliers", len(rows))):
        need(fits(stage[name], [[int, RATIONAL]]), part, f"has unusable {name}")
        for index, text in stage[name]:
            need(0 <= index < limit and index not in found[name], part, f"has unusable {name}")
            found[name][index] = rational(text, part)
    weights, multipliers = found["weights"], found["multipliers"]
    need(min(weights.values(), default=-1) >= 0, part, "has no weights, or a negative one")
    scale = math.lcm(*(v.denominator for v in (*weights.values(), *multipliers.values())))
    members = math.lcm(*(kind["members"] for kind in types))
    total, prices = 0, [0] * len(types)
    for r, multiplier in multipliers.items():
        side, price = rows[r]["upper" if multiplier > 0 else "lower"], int(multiplier * scale) * members
        need(side is not None, part, f"uses row {r} on a side where it bounds nothing")
        total += price * side
        for t, a in rows[r]["coefficients"]:
            prices[t] += price * a
    for t, kind in enumerate(types):
        gain = int(weights.get(t, 0) * scale) * (members // kind["members"]) - prices[t]
        total += gain * kind["upper" if gain > 0 else "lower"]
    return weights, Fraction(total, scale * members)


def check_chances(record: Any, audit: Any, chances: list[Fraction], report: Report) -> None:
    """Else a proof of the fairest chances could stand beside panels that give others."""
    m, seats = len(record["panels"]), Counter(member for panel in record["panels"] for member in panel)
    exact = {p["random_id"]: chances[p["type"]] for p in audit["people"] if p["type"] is not None}
    apart = max(abs(Fraction(seats[member], m) - exact.get(member, 0)) for member in record["commitments"])
    kept = audit["method"] == "legacy" or apart * m <= ROUNDING  # legacy promises no chance
    need(kept, "panels", f"give somebody a chance {float(apart):.6f} away from the exact lottery's")
    report.facts.append(f"largest difference between a drawn and an exact chance: {float(apart):.6f}")


def rational(text: str, part: str) -> Fraction:
    value = Fraction(text)
    need(f"{value.numerator}/{value.denominator}" == text, part, f"{text} is not in lowest terms")
    return value


# --- 4. Every byte: digests, canonical JSON (RFC 8785), the seed's number, shapes ----------------------


def check_digests(record: Any) -> None:
    """Names each part that differs from its digest, or whose digest was changed."""
    known = {*COMMITTED, *DRAWN, "digests", "digest"}
    for name in sorted(known ^ record.keys()):
        raise RefusedError(name, "is missing" if name in known else "is not part of a record")
    digests, parts = record["digests"], sorted(known - {"digests", "digest"})
    need(fits(digests, dict.fromkeys(parts, HASH)), "digests", "is not one SHA-256 for each part")
    actual = {name: sha256(canonical(record[name])) for name in parts}
    wrong = [name for name in parts if actual[name] != digests[name]]

    def whole(digests: Any) -> str:
        return sha256(canonical({**{name: record[name] for name in parts}, "digests": digests}))

    if wrong and whole(actual) == record["digest"]:
        raise RefusedError("digests", f"the digest of {', '.join(wrong)} was changed, not the part")
    need(not wrong, '", "'.join(wrong), "does not match its digest: it was changed")
    need(whole(digests) == record["digest"], "digest", "the digest of the whole does not match")


def read_record(content: bytes) -> Any:
    try:
        record = read(content)
    except RefusedError:
        if re.search(rb'"schema"\s*:\s*"borgerting\.record/|"digests"\s*:\s*\{', content):
            raise
        raise UnreadableError("it is not JSON in the form of a record") from None
    if not isinstance(record, dict) or not {"digests", "schema"} & record.keys():
        raise UnreadableError("it has neither a schema nor digests")
    if not DRAWN.keys() & record.keys() and COMMITTED.keys() <= record.keys():
        raise UnreadableError("it is a commitment: check the record, with this as --commitment")
    if not DRAWN.keys() & record.keys() and "digests" not in record:
        raise UnreadableError("it is another of a draw's files, or of another program")
    return record


def read(content: bytes) -> Any:
    """The value that `content` is the canonical form of, else RefusedError with the part and the byte."""

    def unique(pairs: list[tuple[str, Any]]) -> Any:
        if len(dict(pairs)) != len(pairs):
            raise ValueError("an object has one key twice")
        return dict(pairs)

    def whole(text: str) -> int:
        if not text.lstrip("-").isdigit() or len(text) > 17 or abs(int(text)) >= 2**53:
            raise ValueError("a number is no integer of 53 bits")
        return int(text)

    try:
        hooks: Any = {"parse_int": whole, "parse_float": whole, "parse_constant": whole}
        value = json.loads(content.decode(), object_pairs_hook=unique, **hooks)
        expected = canonical(value)
    except UnicodeDecodeError as error:
        raise RefusedError(part_at(content, error.start), f"byte {error.start} is not UTF-8") from None
    except json.JSONDecodeError as error:
        at = len(error.doc[: error.pos].encode())
        raise RefusedError(part_at(content, at), f"not JSON at byte {at} ({error.msg})") from None
    except (ValueError, RecursionError) as error:
        raise RefusedError("whole", f"not canonical JSON: {error}") from None
    if expected != content:
        same = (a == b for a, b in zip(content, expected, strict=False))
        at = next((i for i, equal in enumerate(same) if not equal), min(len(content), len(expected)))
        raise RefusedError(part_at(content, at), f"byte {at} is not canonical JSON (RFC 8785)")
    return value


def part_at(content: bytes, offset: int) -> str:
    """The name of the outermost member that byte `offset` belongs to."""
    name, depth = "whole", 0
    for token in re.finditer(rb'"((?:[^"\\]|\\.)*)"(:?)|[][{}]', content, re.DOTALL):
        if token.start() > offset:
            break
        if token[2] and depth == 1:
            name = token[1].decode(errors="replace")
        depth += (token[0] in b"{[") - (token[0] in b"}]")
    return name


def canonical(value: Any) -> bytes:
    """The only bytes that a value may have: no white space, keys in UTF-16 order, shortest escapes."""
    return json.dumps(ordered(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def ordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: ordered(value[key]) for key in sorted(value, key=lambda key: key.encode("utf-16-be"))}
    return [ordered(item) for item in value] if isinstance(value, list) else value


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def below(seed: str, n: int) -> int:
    """The specified generator's first number under n: SHA-256 in counter mode, 64-bit words, rejection."""
    key = hashlib.sha256(f"borgerting generator v1\noutcome\n{seed}".encode()).digest()
    for index in itertools.count():
        block = hashlib.sha256(key + index.to_bytes(8, "big")).digest()
        for offset in range(0, 32, 8):
            word = int.from_bytes(block[offset : offset + 8], "big")
            if word < 2**64 - 2**64 % n:
                return word % n
    raise AssertionError("a counter does not end")


def fits(value: Any, shape: Any) -> bool:
    """A type, a pattern (text), [items], [one, another], {member: shape}, {"*": shape}, (this, or that)."""
    if isinstance(shape, tuple):
        return any(fits(value, alternative) for alternative in shape)
    if isinstance(shape, list):
        each = shape if len(shape) > 1 else shape * len(value) if isinstance(value, list) else []
        return isinstance(value, list) and len(value) == len(each) and all(map(fits, value, each))
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            return False
        if "*" in shape:
            return all(fits(item, shape["*"]) for item in value.values())
        return value.keys() == shape.keys() and all(fits(value[key], shape[key]) for key in shape)
    if isinstance(shape, re.Pattern):
        return isinstance(value, str) and shape.fullmatch(value) is not None
    return value is None if shape is None else type(value) is shape


HASH, ID = re.compile("[0-9a-f]{64}"), re.compile("[0-9A-HJKMNP-TV-Z]{10,26}")
SALT, RATIONAL = re.compile("[0-9a-f]{32,128}"), re.compile("(0|-?[1-9][0-9]{0,3999})/[1-9][0-9]{0,3999}")
MAYBE = (int, None)
COMMON = {  # parts that record and audit share
    "mode": {"name": re.compile("public|seeded"), "statement": str},
    "method": re.compile("leximin|maximin|legacy"),
    "program": {"name": str, "version": str},
    "size": int,
    "per_address": MAYBE,
    "targets": [{"feature": str, "value": str, "minimum": int, "maximum": int, "reason": str}],
}
COMMITTED = {  # what was published before the number was drawn
    **COMMON,
    "schema": str,
    "title": str,
    "rule": {"announced": str, "formula": str, "words": str},
    "pool": {"people": int, "included": int, "excluded": int},
    "pool_counts": {"*": {"*": MAYBE}},
    "commitments": {"*": HASH},
    "panels": [[ID]],
    "audit": {"file": str, "sha256": HASH},
}
NUMBER = {"value": int, "note": str}
DRAWN = {  # what the number added
    "commitment": HASH,
    "number": (
        {**NUMBER, "source": re.compile("drawn")},
        {**NUMBER, "source": re.compile("randomness"), "text": str},
        {**NUMBER, "source": re.compile("seed"), "seed": str},
    ),
    "outcome": [ID],
    "panel_counts": {"*": {"*": int}},
}
PERSON = {"id": str, "random_id": ID, "salt": SALT, "values": [str], "must": bool}
TYPE = {"values": [str], "must": bool, "members": int, "lower": int, "upper": int}
ROW = {"coefficients": [[int, int]], "lower": MAYBE, "upper": MAYBE, "feature": str, "value": str}
STAGE = {"level": RATIONAL, "settled": [int]}
AUDIT = {
    **COMMON,
    "schema": str,
    "seed": str,
    "columns": {"id": str, "address": [str]},
    "features": [str],
    "people": [{**PERSON, "household": MAYBE, "type": MAYBE}],
    "types": [{**TYPE, "household": [{"values": [str], "must": bool}]}],
    "rows": [{**ROW, "kind": re.compile("size|quota|household|trusted")}],
    "lottery": {"chances": [RATIONAL], "weights": [RATIONAL], "panels": [[[int, int]]], "residual": RATIONAL},
    "stages": [{**STAGE, "weights": list, "multipliers": list}],
    "unreachable": [{"type": int, "reason": str}],
}


# --- 5. The command, and the words of the verdict ------------------------------------------------------


class Report:
    """What was found: `holds` proved, `facts` computed, `unchecked` left open, `refused` failed."""

    def __init__(self) -> None:
        self.holds: list[str] = []
        self.facts: list[str] = []
        self.unchecked: list[str] = []
        self.refused: list[str] = []
        self.unreadable = ""

    @property
    def exit_code(self) -> int:
        return 2 if self.unreadable else 1 if self.refused else 0

    def lines(self) -> list[str]:
        """The verdict; what stands in a file cannot steer the terminal."""
        if self.unreadable:
            return [f"NOT READABLE as a record: {plain(self.unreadable)}"]
        lines = [f"holds        {text}" for text in self.holds]
        lines += [f"computed     {text}" for text in self.facts]
        lines += [f"not checked  {text}" for text in self.unchecked]
        lines += [f"REFUSED      {plain(text)}" for text in self.refused]
        return [*lines, "REFUSED: do not trust this record." if self.refused else "The record holds."]


def plain(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def openssl(record: object) -> str:
    """The command that checks the signature beside a record; KEY is the municipality's public key (PEM)."""
    path, beside = shlex.quote(str(record)), shlex.quote(f"{record}.sig")
    return f"openssl pkeyutl -verify -pubin -inkey KEY -rawin -in {path} -sigfile {beside}"


def main() -> int:
    parser = argparse.ArgumentParser(description="Checks the published record of a lottery.")
    parser.add_argument("record", type=Path, help="record.json, as published")
    parser.add_argument("--audit", type=Path, help="audit.json: checks quotas and optimality too")
    parser.add_argument("--commitment", type=Path, help="commitment.json: was all fixed before the draw?")
    options = parser.parse_args()
    try:
        files = [path and path.read_bytes() for path in (options.record, options.audit, options.commitment)]
    except OSError as error:
        print(f"NOT READABLE as a record: {error.filename!a}: {error.strerror}")
        return 2
    report = verify(*files)
    line = openssl(options.record)
    report.unchecked.append(
        f"the municipality's signature. This checks it (KEY: its public key):\n    {line}"
    )
    # Not every terminal has every letter: what it lacks is escaped, and the verdict still comes.
    sys.stdout.buffer.write("\n".join([*report.lines(), ""]).encode(sys.stdout.encoding, "backslashreplace"))
    return report.exit_code


if __name__ == "__main__":
    sys.exit(main())
