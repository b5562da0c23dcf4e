"""`report.html`: one file that opens from a disk, in both languages, without a script or a request.

The other language is in the same file; a link to its part shows it (the CSS selector `:target`), so nothing
has to run. Charts are those of the public page: SVG without a viewBox, positions in percent.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from importlib import resources
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from chassis.text import LANGUAGES
from chassis.web.charts import Histogram, RangeChart, RangeRow, histogram
from services.sortition.lottery.audit import read_lottery
from services.sortition.lottery.lottery import RowKind
from services.sortition.lottery.price import Price, price
from services.sortition.lottery.reach import Bound
from services.sortition.lottery.verifier import openssl
from services.sortition.report.explain import PACKAGE, Explanation
from services.sortition.report.summary import Cell, Summary, summarise

# Prices under this are nobody's concern: they would print as 0.0 percentage points.
_CHEAP = Fraction(1, 2000)
_MOST = 12


def report_html(
    record: bytes, audit: bytes | None = None, language: str = "da", prices: Sequence[Price] | None = None
) -> bytes:
    """The report of a finished draw as UTF-8; `language` is shown first.

    With `audit` it states how high the lowest chance could have been, and what each target costs in it
    (`prices`, worked out of the audit file unless given). Raises NotARecordError for what the verifier
    refuses.
    """
    summary = summarise(record, audit)
    if prices is None:
        prices = price(read_lottery(audit)) if audit is not None else ()
    order = sorted(LANGUAGES, key=lambda one: one == language)  # the first shown comes last: see report.css
    style = _source("report/report.css")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    text = (
        _environment()
        .get_template("report/report.html")
        .render(
            pages=[_page(Explanation(summary, one), prices) for one in order],
            title=summary.title,
            public=summary.mode == "public",
            style=Markup(style),  # noqa: S704 - our own style sheet; escaping would change its hash
            style_hash=f"sha256-{digest}",
            openssl=openssl("record.json"),
            digest=summary.digest,
        )
    )
    return text.encode()


def _page(e: Explanation, prices: Sequence[Price]) -> dict[str, Any]:
    """Everything the template shows in one language."""
    s, f, text = e.summary, e.f, e.words.text
    cells = [cell for _, cells in s.features for cell in cells]
    spread = Counter(s.chances)
    chart = chances_chart(s)
    return {
        "language": e.words.language,
        "headline": e.headline(),
        "lead": e.lead(),
        "about": e.about_the_number(),
        "figures": _figures(e),
        "likeness_finding": text("report.likeness_all", cells=f.number(len(cells))),
        "series": (("pool", text("report.pool")), ("panel", text("report.panel"))),
        "charts": [_chart(e, feature, values) for feature, values in s.features],
        "overdrawn": [
            f"{cell.value}: {text('report.overdrawn', reason=cell.reason)}" for cell in cells if cell.reason
        ],
        "hidden": text("report.hidden") if s.hidden else "",
        "columns": [
            text(f"report.column_{name}") for name in ("feature", "value", "target", "pool", "panel")
        ],
        "rows": [(c.feature, c.value, e.target(c), e.pool(c), f.number(c.panel)) for c in cells],
        "how": e.how(),
        "chances": e.chances(),
        "histogram": chart,
        "chart_sentence": text(
            "report.chart_sentence", lowest=f.percent(s.lowest), highest=f.percent(s.highest)
        ),
        "axis": (f.percent(chart.low, 0), f.percent(chart.high, 0)),
        "bound": "" if s.bound is None else text("report.chart_bound", share=f.percent(s.bound)),
        "spread": _spread(e, spread, chart),
        "prices": _prices(e, prices),
        "proves": e.proves(),
        "proves_not": e.proves_not(),
        "words": {
            "other": text("report.other_language"),
            "likeness": text("report.likeness_heading"),
            "target": text("report.target"),
            "as_table": text("report.as_table"),
            "table_caption": text("report.table_caption"),
            "how": text("report.how_heading"),
            "chances": text("report.chances_heading"),
            "chart_unit": text("report.chart_unit"),
            "chances_caption": text("report.chances_caption"),
            "chance": text("report.column_chance"),
            "people": text("report.column_people"),
            "prices": text("report.prices_heading"),
            "prices_text": text("report.prices_text"),
            "prices_caption": text("report.prices_caption"),
            "loosened": text("report.column_loosen"),
            "price": text("report.column_price"),
            "check": text("report.check_heading"),
            "check_text": text("report.check_text"),
            "check_more": text("report.check_more"),
            "check_signature": text("report.check_signature"),
            "check_digest": text("report.check_digest"),
            "proves": text("report.proves_heading"),
            "proves_not": text("report.proves_not_heading"),
        },
    }


def _figures(e: Explanation) -> list[tuple[str, str]]:
    """The four figures that matter; the last is the proved bound, where there is one."""
    s, f, text = e.summary, e.f, e.words.text
    last = (text("report.figure_highest"), f.percent(s.highest))
    if s.bound is not None:
        last = (text("report.figure_bound"), f.percent(s.bound))
    return [
        (text("report.figure_people"), f.number(s.people)),
        (text("report.figure_seats"), f.number(s.seats)),
        (text("report.figure_lowest"), f.percent(s.lowest)),
        last,
    ]


def _chart(e: Explanation, feature: str, cells: Sequence[Cell]) -> RangeChart:
    s, rows = e.summary, []
    for cell in cells:
        dots = {"panel": cell.panel / s.seats}
        if cell.pool is not None:
            dots["pool"] = cell.pool / s.people
        sentence = e.words.text(
            "report.row_sentence",
            value=cell.value,
            target=e.target(cell),
            pool=e.pool(cell),
            panel=cell.panel,
        )
        rows.append(RangeRow(cell.value, cell.minimum / s.seats, cell.maximum / s.seats, dots, sentence))
    ticks = [e.f.percent(Fraction(quarter, 4), 0) for quarter in range(5)]
    return RangeChart(feature, rows, ticks=ticks)


def chances_chart(s: Summary) -> Histogram:
    """How many people have which chance, those who could not be drawn left out."""
    values = [(float(chance), people) for chance, people in Counter(s.chances).items() if chance]
    marks = {} if s.bound is None else {"bound": float(s.bound)}
    return histogram(values, bins=40, marks=marks)


def _spread(e: Explanation, spread: Counter[Fraction], chart: Histogram) -> list[tuple[str, str]]:
    rows = [(e.f.percent(0), e.f.number(spread[Fraction(0)]))] if spread[Fraction(0)] else []
    for bar in chart.bars:
        if bar.count:
            rows.append((f"{e.f.percent(bar.start)}–{e.f.percent(bar.end)}", e.f.number(bar.count)))
    return rows


def _prices(e: Explanation, prices: Sequence[Price]) -> list[tuple[str, str, str, str, str]]:
    """The dearest targets: feature, value, where the bound stands, where one seat would put it, the price."""
    rows = []
    for one in prices:
        if one.kind is not RowKind.QUOTA or one.gain < _CHEAP:
            continue
        step = -1 if one.bound is Bound.MINIMUM else 1
        key = "report.loosen_minimum" if one.bound is Bound.MINIMUM else "report.loosen_maximum"
        now, then = (e.words.text(key, count=e.f.number(one.count + by)) for by in (0, step))
        rows.append(
            (
                one.feature,
                one.value,
                now,
                then,
                e.words.text("report.points", points=e.f.number(float(one.gain * 100), 1)),
            )
        )
    return rows[:_MOST]


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=FunctionLoader(_source),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _source(name: str) -> str:
    """A template of this service, or one of the parts that all services share."""
    package = "chassis.web" if name.startswith("web/") else PACKAGE
    return resources.files(package).joinpath("templates", *name.split("/")).read_text(encoding="utf-8")
