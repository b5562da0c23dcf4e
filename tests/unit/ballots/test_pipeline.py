"""Opening, credentials, signers, box and close: who can do what, and what nobody can."""

from __future__ import annotations

import dataclasses
import inspect
import json
import secrets
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.deliberation.ballots import box as box_module
from services.deliberation.ballots import codes as code_module
from services.deliberation.ballots import identity
from services.deliberation.ballots import signer as signer_module
from services.deliberation.ballots.board import Return, bundle, close, sign_board
from services.deliberation.ballots.box import (
    Ballot,
    BallotBox,
    Receipt,
    ballot_from_json,
    ballot_json,
    check_receipt,
)
from services.deliberation.ballots.codes import code_hash, mint_codes, printed, read_code
from services.deliberation.ballots.encoding import canonical, parse
from services.deliberation.ballots.errors import BadInput, BallotError, Refused
from services.deliberation.ballots.opening import (
    Opening,
    Role,
    SignerKeys,
    Way,
    opening_from_json,
    opening_json,
    sign_opening,
)
from services.deliberation.ballots.recount import recount
from services.deliberation.ballots.rule import Base, Choice, Outcome, Rule, Secrecy, Share
from services.deliberation.ballots.signer import Signer, hand_out
from services.deliberation.ballots.tally import Counts
from services.deliberation.ballots.tokens import Token, TokenRequest
from tests.unit.ballots import house
from tests.unit.ballots.house import BOX, IDENTITIES, SECRETARIAT, TELLER, Ledger, Rows, token, token_keys


def codes_of(error: pytest.ExceptionInfo[Any]) -> list[str]:
    assert isinstance(error.value, BallotError)
    return [reason.code for reason in error.value.reasons]


@pytest.fixture(scope="module")
def opening() -> Opening:
    return house.open_ballot([Way.TOKEN, Way.PAPER])[0]


# -- the opening record --------------------------------------------------------------------------------------


def test_an_opening_is_read_back_as_it_was_written() -> None:
    for ways in ([Way.CODE], [Way.PAPER], [Way.TOKEN], list(Way)):
        opening, _ = house.open_ballot(ways, subject="0" * 64)
        again = opening_from_json(parse(opening.content))
        assert again == opening
        assert again.digest == opening.digest


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"ballot": "0198c1f2-0000-7000-8000-000000000000"}, "BALLOT_ID_NOT_RANDOM"),
        ({"ballot": "x"}, "BALLOT_ID_NOT_RANDOM"),
        ({"question": " "}, "QUESTION_TEXT"),
        ({"question": "a\x1b[2J"}, "QUESTION_TEXT"),
        ({"question": "a" * 2001}, "QUESTION_TEXT"),
        ({"subject": "abc"}, "SUBJECT_NOT_A_DIGEST"),
        ({"options": (Choice.YES, Choice.BLANK)}, "OPTIONS"),
        ({"options": (Choice.NO, Choice.YES)}, "OPTIONS"),
        ({"entitled": -1}, "ENTITLED_NOT_WHOLE"),
        ({"entitled": True}, "ENTITLED_NOT_WHOLE"),
        ({"ways": frozenset()}, "NO_WAY_TO_VOTE"),
        ({"secrecy": Secrecy.NAMED}, "LABEL_UNTRUE"),
        ({"secrecy": Secrecy.HIDDEN_FROM_MEMBERS}, "LABEL_UNTRUE"),
        ({"codes": ("0" * 64,), "ways": frozenset({Way.PAPER})}, "CODES_WITHOUT_WAY"),
        ({"codes": ()}, "WAY_WITHOUT_CODES"),
        ({"codes": ("1" * 64, "0" * 64)}, "CODES_NOT_SORTED"),
        ({"codes": ("0" * 64, "0" * 64)}, "CODES_NOT_SORTED"),
        ({"codes": ("x",)}, "CODES_NOT_SORTED"),
        ({"box": b"short"}, "IDENTITY_KEY_UNUSABLE"),
        ({"box": identity.public_of(TELLER)}, "KEYS_NOT_APART"),
        ({"ways": frozenset({Way.CODE, Way.TOKEN})}, "WAY_WITHOUT_TOKEN_KEYS"),
    ],
)
def test_what_an_opening_may_not_be(changes: dict[str, Any], code: str) -> None:
    good, _ = house.open_ballot([Way.CODE])
    with pytest.raises(BadInput) as caught:
        dataclasses.replace(good, **changes)
    assert code in codes_of(caught)


