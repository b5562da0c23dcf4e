"""Recounts a secret ballot from its published bundle, trusting nothing but the bundle and the published keys:

    python3 recount.py bundle.json --key secretariat.pem --key teller.pem
                       [--opening opening.json, as saved before the vote] [--receipt receipt.json]

One file, the standard library of Python 3.10 or newer, no network. It checks signatures itself (Ed25519,
RSA-PSS): checking needs no secret, so plain arithmetic does. docs/ballots.md describes the bundle. To read it
in ten minutes, begin with part 4, the checks; parts 1 to 3 are how JSON is read and signatures are checked.

Exit: 0 all that was checked holds, 1 refused (with what was tampered with), 2 not readable as a bundle.
"""
# ruff: noqa: T201 - prints what it finds: this file is a program of its own, too.

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SCHEMA, OPENING, RECEIPT = "borgerting.ballots/1", "borgerting.opening/1", "borgerting.ballot-receipt/1"
CHOICES, ROLES, WAYS = (
    ["yes", "no", "abstain", "blank"],
    ["secretariat", "teller"],
    ["code", "paper", "token"],
)

WORDS = {
    # refused
    "NOT_CANONICAL": "{part}: not the bytes of canonical JSON (changed, doubled keys, white space, a tail)",
    "SHAPE": "{part}: not of the form that a bundle has",
    "WRONG_KEY": "wrong key: a published key (fingerprint {fingerprint}) is neither signer's of this bundle",
    "CHANGED_RULE": "changed rule: the opening record (question, rule, keys) is not as the {role} signed it",
    "OTHER_OPENING": "changed rule: the board was closed for another opening record than this",
    "NOT_AS_SAVED": "changed rule: the opening record is not the one that was saved before the vote",
    "BOARD_FORGED": "forged: the board (counts, outcome, root) or its signature is not the {role}'s",
    "DROPPED": "dropped: {missing} of the {entries} entries on the board are missing",
    "ADDED": "added: {more} entries more than the {entries} on the board",
    "ALTERED": "altered: the entries are not those whose Merkle root is on the board",
    "DUPLICATED": "duplicated: entry {place} uses the credential of entry {first}",
    "REORDERED": "re-ordered: entry {place} does not stand in the order of the credentials' hashes",
    "FORGED": "forged: entry {place} has a token that the {role} did not sign",
    "CODE_UNKNOWN": "forged: entry {place} has a code that was not sealed for this question",
    "OTHER_QUESTION": "token of another question: entry {place} was issued for another opening record",
    "NOT_OFFERED": "entry {place} has a choice, or comes by a way, that the opening record does not offer",
    "OVER_ISSUED": "cast over issued: {cast} by {way}, of {issued} issued",
    "OVER_ENTITLED": "issued over entitled: {issued} credentials for {entitled} people",
    "CODES_WRONG": "left-over codes: issued and voided codes are not all that were sealed, or one was cast",
    "PAPERS_WRONG": "paper: the two tellers' counts are missing, not equal, or beyond what was offered",
    "PRESENT_WRONG": "present: not counted though the rule needs it, fewer than cast, or more than entitled",
    "MISCOUNTED": "miscounted: the board says {stated} {choice}, the entries and papers make {counted}",
    "WRONG_OUTCOME": "wrong outcome: the board says {stated}, the rule and the counts give {counted}",
    "RECEIPT_FORGED": "receipt {receipt}: not the ballot box's word, or of another question",
    "ENTRY_MISSING": "dropped: receipt {receipt} proves that an entry was deleted or altered",
    # holds, computed, not checked
    "SIGNED": "both signers signed the opening record and the board; the board is of this opening record",
    "AS_SAVED": "the opening record is the one that was saved before the vote",
    "KEY_PUBLISHED": "the {role}'s key is one of the published keys given",
    "ENTRIES": "{entries} entries, none dropped, added, altered, doubled or moved: the Merkle root agrees",
    "CREDENTIALS": "every entry has a credential of its own, good for this question",
    "ISSUED": "no more cast than issued, no more issued ({issued}) than entitled ({entitled})",
    "RECEIPT": "receipt {receipt}: its entry is on the board",
    "QUESTION": "question: {question}",
    "COUNTS": "yes {yes}, no {no}, abstain {abstain}, blank {blank}",
    "QUORUM": "quorum: {count} {counted} of {entitled} entitled, {comparator} {share[0]}/{share[1]} needed",
    "SHARE": "for: {yes} of {count} ({base}), {comparator} {share[0]}/{share[1]} needed",
    "SHARE_UNDEFINED": "for: {yes} of {count} ({base}): a share of nobody is undefined",
    "OUTCOME": "outcome: {outcome}",
    "KEY_UNCHECKED": "that the {role}'s key, {fingerprint}, is the published one: give it with --key",
    "OPENING_UNCHECKED": "that the rule stood before the vote: give the record saved then, with --opening",
    "ISSUED_UNCHECKED": "that the issued credentials went to people entitled: the signers' ledgers say that",
}


