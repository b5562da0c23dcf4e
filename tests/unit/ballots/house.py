"""A ballot from opening to bundle, with real keys and plain stores, for tests to break."""

from __future__ import annotations

import json
import random
import secrets
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.deliberation.ballots import identity
from services.deliberation.ballots.blind import PrivateKey
from services.deliberation.ballots.board import Board, Return, bundle, close, sign_board
from services.deliberation.ballots.box import Ballot, BallotBox, Receipt
from services.deliberation.ballots.codes import code_hash, mint_codes
from services.deliberation.ballots.opening import Opening, Role, SignerKeys, Way, sign_opening
from services.deliberation.ballots.rule import Base, Choice, Counted, Quorum, Rule, Share
from services.deliberation.ballots.signer import Signer, hand_out
from services.deliberation.ballots.tally import Counts
from services.deliberation.ballots.tokens import Token, TokenRequest

SECRETARIAT, TELLER, BOX = (Ed25519PrivateKey.from_private_bytes(bytes([n] * 32)) for n in (1, 2, 3))
IDENTITIES = {Role.SECRETARIAT: SECRETARIAT, Role.TELLER: TELLER}
PUBLISHED = [identity.public_of(key) for key in IDENTITIES.values()]
RULE = Rule(Base.FOR_AGAINST, Share(70, 100), quorum=Quorum(Share(1, 2), Counted.CAST))


@cache
def token_keys(pair: int) -> Mapping[Role, PrivateKey]:
    """Key pairs of a question; `pair` tells questions apart."""
    return {role: PrivateKey.generate(2048) for role in Role}


class Ledger:
    """An issuance ledger in memory."""

    def __init__(self, members: Iterable[str]) -> None:
        self.members = set(members)
        self.claims: dict[tuple[str, str], tuple[Way, bytes]] = {}

    def entitled(self, ballot: str, member: str) -> bool:
        return member in self.members

    def claim(self, ballot: str, member: str, way: Way, request: bytes) -> bytes:
        return self.claims.setdefault((ballot, member), (way, request))[1]

    def issued(self, ballot: str, way: Way) -> int:
        return sum(1 for (b, _), (w, _) in self.claims.items() if (b, w) == (ballot, way))


class Rows:
    """A ballot box's store in memory; it hands entries back in whatever order."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], bytes] = {}

    def put(self, ballot: str, key: str, entry: bytes) -> bytes:
        return self.kept.setdefault((ballot, key), entry)

    def all(self, ballot: str) -> list[bytes]:
        found = [entry for (b, _), entry in self.kept.items() if b == ballot]
        random.shuffle(found)
        return found


def open_ballot(
    ways: Iterable[Way] = Way,
    rule: Rule = RULE,
    entitled: int = 20,
    codes: Sequence[str] | None = None,
    pair: int = 0,
    **changes: Any,
) -> tuple[Opening, list[str]]:
    """An opening record and its sealed codes."""
    ballot = str(uuid.uuid4())
    ways = frozenset(ways)
    made = list(codes) if codes is not None else mint_codes(8, secrets.token_bytes)
    made = made if Way.CODE in ways else []
    keys = token_keys(pair) if Way.TOKEN in ways else {}
    first, second = (
        SignerKeys(role, identity.public_of(IDENTITIES[role]), keys[role].public if keys else None)
        for role in Role
    )
    fields: dict[str, Any] = {
        "ballot": ballot,
        "question": "Skal kommunen plante flere træer?",
        "rule": rule,
        "entitled": entitled,
        "ways": ways,
        "box": identity.public_of(BOX),
        "signers": (first, second),
        "codes": tuple(sorted(code_hash(ballot, code) for code in made)),
    }
    return Opening(**(fields | changes)), made


def opened(opening: Opening) -> dict[Role, bytes]:
    return {role: sign_opening(opening, role, key) for role, key in IDENTITIES.items()}


def closed(board: Board) -> dict[Role, bytes]:
    return {role: sign_board(board, role, key) for role, key in IDENTITIES.items()}


def token(opening: Opening, pair: int = 0, member: str = "m") -> Token:
    """A token as a voter gets it."""
    request = TokenRequest.make(opening, secrets.token_bytes)
    answers = {
        role: Signer(opening, role, token_keys(pair)[role], Ledger([member]), secrets.token_bytes).sign(
            member, request.blinded[role]
        )
        for role in Role
    }
    return request.finish(answers)


@dataclass
class Story:
    """A closed question with all its files."""

    opening: Opening
    board: Board
    content: bytes
    receipts: list[Receipt] = field(default_factory=list)

    @property
    def bundle(self) -> dict[str, Any]:
        """A copy to tamper with."""
        return json.loads(self.content)  # type: ignore[no-any-return]


def whole_story(
    in_the_room: str = "yyynb", from_afar: str = "yyyna", papers: Counts | None = None, rule: Rule = RULE
) -> Story:
    """Votes by all three ways, through the signers and the box: y, n, a, b for the choices."""
    opening, codes = open_ballot(rule=rule)
    papers = papers or Counts(yes=3, no=1)
    members = [f"m{i}" for i in range(20)]
    ledgers = {role: Ledger(members) for role in Role}
    signers = {
        role: Signer(opening, role, token_keys(0)[role], ledgers[role], secrets.token_bytes) for role in Role
    }
    box = BallotBox(opening, Rows(), BOX)
    letters = {choice.value[0]: choice for choice in Choice}
    receipts = []
    waiting = iter(members)
    for letter, code in zip(in_the_room, codes, strict=False):
        member = next(waiting)
        for ledger in ledgers.values():
            hand_out(opening, ledger, member, Way.CODE, secrets.token_bytes)
        receipts.append(box.cast(Ballot(letters[letter], code)))
    for letter in from_afar:
        member = next(waiting)
        request = TokenRequest.make(opening, secrets.token_bytes)
        made = request.finish({role: signers[role].sign(member, request.blinded[role]) for role in Role})
        receipts.append(box.cast(Ballot(letters[letter], made)))
    for _ in range(papers.cast):
        member = next(waiting)
        for ledger in ledgers.values():
            hand_out(opening, ledger, member, Way.PAPER, secrets.token_bytes)
    issued = {way: ledgers[Role.TELLER].issued(opening.ballot, way) for way in Way}
    issued[Way.TOKEN] = min(signer.close() for signer in signers.values())
    told = Return(issued, codes[len(in_the_room) :], (papers, papers), present=15)
    board = close(opening, box.empty(), told)
    return Story(opening, board, bundle(board, opened(opening), closed(board)), receipts)