def test_two_signers_with_keys_of_their_own() -> None:
    with_tokens, _ = house.open_ballot([Way.TOKEN])
    first, second = with_tokens.signers
    for signers, code in (
        ((second, first), "SIGNERS_NOT_TWO"),
        ((first, dataclasses.replace(second, token=first.token)), "KEYS_NOT_APART"),
        ((first, dataclasses.replace(second, identity=first.identity)), "KEYS_NOT_APART"),
        ((first, dataclasses.replace(second, token=None)), "WAY_WITHOUT_TOKEN_KEYS"),
    ):
        with pytest.raises(BadInput) as caught:
            dataclasses.replace(with_tokens, signers=signers)
        assert codes_of(caught) == [code]
    with pytest.raises(BadInput) as caught:
        dataclasses.replace(with_tokens, ways=frozenset({Way.PAPER}))
    assert codes_of(caught) == ["TOKEN_KEYS_WITHOUT_WAY"]


def test_a_record_of_another_form_is_refused() -> None:
    good = opening_json(house.open_ballot()[0])
    for change in (
        {"weight": 2},
        {"schema": "borgerting.opening/2"},
        {"ways": ["token", "code", "paper"]},
        {"options": ["maybe"]},
        {"rule": None},
        {"signers": []},
        {"box": "AA=="},
    ):
        with pytest.raises(BadInput):
            opening_from_json(json.loads(canonical(good | change)))  # type: ignore[arg-type]
    for name in good:
        with pytest.raises(BadInput):
            opening_from_json({key: value for key, value in good.items() if key != name})
    with pytest.raises(BadInput, match="OPENING_SHAPE"):
        opening_from_json([])


def test_only_the_named_signers_sign(opening: Opening) -> None:
    with pytest.raises(BadInput, match="NOT_THE_SIGNERS_KEY"):
        sign_opening(opening, Role.TELLER, SECRETARIAT)


# -- credentials ---------------------------------------------------------------------------------------------


def test_codes_are_read_as_people_type_them() -> None:
    code = "01A23" * 4
    assert printed(code) == "01A23-01A23-01A23-01A23"
    assert read_code("o1a23 0ia23-0LA23 01a23") == code
    for wrong in ("", "U" * 20, "0" * 19, "0" * 21):
        with pytest.raises(BadInput, match="CODE_SHAPE"):
            read_code(wrong)


def test_codes_use_the_whole_alphabet_evenly_and_their_hash_is_the_ballots() -> None:
    every_byte = bytes(range(256))
    letters = "".join(mint_codes(256, iter_bytes(every_byte * 20)))
    assert {letters.count(letter) for letter in code_module.ALPHABET} == {160}
    assert len(set(mint_codes(500, secrets.token_bytes))) == 500
    assert code_hash("a", "0" * 20) != code_hash("b", "0" * 20)


def iter_bytes(content: bytes) -> Any:
    left = bytearray(content)

    def random_bytes(number: int) -> bytes:
        piece = bytes(left[:number])
        del left[:number]
        return piece

    return random_bytes


def test_a_token_needs_both_signers_and_this_question(opening: Opening) -> None:
    box = BallotBox(opening, Rows(), BOX)
    good = token(opening)
    for role in Role:
        forged = {**good.signatures, role: bytes(256)}
        with pytest.raises(Refused) as caught:
            box.cast(Ballot(Choice.YES, dataclasses.replace(good, signatures=forged)))
        assert caught.value.reasons[0].params == {"role": role.value}
        lacking = {r: s for r, s in good.signatures.items() if r is not role}
        with pytest.raises(Refused, match="FORGED"):
            box.cast(Ballot(Choice.YES, dataclasses.replace(good, signatures=lacking)))
    for changes in ({"nonce": bytes(32)}, {"prefix": bytes(32)}):
        with pytest.raises(Refused, match="FORGED"):
            box.cast(Ballot(Choice.YES, dataclasses.replace(good, **changes)))
    other, _ = house.open_ballot([Way.TOKEN, Way.PAPER])
    with pytest.raises(Refused, match="OTHER_QUESTION"):
        box.cast(Ballot(Choice.YES, token(other)))
    box.cast(Ballot(Choice.YES, good))


