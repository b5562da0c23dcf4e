"""The opening record: what is asked, how it is decided, with which keys; signed before the first credential.

Its digest is part of every token's message, so a credential is good for this question under this rule only.
docs/schemas/ballots.schema.json describes it field by field.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.deliberation.ballots import identity
from services.deliberation.ballots.blind import PublicKey
from services.deliberation.ballots.encoding import JSON, canonical, from_base64url, sha256, to_base64url
from services.deliberation.ballots.errors import BadInput, Reason, bad, refused
from services.deliberation.ballots.rule import (
    MOST,
    Base,
    Choice,
    Comparator,
    Counted,
    Quorum,
    Rule,
    Secrecy,
    Share,
)

SCHEMA = "borgerting.opening/1"
LONGEST = 2000  # letters of a question; the text voted on is bound by its digest
HEX = re.compile("[0-9a-f]{64}")


class Role(StrEnum):
    """The two signers: the secretariat, and a teller whom the members elect."""

    SECRETARIAT = "secretariat"
    TELLER = "teller"


class Way(StrEnum):
    """How a vote comes in. Each member gets one credential, of one way, per question."""

    CODE = "code"
    PAPER = "paper"
    TOKEN = "token"  # noqa: S105 - a way


@dataclass(frozen=True, slots=True)
class SignerKeys:
    """A signer's public keys: `identity` (Ed25519, 32 bytes, known beforehand), `token` (this question's)."""

    role: Role
    identity: bytes
    token: PublicKey | None = None


@dataclass(frozen=True)
class Opening:
    """Everything that must stand before anybody votes. Raises BadInput with every fault.

    `ballot`: a random UUID (version 4). `subject`: SHA-256 (hexadecimal) of the frozen text voted on, if
    there is one. `box`: the ballot box's public Ed25519 key, for receipts. `codes`: the hashes of all sealed
    codes (`codes.code_hash`), sorted. `signers`: the secretariat, then the teller.
    """

    ballot: str
    question: str
    rule: Rule
    entitled: int
    ways: frozenset[Way]
    box: bytes
    signers: tuple[SignerKeys, SignerKeys]
    subject: str | None = None
    options: tuple[Choice, ...] = tuple(Choice)
    codes: tuple[str, ...] = ()
    secrecy: Secrecy = Secrecy.SECRET_FROM_OPERATOR

    def __post_init__(self) -> None:
        faults = [Reason(code) for code in self._faults()]
        if faults:
            raise BadInput(faults)

    def _faults(self) -> Iterable[str]:
        if not _is_random_uuid(self.ballot):
            yield "BALLOT_ID_NOT_RANDOM"
        if not self.question.strip() or len(self.question) > LONGEST or not self.question.isprintable():
            yield "QUESTION_TEXT"
        if self.subject is not None and not HEX.fullmatch(self.subject):
            yield "SUBJECT_NOT_A_DIGEST"
        known = tuple(choice for choice in Choice if choice in self.options)
        if self.options != known or not {Choice.YES, Choice.NO} <= set(known):
            yield "OPTIONS"
        if type(self.entitled) is not int or not 0 <= self.entitled <= MOST:
            yield "ENTITLED_NOT_WHOLE"
        if not self.ways:
            yield "NO_WAY_TO_VOTE"
        if self.secrecy is not Secrecy.SECRET_FROM_OPERATOR:
            # A sealed credential keeps a vote from everybody: any other label would be untrue.
            yield "LABEL_UNTRUE"
        yield from self._faulty_keys()
        if (Way.CODE in self.ways) != bool(self.codes):
            yield "CODES_WITHOUT_WAY" if self.codes else "WAY_WITHOUT_CODES"
        if any(not HEX.fullmatch(code) for code in self.codes) or list(self.codes) != sorted(set(self.codes)):
            yield "CODES_NOT_SORTED"

    def _faulty_keys(self) -> Iterable[str]:
        if tuple(signer.role for signer in self.signers) != tuple(Role):
            yield "SIGNERS_NOT_TWO"
            return
        keys = [self.box, *(signer.identity for signer in self.signers)]
        if any(len(key) != 32 for key in keys):
            yield "IDENTITY_KEY_UNUSABLE"
        elif len(set(keys)) < len(keys):
            yield "KEYS_NOT_APART"
        first, second = (signer.token for signer in self.signers)
        if (Way.TOKEN in self.ways) != (first is not None and second is not None) or (
            (first is None) != (second is None)
        ):
            yield "TOKEN_KEYS_WITHOUT_WAY" if Way.TOKEN not in self.ways else "WAY_WITHOUT_TOKEN_KEYS"
        elif first is not None and first == second:
            yield "KEYS_NOT_APART"

    @cached_property
    def content(self) -> bytes:
        """The canonical bytes, which are signed."""
        return canonical(opening_json(self))

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of `content`, 32 bytes."""
        return sha256(self.content)

    @cached_property
    def sealed(self) -> frozenset[str]:
        """The hashes of the codes, for looking one up."""
        return frozenset(self.codes)

    def token_key(self, role: Role) -> PublicKey:
        """The key of this question's tokens. Raises Refused where there are none."""
        key = self.signers[list(Role).index(role)].token
        if key is None:
            raise refused("WAY_NOT_OPEN", way=Way.TOKEN.value)
        return key


