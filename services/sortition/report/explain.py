"""A draw in plain words, Danish or English: how it worked, what came out, what it proves and what not."""

from __future__ import annotations

from collections.abc import Sequence

from chassis.text import Catalogue, catalogues
from chassis.web.formats import Formats
from services.sortition.report.summary import Cell, Summary, summarise

PACKAGE = "services.sortition"


def explain(record: bytes, language: str = "da", audit: bytes | None = None) -> str:
    """`record.json` as text to read aloud, lines ending in a line feed; `audit` adds what it proves.

    Raises NotARecordError for what the verifier refuses.
    """
    return Explanation(summarise(record, audit), language).text()


class Explanation:
    """The words of one draw in one language; the page takes its sentences from here too."""

    def __init__(self, summary: Summary, language: str) -> None:
        self.summary = summary
        self.words: Catalogue = catalogues((PACKAGE,))[language]
        self.f = Formats(language)

    def text(self) -> str:
        words, parts = self.words, []
        if self.summary.title:
            parts.append(self.summary.title)
        parts.append(self.headline())
        parts.append(
            _section(words.text("report.how_heading"), [*_numbered(self.how()), *self.about_the_number()])
        )
        parts.append(_section(words.text("report.likeness_heading"), self.likeness()))
        parts.append(_section(words.text("report.chances_heading"), self.chances()))
        parts.append(_section(words.text("report.proves_heading"), [f"- {line}" for line in self.proves()]))
        not_proved = [f"- {line}" for line in self.proves_not()]
        parts.append(_section(words.text("report.proves_not_heading"), not_proved))
        return "\n\n".join(parts) + "\n"

    def headline(self) -> str:
        s = self.summary
        return self.words.text(
            "report.headline", seats=self.f.number(s.seats), people=self.f.number(s.people)
        )

    def lead(self) -> str:
        s = self.summary
        key = {"seed": "report.lead_seed", "randomness": "report.lead_randomness"}.get(
            s.source, "report.lead_drawn"
        )
        return self.words.text(key, number=s.number, panels=self.f.number(s.panels))

    def how(self) -> list[str]:
        """The lottery in eight sentences."""
        s, f, text = self.summary, self.f, self.words.text
        features = f.listing([feature for feature, _ in s.features])
        before = {"seed": "report.how_7_seed"}.get(s.source, "report.how_6_locked")
        number = {
            "seed": "report.how_7_seed_number",
            "randomness": "report.how_7_randomness",
        }.get(s.source, "report.how_7_drawn")
        fair = {
            "maximin": "report.how_4_maximin",
            "legacy": "report.how_4_legacy",
        }.get(s.method, "report.how_4_leximin")
        alike = "report.how_5_legacy" if s.method == "legacy" else "report.how_5_alike"
        return [
            text("report.how_1", people=f.number(s.people), seats=f.number(s.seats)),
            text("report.how_2", features=features),
            text("report.how_3", panels=f.number(s.panels)),
            text(fair),
            text(alike),
            text(before),
            text(number, number=s.number, text=s.text, last=f.number(s.panels - 1)),
            text("report.how_8"),
        ]

    def about_the_number(self) -> list[str]:
        """What was announced beforehand and noted afterwards about where the number came from."""
        s, text = self.summary, self.words.text
        lines = [text("report.announced", source=s.announced)] if s.announced else []
        return [*lines, text("report.note", note=s.note)] if s.note else lines

    def likeness(self) -> list[str]:
        lines = []
        for feature, cells in self.summary.features:
            lines.append(f"{feature}:")
            lines.extend(f"  {self.cell(cell)}" for cell in cells)
        if self.summary.hidden:
            lines.append(self.words.text("report.hidden"))
        return lines

    def cell(self, cell: Cell) -> str:
        """One value: its target, the pool, the panel, with the reason of an over-draw."""
        line = self.words.text(
            "report.cell", value=cell.value, target=self.target(cell), pool=self.pool(cell), panel=cell.panel
        )
        return f"{line} {self.words.text('report.overdrawn', reason=cell.reason)}" if cell.reason else line

    def target(self, cell: Cell) -> str:
        low, high = self.f.number(cell.minimum), self.f.number(cell.maximum)
        return low if low == high else f"{low}–{high}"

    def pool(self, cell: Cell) -> str:
        return self.words.text("report.not_shown") if cell.pool is None else self.f.number(cell.pool)

    def chances(self) -> list[str]:
        s, f, words = self.summary, self.f, self.words
        lines = [
            words.text(
                "report.chances",
                lowest=f.percent(s.lowest),
                median=f.percent(s.median),
                highest=f.percent(s.highest),
            )
        ]
        if s.bound is not None:
            lines.append(words.text("report.bound", share=f.percent(s.bound)))
        lines.append(words.text("report.why_unequal"))
        for key, count in (
            ("report.nowhere", s.nowhere),
            ("report.included", s.included),
            ("report.excluded", s.excluded),
        ):
            if count:
                lines.append(words.plural(key, count, people=f.number(count)))
        if s.per_address is not None:
            lines.append(words.plural("report.per_address", s.per_address))
        return lines

    def proves(self) -> list[str]:
        text, s = self.words.text, self.summary
        lines = [text("report.proves_outcome"), text("report.proves_chances"), text("report.proves_receipt")]
        if s.mode == "public":
            lines.append(text("report.proves_commitment"))
        lines.append(text("report.proves_quotas"))
        if s.method != "legacy":
            lines.append(text(f"report.proves_{s.method}"))
        return lines

    def proves_not(self) -> list[str]:
        text, s = self.words.text, self.summary
        lines = [text("report.not_pool"), text("report.not_volunteers")]
        if s.mode == "seeded":
            lines.insert(0, text("report.not_impartial"))
        elif s.source == "drawn":
            lines.insert(0, text("report.not_dice"))
        if s.method == "legacy":
            lines.append(text("report.not_legacy"))
        return lines


def _section(heading: str, lines: Sequence[str]) -> str:
    return "\n".join([heading, "-" * len(heading), *lines])


def _numbered(lines: Sequence[str]) -> list[str]:
    return [f"{i}. {line}" for i, line in enumerate(lines, 1)]