def test_another_questions_keys_sign_nothing_here(opening: Opening) -> None:
    with pytest.raises(BadInput, match="NOT_THE_SIGNERS_KEY"):
        Signer(opening, Role.TELLER, token_keys(1)[Role.TELLER], Ledger([]), secrets.token_bytes)


# -- the signer: knows members, not votes --------------------------------------------------------------------


def signer(opening: Opening, ledger: Ledger) -> Signer:
    return Signer(opening, Role.TELLER, token_keys(0)[Role.TELLER], ledger, secrets.token_bytes)


def test_one_credential_per_member_and_question(opening: Opening) -> None:
    ledger = Ledger(["m1", "m2"])
    teller = signer(opening, ledger)
    first, second = (TokenRequest.make(opening, secrets.token_bytes).blinded[Role.TELLER] for _ in range(2))
    answer = teller.sign("m1", first)
    assert teller.sign("m1", first) == answer, "a lost answer is given again"
    with pytest.raises(Refused, match="ALREADY_ISSUED"):
        teller.sign("m1", second)
    with pytest.raises(Refused, match="NOT_ENTITLED"):
        teller.sign("stranger", second)
    with pytest.raises(BadInput, match="BLINDED_MESSAGE"):
        teller.sign("m2", b"short")
    assert ledger.issued(opening.ballot, Way.TOKEN) == 1, "what was refused used nothing up"
    teller.sign("m2", second)
    assert teller.close() == 2
    with pytest.raises(Refused, match="CLOSED"):
        teller.sign("m1", first)


def test_one_credential_whatever_the_way(opening: Opening) -> None:
    ledger = Ledger(["m1", "m2"])
    teller = signer(opening, ledger)
    hand_out(opening, ledger, "m1", Way.PAPER, secrets.token_bytes)
    with pytest.raises(Refused, match="ALREADY_ISSUED"):
        teller.sign("m1", TokenRequest.make(opening, secrets.token_bytes).blinded[Role.TELLER])
    with pytest.raises(Refused, match="ALREADY_ISSUED"):
        hand_out(opening, ledger, "m1", Way.PAPER, secrets.token_bytes)
    teller.sign("m2", TokenRequest.make(opening, secrets.token_bytes).blinded[Role.TELLER])
    with pytest.raises(Refused, match="ALREADY_ISSUED"):
        hand_out(opening, ledger, "m2", Way.PAPER, secrets.token_bytes)
    for way in (Way.CODE, Way.TOKEN):
        with pytest.raises(Refused, match="WAY_NOT_OPEN"):
            hand_out(opening, ledger, "m2", way, secrets.token_bytes)
    with pytest.raises(Refused, match="NOT_ENTITLED"):
        hand_out(opening, ledger, "stranger", Way.PAPER, secrets.token_bytes)


def test_signer_and_box_know_nothing_of_each_other() -> None:
    """Two processes of trust: neither can be made with what the other holds."""
    assert "box" not in inspect.getsource(signer_module).split('"""', 2)[2]
    source = inspect.getsource(box_module)
    assert "import signer" not in source
    assert "member" not in source.split('"""', 2)[2]


def test_all_that_signers_saw_says_nothing_of_the_tokens(opening: Opening) -> None:
    """An administrator reads both ledgers, keeps every message, and has the published board beside them."""
    ledgers = {role: Ledger([f"m{i}" for i in range(4)]) for role in Role}
    seen: list[tuple[int, int]] = []  # what the teller was sent and answered, in order
    tokens: list[Token] = []
    n = opening.token_key(Role.TELLER).n
    for i in range(4):
        request = TokenRequest.make(opening, secrets.token_bytes)
        answers = {
            role: Signer(opening, role, token_keys(0)[role], ledgers[role], secrets.token_bytes).sign(
                f"m{i}", request.blinded[role]
            )
            for role in Role
        }
        tokens.append(request.finish(answers))
        seen.append((int.from_bytes(request.blinded[Role.TELLER]), int.from_bytes(answers[Role.TELLER])))
    published = b"".join(canonical(ballot_json(Ballot(Choice.YES, token))) for token in tokens)
    for ledger in ledgers.values():
        assert len(ledger.claims) == 4
        assert not any(request.hex().encode() in published for _, request in ledger.claims.values())
    signatures = [int.from_bytes(token.signatures[Role.TELLER]) for token in tokens]
    assert not {value for pair in seen for value in pair} & set(signatures)
    # Every member fits every token: a blinding r leads from any request to any token, and is as likely as
    # any other. The one that was really used is not told apart.
    for blinded, answer in seen:
        for signature in signatures:
            r = answer * pow(signature, -1, n) % n
            assert pow(r, 65537, n) * pow(signature, 65537, n) % n == blinded


