"""Tampering: each kind is named, by whoever does it and with whichever keys they hold; no byte can change."""

from __future__ import annotations

import copy
import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from services.deliberation.ballots import encoding, identity
from services.deliberation.ballots.board import Return, bundle, close
from services.deliberation.ballots.box import Ballot, ballot_from_json, ballot_json
from services.deliberation.ballots.encoding import canonical, leaf, merkle_root, to_base64url
from services.deliberation.ballots.opening import Role, Way
from services.deliberation.ballots.recount import WORDS, Report, recount
from services.deliberation.ballots.rule import Choice
from services.deliberation.ballots.tally import Counts
from tests.unit.ballots import house
from tests.unit.ballots.house import IDENTITIES, PUBLISHED, Story, whole_story


@pytest.fixture(scope="module")
def story() -> Story:
    return whole_story()


def tampered(story: Story, change: Callable[[dict[str, Any]], None]) -> Report:
    """The recount after a change by somebody without keys: written in canonical form again."""
    made = story.bundle
    change(made)
    return recount(canonical(made), PUBLISHED, [receipt.content for receipt in story.receipts])


def resigned(story: Story, change: Callable[[dict[str, Any]], None], opening: bool = False) -> Report:
    """The recount after a change by both signers together, who sign whatever it takes."""
    made = story.bundle
    change(made)
    if opening:
        made["board"]["opening"] = encoding.sha256(canonical(made["opening"])).hex()
    for part, label in (("opening", identity.Label.OPENING), ("board", identity.Label.BOARD)):
        made[f"{part}_signatures"] = {
            role.value: to_base64url(identity.sign(label, canonical(made[part]), key))
            for role, key in IDENTITIES.items()
        }
    return recount(canonical(made), PUBLISHED)


def fit_board(made: dict[str, Any]) -> None:
    """Make the board agree with the entries, as whoever runs the server could."""
    made["board"]["entries"] = len(made["entries"])
    made["board"]["root"] = merkle_root([leaf(canonical(entry)) for entry in made["entries"]]).hex()


def test_a_good_bundle_holds_and_says_what_it_does_not_check(story: Story) -> None:
    saved = canonical({"opening": story.bundle["opening"], "signatures": {}})
    report = recount(story.content, PUBLISHED, [receipt.content for receipt in story.receipts], saved)
    assert (report.exit_code, report.refused, report.unreadable) == (0, [], False)
    assert [kind for sort, kind, _ in report.lines if sort == "unchecked"] == ["ISSUED_UNCHECKED"]
    computed = {kind: params for sort, kind, params in report.lines if sort == "computed"}
    assert computed["OUTCOME"] == {"outcome": "adopted"}
    assert computed["COUNTS"] == {"yes": 9, "no": 3, "abstain": 1, "blank": 1}
    assert computed["SHARE"] == {
        "yes": 9,
        "count": 12,
        "base": "for_against",
        "comparator": "at_least",
        "share": [70, 100],
    }


def test_without_published_keys_it_says_so(story: Story) -> None:
    report = recount(story.content)
    assert report.exit_code == 0
    assert [kind for _, kind, _ in report.lines].count("KEY_UNCHECKED") == 2


def test_dropped(story: Story) -> None:
    assert tampered(story, lambda made: made["entries"].pop(3)).refused[0] == "DROPPED"


def test_dropped_and_the_board_made_to_fit_without_keys(story: Story) -> None:
    def change(made: dict[str, Any]) -> None:
        made["entries"].pop(3)
        fit_board(made)

    assert tampered(story, change).refused.count("BOARD_FORGED") == 2


def test_dropped_by_both_signers_and_proved_by_the_receipt(story: Story) -> None:
    """Nothing in the bundle can tell then; the voter's receipt does."""

    def change(made: dict[str, Any]) -> None:
        gone = made["entries"].pop(3)
        made["board"]["counts"][gone["choice"]] -= 1
        fit_board(made)

    made = story.bundle
    change(made)
    board = canonical(made["board"])
    made["board_signatures"] = {
        role.value: to_base64url(identity.sign(identity.Label.BOARD, board, key))
        for role, key in IDENTITIES.items()
    }
    content = canonical(made)
    assert recount(content, PUBLISHED).refused == []
    receipts = [receipt.content for receipt in story.receipts]
    assert recount(content, PUBLISHED, receipts).refused == ["ENTRY_MISSING"]


