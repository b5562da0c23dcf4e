"""Building, revealing, and the record alone: every changed byte is refused, and the part named."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from services.sortition.lottery import record, verifier
from services.sortition.lottery.number import FORMULAS, STATEMENTS, Mode


def reveal(published: record.Published, **number: Any) -> bytes:
    return record.reveal(published.commitment, published.audit, **number)


def test_an_honest_draw_holds_with_every_file(draw):
    published = draw.publish()
    revealed = reveal(published, drawn=7, note="two dice: 0 and 7")
    report = verifier.verify(revealed, published.audit, published.commitment)
    assert report.exit_code == 0
    assert any("optimal (leximin): proved" in text for text in report.holds)
    assert json.loads(revealed)["outcome"] == json.loads(revealed)["panels"][7]


def test_without_the_audit_file_it_says_what_was_not_checked(draw):
    report = verifier.verify(reveal(draw.publish(), drawn=0))
    assert report.exit_code == 0
    assert any("quotas" in text and "optimality" in text for text in report.unchecked)
    assert any("--commitment" in text for text in report.unchecked)


def test_the_record_is_the_commitment_and_what_the_number_added(draw):
    published = draw.publish()
    before, after = json.loads(published.commitment), json.loads(reveal(published, drawn=3))
    assert set(after) - set(before) == set(record.AFTER_THE_DRAW)
    assert all(after[name] == before[name] for name in before if name not in record.SEALS)
    assert after["commitment"] == before["digest"]


def test_the_record_tells_nothing_that_the_audit_file_is_for(draw):
    published = draw.publish()
    public = json.loads(reveal(published, drawn=3))
    audit = json.loads(published.audit)
    text = json.dumps(public, ensure_ascii=False)
    for person in audit["people"]:
        assert f'"{person["id"]}"' not in text
        assert person["salt"] not in text
    assert not {"people", "types", "stages", "lottery", "seed"} & set(public)
    assert "1848" not in text


def test_each_single_byte_changed_is_refused(draw):
    for mode in Mode:
        content = reveal(draw.publish(mode), **({"drawn": 7} if mode is Mode.PUBLIC else {}))
        for at, byte in enumerate(content):
            changed = content[:at] + bytes([byte ^ 1]) + content[at + 1 :]
            report = verifier.verify(changed)
            assert report.exit_code == 1, (at, changed[at - 20 : at + 20])
            assert report.refused[0].startswith('part "'), report.refused


@settings(deadline=None)
@given(data=st.data())
def test_any_byte_changed_removed_or_inserted_is_refused(draw, data):
    content = reveal(draw.publish(), randomness="a text")
    at = data.draw(st.integers(0, len(content) - 1))
    new = data.draw(st.integers(0, 255).map(lambda byte: bytes([byte])))
    kind = data.draw(st.sampled_from(["change", "remove", "insert"]))
    changed = content[:at] + (b"" if kind == "remove" else new) + content[at + (kind != "insert") :]
    if changed != content:
        assert verifier.verify(changed).exit_code == 1


def test_a_changed_part_is_named(files):
    for name, part in list(files.record.items()):
        if name in record.SEALS:
            continue
        changed = files.record | {name: ["x", part]}
        report = verifier.verify(rfc8785.dumps(changed))
        assert report.refused == [f'part "{name}": does not match its digest: it was changed']


def test_a_changed_digest_is_told_from_a_changed_part(files):
    digests = files.record["digests"] | {"panels": "0" * 64}
    [refusal] = verifier.verify(rfc8785.dumps(files.record | {"digests": digests})).refused
    assert refusal == 'part "digests": the digest of panels was changed, not the part'
    [refusal] = verifier.verify(rfc8785.dumps(files.record | {"digest": "0" * 64})).refused
    assert refusal.startswith('part "digest"')


def test_a_missing_and_an_added_part_are_named(files):
    without = {name: part for name, part in files.record.items() if name != "outcome"}
    assert verifier.verify(rfc8785.dumps(without)).refused == ['part "outcome": is missing']
    more = files.record | {"names": []}
    assert verifier.verify(rfc8785.dumps(more)).refused == ['part "names": is not part of a record']


def respelt(content: bytes) -> dict[str, bytes]:
    """Other bytes of the same JSON value."""
    value = json.loads(content)
    backwards = dict(reversed(list(value.items())))
    return {
        "white space": json.dumps(value).encode(),
        "line feed at the end": content + b"\n",
        "byte order mark": b"\xef\xbb\xbf" + content,
        "order of keys": json.dumps(backwards, ensure_ascii=False, separators=(",", ":")).encode(),
        "escapes": json.dumps(value, separators=(",", ":"), sort_keys=True).encode(),
        "a key twice": b'{"audit":null,' + content[1:],
        "a float": content.replace(b'"size":4', b'"size":4.0'),
        "an exponent": content.replace(b'"size":4', b'"size":4e0'),
        "minus nought": content.replace(b'"included":0', b'"included":-0'),
        "a large integer": content.replace(b'"size":4', b'"size":40000000000000000000'),
        "trailing bytes": content + b"{}",
    }


def test_other_bytes_of_the_same_value_are_refused(draw):
    content = reveal(draw.publish(), drawn=7)
    for what, changed in respelt(content).items():
        assert changed != content, what
        report = verifier.verify(changed)
        assert report.exit_code == 1, what


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00\xff\x00", b"hello", b"[]", b"{}", b'{"a":1}', b"null", b"[" * 100_000, b'"digests"'],
)
def test_what_is_no_record_is_unreadable(content):
    report = verifier.verify(content)
    assert report.exit_code == 2
    assert report.lines()[0].startswith("NOT READABLE")


def test_the_other_files_and_later_versions_are_no_records(draw, files):
    published = draw.publish()
    assert verifier.verify(published.commitment).exit_code == 2
    assert verifier.verify(published.audit).exit_code == 2
    files.record["schema"] = "borgerting.record/2"
    assert verifier.verify(files.sealed()[0]).exit_code == 2


def test_the_writer_and_the_verifiers_own_agree_on_canonical_bytes():
    odd = {
        "é": 1,
        "\u20ac": [None, True, False],
        "\U0001f600": '\x00\n"\\\x7f/',
        "\ufb33": -5,
        "a": {},
        "": [],
    }
    assert verifier.canonical(odd) == rfc8785.dumps(odd)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@settings(deadline=None)
@given(json_values)
def test_canonical_bytes_are_read_back_and_equal_the_librarys(value):
    content = rfc8785.dumps(value)
    assert verifier.canonical(value) == content
    assert verifier.read(content) == value


# --- the number -------------------------------------------------------------------------------------


def test_a_published_text_gives_its_number_by_the_formula(draw):
    published = draw.publish()
    text = "Lotto 23-11-2026: 4 8 15 16 23 36, tillægstal 42"
    digest = json.loads(published.commitment)["digest"]
    number = json.loads(reveal(published, randomness=text))["number"]
    assert number["value"] == int(hashlib.sha256(f"{digest}\n{text}".encode()).hexdigest(), 16) % 20
    assert number == {"source": "randomness", "text": text, "note": "", "value": number["value"]}


def test_a_seeded_draw_needs_no_number_and_claims_no_impartiality(draw):
    published = draw.publish(Mode.SEEDED)
    revealed = json.loads(reveal(published))
    assert revealed["number"]["seed"] == "1848"
    assert "proves no impartiality" in revealed["mode"]["statement"]
    report = verifier.verify(reveal(published), published.audit, published.commitment)
    assert report.exit_code == 0
    assert any("proves no impartiality" in text for text in report.holds)
    with pytest.raises(record.RevealError, match="seeded"):
        reveal(published, drawn=1)


@pytest.mark.parametrize(
    "number", [{"drawn": 20}, {"drawn": -1}, {}, {"randomness": ""}, {"drawn": 1, "randomness": "x"}]
)
def test_a_number_that_names_no_panel_is_refused(draw, number):
    with pytest.raises(record.RevealError, match=r"number"):
        reveal(draw.publish(), **number)


def test_a_draw_has_one_number_and_its_own_files(draw):
    published, other = draw.publish(), draw.publish(start=5000)
    with pytest.raises(record.RevealError, match="a record already"):
        record.reveal(reveal(published, drawn=1), published.audit, drawn=2)
    with pytest.raises(record.RevealError, match="written together"):
        record.reveal(published.commitment, other.audit, drawn=2)
    with pytest.raises(record.RevealError, match="was changed"):
        record.reveal(published.commitment.replace(b'"minimum":2', b'"minimum":1'), published.audit, drawn=2)
    with pytest.raises(record.RevealError, match="not JSON"):
        record.reveal(b"{", published.audit, drawn=2)
    with pytest.raises(record.RevealError, match="not an object"):
        record.reveal(b"[]", published.audit, drawn=2)
    with pytest.raises(record.RevealError, match="belong together"):
        record.drawn_ids(reveal(published, drawn=1), other.audit)


def test_the_drawn_are_found_by_their_own_ids(draw):
    published = draw.publish()
    ids = record.drawn_ids(reveal(published, drawn=7), published.audit)
    assert ids == draw.uniform.panels[7]


def test_seed_alone_decides_panels_and_outcome_but_no_salt_and_no_id(draw):
    one, two = draw.publish(Mode.SEEDED), draw.publish(Mode.SEEDED, start=9000)
    ours = {identity.random_id for identity in one.identities.values()}
    theirs = {identity.random_id for identity in two.identities.values()}
    assert not ours & theirs
    salts = {identity.salt for identity in one.identities.values()}
    assert not salts & {identity.salt for identity in two.identities.values()}
    assert record.drawn_ids(reveal(one), one.audit) == record.drawn_ids(reveal(two), two.audit)
    back = [{i.random_id: person for person, i in p.identities.items()} for p in (one, two)]
    panels = [
        [{names[member] for member in panel} for panel in json.loads(p.commitment)["panels"]]
        for p, names in zip((one, two), back, strict=True)
    ]
    assert panels[0] == panels[1]


# --- forgeries with every digest recomputed, on the record alone --------------------------------------

FORGERIES: dict[str, tuple[str, Any]] = {
    "another outcome": ("outcome", lambda r: r.update(outcome=r["panels"][8])),
    "another number": ("outcome", lambda r: r["number"].update(value=8)),
    "a number beyond the panels": ("number", lambda r: r["number"].update(value=20)),
    "a text that does not give it": (
        "number",
        lambda r: r.update(
            number={"source": "randomness", "text": "x", "note": "", "value": (r["number"]["value"])}
        ),
    ),
    "a seed in public mode": (
        "number",
        lambda r: r.update(number={"source": "seed", "seed": "x", "note": "", "value": 7}),
    ),
    "a statement of one's own": ("mode", lambda r: r["mode"].update(statement="This proves everything.")),
    "a formula of one's own": ("rule", lambda r: r["rule"].update(formula="number = 7")),
    "somebody from outside": ("panels", lambda r: r["panels"][0].__setitem__(0, "0000000000")),
    "somebody twice": (
        "panels",
        lambda r: r["panels"].__setitem__(0, sorted([*r["panels"][0][:3], r["panels"][0][0]])),
    ),
    "a seat too few": ("panels", lambda r: r["panels"][0].pop()),
    "no panels": ("size", lambda r: r.update(panels=[])),
    "another size": ("panels", lambda r: r.update(size=5)),
    "one person fewer": ("commitments", lambda r: r["commitments"].pop(next(iter(r["commitments"])))),
    "one commitment for two": (
        "commitments",
        lambda r: r["commitments"].update(dict.fromkeys(list(r["commitments"])[:2], "0" * 64)),
    ),
    "an id of another kind": (
        "commitments",
        lambda r: r["commitments"].update(Jensen=r["commitments"].popitem()[1]),
    ),
    "counts off the target": ("panel_counts", lambda r: r["panel_counts"]["køn"].update(kvinde=3, mand=1)),
    "counts that do not add up": (
        "panel_counts",
        lambda r: r["targets"][0].update(maximum=3) or r["panel_counts"]["køn"].update(kvinde=3),
    ),
    "a small count shown": ("pool_counts", lambda r: r["pool_counts"]["køn"].update(kvinde=4, mand=10)),
    "one count hidden": ("pool_counts", lambda r: r["pool_counts"]["køn"].update(kvinde=None)),
    "a pool that does not add up": ("pool_counts", lambda r: r["pool_counts"]["køn"].update(kvinde=9)),
    "a value without a target": ("pool_counts", lambda r: r["pool_counts"]["køn"].update(andet=None)),
    "a target without a value": ("pool_counts", lambda r: r["pool_counts"].pop("køn")),
    "a target twice": ("targets", lambda r: r["targets"].append(r["targets"][0])),
    "a minimum over its maximum": ("targets", lambda r: r["targets"][0].update(minimum=3)),
    "too many included": ("pool", lambda r: r["pool"].update(included=5)),
    "too many excluded": ("pool", lambda r: r["pool"].update(excluded=11)),
    "nobody per address": ("per_address", lambda r: r.update(per_address=0)),
    "a count that is true": ("size", lambda r: r.update(size=True)),
    "a count that is text": ("pool", lambda r: r["pool"].update(people="14")),
    "another method": ("method", lambda r: r.update(method="favourites")),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_that_contradicts_itself_is_refused_though_resealed(files, name):
    part, forge = FORGERIES[name]
    forge(files.record)
    report = verifier.verify(files.sealed()[0])
    assert [text.split('"')[1] for text in report.refused] == [part], report.lines()


def test_what_stands_in_a_file_cannot_steer_the_terminal(files):
    files.record["\x1b[2J\nThe record holds."] = 1
    content = files.sealed()[0]
    lines = verifier.verify(content).lines()
    assert lines[-1] == "REFUSED: do not trust this record."
    assert lines.count("The record holds.") == 0
    assert "\x1b" not in "\n".join(lines)


def test_a_consistent_forgery_is_caught_by_the_commitment(files):
    swapped = files.record["panels"]
    swapped[7], swapped[8] = swapped[8], swapped[7]
    files.record["outcome"] = swapped[7]
    content, audit = files.sealed()
    assert verifier.verify(content, audit).exit_code == 0
    [refusal] = verifier.verify(content, audit, files.commitment).refused
    assert refusal == 'part "panels": is not what the commitment fixed before the draw'


def test_a_commitment_in_other_bytes_is_refused(files):
    content, audit = files.sealed()
    assert verifier.verify(content, audit, files.commitment).exit_code == 0
    assert verifier.verify(content, audit, files.commitment + b"\n").exit_code == 1
    assert verifier.verify(content, audit, b"[]").exit_code == 1
    assert verifier.verify(content, audit, b"no").exit_code == 1


def test_statements_and_formulas_are_the_verifiers_own():
    assert STATEMENTS is verifier.STATEMENTS
    assert FORMULAS is verifier.FORMULAS
    assert set(STATEMENTS) == {mode.value for mode in Mode}