class Refused(Exception):  # noqa: N818
    """Nothing below this check can be trusted."""


class Report:
    """What was found: each a kind (a key of WORDS) with parameters, for others to word."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str, dict[str, Any]]] = []
        self.unreadable = False

    def add(self, sort: str, kind: str, **params: Any) -> None:
        self.lines.append((sort, kind, params))

    def refuse(self, kind: str, **params: Any) -> None:
        self.add("refused", kind, **params)

    @property
    def refused(self) -> list[str]:
        """The kinds of tampering found."""
        return [kind for sort, kind, _ in self.lines if sort == "refused"]

    @property
    def exit_code(self) -> int:
        return 2 if self.unreadable else 1 if self.refused else 0


# --- 1. Reading: canonical JSON (RFC 8785) and strict base64url, and nothing else ---------------------------


def canonical(value: Any) -> bytes:
    """The only bytes a value may have. Every name here is ASCII, for which sorting is RFC 8785's order."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def read(content: bytes) -> Any:
    """The value that `content` is the canonical form of; ValueError for other bytes, floats, huge numbers."""

    def whole(text: str) -> int:
        if len(text) > 15:
            raise ValueError
        return int(text)

    try:
        value = json.loads(content.decode(), parse_int=whole, parse_float=whole, parse_constant=whole)
        same = canonical(value) == content  # a doubled key is lost on the way, so it shows here
    except (RecursionError, UnicodeError):
        same = False
    if not same:
        raise ValueError
    return value


def unbase64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def is_base64(text: Any, *sizes: int) -> bool:
    """Without padding, unused bits zero: one text per content."""
    if not isinstance(text, str) or not re.fullmatch("[A-Za-z0-9_-]+", text) or len(text) % 4 == 1:
        return False
    content = unbase64(text)
    return len(content) in sizes and base64.urlsafe_b64encode(content).rstrip(b"=").decode() == text