def test_added_with_a_good_credential_that_was_not_cast(story: Story) -> None:
    opening = story.opening
    late = ballot_json(Ballot(Choice.NO, house.token(opening)))

    def change(made: dict[str, Any]) -> None:
        made["entries"].append(late)
        made["entries"].sort(key=lambda entry: ballot_from_json(entry).key(opening.ballot))

    assert "ADDED" in tampered(story, change).refused


def test_altered(story: Story) -> None:
    def change(made: dict[str, Any]) -> None:
        entry = made["entries"][0]
        entry["choice"] = "no" if entry["choice"] == "yes" else "yes"

    report = tampered(story, change)
    assert report.refused[0] == "ALTERED"
    # The counts no longer agree either, and whoever cast it can prove it.
    assert {"MISCOUNTED", "ENTRY_MISSING"} <= set(report.refused)


def test_forged_token(story: Story) -> None:
    def change(made: dict[str, Any]) -> None:
        entry = next(e for e in made["entries"] if "token" in e)
        signatures = entry["token"]["signatures"]
        signatures["teller"] = signatures["secretariat"]

    refused = [(kind, params) for _, kind, params in tampered(story, change).lines if kind == "FORGED"]
    assert [params["role"] for _, params in refused] == ["teller"]


def test_forged_code(story: Story) -> None:
    def change(made: dict[str, Any]) -> None:
        entry = next(e for e in made["entries"] if "code" in e)
        entry["code"] = "0" * 20

    assert "CODE_UNKNOWN" in tampered(story, change).refused


@pytest.mark.parametrize("in_place_of_another", [False, True])
def test_duplicated(story: Story, in_place_of_another: bool) -> None:
    def change(made: dict[str, Any]) -> None:
        twin = copy.deepcopy(made["entries"][2])
        twin["choice"] = "no"
        made["entries"][3 : 4 if in_place_of_another else 3] = [twin]

    refused = tampered(story, change).refused
    assert refused[0] == "DUPLICATED"
    assert ("DROPPED" in refused) == in_place_of_another


def test_reordered_and_nothing_else(story: Story) -> None:
    report = tampered(story, lambda made: made["entries"].insert(0, made["entries"].pop()))
    assert set(report.refused) == {"REORDERED"}


def test_wrong_key(story: Story) -> None:
    """Somebody makes a whole ballot of their own: it agrees with itself, and has not the published keys."""
    stranger = identity.public_of(Ed25519PrivateKey.from_private_bytes(bytes([9] * 32)))
    report = recount(story.content, [PUBLISHED[0], stranger])
    assert report.refused == ["WRONG_KEY"]
    assert [params["role"] for _, kind, params in report.lines if kind == "KEY_UNCHECKED"] == ["teller"]


def test_signed_with_another_key_than_the_bundle_names(story: Story) -> None:
    def change(made: dict[str, Any]) -> None:
        for part in ("opening_signatures", "board_signatures"):
            made[part]["secretariat"], made[part]["teller"] = made[part]["teller"], made[part]["secretariat"]

    assert set(tampered(story, change).refused) == {"CHANGED_RULE", "BOARD_FORGED"}


def test_token_of_another_question_even_of_the_same_keys(story: Story) -> None:
    other, _ = house.open_ballot()
    assert [s.token for s in other.signers] == [s.token for s in story.opening.signers]
    stray = ballot_json(Ballot(Choice.YES, house.token(other)))

    def change(made: dict[str, Any]) -> None:
        place = next(i for i, e in enumerate(made["entries"]) if "token" in e)
        made["entries"][place] = stray

    assert "OTHER_QUESTION" in tampered(story, change).refused
    # Passed off as this question's, its signatures do not fit.
    stray["token"]["opening"] = story.opening.digest.hex()  # type: ignore[index, call-overload]
    assert "FORGED" in tampered(story, change).refused


