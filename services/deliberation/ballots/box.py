"""The second process of trust: the ballot box takes votes in, and knows nothing of members.

What it keeps of a vote is the hash of its credential and the vote itself: no time, no running number, no
address. It offers no count while it is open. Callers log nothing that could tell two votes apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.deliberation.ballots import identity
from services.deliberation.ballots.blind import PREFIX
from services.deliberation.ballots.codes import code_hash, read_code
from services.deliberation.ballots.encoding import JSON, canonical, from_base64url, leaf, parse, to_base64url
from services.deliberation.ballots.errors import bad, refused
from services.deliberation.ballots.opening import HEX, Opening, Role, Way
from services.deliberation.ballots.rule import Choice
from services.deliberation.ballots.tokens import NONCE, Token, check_token

RECEIPT_SCHEMA = "borgerting.ballot-receipt/1"


@dataclass(frozen=True)
class Ballot:
    """One vote: a choice, and the code or token it was cast with. Paper is counted by hand."""

    choice: Choice
    credential: str | Token

    @cached_property
    def content(self) -> bytes:
        """The canonical bytes: an entry of the published board."""
        return canonical(ballot_json(self))

    def key(self, ballot: str) -> str:
        """The hash of the credential, 64 hexadecimal digits; `ballot` is the opening record's."""
        if isinstance(self.credential, Token):
            return self.credential.hash
        return code_hash(ballot, self.credential)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The box's word that it took an entry in: without that entry on the board it proves a deletion.

    `opening` and `entry` are 32 bytes: the record's digest; the entry's leaf hash, which covers the choice.
    """

    opening: bytes
    entry: bytes
    signature: bytes

    @property
    def content(self) -> bytes:
        """The file that a voter keeps."""
        return canonical(
            {
                "entry": self.entry.hex(),
                "opening": self.opening.hex(),
                "schema": RECEIPT_SCHEMA,
                "signature": to_base64url(self.signature),
            }
        )


class BoxRows(Protocol):
    """The box's store: credential hash and entry, nothing else, in no order that tells of arrival."""

    def put(self, ballot: str, key: str, entry: bytes) -> bytes:
        """Keep the entry unless there is one under `key`, atomically; answer with the one that stands."""

    def all(self, ballot: str) -> Iterable[bytes]:
        """Every entry, for the close."""


class BallotBox:
    """One question's box: it checks a vote, keeps it and gives a receipt."""

    def __init__(self, opening: Opening, rows: BoxRows, key: Ed25519PrivateKey) -> None:
        """Raises BadInput (NOT_THE_BOX_KEY) for another key than the opening record names."""
        if identity.public_of(key) != opening.box:
            raise bad("NOT_THE_BOX_KEY")
        self._opening, self._rows, self._key = opening, rows, key
        self._is_open = True

    def cast(self, ballot: Ballot) -> Receipt:
        """Take one vote in. The very same vote again (a lost answer) gets the same receipt.

        Raises Refused: CLOSED, OPTION_NOT_OFFERED, WAY_NOT_OPEN, OTHER_QUESTION, FORGED, CODE_UNKNOWN,
        CAST_TWICE.
        """
        if not self._is_open:
            raise refused("CLOSED")
        check_ballot(self._opening, ballot)
        key = ballot.key(self._opening.ballot)
        if self._rows.put(self._opening.ballot, key, ballot.content) != ballot.content:
            raise refused("CAST_TWICE")
        entry = leaf(ballot.content)
        signature = identity.sign(identity.Label.RECEIPT, self._opening.digest + entry, self._key)
        return Receipt(self._opening.digest, entry, signature)

    def empty(self) -> list[Ballot]:
        """Close the box for good and take all votes out, sorted by their credentials' hashes.

        Nothing else shows what is in it, so that nobody can count while it is open, or see who came last.
        """
        self._is_open = False
        ballots = [ballot_from_json(parse(entry)) for entry in self._rows.all(self._opening.ballot)]
        return sorted(ballots, key=lambda ballot: ballot.key(self._opening.ballot))


def check_ballot(opening: Opening, ballot: Ballot) -> None:
    """Whether a vote may count, apart from others. Raises Refused as `BallotBox.cast` does."""
    if ballot.choice not in opening.options:
        raise refused("OPTION_NOT_OFFERED")
    way = Way.TOKEN if isinstance(ballot.credential, Token) else Way.CODE
    if way not in opening.ways:
        raise refused("WAY_NOT_OPEN", way=way.value)
    if isinstance(ballot.credential, Token):
        check_token(opening, ballot.credential)
    elif ballot.key(opening.ballot) not in opening.sealed:
        raise refused("CODE_UNKNOWN")


def check_receipt(opening: Opening, receipt: Receipt, ballots: Sequence[Ballot]) -> None:
    """Raises Refused: OTHER_QUESTION, RECEIPT_FORGED, or ENTRY_MISSING, which proves a deletion."""
    if receipt.opening != opening.digest:
        raise refused("OTHER_QUESTION")
    content = receipt.opening + receipt.entry
    if not identity.verify(identity.Label.RECEIPT, content, receipt.signature, opening.box):
        raise refused("RECEIPT_FORGED")
    if all(leaf(ballot.content) != receipt.entry for ballot in ballots):
        raise refused("ENTRY_MISSING")


def ballot_json(ballot: Ballot) -> dict[str, JSON]:
    """An entry as JSON, as the schema has it."""
    if not isinstance(ballot.credential, Token):
        return {"choice": ballot.choice.value, "code": ballot.credential}
    token = ballot.credential
    return {
        "choice": ballot.choice.value,
        "token": {
            "nonce": to_base64url(token.nonce),
            "opening": token.opening.hex(),
            "prefix": to_base64url(token.prefix),
            "signatures": {role.value: to_base64url(token.signatures[role]) for role in Role},
        },
    }


def ballot_from_json(value: Any) -> Ballot:
    """Read an entry. Raises BadInput: WEIGHTED_VOTES, BALLOT_SHAPE, CODE_SHAPE, NOT_BASE64URL."""
    if not isinstance(value, dict):
        raise bad("BALLOT_SHAPE")
    if "weight" in value:
        raise bad("WEIGHTED_VOTES")
    try:
        choice = Choice(value["choice"])
        if value.keys() == {"choice", "code"}:
            return Ballot(choice, read_code(value["code"]))
        if value.keys() == {"choice", "token"} and value["token"].keys() == {
            "nonce",
            "opening",
            "prefix",
            "signatures",
        }:
            token = value["token"]
            if not HEX.fullmatch(token["opening"]) or set(token["signatures"]) != {r.value for r in Role}:
                raise bad("BALLOT_SHAPE")
            signatures = {role: from_base64url(token["signatures"][role.value]) for role in Role}
            nonce, prefix = from_base64url(token["nonce"], NONCE), from_base64url(token["prefix"], PREFIX)
            return Ballot(choice, Token(bytes.fromhex(token["opening"]), nonce, prefix, signatures))
    except (KeyError, TypeError, ValueError, AttributeError):
        pass
    raise bad("BALLOT_SHAPE")
