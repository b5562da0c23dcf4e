"""docs/record.md says what the files are: every field, and examples that come out as printed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from services.sortition.lottery import verifier
from services.sortition.lottery.commitment import OPENING, Identity, opening
from services.sortition.lottery.generator import Generator

DOCS = Path(__file__).parents[3] / "docs"


@pytest.fixture(scope="module")
def page() -> str:
    return (DOCS / "record.md").read_text()


def test_every_field_of_both_files_is_described(page):
    for field in {*verifier.COMMITTED, *verifier.DRAWN, *verifier.AUDIT, "digest", "digests"}:
        assert f"`{field}`" in page, field


def test_the_generators_example_is_right(page):
    [(seed, purpose, n, value)] = re.findall(
        r"seed `(.+?)`, purpose `(.+?)` and n = (\d+) the number is (\d+)", page
    )
    assert Generator(seed, purpose).below(int(n)) == int(value)
    assert verifier.below(seed, int(n)) == int(value)


def test_a_volunteers_line_is_what_is_hashed(page):
    [line] = re.findall(r"printf '%s' '(\{.+?\})' \| sha256sum", page)
    ours = opening("p17", Identity("7K3MQPX2AB", "5f0c…"), {"gender": "f", "age": "30-44"})
    assert ours.decode() == line
    assert OPENING in page


def test_the_command_that_checks_a_signature_is_the_verifiers(page):
    assert verifier.openssl("record.json").replace("KEY", "public.pem") in page


def test_links_between_the_pages_lead_somewhere(page):
    for name in ("record.md", "lottery-explained.md"):
        text = (DOCS / name).read_text()
        for target in re.findall(r"\]\((?!https?:)([^)]+)\)", text):
            path, _, anchor = target.partition("#")
            linked = DOCS / (path or name)
            assert linked.is_file(), target
            if anchor:
                assert anchor in {
                    re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")
                    for heading in re.findall(r"^#+ (.+)$", linked.read_text(), re.M)
                }, target


def test_the_verifiers_map_leads_to_its_sections_and_says_how_long_each_is(page):
    """Ten minutes is what the first section takes, so it may not grow past them."""
    text = Path(verifier.__file__).read_text()
    mapped = re.findall(r"^  (\d)  ([A-Z][a-z' ]+?) +(\d+) lines  ", verifier.__doc__ or "", re.M)
    starts = list(re.finditer(r"^# --- (\d)\. ([A-Z][a-z ]+)", text, re.M))
    ends = [*(start.start() for start in starts[1:]), len(text)]
    assert [(n, title) for n, title, _ in mapped] == [(s[1], s[2].strip()) for s in starts]
    for (_, title, stated), start, end in zip(mapped, starts, ends, strict=True):
        lines = text[start.start() : end].count("\n")
        assert lines <= int(stated) <= lines + 10, (title, lines)
    assert int(mapped[0][2]) <= 150
    assert f"first {mapped[0][2]} lines" in page