@pytest.mark.parametrize(
    ("field", "value"),
    [("base", "cast"), ("comparator", "more_than"), ("threshold", [60, 100]), ("quorum", None)],
)
def test_changed_rule(story: Story, field: str, value: Any) -> None:
    def change(made: dict[str, Any]) -> None:
        made["opening"]["rule"][field] = value

    assert set(tampered(story, change).refused) == {"CHANGED_RULE", "OTHER_OPENING"}
    # Even both signers cannot change it afterwards: the tokens were issued under the old one.
    assert "OTHER_QUESTION" in resigned(story, change, opening=True).refused


def test_a_rule_that_both_signers_changed_afterwards_is_not_the_one_that_was_saved() -> None:
    """With codes alone nothing else catches them but receipts."""
    before = SMALL.bundle
    after = SMALL.bundle
    after["opening"]["rule"]["threshold"] = [1, 100]
    assert after["board"]["outcome"] == "not_adopted"
    after["board"]["outcome"] = "adopted"
    after["board"]["opening"] = encoding.sha256(canonical(after["opening"])).hex()
    for part, label in (("opening", identity.Label.OPENING), ("board", identity.Label.BOARD)):
        after[f"{part}_signatures"] = {
            role.value: to_base64url(identity.sign(label, canonical(after[part]), key))
            for role, key in IDENTITIES.items()
        }
    saved = canonical({"opening": before["opening"], "signatures": before["opening_signatures"]})
    assert recount(canonical(before), PUBLISHED, (), saved).refused == []
    report = recount(canonical(after), PUBLISHED)
    assert report.refused == []
    assert "OPENING_UNCHECKED" in [kind for _, kind, _ in report.lines]
    assert recount(canonical(after), PUBLISHED, (), saved).refused == ["NOT_AS_SAVED"]
    for other in (b"", b"[]", b"{}", saved + b" "):
        assert recount(canonical(before), PUBLISHED, (), other).refused == ["NOT_AS_SAVED"]


def test_changed_number_entitled(story: Story) -> None:
    def change(made: dict[str, Any]) -> None:
        made["opening"]["entitled"] = 500

    assert "CHANGED_RULE" in tampered(story, change).refused


@pytest.mark.parametrize("way", ["code", "token", "paper"])
def test_cast_over_issued(story: Story, way: str) -> None:
    def change(made: dict[str, Any]) -> None:
        made["board"]["issued"][way] = 1

    assert "OVER_ISSUED" in resigned(story, change).refused


def test_issued_over_entitled(story: Story) -> None:
    def change(made: dict[str, Any]) -> None:
        made["board"]["issued"]["token"] = 100

    assert resigned(story, change).refused == ["OVER_ENTITLED"]


def test_left_over_codes_must_add_up_and_not_be_cast(story: Story) -> None:
    assert resigned(story, lambda made: made["board"]["voided"].pop()).refused == ["CODES_WRONG"]

    def change(made: dict[str, Any]) -> None:
        code = next(e["code"] for e in made["entries"] if "code" in e)
        made["board"]["voided"][0] = house.code_hash(story.opening.ballot, code)
        made["board"]["voided"].sort()

    assert resigned(story, change).refused == ["CODES_WRONG"]


def test_tellers_who_do_not_agree_on_paper(story: Story) -> None:
    def change(made: dict[str, Any]) -> None:
        made["board"]["papers"]["teller"]["yes"] += 1

    assert resigned(story, change).refused == ["PAPERS_WRONG"]

    def without(made: dict[str, Any]) -> None:
        made["board"]["papers"] = None

    assert "PAPERS_WRONG" in resigned(story, without).refused


@pytest.mark.parametrize("present", [13, 21])
def test_fewer_present_than_cast_or_more_than_entitled(story: Story, present: int) -> None:
    def change(made: dict[str, Any]) -> None:
        made["board"]["present"] = present

    assert resigned(story, change).refused == ["PRESENT_WRONG"]


