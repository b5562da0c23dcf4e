"""Secret ballots beside peers and floors, in one run.

Signing: one blind signature of 3,072 bits as the signer makes it (base blinded, exponent in constant time,
s^e = m checked), beside the bare exponentiations of gmpy2 and the RSA private operation of `cryptography`
(OpenSSL: blinded too, and with the factors, which a raw exponentiation does without). Recount: the one-file
recount of 10,000 votes by code and 10,000 by token (two signatures of 3,072 bits each), beside reading and
hashing the same bundle, and beside the same signatures checked by `cryptography`. Tampering: ten kinds, and
random single bytes, of a ballot with codes, tokens and papers: how many are named and refused. Prints
Markdown tables and the goals; exits 1 if one is missed.
"""

from __future__ import annotations

import copy
import json
import secrets
import statistics
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import gmpy2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.deliberation.ballots import blind, encoding, identity
from services.deliberation.ballots.board import Board, Return, bundle, close, sign_board
from services.deliberation.ballots.box import Ballot, ballot_from_json
from services.deliberation.ballots.codes import code_hash, mint_codes
from services.deliberation.ballots.opening import Opening, Role, SignerKeys, Way, sign_opening
from services.deliberation.ballots.recount import Report, merkle_root, recount
from services.deliberation.ballots.rule import Base, Choice, Rule, Share
from services.deliberation.ballots.tally import Counts
from services.deliberation.ballots.tokens import NONCE, Token, message

VOTES = 10_000
REPEATS = 30
BYTES = 500
PSS = padding.PSS(padding.MGF1(hashes.SHA384()), 48)

Goal = tuple[str, bool]


class House:
    """The keys of one question."""

    def __init__(self) -> None:
        self.identities = {role: Ed25519PrivateKey.generate() for role in Role}
        self.box = Ed25519PrivateKey.generate()
        self.rsa = {role: rsa.generate_private_key(65537, blind.BITS) for role in Role}

    @property
    def published(self) -> list[bytes]:
        return [identity.public_of(key) for key in self.identities.values()]

    def open(self, ways: frozenset[Way], entitled: int, codes: int = 0) -> tuple[Opening, list[str]]:
        ballot, made = str(uuid.uuid4()), mint_codes(codes, secrets.token_bytes)
        first, second = (
            SignerKeys(
                role,
                identity.public_of(self.identities[role]),
                blind.PrivateKey.of(self.rsa[role]).public if Way.TOKEN in ways else None,
            )
            for role in Role
        )
        opening = Opening(
            ballot=ballot,
            question="A benchmark",
            rule=Rule(Base.FOR_AGAINST, Share(1, 2)),
            entitled=entitled,
            ways=ways,
            box=identity.public_of(self.box),
            signers=(first, second),
            codes=tuple(sorted(code_hash(ballot, code) for code in made)),
        )
        return opening, made

    def token(self, opening: Opening) -> Token:
        """A token's signatures made straight, with the factors: the same bytes in kind, ten times as fast."""
        nonce, prefix = secrets.token_bytes(NONCE), secrets.token_bytes(blind.PREFIX)
        signed = prefix + message(opening.digest, nonce)
        signatures = {role: key.sign(signed, PSS, hashes.SHA384()) for role, key in self.rsa.items()}
        return Token(opening.digest, nonce, prefix, signatures)

    def publish(self, board: Board) -> bytes:
        opened = {role: sign_opening(board.opening, role, key) for role, key in self.identities.items()}
        closed = {role: sign_board(board, role, key) for role, key in self.identities.items()}
        return bundle(board, opened, closed)


def median(action: Callable[[], object], repeats: int = REPEATS) -> float:
    """Median seconds of processor time."""
    times = []
    for _ in range(repeats):
        started = time.process_time()
        action()
        times.append(time.process_time() - started)
    return statistics.median(times)


def signing(house: House) -> list[Goal]:
    made = house.rsa[Role.TELLER]
    key = blind.PrivateKey.of(made)
    n, d = key.public.n, key.d
    m = secrets.randbelow(n)
    blinded = m.to_bytes(key.public.size)
    ours = median(lambda: blind.blind_sign(key, blinded, secrets.token_bytes))
    rows = {
        "ours: blinded base, constant time, s^e = m checked": ours,
        "gmpy2.powmod_sec alone (constant time)": median(lambda: gmpy2.powmod_sec(m, d, n)),
        "gmpy2.powmod alone (duration tells of the key)": median(lambda: gmpy2.powmod(m, d, n)),
        "cryptography: RSA-PSS with the factors": median(lambda: made.sign(b"m", PSS, hashes.SHA384())),
    }
    print(f"| one signature, {blind.BITS} bits | ms | ours is, times |\n|---|---|---|")
    for name, seconds in rows.items():
        print(f"| {name} | {1000 * seconds:.1f} | {ours / seconds:.1f} |")
    floor = rows["gmpy2.powmod_sec alone (constant time)"]
    return [("blinding and checking cost less than half of the bare exponentiation", ours < 1.5 * floor)]


