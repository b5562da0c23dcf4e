"""The close: everything about a question is published at once, never while it is open.

`close` checks and counts; the two signers sign the board; `bundle` puts opening, board and entries into one
file, which `recount` checks without us.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.deliberation.ballots import identity
from services.deliberation.ballots.box import Ballot, ballot_json, check_ballot
from services.deliberation.ballots.encoding import JSON, canonical, leaf, merkle_root, to_base64url
from services.deliberation.ballots.errors import BadInput, Reason, Refused, bad, reason
from services.deliberation.ballots.opening import (
    Opening,
    Role,
    Way,
    check_signatures,
    opening_json,
)
from services.deliberation.ballots.rule import Choice
from services.deliberation.ballots.tally import FEW, Counts, Tally, tally
from services.deliberation.ballots.tokens import Token

SCHEMA = "borgerting.ballots/1"


@dataclass(frozen=True, slots=True)
class Return:
    """What the close is told beside the votes.

    `issued`: credentials per open way, from the signers' ledgers; for tokens the smaller of both, as a token
    needs both. `voided`: the codes left over, counted and opened by the tellers. `papers`: two independent
    counts, the secretariat's and the teller's. `present`: people who took part, from afar or in the room.
    """

    issued: Mapping[Way, int]
    voided: Sequence[str] = ()
    papers: tuple[Counts, Counts] | None = None
    present: int | None = None


@dataclass(frozen=True)
class Board:
    """A closed question. `ballots` are sorted by their credentials' hashes; `voided` holds code hashes."""

    opening: Opening
    ballots: tuple[Ballot, ...]
    told: Return
    voided: tuple[str, ...]
    result: Tally
    leaves: tuple[bytes, ...] = field(repr=False)

    @cached_property
    def notices(self) -> tuple[Reason, ...]:
        """The tally's, and each way that only few used: the board tells their votes apart from the rest's."""
        few = [
            reason("FEW_BY_WAY", way=way.value, cast=number)
            for way, number in sorted(_by_way(self.ballots, self.told).items())
            if 0 < number < FEW
        ]
        return (*self.result.notices, *few)

    @cached_property
    def content(self) -> bytes:
        """The canonical bytes, which both signers sign."""
        return canonical(_board_json(self))


def close(opening: Opening, ballots: Iterable[Ballot], told: Return) -> Board:
    """Check every vote, count, and decide. Raises BadInput or Refused with every fault found."""
    found = list(ballots)
    faults, forged = list(_faulty_return(opening, told)), list(_faulty_ballots(opening, found))
    if faults:
        raise BadInput(faults)
    voided = sorted(Ballot(Choice.BLANK, code).key(opening.ballot) for code in told.voided)
    forged += _over(opening, found, told, voided)
    if forged:
        raise Refused(forged)
    ordered = tuple(sorted(found, key=lambda ballot: ballot.key(opening.ballot)))
    counts = Counts.count(ballot.choice for ballot in ordered)
    if told.papers is not None:
        counts += told.papers[0]
    result = tally(opening.rule, counts, entitled=opening.entitled, present=told.present)
    return Board(opening, ordered, told, tuple(voided), result, tuple(leaf(b.content) for b in ordered))


def _faulty_return(opening: Opening, told: Return) -> Iterator[Reason]:
    for way in Way:
        number = told.issued.get(way)
        if (number is None) == (way in opening.ways):
            yield reason("ISSUED_MISSING" if number is None else "ISSUED_WITHOUT_WAY", way=way.value)
        elif number is not None and (type(number) is not int or number < 0):
            yield reason("ISSUED_NOT_WHOLE", way=way.value)
    if (told.papers is not None) != (Way.PAPER in opening.ways):
        yield reason("PAPERS_MISSING" if told.papers is None else "PAPERS_WITHOUT_WAY")
    elif told.papers is not None:
        if told.papers[0] != told.papers[1]:
            yield reason("PAPER_COUNTS_DIFFER")
        if any(told.papers[0].of(choice) for choice in Choice if choice not in opening.options):
            yield reason("OPTION_NOT_OFFERED")


