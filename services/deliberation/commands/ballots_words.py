"""What ballots' reasons, results and recounts say to a person, in Danish or English, from the catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chassis.text import Catalogue, catalogues
from services.deliberation.ballots.board import Board
from services.deliberation.ballots.errors import BallotError, Reason
from services.deliberation.ballots.recount import Report
from services.deliberation.ballots.rule import Choice, Comparator, Share
from services.deliberation.ballots.tally import Tally, percent, written

# Parameters whose values are words of their own.
_NAMES = ("base", "choice", "comparator", "counted", "outcome", "role", "way", "what")
# Numbers that name a place, and are no amounts.
_PLACES = ("first", "place", "receipt", "row")


class BallotsWords:
    """One language's sentences."""

    def __init__(self, language: str) -> None:
        self.catalogue: Catalogue = catalogues(("services.deliberation",))[language]

    def reason(self, reason: Reason) -> str:
        """One sentence: what is wrong, where, and what to do."""
        where = ""
        if "row" in reason.params:
            where = self.catalogue.text("ballots.row", row=reason.params["row"]) + " "
        return where + self.catalogue.text(f"ballots.reason.{reason.code}", **self._shown(reason.params))

    def error(self, error: BallotError) -> Iterator[str]:
        """The lines of a refusal."""
        for reason in error.reasons:
            yield self.reason(reason)

    def result(self, name: str, result: Tally) -> Iterator[str]:
        """The outcome of one question with every count it was made of."""
        text, rule = self.catalogue.text, result.rule
        amount = self._thousands
        counts = {choice.value: amount(result.counts.of(choice)) for choice in Choice}
        yield text("ballots.result.question", question=_plain(name))
        yield "  " + text("ballots.result.counts", **counts, cast=amount(result.counts.cast))
        base = text(f"ballots.base.{rule.base}")
        if result.percent is None:
            yield "  " + text("ballots.result.undefined", yes=counts["yes"], base=base)
        else:
            yield "  " + text(
                "ballots.result.share",
                yes=counts["yes"],
                count=amount(result.base),
                base=base,
                percent=self._number(result.percent),
                needed=self._needed(rule.comparator, rule.threshold),
            )
        if rule.quorum is not None and result.quorum is not None:
            yield "  " + text(
                "ballots.result.quorum",
                count=amount(result.quorum.counted),
                counted=text(f"ballots.counted.{rule.quorum.counted}"),
                entitled=amount(result.quorum.entitled),
                needed=self._needed(rule.quorum.comparator, rule.quorum.share),
            )
        yield "  " + text("ballots.result.outcome", outcome=text(f"ballots.outcome.{result.outcome}"))

    def board(self, board: Board) -> Iterator[str]:
        """The result of a closed question, and what a reader should know beside it."""
        yield from self.result(board.opening.question, board.result)
        for notice in board.notices:
            yield self.reason(notice)

    def recount(self, report: Report) -> Iterator[str]:
        """The lines of a recount and its verdict."""
        text = self.catalogue.text
        if report.unreadable:
            yield text("ballots.recount.unreadable")
            return
        width = max(
            len(text(f"ballots.sort.{sort}")) for sort in ("holds", "computed", "unchecked", "refused")
        )
        for sort, kind, params in report.lines:
            label = text(f"ballots.sort.{sort}").ljust(width + 2)
            yield label + _plain(text(f"ballots.recount.{kind}", **self._shown(params)))
        yield text("ballots.recount.refused" if report.refused else "ballots.recount.holds")

    def _needed(self, comparator: Comparator, share: Share) -> str:
        shown = self._number(written(share))
        return self.catalogue.text(f"ballots.comparator.{comparator}", share=shown)

    def _shown(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Parameters as people read them: names in words, a decimal comma in Danish."""
        shown: dict[str, Any] = {}
        for name, value in params.items():
            shown[name] = value
            if name in _NAMES and name != "comparator" and f"ballots.{name}.{value}" in self.catalogue:
                shown[name] = self.catalogue.text(f"ballots.{name}.{value}")
            elif type(value) is int and name not in _PLACES:
                shown[name] = self._thousands(value)
            elif name in ("stated", "counted") and f"ballots.outcome.{value}" in self.catalogue:
                shown[name] = self.catalogue.text(f"ballots.outcome.{value}")
        if "share" in params:
            share = Share(*params["share"])
            shown["needed"] = self._needed(Comparator(params["comparator"]), share)
            if "yes" in params:
                shown["percent"] = self._number(percent(params["yes"], params["count"], share) or "")
        return shown

    def _thousands(self, value: int) -> str:
        return f"{value:,}".replace(",", "." if self.catalogue.language == "da" else ",")

    def _number(self, text: str) -> str:
        return text.replace(".", ",") if self.catalogue.language == "da" else text


def _plain(text: str) -> str:
    """What stands in a file cannot steer the terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