def recounting(house: House) -> list[Goal]:
    print(
        f"\n| recount of {VOTES:,} votes | MB | s | read and hash only, s | signatures by cryptography, s |"
    )
    print("|---|---|---|---|---|")
    choices = list(Choice)
    held = []
    for way in (Way.CODE, Way.TOKEN):
        opening, codes = house.open(frozenset({way}), VOTES, VOTES if way is Way.CODE else 0)
        credentials: list[str | Token] = [*codes] if codes else [house.token(opening) for _ in range(VOTES)]
        ballots = [Ballot(choices[i % 4], credential) for i, credential in enumerate(credentials)]
        content = house.publish(close(opening, ballots, Return({way: VOTES})))
        started = time.process_time()
        held.append(recount(content, house.published).exit_code == 0)
        taken = time.process_time() - started
        floor = median(lambda content=content: hashing(content), 3)  # type: ignore[misc]
        peer = "–" if way is Way.CODE else f"{median(lambda o=opening, b=ballots: checking(o, b), 1):.1f}"  # type: ignore[misc]
        print(f"| by {way} | {len(content) / 1e6:.1f} | {taken:.1f} | {floor:.2f} | {peer} |")
    return [("both hold", all(held))]


def hashing(content: bytes) -> bytes:
    """The least a recount must do: read the bundle, hash each entry, and the hashes into a root."""
    entries = json.loads(content)["entries"]
    return merkle_root([encoding.leaf(json.dumps(entry).encode()) for entry in entries])


def checking(opening: Opening, ballots: list[Ballot]) -> None:
    for ballot in ballots:
        if isinstance(ballot.credential, Token):
            for role in Role:
                signature = ballot.credential.signatures[role]
                assert blind.verify(opening.token_key(role), ballot.credential.input_msg, signature)


def tampering(house: House) -> list[Goal]:
    opening, codes = house.open(frozenset(Way), 40, 12)
    ballots = [Ballot(Choice.YES, code) for code in codes[:10]]
    ballots += [Ballot(Choice.NO, house.token(opening)) for _ in range(6)]
    papers = Counts(yes=5, no=5)
    told = Return({Way.CODE: 10, Way.PAPER: 10, Way.TOKEN: 6}, codes[10:], (papers, papers))
    content = house.publish(close(opening, ballots, told))
    spare, stray = house.token(opening), house.token(house.open(frozenset(Way), 40, 12)[0])

    def entries(made: dict[str, Any], way: str) -> list[Any]:
        return [entry for entry in made["entries"] if way in entry]

    def with_token(made: dict[str, Any], token: Token) -> None:
        made["entries"].append(json.loads(Ballot(Choice.YES, token).content))
        made["entries"].sort(key=lambda entry: ballot_from_json(entry).key(opening.ballot))

    def alter(made: dict[str, Any]) -> None:
        made["entries"][0]["choice"] = "blank"

    def forge(made: dict[str, Any]) -> None:
        entries(made, "token")[0]["token"]["signatures"]["teller"] = "A" * 512

    def over(made: dict[str, Any]) -> None:
        made["board"]["issued"]["token"] = 5
        made["board_signatures"] = sign(house, made["board"])

    def rule(made: dict[str, Any]) -> None:
        made["opening"]["rule"]["threshold"] = [1, 3]

    kinds: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
        "dropped": (lambda made: made["entries"].pop(2), "DROPPED"),
        "added": (lambda made: with_token(made, spare), "ADDED"),
        "altered": (alter, "ALTERED"),
        "forged": (forge, "FORGED"),
        "duplicated": (
            lambda made: made["entries"].insert(3, copy.deepcopy(made["entries"][2])),
            "DUPLICATED",
        ),
        "re-ordered": (lambda made: made["entries"].reverse(), "REORDERED"),
        "token of another question": (lambda made: with_token(made, stray), "OTHER_QUESTION"),
        "changed rule": (rule, "CHANGED_RULE"),
        "cast over issued": (over, "OVER_ISSUED"),
    }
    named = {}
    for name, (change, kind) in kinds.items():
        made = json.loads(content)
        change(made)
        named[name] = kind in recount(encoding.canonical(made), house.published).refused
    stranger = [identity.public_of(house.box), house.published[1]]
    named["wrong key"] = "WRONG_KEY" in recount(content, stranger).refused
    refused = sum(refuses(house, changed(content)) for _ in range(BYTES))
    whole: Report = recount(content, house.published)
    print(f"\n| tampering | named or refused |\n|---|---|\n| {len(named)} kinds | {sum(named.values())} |")
    print(f"| {BYTES} random changed bytes | {refused} |\n| none | {len(whole.refused)} |")
    return [
        ("every kind of tampering is named", all(named.values())),
        ("every changed byte is refused", refused == BYTES),
        ("nothing is refused where nothing was done", whole.exit_code == 0),
    ]


def sign(house: House, board: Mapping[str, Any]) -> dict[str, str]:
    content = encoding.canonical(dict(board))
    return {
        role.value: encoding.to_base64url(identity.sign(identity.Label.BOARD, content, key))
        for role, key in house.identities.items()
    }


def changed(content: bytes) -> bytes:
    at = secrets.randbelow(len(content))
    return content[:at] + bytes([content[at] ^ (1 + secrets.randbelow(255))]) + content[at + 1 :]


def refuses(house: House, content: bytes) -> bool:
    return recount(content, house.published).exit_code == 1


def main() -> int:
    house = House()
    goals = [*signing(house), *recounting(house), *tampering(house)]
    print()
    for words, met in goals:
        print(f"- {'met' if met else 'MISSED'}: {words}")
    return 0 if all(met for _, met in goals) else 1


if __name__ == "__main__":
    sys.exit(main())