def sign_opening(opening: Opening, role: Role, key: Ed25519PrivateKey) -> bytes:
    """One signer's signature. Raises BadInput (NOT_THE_SIGNERS_KEY) for another key than the record names."""
    if identity.public_of(key) != opening.signers[list(Role).index(role)].identity:
        raise bad("NOT_THE_SIGNERS_KEY", role=role.value)
    return identity.sign(identity.Label.OPENING, opening.content, key)


def check_signatures(
    opening: Opening, label: identity.Label, content: bytes, signatures: Mapping[Role, bytes]
) -> None:
    """Raises Refused (NOT_SIGNED_BY) unless both signers signed `content`."""
    missing = [
        Reason("NOT_SIGNED_BY", {"role": signer.role.value, "what": label.name.lower()})
        for signer in opening.signers
        if not identity.verify(label, content, signatures.get(signer.role, b""), signer.identity)
    ]
    if missing:
        raise refused(missing[0].code, **missing[0].params)


def opening_json(opening: Opening) -> dict[str, JSON]:
    """The record as JSON, as the schema has it."""
    quorum = opening.rule.quorum
    return {
        "ballot": opening.ballot,
        "box": to_base64url(opening.box),
        "codes": list(opening.codes),
        "entitled": opening.entitled,
        "options": [choice.value for choice in opening.options],
        "question": opening.question,
        "rule": {
            "base": opening.rule.base.value,
            "comparator": opening.rule.comparator.value,
            "quorum": None
            if quorum is None
            else {
                "comparator": quorum.comparator.value,
                "counted": quorum.counted.value,
                "share": [quorum.share.numerator, quorum.share.denominator],
            },
            "threshold": [opening.rule.threshold.numerator, opening.rule.threshold.denominator],
        },
        "schema": SCHEMA,
        "secrecy": opening.secrecy.value,
        "signers": [
            {
                "identity": to_base64url(signer.identity),
                "role": signer.role.value,
                "token": None
                if signer.token is None
                else to_base64url(signer.token.n.to_bytes(signer.token.size)),
            }
            for signer in opening.signers
        ],
        "subject": opening.subject,
        "ways": [way.value for way in Way if way in opening.ways],
    }


def opening_from_json(value: Any) -> Opening:
    """Read back what `opening_json` wrote. Raises BadInput: OPENING_SHAPE, or the fault of a field."""
    try:
        rule, quorum = value["rule"], value["rule"]["quorum"]
        opening = Opening(
            ballot=value["ballot"],
            question=value["question"],
            subject=value["subject"],
            options=tuple(Choice(option) for option in value["options"]),
            rule=Rule(
                Base(rule["base"]),
                Share(*rule["threshold"]),
                Comparator(rule["comparator"]),
                None
                if quorum is None
                else Quorum(
                    Share(*quorum["share"]), Counted(quorum["counted"]), Comparator(quorum["comparator"])
                ),
            ),
            entitled=value["entitled"],
            secrecy=Secrecy(value["secrecy"]),
            ways=frozenset(Way(way) for way in value["ways"]),
            box=from_base64url(value["box"], 32),
            signers=_signers(value["signers"]),
            codes=tuple(value["codes"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise bad("OPENING_SHAPE") from None
    # Whatever was left out, added or written otherwise shows when it is written again.
    if canonical(opening_json(opening)) != canonical(value):
        raise bad("OPENING_SHAPE")
    return opening


def _signers(value: Any) -> tuple[SignerKeys, SignerKeys]:
    first, second = (
        SignerKeys(
            Role(signer["role"]),
            from_base64url(signer["identity"], 32),
            None if signer["token"] is None else PublicKey(int.from_bytes(from_base64url(signer["token"]))),
        )
        for signer in value
    )
    return first, second


def _is_random_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text and uuid.UUID(text).version == 4
    except (ValueError, AttributeError):
        return False