def test_miscounted_and_a_wrong_outcome(story: Story) -> None:
    def counts(made: dict[str, Any]) -> None:
        made["board"]["counts"]["yes"] -= 1

    def outcome(made: dict[str, Any]) -> None:
        made["board"]["outcome"] = "not_adopted"

    assert resigned(story, counts).refused == ["MISCOUNTED"]
    assert resigned(story, outcome).refused == ["WRONG_OUTCOME"]


def test_a_choice_or_a_way_that_was_not_offered(story: Story) -> None:
    def change(made: dict[str, Any]) -> None:
        made["opening"]["options"] = ["yes", "no"]

    assert "NOT_OFFERED" in resigned(story, change, opening=True).refused


def test_a_receipt_of_another_box_or_question_or_form(story: Story) -> None:
    receipt = json.loads(story.receipts[0].content)
    for change in (
        {"signature": to_base64url(bytes(64))},
        {"entry": "0" * 64},
        {"opening": "0" * 64},
        {"schema": "borgerting.ballot-receipt/2"},
        {"more": 1},
    ):
        assert recount(story.content, PUBLISHED, [canonical(receipt | change)]).refused == ["RECEIPT_FORGED"]
    assert recount(story.content, PUBLISHED, [b"{ }"]).refused == ["RECEIPT_FORGED"]


def test_weighted_votes_are_refused(story: Story) -> None:
    def change(made: dict[str, Any]) -> None:
        made["entries"][0]["weight"] = 2

    assert tampered(story, change).refused == ["SHAPE"]


@pytest.mark.parametrize(
    "other",
    [
        lambda c: c + b"\n",
        lambda c: c + b" ",
        lambda c: b" " + c,
        lambda c: b"\xef\xbb\xbf" + c,
        lambda c: c.replace(b":", b": ", 1),
        lambda c: c[:-1] + b',"schema":"borgerting.ballots/1"}',
        lambda c: c.replace(b'"present":15', b'"present":1,"present":15'),
        lambda c: c.replace(b'"present":15', b'"present":15.0'),
        lambda c: c.replace(b'"present":15', b'"present":1.5e1'),
        lambda c: c.replace(b'"present":15', b'"present":NaN'),
        lambda c: c.replace(b'"present":15', b'"present":' + b"1" * 5000),
        lambda c: c.replace("æ".encode(), b"\\u00e6"),
        lambda c: c.replace("æ".encode(), b"\xe6"),
        lambda c: c.replace("æ".encode(), b"\\ud800"),
        lambda c: c.replace(b'"subject":null', b'"subject":' + b"[" * 100_000),
        lambda c: c + c,
        lambda c: c[:-1],
    ],
)
def test_other_bytes_of_the_same_content_are_refused(story: Story, other: Callable[[bytes], bytes]) -> None:
    changed = other(story.content)
    assert changed != story.content
    assert recount(changed, PUBLISHED).refused == ["NOT_CANONICAL"]


def test_other_base64_of_the_same_content_is_refused(story: Story) -> None:
    signature = story.bundle["board_signatures"]["teller"]
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".index(signature[-1])
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for other in (signature + "==", signature[:-1] + alphabet[last + 1], signature + "\n"):

        def change(made: dict[str, Any], other: str = other) -> None:
            made["board_signatures"]["teller"] = other

        assert tampered(story, change).refused == ["SHAPE"]


