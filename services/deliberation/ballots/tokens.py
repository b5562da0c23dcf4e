"""Blind tokens, for voting from afar: good with two signatures, by signers who never saw them.

The voter's side stands here too (tests, tools); browsers do the same with npm `@cloudflare/blindrsa-ts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.deliberation.ballots import blind
from services.deliberation.ballots.encoding import RandomBytes, sha256
from services.deliberation.ballots.errors import refused
from services.deliberation.ballots.opening import Opening, Role

NONCE = 32
_LABEL = b"borgerting token v1\n"


@dataclass(frozen=True, slots=True)
class Token:
    """`opening`: the digest of the record it is for. `nonce`, `prefix` (the RFC's): 32 random bytes each."""

    opening: bytes
    nonce: bytes
    prefix: bytes
    signatures: Mapping[Role, bytes]

    @property
    def input_msg(self) -> bytes:
        """What both signers signed blindly."""
        return self.prefix + message(self.opening, self.nonce)

    @property
    def hash(self) -> str:
        """What the ballot box keeps it under; 64 hexadecimal digits."""
        return sha256(self.input_msg).hex()


def message(opening_digest: bytes, nonce: bytes) -> bytes:
    """The message of a token before it is prepared: label, the opening record's digest, the voter's nonce."""
    return _LABEL + opening_digest + nonce


def check_token(opening: Opening, token: Token) -> None:
    """Raises Refused: OTHER_QUESTION, or FORGED for a signature that is not its signer's."""
    if token.opening != opening.digest:
        raise refused("OTHER_QUESTION")
    for role in Role:
        signature = token.signatures.get(role, b"")
        if not blind.verify(opening.token_key(role), token.input_msg, signature):
            raise refused("FORGED", role=role.value)


@dataclass(frozen=True, slots=True, repr=False)
class TokenRequest:
    """A voter's secret between asking and getting; only `blinded` leaves their device, one to each signer."""

    opening: Opening
    nonce: bytes
    input_msg: bytes
    blinded: Mapping[Role, bytes]
    inverses: Mapping[Role, int]

    @classmethod
    def make(cls, opening: Opening, random_bytes: RandomBytes) -> TokenRequest:
        nonce = random_bytes(NONCE)
        input_msg = blind.prepare(message(opening.digest, nonce), random_bytes)
        made = {role: blind.blind(opening.token_key(role), input_msg, random_bytes) for role in Role}
        return cls(
            opening,
            nonce,
            input_msg,
            {role: blinded for role, (blinded, _) in made.items()},
            {role: inverse for role, (_, inverse) in made.items()},
        )

    def finish(self, blind_sigs: Mapping[Role, bytes]) -> Token:
        """The token, from both signers' answers. Raises Refused (SIGNATURE_INVALID) if one cheats."""
        signatures = {
            role: blind.finalize(
                self.opening.token_key(role), self.input_msg, blind_sigs[role], self.inverses[role]
            )
            for role in Role
        }
        return Token(self.opening.digest, self.nonce, self.input_msg[: blind.PREFIX], signatures)
