"""The first process of trust: a signer holds one question's key and who has been issued a credential.

It knows members and nothing of votes. It shares no store and no key with the ballot box (`box`), which knows
votes and nothing of members.
"""

from __future__ import annotations

from typing import Protocol

from services.deliberation.ballots import blind
from services.deliberation.ballots.encoding import RandomBytes, sha256
from services.deliberation.ballots.errors import bad, refused
from services.deliberation.ballots.opening import Opening, Role, Way


class IssuanceLedger(Protocol):
    """Who has been issued a credential: one per member and question, whatever the way. Durable."""

    def entitled(self, ballot: str, member: str) -> bool:
        """Whether the member may vote on this question."""

    def claim(self, ballot: str, member: str, way: Way, request: bytes) -> bytes:
        """Record the member's credential unless there is one, atomically; answer the request that stands.

        `request`: 32 bytes that tell a repeated request from another; they say nothing of the credential.
        """

    def issued(self, ballot: str, way: Way) -> int:
        """How many credentials of this way were issued."""


class Signer:
    """One of the two signers (`role`) of one question, with its own key and its own ledger.

    Members ask for a token with a blinded message. Asking again with the same one (a lost answer) gets the
    same signature; with another one it is refused, for that would be a second credential.
    """

    def __init__(
        self,
        opening: Opening,
        role: Role,
        key: blind.PrivateKey,
        ledger: IssuanceLedger,
        random_bytes: RandomBytes,
    ) -> None:
        """Raises BadInput (NOT_THE_SIGNERS_KEY) for another key than the opening record names."""
        if opening.token_key(role) != key.public:
            raise bad("NOT_THE_SIGNERS_KEY", role=role.value)
        self._ballot = opening.ballot
        self._key: blind.PrivateKey | None = key
        self._ledger = ledger
        self._random_bytes = random_bytes

    def sign(self, member: str, blinded: bytes) -> bytes:
        """`blind_sig` for a member's blinded message.

        Raises Refused (NOT_ENTITLED, ALREADY_ISSUED, CLOSED) or BadInput (BLINDED_MESSAGE); nothing is
        recorded then. The credential is recorded before the signature leaves.
        """
        if self._key is None:
            raise refused("CLOSED")
        if not self._ledger.entitled(self._ballot, member):
            raise refused("NOT_ENTITLED")
        # A message that cannot be signed must not use the member's credential up.
        signature = blind.blind_sign(self._key, blinded, self._random_bytes)
        request = sha256(blinded)
        if self._ledger.claim(self._ballot, member, Way.TOKEN, request) != request:
            raise refused("ALREADY_ISSUED")
        return signature

    def close(self) -> int:
        """Drop the key for good and say how many tokens were issued.

        Stored copies must be destroyed as well: with both keys anyone could make tokens after the close.
        """
        self._key = None
        return self._ledger.issued(self._ballot, Way.TOKEN)


def hand_out(
    opening: Opening, ledger: IssuanceLedger, member: str, way: Way, random_bytes: RandomBytes
) -> None:
    """Record that a member takes a paper or draws a code, which uses up their one credential.

    Call it for both signers' ledgers. Raises Refused (WAY_NOT_OPEN, NOT_ENTITLED, ALREADY_ISSUED).
    """
    if way is Way.TOKEN or way not in opening.ways:
        raise refused("WAY_NOT_OPEN", way=way.value)
    if not ledger.entitled(opening.ballot, member):
        raise refused("NOT_ENTITLED")
    # A paper is handed out once: each request is another, so a second one meets the first.
    request = random_bytes(32)
    if ledger.claim(opening.ballot, member, way, request) != request:
        raise refused("ALREADY_ISSUED")
