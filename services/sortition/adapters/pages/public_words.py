"""A public draw in words: the finding as headline, eight sentences on how it worked, what it proves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chassis.text import Catalogue
from chassis.web.formats import Formats
from services.sortition.adapters.pages.journey import inside_a_sentence, number_text
from services.sortition.adapters.pages.views import (
    FILE_KINDS,
    Chances,
    FileLine,
    Likeness,
    by_feature,
    file_kind,
)
from services.sortition.app.views import PublishedDraw
from services.sortition.domain.draw import DrawMode, DrawState

SENTENCES = 8


class PublicWords:
    def __init__(self, words: Catalogue, f: Formats) -> None:
        self._words = words
        self._f = f

    def state(self, draw: PublishedDraw) -> str:
        """published, committed (the number is still to come), or withdrawn."""
        if draw.state is DrawState.CANCELLED:
            return "withdrawn"
        return "published" if draw.publish_time is not None else "committed"

    def standing(self, draw: PublishedDraw) -> str:
        """The line under a draw's title in the list."""
        return self._words.text(f"public_list.{self.state(draw)}", **self._facts(draw))

    def page(self, draw: PublishedDraw, likeness: Likeness, spread: Chances | None) -> dict[str, Any]:
        words, facts, state = self._words, self._facts(draw), self.state(draw)
        seeded = draw.mode is DrawMode.SEEDED
        lead = f"public.lead_{state}"
        if state == "published":
            lead = "public.lead_seeded" if seeded else "public.lead_published"
        published = state == "published"
        return {
            "state": state,
            "seeded": seeded,
            "method": draw.method.value,
            "headline": words.text(f"public.headline_{state}", **facts),
            "lead": words.markup(lead, **facts),
            "figures": self._figures(draw, spread),
            "likeness_finding": self._finding(likeness, published=published),
            "how": self._how(draw, facts),
            "by_hand": self._by_hand(draw),
            "rounding": self._rounding(draw, spread, facts),
            "command": self._command(draw),
            "committed": draw.commit_time,
            "last_number": facts["last"],
            "proves": self._proves(draw),
            "proves_not": self._proves_not(draw),
        }

    def files(self, draw: PublishedDraw, beside: Mapping[str, int]) -> list[FileLine]:
        """The record first, then what checks it: `beside` are the files of no draw, with their sizes."""
        sizes = {info.filename: info.size for info in draw.files} | dict(beside)
        lines = [FileLine(name, size, file_kind(name), True) for name, size in sizes.items()]
        order = list(FILE_KINDS.values())
        return sorted(lines, key=lambda line: order.index(line.kind) if line.kind in order else len(order))

    def _figures(self, draw: PublishedDraw, spread: Chances | None) -> list[tuple[str, str]]:
        words, f = self._words, self._f
        shown = [
            (words.text("public.figure_pool"), f.number(draw.pool_size)),
            (words.text("public.figure_size"), f.number(draw.size)),
        ]
        if spread is not None:
            shown.append((words.text("public.figure_lowest"), spread.lowest))
            if spread.optimal:
                shown.append((words.text("public.figure_optimal"), spread.optimal))
            else:
                shown.append((words.text("public.figure_highest"), spread.highest))
        return shown

    def _finding(self, likeness: Likeness, *, published: bool) -> str:
        if not published:
            return self._words.text("public.likeness_before", of=self._f.number(len(likeness.rows)))
        if likeness.met == likeness.of:
            return self._words.text("public.likeness_all", of=self._f.number(likeness.of))
        return self._words.text(
            "public.likeness_some", met=self._f.number(likeness.met), of=self._f.number(likeness.of)
        )

    def _how(self, draw: PublishedDraw, facts: Mapping[str, str]) -> list[str]:
        """Eight sentences; those about the number depend on where it came from and whether it is known."""
        seeded, known = draw.mode is DrawMode.SEEDED, draw.number is not None
        keys = ["public.how_1", "public.how_2", "public.how_3", f"public.how_4_{draw.method.value}"]
        if seeded:
            keys += [f"public.how_{n}_seeded" for n in range(5, SENTENCES + 1)]
        elif known:
            source = "text" if draw.randomness else "number"
            keys += ["public.how_5", f"public.how_6_{source}", "public.how_7", "public.how_8"]
        else:
            keys += ["public.how_5", "public.how_6_before", "public.how_7_before", "public.how_8"]
        return [self._words.text(key, **facts) for key in keys]

    def _by_hand(self, draw: PublishedDraw) -> list[str]:
        """Who was not left to the lottery, in counts."""
        words, f = self._words, self._f
        told = []
        if draw.included:
            told.append(words.plural("public.included", draw.included, people=f.number(draw.included)))
        if draw.excluded:
            told.append(words.plural("public.excluded", draw.excluded, people=f.number(draw.excluded)))
        return told

    def _rounding(self, draw: PublishedDraw, spread: Chances | None, facts: Mapping[str, str]) -> str:
        """Why the lowest chance is not quite the highest possible, where the figures differ."""
        if spread is None or not spread.optimal or spread.optimal == spread.lowest:
            return ""
        return self._words.text(
            "public.rounding", lowest=spread.lowest, optimal=spread.optimal, panels=facts["panels"]
        )

    def _command(self, draw: PublishedDraw) -> str:
        if draw.publish_time is None:
            return ""
        command = "python3 verifier.py record.json"
        return command + (" --commitment commitment.json" if draw.mode is DrawMode.PUBLIC else "")

    def _proves(self, draw: PublishedDraw) -> list[str]:
        if draw.mode is DrawMode.SEEDED:
            return ["unchanged", "follows_seeded", "chances", "receipt"]
        return ["unchanged", "follows", "locked", "chances", "receipt"]

    def _proves_not(self, draw: PublishedDraw) -> list[str]:
        seeded = draw.mode is DrawMode.SEEDED
        return ["not_impartial" if seeded else "not_number", "not_pool", "not_optimal", "not_targets"]

    def _facts(self, draw: PublishedDraw) -> dict[str, str]:
        f, words = self._f, self._words
        features = list(by_feature(draw.values, lambda value: value.target.feature))
        unknown = words.text("public.source_unknown")
        return {
            "title": draw.title,
            "pool": f.number(draw.pool_size),
            "size": f.number(draw.size),
            "panels": f.number(draw.panels),
            "last": number_text(draw.panels - 1, draw.panels),
            "first": number_text(0, draw.panels),
            "number": "" if draw.number is None else number_text(draw.number, draw.panels),
            "source": inside_a_sentence(draw.announced) or unknown,
            "note": inside_a_sentence(draw.note) or inside_a_sentence(draw.announced) or unknown,
            "randomness": draw.randomness,
            "features": f.listing([feature.lower() for feature in features]),
            "committed": f.moment(draw.commit_time) if draw.commit_time else "",
            "Committed": f.moment(draw.commit_time, capital=True) if draw.commit_time else "",
            "published": f.moment(draw.publish_time) if draw.publish_time else "",
            "Revealed": f.moment(draw.reveal_time, capital=True) if draw.reveal_time else "",
            "withdrawn": f.moment(draw.cancel_time) if draw.cancel_time else "",
        }