def sha256(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """RFC 9162 § 2.1.1: neighbours are paired, an odd last one is carried up."""
    level = list(leaves) or [sha256(b"")]
    while len(level) > 1:
        pairs = [sha256(b"\x01" + a + b) for a, b in zip(level[::2], level[1::2], strict=False)]
        level = pairs + level[len(pairs) * 2 :]
    return level[0]


# --- 2. Shapes: what each part may look like ----------------------------------------------------------------


def fits(value: Any, shape: Any) -> bool:
    """A type, a pattern, [items], {name: shape}, a test, or a tuple of alternatives."""
    if isinstance(shape, tuple):
        return any(fits(value, alternative) for alternative in shape)
    if isinstance(shape, list):
        return isinstance(value, list) and all(fits(item, shape[0]) for item in value)
    if isinstance(shape, dict):
        return (
            isinstance(value, dict)
            and value.keys() == shape.keys()
            and all(fits(value[name], shape[name]) for name in shape)
        )
    if isinstance(shape, re.Pattern):
        return isinstance(value, str) and shape.fullmatch(value) is not None
    if isinstance(shape, type):
        return type(value) is shape
    return value is None if shape is None else bool(shape(value))


def number(value: Any) -> bool:
    return type(value) is int and 0 <= value <= 10**6


def share(value: Any) -> bool:
    """[numerator, denominator], from 0 to 1."""
    return fits(value, [number]) and len(value) == 2 and value[0] <= value[1] and value[1] > 0


def modulus(value: Any) -> bool:
    """An RSA modulus of 2048 to 8192 bits, in whole bytes, odd."""
    sound = is_base64(value, *range(256, 1025))
    return sound and unbase64(value)[0] >= 128 and unbase64(value)[-1] % 2 == 1


def ordered(value: Any, of: list[str]) -> bool:
    return isinstance(value, list) and value == [item for item in of if item in value]


def sorted_hashes(value: Any) -> bool:
    return fits(value, [HASH]) and value == sorted(set(value))


HASH, CODE = re.compile("[0-9a-f]{64}"), re.compile("[0-9A-HJKMNP-TV-Z]{20}")
COMPARATOR = re.compile("at_least|more_than")
COUNTS = dict.fromkeys(CHOICES, number)
SIGNATURES: Any = dict.fromkeys(ROLES, lambda value: is_base64(value, 64))
SIGNER = {"identity": lambda value: is_base64(value, 32), "role": str, "token": (modulus, None)}
QUORUM = {"comparator": COMPARATOR, "counted": re.compile("cast|present"), "share": share}
RULE = {
    "base": re.compile("for_against|cast|entitled|present"),
    "comparator": COMPARATOR,
    "quorum": (QUORUM, None),
    "threshold": share,
}
TOKEN = {
    "nonce": lambda value: is_base64(value, 32),
    "opening": HASH,
    "prefix": lambda value: is_base64(value, 32),
    "signatures": dict.fromkeys(ROLES, lambda value: is_base64(value, *range(1025))),
}
CHOICE = re.compile("|".join(CHOICES))
BUNDLE = {
    "opening": {
        "ballot": re.compile("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"),
        "box": lambda value: is_base64(value, 32),
        "codes": sorted_hashes,
        "entitled": number,
        "options": lambda value: ordered(value, CHOICES) and value[:2] == CHOICES[:2],
        "question": str,
        "rule": RULE,
        "schema": re.compile(re.escape(OPENING)),
        "secrecy": re.compile("secret_from_operator"),
        "signers": lambda value: fits(value, [SIGNER]) and [signer["role"] for signer in value] == ROLES,
        "subject": (HASH, None),
        "ways": lambda value: ordered(value, WAYS) and value,
    },
    "opening_signatures": SIGNATURES,
    "board": {
        "counts": COUNTS,
        "entries": number,
        "issued": lambda value: isinstance(value, dict) and all(map(number, value.values())),
        "opening": HASH,
        "outcome": str,
        "papers": (dict.fromkeys(ROLES, COUNTS), None),
        "present": (number, None),
        "root": HASH,
        "voided": sorted_hashes,
    },
    "board_signatures": SIGNATURES,
    "entries": [({"choice": CHOICE, "code": CODE}, {"choice": CHOICE, "token": TOKEN})],
    "schema": re.compile(re.escape(SCHEMA)),
}


def check_shape(bundle: Any) -> None:
    """Names the first part that is missing, of another form, or no part of a bundle at all."""
    if not isinstance(bundle, dict) or bundle.keys() != BUNDLE.keys():
        raise Refused("SHAPE", "bundle")
    for part, shape in BUNDLE.items():
        if isinstance(bundle[part], dict) and isinstance(shape, dict) and bundle[part].keys() == shape.keys():
            for name, inner in shape.items():
                if not fits(bundle[part][name], inner):
                    raise Refused("SHAPE", f"{part}.{name}")
        elif not fits(bundle[part], shape):
            raise Refused("SHAPE", part)
    opening = bundle["opening"]
    keys = [opening["box"], *(s["identity"] for s in opening["signers"])]
    tokens = [s["token"] for s in opening["signers"] if s["token"] is not None]
    if len({*keys, *tokens}) < len(keys) + len(tokens) or len(tokens) != 2 * ("token" in opening["ways"]):
        raise Refused("SHAPE", "opening.signers")  # nobody holds two keys, and tokens have two signers
    if bool(opening["codes"]) != ("code" in opening["ways"]):
        raise Refused("SHAPE", "opening.codes")


# --- 3. Signatures: checking only, so nothing here needs to be secret ---------------------------------------

P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D, ROOT_OF_MINUS_1 = -121665 * pow(121666, -1, 2**255 - 19) % P, pow(2, (P - 1) // 4, P)
Point = tuple[int, int, int, int]  # X, Y, Z, T with x = X/Z, y = Y/Z, xy = T/Z (RFC 8032 § 5.1.4)


def add(p: Point, q: Point) -> Point:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(scalar: int, point: Point) -> Point:
    result: Point = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point, scalar = add(point, point), scalar >> 1
    return result


def point_of(content: bytes) -> Point | None:
    """RFC 8032 § 5.1.3; None for what is no point."""
    y, sign = int.from_bytes(content, "little") & (2**255 - 1), content[31] >> 7
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_1 % P
    if y >= P or (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


def ed25519(public: bytes, message: bytes, signature: bytes) -> bool:
    """RFC 8032 § 5.1.7: R = [S]B - [k]A, compared as bytes; S under the group's order."""
    base = point_of((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
    key, r, s = point_of(public), signature[:32], int.from_bytes(signature[32:], "little")
    if base is None or key is None or s >= L:
        return False
    k = int.from_bytes(hashlib.sha512(r + public + message).digest(), "little") % L
    x, y, z, _ = add(times(s, base), times(k, (P - key[0], key[1], key[2], P - key[3])))
    inverse = pow(z, -1, P)
    return (y * inverse % P | (x * inverse % P & 1) << 255).to_bytes(32, "little") == r


def rsa_pss(n: int, message: bytes, signature: bytes) -> bool:
    """RFC 8017 § 8.1.2 with SHA-384, MGF1, a salt of 48 bytes and the exponent 65537, as RFC 9474 has it."""
    size, s = n.bit_length() // 8, int.from_bytes(signature, "big")
    if len(signature) != size or s >= n:
        return False
    encoded = pow(s, 65537, n).to_bytes(size, "big")
    masked, digest = encoded[:-49], encoded[-49:-1]
    blocks = (hashlib.sha384(digest + i.to_bytes(4, "big")).digest() for i in range(len(masked) // 48 + 1))
    mask = b"".join(blocks)[: len(masked)]
    data = bytearray(a ^ b for a, b in zip(masked, mask, strict=True))
    data[0] &= 0x7F
    if encoded[-1] != 0xBC or masked[0] & 0x80 or data[:-48] != bytes(len(data) - 49) + b"\x01":
        return False
    return hashlib.sha384(bytes(8) + hashlib.sha384(message).digest() + data[-48:]).digest() == digest


def fingerprint(public: bytes) -> str:
    return sha256(public).hex()[:16]


# --- 4. The checks ------------------------------------------------------------------------------------------


def check_keys_and_signatures(bundle: Any, keys: Sequence[bytes], report: Report) -> None:
    opening, board = bundle["opening"], bundle["board"]
    signers = {signer["role"]: unbase64(signer["identity"]) for signer in opening["signers"]}
    for key in keys:
        if key not in signers.values():
            report.refuse("WRONG_KEY", fingerprint=fingerprint(key))
    for role, public in signers.items():
        if public in keys:
            report.add("holds", "KEY_PUBLISHED", role=role)
        else:
            report.add("unchecked", "KEY_UNCHECKED", role=role, fingerprint=fingerprint(public))
    content = canonical(opening)
    for role, public in signers.items():
        signature = unbase64(bundle["opening_signatures"][role])
        if not ed25519(public, b"borgerting opening v1\n" + content, signature):
            report.refuse("CHANGED_RULE", role=role)
    if sha256(content).hex() != board["opening"]:
        report.refuse("OTHER_OPENING")
    for role, public in signers.items():
        signature = unbase64(bundle["board_signatures"][role])
        if not ed25519(public, b"borgerting board v1\n" + canonical(board), signature):
            report.refuse("BOARD_FORGED", role=role)
    if not {"CHANGED_RULE", "OTHER_OPENING", "BOARD_FORGED"} & set(report.refused):
        report.add("holds", "SIGNED")


def check_saved(bundle: Any, saved: bytes | None, report: Report) -> None:
    """Both signers together could sign another rule afterwards; not one that somebody saved beforehand."""
    if saved is None:
        report.add("unchecked", "OPENING_UNCHECKED")
        return
    try:
        same = canonical(read(saved)["opening"]) == canonical(bundle["opening"])
    except (ValueError, TypeError, KeyError):
        same = False
    if same:
        report.add("holds", "AS_SAVED")
    else:
        report.refuse("NOT_AS_SAVED")


def check_entries(bundle: Any, report: Report) -> set[str]:
    """Each has a good credential of its own; together they are those on the board, in order.

    Returns the credentials' hashes.
    """
    opening, board, entries = bundle["opening"], bundle["board"], bundle["entries"]
    digest, codes, before = sha256(canonical(opening)).hex(), set(opening["codes"]), len(report.lines)
    moduli = {s["role"]: int.from_bytes(unbase64(s["token"] or ""), "big") for s in opening["signers"]}
    seen: dict[str, tuple[int, bytes]] = {}
    for place, entry in enumerate(entries, 1):
        way = "code" if "code" in entry else "token"
        if entry["choice"] not in opening["options"] or way not in opening["ways"]:
            report.refuse("NOT_OFFERED", place=place)
        if way == "code":
            key = sha256(f"borgerting code v1\n{opening['ballot']}\n{entry['code']}".encode()).hex()
            if key not in codes:
                report.refuse("CODE_UNKNOWN", place=place)
        else:
            token = entry["token"]
            message = b"borgerting token v1\n" + bytes.fromhex(token["opening"]) + unbase64(token["nonce"])
            signed = unbase64(token["prefix"]) + message
            key = sha256(signed).hex()
            if token["opening"] != digest:
                report.refuse("OTHER_QUESTION", place=place)
            else:
                for role, n in moduli.items():
                    if not rsa_pss(n, signed, unbase64(token["signatures"][role])):
                        report.refuse("FORGED", place=place, role=role)
        if key in seen:
            report.refuse("DUPLICATED", place=place, first=seen[key][0])
        else:
            seen[key] = place, sha256(b"\x00" + canonical(entry))
    keys = list(seen)
    moved = next((key for key, right in zip(keys, sorted(keys), strict=True) if key != right), None)
    if moved is not None:
        report.refuse("REORDERED", place=seen[moved][0])
    if len(report.lines) == before:
        report.add("holds", "CREDENTIALS")
    difference = len(seen) - board["entries"]
    if difference < 0:
        report.refuse("DROPPED", missing=-difference, entries=board["entries"])
    elif difference > 0:
        report.refuse("ADDED", more=difference, entries=board["entries"])
    elif merkle_root([seen[key][1] for key in sorted(keys)]).hex() != board["root"]:
        report.refuse("ALTERED")
    elif moved is None and len(entries) == len(seen):
        report.add("holds", "ENTRIES", entries=len(entries))
    return set(seen)


def check_issue(bundle: Any, used: set[str], report: Report) -> None:
    """No more cast than issued, no more issued than entitled, and every sealed code is accounted for."""
    opening, board = bundle["opening"], bundle["board"]
    before, issued, papers = len(report.refused), board["issued"], board["papers"]
    if sorted(issued) != opening["ways"]:
        raise Refused("SHAPE", "board.issued")
    cast = Counter("code" if "code" in entry else "token" for entry in bundle["entries"])
    if (papers is not None) != ("paper" in opening["ways"]):
        report.refuse("PAPERS_WRONG")
    elif papers is not None:
        first, second = (papers[role] for role in ROLES)
        cast["paper"] = sum(first.values())
        if first != second or any(first[choice] for choice in CHOICES if choice not in opening["options"]):
            report.refuse("PAPERS_WRONG")
    for way in opening["ways"]:
        if cast[way] > issued[way]:
            report.refuse("OVER_ISSUED", way=way, cast=cast[way], issued=issued[way])
    total = sum(issued.values())
    if total > opening["entitled"]:
        report.refuse("OVER_ENTITLED", issued=total, entitled=opening["entitled"])
    voided = set(board["voided"])
    sealed, drawn = set(opening["codes"]), issued.get("code", 0)
    if not voided <= sealed - used or len(voided) + drawn != len(sealed):
        report.refuse("CODES_WRONG")
    if len(report.refused) == before:
        report.add("holds", "ISSUED", issued=total, entitled=opening["entitled"])
    report.add("unchecked", "ISSUED_UNCHECKED")


def check_count(bundle: Any, report: Report) -> None:
    """Counts anew, decides anew, and compares. All in integers: nothing is rounded before it is compared."""
    opening, board, rule = bundle["opening"], bundle["board"], bundle["opening"]["rule"]
    counts = Counter(entry["choice"] for entry in bundle["entries"])
    counts.update(board["papers"]["secretariat"] if board["papers"] else {})
    for choice in CHOICES:
        if counts[choice] != board["counts"][choice]:
            stated = board["counts"][choice]
            report.refuse("MISCOUNTED", choice=choice, stated=stated, counted=counts[choice])
    cast, entitled, present = sum(counts.values()), opening["entitled"], board["present"]
    quorum, people = rule["quorum"], {"cast": cast, "entitled": entitled, "present": present}
    used = rule["base"] == "present" or (quorum is not None and quorum["counted"] == "present")
    if used if present is None else not cast <= present <= entitled:
        report.refuse("PRESENT_WRONG")
        return
    base = counts["yes"] + counts["no"] if rule["base"] == "for_against" else people[rule["base"]]
    report.add("computed", "QUESTION", question=opening["question"])
    report.add("computed", "COUNTS", **{choice: counts[choice] for choice in CHOICES})
    met: bool | None = True
    if quorum is not None:
        count, who = people[quorum["counted"]], quorum["counted"]
        met = reaches(count, entitled, quorum["share"], quorum["comparator"])
        needed = {"comparator": quorum["comparator"], "share": quorum["share"]}
        report.add("computed", "QUORUM", count=count, counted=who, entitled=entitled, **needed)
    passed = reaches(counts["yes"], base, rule["threshold"], rule["comparator"])
    needed = {"comparator": rule["comparator"], "share": rule["threshold"]}
    kind = "SHARE_UNDEFINED" if passed is None else "SHARE"
    report.add("computed", kind, yes=counts["yes"], count=base, base=rule["base"], **needed)
    if met is False:
        outcome = "no_quorum"
    elif met is None or passed is None:
        outcome = "undefined"
    else:
        outcome = "adopted" if passed else "not_adopted"
    report.add("computed", "OUTCOME", outcome=outcome)
    if outcome != board["outcome"]:
        report.refuse("WRONG_OUTCOME", stated=board["outcome"], counted=outcome)


def reaches(count: int, base: int, share: list[int], comparator: str) -> bool | None:
    """Whether count/base is at least, or more than, the share; None when base is 0."""
    if base == 0:
        return None
    left, right = count * share[1], share[0] * base
    return left >= right if comparator == "at_least" else left > right


def check_receipt(bundle: Any, content: bytes, place: int, report: Report) -> None:
    """A receipt is the ballot box's signature over the record's digest and the entry's hash."""
    opening = bundle["opening"]
    try:
        receipt = read(content)
    except ValueError:
        receipt = None
    shape = {"entry": HASH, "opening": HASH, "schema": re.compile(re.escape(RECEIPT))}
    if not fits(receipt, {**shape, "signature": lambda value: is_base64(value, 64)}):
        report.refuse("RECEIPT_FORGED", receipt=place)
        return
    signed = b"borgerting ballot receipt v1\n" + bytes.fromhex(receipt["opening"] + receipt["entry"])
    genuine = ed25519(unbase64(opening["box"]), signed, unbase64(receipt["signature"]))
    if not genuine or receipt["opening"] != sha256(canonical(opening)).hex():
        report.refuse("RECEIPT_FORGED", receipt=place)
    elif receipt["entry"] in (sha256(b"\x00" + canonical(entry)).hex() for entry in bundle["entries"]):
        report.add("holds", "RECEIPT", receipt=place)
    else:
        report.refuse("ENTRY_MISSING", receipt=place)


def recount(
    content: bytes,
    keys: Sequence[bytes] = (),
    receipts: Sequence[bytes] = (),
    saved: bytes | None = None,
) -> Report:
    """Every check; never raises for what a file holds.

    `keys` are 32 bytes each; `receipts` and `saved` (the opening record as saved before the vote) what
    files hold.
    """
    report = Report()
    # One of these survives any small change: then it is a bundle, and a refused one.
    if not re.search(rb'"schema":"borgerting\.ballots/1"|"board_signatures":', content):
        report.unreadable = True
        return report
    try:
        try:
            bundle = read(content)
        except ValueError:
            raise Refused("NOT_CANONICAL", "bundle") from None
        check_shape(bundle)
        check_keys_and_signatures(bundle, keys, report)
        check_saved(bundle, saved, report)
        if {"CHANGED_RULE", "OTHER_OPENING", "NOT_AS_SAVED"} & set(report.refused):
            return report  # under another rule or other keys, nothing below would mean anything
        check_issue(bundle, check_entries(bundle, report), report)
        check_count(bundle, report)
        for place, receipt in enumerate(receipts, 1):
            check_receipt(bundle, receipt, place, report)
    except Refused as error:
        report.refuse(error.args[0], part=error.args[1])
    return report


# --- 5. The command -----------------------------------------------------------------------------------------


def public_key(pem: str) -> bytes:
    """The 32 bytes of an Ed25519 public key in PEM (RFC 8410); ValueError for anything else."""
    match = re.search("-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\\s]+)-----END PUBLIC KEY-----", pem)
    content = base64.b64decode("".join(match[1].split())) if match else b""
    if len(content) != 44 or content[:12].hex() != "302a300506032b6570032100":
        raise ValueError
    return content[12:]


def main() -> int:
    parser = argparse.ArgumentParser(description="Recounts a secret ballot from its published bundle.")
    parser.add_argument("bundle", type=Path, help="bundle.json, as published")
    parser.add_argument(
        "--key", type=Path, action="append", default=[], help="a signer's published key (PEM)"
    )
    parser.add_argument("--opening", type=Path, help="opening.json, as saved before the vote")
    parser.add_argument("--receipt", type=Path, action="append", default=[], help="a voter's receipt")
    options = parser.parse_args()
    try:
        keys = [public_key(path.read_text()) for path in options.key]
        saved = options.opening.read_bytes() if options.opening else None
        receipts = [path.read_bytes() for path in options.receipt]
        report = recount(options.bundle.read_bytes(), keys, receipts, saved)
    except OSError as error:
        print(f"NOT READABLE: {error.filename!a}: {error.strerror}")
        return 2
    except ValueError:
        print("NOT READABLE: a --key is no Ed25519 public key in PEM")
        return 2
    if report.unreadable:
        print("NOT READABLE as a bundle")
        return 2
    lines = [f"{sort:10} {WORDS[kind].format(**params)}" for sort, kind, params in report.lines]
    lines.append("REFUSED: do not trust this bundle." if report.refused else "The count holds.")
    for line in lines:
        # What stands in a file cannot steer the terminal, and what a terminal lacks is escaped.
        shown = "".join(letter if letter.isprintable() else "?" for letter in line)
        sys.stdout.buffer.write(shown.encode(sys.stdout.encoding, "backslashreplace") + b"\n")
    return report.exit_code


if __name__ == "__main__":
    sys.exit(main())