# -- the box: knows votes, not members -----------------------------------------------------------------------


def test_a_box_row_is_a_hash_and_a_vote_and_nothing_else() -> None:
    opening, codes = house.open_ballot([Way.CODE])
    rows = Rows()
    BallotBox(opening, rows, BOX).cast(Ballot(Choice.NO, codes[0]))
    ((ballot, key),) = rows.kept
    assert (ballot, key) == (opening.ballot, code_hash(opening.ballot, codes[0]))
    assert json.loads(rows.kept[ballot, key]) == {"choice": "no", "code": codes[0]}
    assert not [name for name in dir(BallotBox) if "count" in name or "time" in name]


def test_a_double_vote_is_refused_and_a_repeated_one_answered() -> None:
    opening, codes = house.open_ballot([Way.CODE])
    box = BallotBox(opening, Rows(), BOX)
    receipt = box.cast(Ballot(Choice.NO, codes[0]))
    assert box.cast(Ballot(Choice.NO, codes[0])) == receipt
    with pytest.raises(Refused, match="CAST_TWICE"):
        box.cast(Ballot(Choice.YES, codes[0]))
    with pytest.raises(Refused, match="CODE_UNKNOWN"):
        box.cast(Ballot(Choice.YES, "0" * 20))
    assert len(box.empty()) == 1
    with pytest.raises(Refused, match="CLOSED"):
        box.cast(Ballot(Choice.YES, codes[1]))


def test_options_and_ways_that_are_not_offered() -> None:
    opening, codes = house.open_ballot([Way.CODE], options=(Choice.YES, Choice.NO))
    box = BallotBox(opening, Rows(), BOX)
    with pytest.raises(Refused, match="OPTION_NOT_OFFERED"):
        box.cast(Ballot(Choice.ABSTAIN, codes[0]))
    with pytest.raises(Refused, match="WAY_NOT_OPEN"):
        box.cast(Ballot(Choice.YES, token(house.open_ballot()[0])))
    with pytest.raises(Refused, match="WAY_NOT_OPEN"):
        opening.token_key(Role.TELLER)
    with pytest.raises(BadInput, match="NOT_THE_BOX_KEY"):
        BallotBox(opening, Rows(), TELLER)


def test_the_published_order_is_not_the_order_of_arrival() -> None:
    opening, codes = house.open_ballot([Way.CODE])
    published = []
    for order in (codes, codes[::-1]):
        box = BallotBox(opening, Rows(), BOX)
        for code in order:
            box.cast(Ballot(Choice.YES, code))
        published.append(box.empty())
    assert published[0] == published[1]


def test_a_receipt_without_its_entry_proves_a_deletion() -> None:
    opening, codes = house.open_ballot([Way.CODE])
    box = BallotBox(opening, Rows(), BOX)
    kept = box.cast(Ballot(Choice.YES, codes[0]))
    check_receipt(opening, kept, box.empty())
    with pytest.raises(Refused, match="ENTRY_MISSING"):
        check_receipt(opening, kept, [])
    with pytest.raises(Refused, match="ENTRY_MISSING"):
        check_receipt(opening, kept, [Ballot(Choice.NO, codes[0])])
    forged = Receipt(kept.opening, bytes(32), kept.signature)
    with pytest.raises(Refused, match="RECEIPT_FORGED"):
        check_receipt(opening, forged, [])
    with pytest.raises(Refused, match="OTHER_QUESTION"):
        check_receipt(house.open_ballot([Way.CODE])[0], kept, [])


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ({"choice": "yes", "code": "0" * 20, "weight": 2}, "WEIGHTED_VOTES"),
        ({"choice": "yes", "code": "0" * 20, "member": "m1"}, "BALLOT_SHAPE"),
        ({"choice": "maybe", "code": "0" * 20}, "BALLOT_SHAPE"),
        ({"choice": "yes", "code": "0"}, "CODE_SHAPE"),
        ({"choice": "yes", "code": 1}, "BALLOT_SHAPE"),
        ({"choice": "yes", "token": {}}, "BALLOT_SHAPE"),
        ({"choice": "yes"}, "BALLOT_SHAPE"),
        ([], "BALLOT_SHAPE"),
    ],
)
def test_ballots_of_another_form(value: Any, code: str) -> None:
    with pytest.raises(BadInput) as caught:
        ballot_from_json(value)
    assert codes_of(caught) == [code]


