"""The report and the words: every figure is the record's, both languages are whole, nothing is fetched."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import re
from fractions import Fraction
from html.parser import HTMLParser

import pytest

from services.sortition.lottery import record
from services.sortition.lottery.lottery import Method, RowKind
from services.sortition.lottery.number import Mode
from services.sortition.lottery.price import Price
from services.sortition.lottery.reach import Bound
from services.sortition.report.explain import Explanation, explain
from services.sortition.report.page import chances_chart, report_html
from services.sortition.report.summary import NotARecordError, Summary, summarise


@pytest.fixture(scope="module")
def published(draw):
    return draw.publish()


@pytest.fixture(scope="module")
def content(published):
    return record.reveal(published.commitment, published.audit, drawn=7, note="two dice: 0 and 7")


@pytest.fixture(scope="module")
def summary(content, published) -> Summary:
    return summarise(content, published.audit)


def test_the_facts_are_the_records(summary, draw):
    assert (summary.people, summary.seats, summary.panels, summary.number) == (14, 4, 20, 7)
    assert (summary.lowest, summary.highest, summary.median) == (
        Fraction(1, 4),
        Fraction(2, 5),
        Fraction(1, 4),
    )
    assert len(summary.chances) == len(draw.problem.people)
    assert (summary.excluded, summary.nowhere) == (1, 0)
    assert summary.bound == Fraction(1, 4)
    [(feature, cells)] = summary.features
    assert feature == "køn"
    assert [(cell.value, cell.pool, cell.panel, cell.minimum) for cell in cells] == [
        ("kvinde", 8, 2, 2),
        ("mand", 6, 2, 2),
    ]


def test_nothing_false_is_explained(content, published):
    for false in (b"no", published.commitment, content.replace(b'"size":4', b'"size":5')):
        with pytest.raises(NotARecordError):
            summarise(false)
    with pytest.raises(NotARecordError, match="audit"):
        summarise(content, published.audit + b" ")


def test_without_the_audit_file_no_bound_is_claimed(content):
    assert summarise(content).bound is None
    assert "bevist, at intet lotteri" not in explain(content, "da")
    assert "Højeste chance" in report_html(content).decode()


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "da",
            [
                "4 af 14 blev udtrukket",
                "25,0\u00a0%",
                "40,0\u00a0%",
                "two ten-sided dice",
                "two dice: 0 and 7",
                "1 person var på forhånd",
            ],
        ),
        (
            "en",
            [
                "4 of 14 were drawn",
                "25.0%",
                "40.0%",
                "two ten-sided dice",
                "two dice: 0 and 7",
                "1 person was kept out",
            ],
        ),
    ],
)
def test_the_words_carry_the_figures(content, published, language, expected):
    text = explain(content, language, published.audit)
    for words in expected:
        assert words in text, text
    assert "kvinde" in text
    assert "fewer women signed up" in text
    assert "report." not in text
    assert text.endswith("\n")


@pytest.mark.parametrize("language", ["da", "en"])
@pytest.mark.parametrize("method", [method.value for method in Method])
@pytest.mark.parametrize("source", ["drawn", "randomness", "seed"])
def test_the_lottery_is_told_in_eight_sentences_whatever_it_was(summary, language, method, source):
    mode = "seeded" if source == "seed" else "public"
    other = dataclasses.replace(summary, method=method, source=source, mode=mode, text="<1848>")
    told = Explanation(other, language)
    sentences = told.how()
    assert len(sentences) == 8
    assert all(sentence.endswith(".") and "{" not in sentence for sentence in sentences)
    assert ("<1848>" in " ".join(sentences)) == (source != "drawn")
    everything = "\n".join([told.lead(), *sentences, *told.proves(), *told.proves_not()])
    assert "report." not in everything
    if method == "legacy":
        assert not any("audit.json" in line and "fair" in line for line in told.proves())


def test_a_seeded_draw_says_that_it_proves_no_impartiality(draw):
    published = draw.publish(Mode.SEEDED)
    content = record.reveal(published.commitment, published.audit)
    assert "That the outcome was impartial" in explain(content, "en")
    assert "At udfaldet var upartisk" in explain(content, "da")
    assert "--commitment" not in report_html(content).decode()


def test_every_count_has_its_own_sentence(summary):
    rich = dataclasses.replace(
        summary,
        included=2,
        excluded=1,
        per_address=2,
        chances=(Fraction(0), Fraction(0), Fraction(0), *summary.chances[1:]),
    )
    for language, words in {
        "da": ["2 personer er ikke med", "2 personer skulle med", "1 person var", "Højst 2 fra hver adresse"],
        "en": [
            "2 people are on none",
            "2 people had to be",
            "1 person was kept",
            "At most 2 from each address",
        ],
    }.items():
        text = "\n".join(Explanation(rich, language).chances())
        for expected in words:
            assert expected in text
    one = Explanation(dataclasses.replace(summary, per_address=1), "en").chances()
    assert "At most one from each address can be drawn." in one


def test_hidden_counts_are_not_shown(summary):
    [(feature, cells)] = summary.features
    hidden = tuple(dataclasses.replace(cell, pool=None) for cell in cells)
    told = Explanation(dataclasses.replace(summary, features=((feature, hidden),)), "en")
    lines = "\n".join(told.likeness())
    assert "among the volunteers not shown" in lines
    assert "Some counts among the volunteers are not shown" in lines


# --- the page ------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """Checks that tags nest, and keeps what matters of them."""

    VOID = frozenset({"meta", "br", "hr", "img", "link", "input"})

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.stack: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(text)
        assert self.stack == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def test_the_page_stands_alone(content, published):
    text = report_html(content, published.audit).decode()
    page = Page(text)
    assert not [tag for tag, _ in page.tags if tag in {"script", "link", "img", "iframe", "object", "form"}]
    for _, attributes in page.tags:
        assert not {"src", "style", "onclick", "onload"} & set(attributes)
        assert (attributes.get("href") or "#").startswith("#")
    assert "url(" not in text
    assert "@import" not in text
    assert not re.search(r"https?://", text)
    assert all("viewbox" not in attributes for tag, attributes in page.tags if tag == "svg")


def test_its_policy_allows_its_own_style_and_nothing_else(content):
    text = report_html(content).decode()
    style = text.split("<style>")[1].split("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'" in text


@pytest.mark.parametrize("language", ["da", "en"])
def test_both_languages_are_in_it_and_the_asked_one_shows_first(content, language):
    text = report_html(content, language=language).decode()
    assert text.startswith(f'<!doctype html>\n<html lang="{language}">')
    shown = re.findall(r'<div class="language( first)?" id="(da|en)" lang="\2">', text)
    assert shown[-1] == (" first", language)
    assert len(shown) == 2
    assert "4 af 14 blev udtrukket" in text
    assert "4 of 14 were drawn" in text


def test_every_chart_has_a_sentence_and_every_id_is_its_own(content, published):
    page = Page(report_html(content, published.audit).decode())
    charts = [a for tag, a in page.tags if tag == "svg"]
    assert all(a.get("aria-hidden") == "true" or (a["role"] == "img" and a["aria-label"]) for a in charts)
    ids = [a["id"] for _, a in page.tags if "id" in a]
    assert len(ids) == len(set(ids))


def test_what_people_typed_is_text_not_markup(draw):
    target, other = draw.problem.targets
    hostile = dataclasses.replace(
        draw,
        problem=dataclasses.replace(
            draw.problem, targets=(dataclasses.replace(target, reason="<b>&x"), other)
        ),
    )
    published = hostile.publish()
    content = record.reveal(published.commitment, published.audit, randomness="<script>alert(1)</script>")
    text = report_html(content, published.audit).decode()
    assert "<script" not in text
    assert "<b>" not in text
    page = Page(text)
    assert "<b>&x" in page.words
    assert "<script>alert(1)</script>" in page.words


def test_what_people_typed_cannot_steer_a_terminal(draw):
    published = draw.publish()
    content = record.reveal(
        published.commitment, published.audit, drawn=1, note="\x1b[2Jall\u202e is well\r\n"
    )
    assert "About the number: [2Jall is well\n" in explain(content, "en")


def test_the_histogram_counts_everyone_who_could_be_drawn(summary):
    chart = chances_chart(summary)
    assert chart.total == 13
    assert [(name, value) for name, value, _ in chart.marks] == [("bound", 0.25)]


def test_prices_are_shown_dearest_first_without_the_cheap_and_the_nameless(content):
    prices = [
        Price(RowKind.QUOTA, "køn", "mand", Bound.MAXIMUM, 2, Fraction(1, 40)),
        Price(RowKind.QUOTA, "køn", "kvinde", Bound.MINIMUM, 2, Fraction(1, 100)),
        Price(RowKind.QUOTA, "køn", "kvinde", Bound.MAXIMUM, 2, Fraction(1, 10_000)),
        Price(RowKind.SIZE, "", "", Bound.MAXIMUM, 4, Fraction(1, 2)),
    ]
    words = Page(report_html(content, prices=prices, language="en").decode()).words
    assert "at most 2" in words
    assert "at most 3" in words
    assert "2.5 percentage points" in words
    assert "at least 1" in words
    assert "1.0 percentage points" in words
    assert "50.0 percentage points" not in words
    assert "What do the targets cost?" in words
    assert "What do the targets cost?" not in Page(report_html(content).decode()).words


def test_prices_come_out_of_the_audit_file(content, published):
    words = Page(report_html(content, published.audit, language="en").decode()).words
    assert "at most 3" in words  # of women: 3 seats for 8 would be 3/8, so one seat is worth 1/8
    assert "12.5 percentage points" in words