def _faulty_ballots(opening: Opening, ballots: Sequence[Ballot]) -> Iterator[Reason]:
    """By position in what was given, never by credential."""
    seen: dict[str, int] = {}
    for place, ballot in enumerate(ballots, 1):
        try:
            check_ballot(opening, ballot)
        except Refused as error:
            yield from (Reason(f"BALLOT_{r.code}", {**r.params, "place": place}) for r in error.reasons)
            continue
        first = seen.setdefault(ballot.key(opening.ballot), place)
        if first != place:
            yield reason("BALLOT_CAST_TWICE", place=place, first=first)


def _over(
    opening: Opening, ballots: Sequence[Ballot], told: Return, voided: Sequence[str]
) -> Iterator[Reason]:
    cast = _by_way(ballots, told)
    for way in sorted(opening.ways):
        if cast[way] > told.issued[way]:
            yield reason("CAST_OVER_ISSUED", way=way.value, cast=cast[way], issued=told.issued[way])
    issued = sum(told.issued.values())
    if issued > opening.entitled:
        yield reason("ISSUED_OVER_ENTITLED", issued=issued, entitled=opening.entitled)
    if len(set(voided)) < len(voided) or not set(voided) <= set(opening.codes):
        yield reason("VOIDED_UNKNOWN")
    elif set(voided) & {ballot.key(opening.ballot) for ballot in ballots}:
        yield reason("VOIDED_WAS_CAST")
    elif Way.CODE in opening.ways and told.issued[Way.CODE] + len(voided) != len(opening.codes):
        codes, drawn = len(opening.codes), told.issued[Way.CODE]
        yield reason("CODES_DO_NOT_ADD_UP", codes=codes, issued=drawn, voided=len(voided))


def _by_way(ballots: Sequence[Ballot], told: Return) -> Counter[Way]:
    cast = Counter(Way.TOKEN if isinstance(b.credential, Token) else Way.CODE for b in ballots)
    cast[Way.PAPER] = told.papers[0].cast if told.papers else 0
    return cast


def sign_board(board: Board, role: Role, key: Ed25519PrivateKey) -> bytes:
    """One signer's signature. Raises BadInput (NOT_THE_SIGNERS_KEY) for another key than the record names."""
    if identity.public_of(key) != board.opening.signers[list(Role).index(role)].identity:
        raise bad("NOT_THE_SIGNERS_KEY", role=role.value)
    return identity.sign(identity.Label.BOARD, board.content, key)


def bundle(board: Board, opened: Mapping[Role, bytes], closed: Mapping[Role, bytes]) -> bytes:
    """The one file to publish: opening record, board, entries, and both signers' signatures of the first two.

    Raises Refused (NOT_SIGNED_BY): nothing is published that would not stand a recount.
    """
    check_signatures(board.opening, identity.Label.OPENING, board.opening.content, opened)
    check_signatures(board.opening, identity.Label.BOARD, board.content, closed)

    def both(signatures: Mapping[Role, bytes]) -> JSON:
        return {role.value: to_base64url(signatures[role]) for role in Role}

    return canonical(
        {
            "board": _board_json(board),
            "board_signatures": both(closed),
            "entries": [ballot_json(ballot) for ballot in board.ballots],
            "opening": opening_json(board.opening),
            "opening_signatures": both(opened),
            "schema": SCHEMA,
        }
    )


def _board_json(board: Board) -> dict[str, JSON]:
    told = board.told
    return {
        "counts": _counts_json(board.result.counts),
        "entries": len(board.ballots),
        "issued": {way.value: told.issued[way] for way in Way if way in board.opening.ways},
        "opening": board.opening.digest.hex(),
        "outcome": board.result.outcome.value,
        "papers": None
        if told.papers is None
        else {role.value: _counts_json(told.papers[place]) for place, role in enumerate(Role)},
        "present": told.present,
        "root": merkle_root(board.leaves).hex(),
        "voided": list(board.voided),
    }


def _counts_json(counts: Counts) -> JSON:
    return {choice.value: counts.of(choice) for choice in Choice}