def test_a_token_is_read_back_strictly(opening: Opening) -> None:
    ballot = Ballot(Choice.YES, token(opening))
    value: Any = ballot_json(ballot)
    assert ballot_from_json(value) == ballot
    for name, wrong in (("nonce", "AAAA"), ("prefix", "AA=="), ("opening", "00"), ("signatures", {})):
        with pytest.raises(BadInput):
            ballot_from_json({**value, "token": {**value["token"], name: wrong}})


# -- the close -----------------------------------------------------------------------------------------------


def closing(**changes: Any) -> Any:
    opening, codes = house.open_ballot([Way.CODE, Way.PAPER])
    fields: dict[str, Any] = {
        "issued": {Way.CODE: 6, Way.PAPER: 4},
        "voided": codes[6:],
        "papers": (Counts(yes=3), Counts(yes=3)),
    }
    ballots = [Ballot(Choice.YES, code) for code in codes[:5]]
    return close(opening, ballots, Return(**(fields | changes)))


def test_a_close_that_adds_up() -> None:
    board = closing()
    assert board.result.counts == Counts(yes=8)
    # Eight of twenty entitled: the quorum of a half is not met.
    assert board.result.outcome is Outcome.NO_QUORUM
    assert [n.code for n in board.notices] == ["UNANIMOUS", "FEW_BY_WAY"]


@pytest.mark.parametrize(
    ("changes", "kind", "code"),
    [
        ({"issued": {Way.CODE: 6}}, BadInput, "ISSUED_MISSING"),
        ({"issued": {Way.CODE: 6, Way.PAPER: 4, Way.TOKEN: 1}}, BadInput, "ISSUED_WITHOUT_WAY"),
        ({"issued": {Way.CODE: -6, Way.PAPER: 4}}, BadInput, "ISSUED_NOT_WHOLE"),
        ({"papers": None}, BadInput, "PAPERS_MISSING"),
        ({"papers": (Counts(yes=3), Counts(yes=2, no=1))}, BadInput, "PAPER_COUNTS_DIFFER"),
        ({"issued": {Way.CODE: 6, Way.PAPER: 2}}, Refused, "CAST_OVER_ISSUED"),
        ({"issued": {Way.CODE: 6, Way.PAPER: 15}}, Refused, "ISSUED_OVER_ENTITLED"),
        ({"issued": {Way.CODE: 5, Way.PAPER: 4}}, Refused, "CODES_DO_NOT_ADD_UP"),
        ({"voided": ["0" * 20, "1" * 20]}, Refused, "VOIDED_UNKNOWN"),
        ({"present": 7}, BadInput, "CAST_OVER_PRESENT"),
    ],
)
def test_a_close_that_does_not_add_up(changes: dict[str, Any], kind: type[BallotError], code: str) -> None:
    with pytest.raises(kind) as caught:
        closing(**changes)
    assert codes_of(caught) == [code]


def test_a_close_names_every_bad_vote_by_its_place_only() -> None:
    opening, codes = house.open_ballot([Way.CODE], options=(Choice.YES, Choice.NO))
    ballots = [
        Ballot(Choice.YES, codes[0]),
        Ballot(Choice.NO, codes[0]),
        Ballot(Choice.YES, "0" * 20),
        Ballot(Choice.BLANK, codes[1]),
    ]
    with pytest.raises(Refused) as caught:
        close(opening, ballots, Return({Way.CODE: 8}))
    assert [(reason.code, reason.params["place"]) for reason in caught.value.reasons] == [
        ("BALLOT_CAST_TWICE", 2),
        ("BALLOT_CODE_UNKNOWN", 3),
        ("BALLOT_OPTION_NOT_OFFERED", 4),
    ]
    assert codes[0] not in str(caught.value.reasons)


def test_a_voided_code_cannot_have_been_cast() -> None:
    opening, codes = house.open_ballot([Way.CODE])
    with pytest.raises(Refused, match="VOIDED_WAS_CAST"):
        close(opening, [Ballot(Choice.YES, codes[0])], Return({Way.CODE: 7}, [codes[0]]))