def test_every_field_is_needed_and_none_is_new(story: Story) -> None:
    made = story.bundle
    places = [made, made["opening"], made["opening"]["rule"], made["board"], made["opening"]["signers"][0]]
    places += [made["entries"][0], made["board"]["counts"], made["opening"]["rule"]["quorum"]]
    places += [next(e["token"] for e in made["entries"] if "token" in e)]
    for place in places:
        for name in list(place):
            kept = place.pop(name)
            report = recount(canonical(made), PUBLISHED)
            assert report.refused, name
            place[name] = kept
        place["weight"] = 1
        assert recount(canonical(made), PUBLISHED).refused == ["SHAPE"]
        del place["weight"]
    assert recount(canonical(made), PUBLISHED).refused == []


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"null", b"\x00\xff", b'{"schema":"borgerting.record/1"}']
)
def test_what_is_no_bundle_is_not_readable(content: bytes) -> None:
    report = recount(content)
    assert (report.exit_code, report.unreadable) == (2, True)


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_any_changed_byte_is_refused(data: st.DataObject) -> None:
    content = data.draw(st.sampled_from([SMALL, TOKENS])).content
    at = data.draw(st.integers(0, len(content) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != content[at]))
    assert recount(content[:at] + bytes([byte]) + content[at + 1 :], PUBLISHED).exit_code == 1


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_any_byte_more_or_less_is_refused(data: st.DataObject) -> None:
    content = SMALL.content
    at = data.draw(st.integers(0, len(content)))
    more = data.draw(st.binary(min_size=1, max_size=3))
    assert recount(content[:at] + more + content[at:], PUBLISHED).exit_code == 1
    if at < len(content):
        assert recount(content[:at] + content[at + 1 :], PUBLISHED).exit_code == 1


def test_bytes_all_through_a_bundle_are_refused() -> None:
    """Every eleventh, changed in its lowest bit: no part is left to chance."""
    content = SMALL.content
    for at in range(0, len(content), 11):
        changed = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
        assert recount(changed, PUBLISHED).exit_code == 1, at


def test_no_votes_at_all() -> None:
    opening, codes = house.open_ballot([Way.CODE, Way.PAPER, Way.TOKEN])
    told = Return(dict.fromkeys(Way, 0), codes, (Counts(), Counts()), present=0)
    board = close(opening, [], told)
    report = recount(bundle(board, house.opened(opening), house.closed(board)), PUBLISHED)
    assert report.refused == []
    outcome = [params for _, kind, params in report.lines if kind == "OUTCOME"]
    assert outcome == [{"outcome": "no_quorum"}]


def test_every_kind_has_words() -> None:
    """And every word is used: `test_recount_cli` holds the catalogues against the same list."""
    source = Path(inspect.getfile(recount)).read_text(encoding="utf-8")
    for kind in WORDS:
        assert source.count(f'"{kind}"') >= 2, kind


def _small() -> Story:
    opening, codes = house.open_ballot([Way.CODE], entitled=8)
    ballots = [Ballot(choice, code) for choice, code in zip(Choice, codes, strict=False)]
    board = close(opening, ballots, Return({Way.CODE: 5}, codes[5:], present=None))
    return Story(opening, board, bundle(board, house.opened(opening), house.closed(board)))


SMALL = _small()


def test_both_roles_sign() -> None:
    assert list(SMALL.bundle["board_signatures"]) == [role.value for role in Role]


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["", "A", "0" * 64]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_whatever_stands_anywhere_is_refused_and_nothing_breaks(data: st.DataObject) -> None:
    """Somebody writes another value in one place, in canonical form or not."""
    made = data.draw(st.sampled_from([SMALL, TOKENS])).bundle
    place, name = data.draw(st.sampled_from(list(places(made))))
    value = data.draw(json_values.filter(lambda v: v != place[name]))
    place[name] = value
    content = json.dumps(made, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert recount(content.encode("utf-8", "surrogatepass"), PUBLISHED).exit_code == 1


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every container and key or index in it."""
    if not isinstance(value, dict | list):
        return []
    names = list(value) if isinstance(value, dict) else list(range(len(value)))
    return [(value, name) for name in names] + [found for name in names for found in places(value[name])]


def _tokens() -> Story:
    opening, _ = house.open_ballot([Way.TOKEN], entitled=8)
    ballots = [Ballot(choice, house.token(opening)) for choice in Choice]
    board = close(opening, ballots, Return({Way.TOKEN: 4}))
    return Story(opening, board, bundle(board, house.opened(opening), house.closed(board)))


TOKENS = _tokens()