def test_paper_with_an_option_that_was_not_offered() -> None:
    opening, _ = house.open_ballot([Way.PAPER], options=(Choice.YES, Choice.NO))
    with pytest.raises(BadInput, match="OPTION_NOT_OFFERED"):
        close(opening, [], Return({Way.PAPER: 3}, papers=(Counts(blank=1),) * 2))
    with pytest.raises(BadInput, match="PAPERS_WITHOUT_WAY"):
        close(house.open_ballot([Way.CODE])[0], [], Return({Way.CODE: 8}, papers=(Counts(),) * 2))


def test_nothing_is_published_that_both_did_not_sign() -> None:
    board = closing()
    opened, closed = house.opened(board.opening), house.closed(board)
    with pytest.raises(BadInput, match="NOT_THE_SIGNERS_KEY"):
        sign_board(board, Role.TELLER, SECRETARIAT)
    for first, second in (({}, closed), (opened, {}), (closed, opened), (opened, dict.fromkeys(Role, b""))):
        with pytest.raises(Refused, match="NOT_SIGNED_BY"):
            bundle(board, first, second)
    assert bundle(board, opened, closed)


def test_nobody_entitled_and_one_only() -> None:
    opening, _ = house.open_ballot([Way.PAPER], Rule(Base.CAST, Share(1, 2)), entitled=0)
    board = close(opening, [], Return({Way.PAPER: 0}, papers=(Counts(), Counts())))
    assert board.result.outcome is Outcome.UNDEFINED
    content = bundle(board, house.opened(opening), house.closed(board))
    assert recount(content, house.PUBLISHED).refused == []
    opening, codes = house.open_ballot([Way.CODE], Rule(Base.CAST, Share(1, 2)), 1, ["0" * 20])
    board = close(opening, [Ballot(Choice.NO, codes[0])], Return({Way.CODE: 1}))
    content = bundle(board, house.opened(opening), house.closed(board))
    assert recount(content, house.PUBLISHED).refused == []


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_whatever_is_cast_recounts_to_the_same_outcome(data: st.DataObject) -> None:
    """Engine and recount share no line of code: they must agree on every ballot, rule and quorum."""
    numbers = st.integers(0, 6)
    share = data.draw(st.integers(1, 12).flatmap(lambda d: st.builds(Share, st.integers(0, d), st.just(d))))
    base = data.draw(st.sampled_from(Base))
    rule = Rule(base, share, data.draw(st.sampled_from(type(house.RULE.comparator))))
    if data.draw(st.booleans()):
        rule = dataclasses.replace(rule, quorum=house.RULE.quorum)
    cast = data.draw(st.lists(st.sampled_from(Choice), max_size=8))
    papers = data.draw(st.builds(Counts, numbers, numbers, numbers, numbers))
    opening, codes = house.open_ballot([Way.CODE, Way.PAPER], rule, entitled=40)
    ballots = [Ballot(choice, code) for choice, code in zip(cast, codes, strict=False)]
    present = data.draw(st.integers(len(cast) + papers.cast, 40))
    told = Return({Way.CODE: 8, Way.PAPER: papers.cast}, papers=(papers, papers), present=present)
    board = close(opening, ballots, told)
    report = recount(bundle(board, house.opened(opening), house.closed(board)), house.PUBLISHED)
    assert report.refused == []
    outcomes = [params["outcome"] for _, kind, params in report.lines if kind == "OUTCOME"]
    assert outcomes == [board.result.outcome.value]
    shown = [(params["yes"], params["count"]) for _, kind, params in report.lines if "SHARE" in kind]
    assert shown == [(board.result.counts.yes, board.result.base)]


def test_keys_in_files() -> None:
    from cryptography.hazmat.primitives import serialization

    pem = TELLER.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    assert identity.public_of(identity.private_from_pem(pem, "t")) == identity.public_of(TELLER)
    with pytest.raises(BadInput, match="PRIVATE_KEY_UNUSABLE"):
        identity.private_from_pem(b"x", "t")
    with pytest.raises(BadInput, match="TOKEN_KEY_FILE"):
        identity.token_key_from_pem(pem, "t")
    assert IDENTITIES[Role.TELLER] is TELLER
    assert SignerKeys(Role.TELLER, b"").token is None
