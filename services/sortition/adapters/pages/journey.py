"""A selection as a task list: what is done, what waits for whom, and the figure that matters at each step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.text import Catalogue
from chassis.web.formats import Formats
from services.sortition.adapters.pages.house import selection_base
from services.sortition.app.views import DrawView, PanelView, SelectionView
from services.sortition.domain.draw import Draw, DrawMode, DrawState

OVER = (DrawState.FAILED, DrawState.CANCELLED)
AT_WORK = (DrawState.QUEUED, DrawState.RUNNING)
AFTER_COMMITMENT = (DrawState.COMMITTED, DrawState.DRAWN, DrawState.PUBLISHED)
WITH_NUMBER = (DrawState.DRAWN, DrawState.PUBLISHED)


@dataclass(frozen=True, slots=True)
class Step:
    """`state` is todo, you, waiting or done; `address` None while the step cannot be taken."""

    key: str
    title: str
    state: str
    address: str | None
    figure: str


@dataclass(frozen=True, slots=True)
class EarlierDraw:
    id: UUID
    made: datetime
    standing: str


class Journey:
    """`draws` newest first; `panel` None before a draw is published."""

    def __init__(
        self,
        view: SelectionView,
        draws: Sequence[DrawView],
        panel: PanelView | None,
        municipality: str,
        words: Catalogue,
        f: Formats,
    ) -> None:
        self._view = view
        self._panel = panel
        self._words = words
        self._f = f
        self._here = selection_base(municipality, view.selection.id)
        self._draws = [shown.draw for shown in draws]
        self.draw = self._current()
        done = self._done()
        first_open = next((key for key, finished in done.items() if not finished), None)
        self.steps = [self._step(key, finished, key == first_open) for key, finished in done.items()]
        self._open = first_open

    @property
    def next(self) -> str:
        """Where this stands and what comes next, in a sentence."""
        if self._open is None:
            return self._words.text("journey.next_none")
        if self._open == "draw" and self.draw is not None and self.draw.state in AT_WORK:
            return self._words.text("journey.next_wait")
        return self._words.text(f"journey.next_{self._open}")

    @property
    def earlier_draws(self) -> list[EarlierDraw]:
        return [
            EarlierDraw(draw.id, draw.create_time, self._words.text(f"draw_state.{draw.state.value}"))
            for draw in self._draws
            if draw is not self.draw
        ]

    def _current(self) -> Draw | None:
        """The draw that the journey is about: the published one, else the newest that is not over."""
        published = self._view.selection.published_draw
        for draw in self._draws:
            if draw.id == published:
                return draw
        return next((draw for draw in self._draws if draw.state not in OVER), None)

    def _done(self) -> dict[str, bool]:
        """Every step in order, and whether it is behind us."""
        selection, draw = self._view.selection, self.draw
        done = {
            "targets": bool(selection.targets),
            "pool": self._view.pool_size > 0 or draw is not None,
            "draw": draw is not None and draw.state not in AT_WORK,
        }
        if draw is None or draw.mode is DrawMode.PUBLIC:
            done["commit"] = draw is not None and draw.state in AFTER_COMMITMENT
            done["reveal"] = draw is not None and draw.state in WITH_NUMBER
        done["publish"] = self._panel is not None
        done["ask"] = self._panel is not None and not (self._panel.not_asked or self._panel.asked)
        done["confirm"] = self._panel is not None and self._panel.confirm_time is not None
        return done

    def _step(self, key: str, finished: bool, is_next: bool) -> Step:
        state = "done" if finished else "you" if is_next else "todo"
        if state == "you" and key == "draw" and self.draw is not None:
            state = "waiting"
        if key == "ask" and state == "you" and self._panel is not None and not self._panel.not_asked:
            state = "waiting"
        title = self._words.text(f"journey.{key}")
        return Step(key, title, state, self._address(key, state), self._figure(key))

    def _address(self, key: str, state: str) -> str | None:
        if key in ("targets", "pool"):
            return f"{self._here}/{key}"
        if key in ("draw", "commit", "reveal", "publish"):
            if self.draw is not None:
                return None if state == "todo" else f"{self._here}/draws/{self.draw.id}"
            return f"{self._here}/draws/new" if key == "draw" and state == "you" else None
        if self._panel is None:
            return None
        return f"{self._here}/panel" if key == "ask" else f"{self._here}/panel/confirm"

    def _figure(self, key: str) -> str:
        selection, draw, panel = self._view.selection, self.draw, self._panel
        words, f = self._words, self._f
        if key == "targets" and selection.targets:
            return words.text(
                "journey.figure_targets",
                targets=f.number(len(selection.targets)),
                features=f.listing(list(selection.features)),
                size=f.number(selection.size),
            )
        if key == "pool" and self._view.pool_size:
            return words.plural(
                "journey.figure_pool", self._view.pool_size, people=f.number(self._view.pool_size)
            )
        if key == "draw" and draw is not None:
            return words.text("journey.figure_draw", panels=f.number(draw.panels))
        if key == "commit" and draw is not None and draw.commit_time is not None:
            return f.short_moment(draw.commit_time)
        if key == "reveal" and draw is not None and draw.number is not None:
            return words.text("journey.figure_number", number=number_text(draw.number, draw.panels))
        if key == "publish" and draw is not None and draw.publish_time is not None:
            return f.short_moment(draw.publish_time)
        if key == "ask" and panel is not None:
            return words.text(
                "journey.figure_ask",
                answered=f.number(panel.accepted + panel.declined),
                size=f.number(panel.size),
                accepted=f.number(panel.accepted),
            )
        if key == "confirm" and panel is not None and panel.confirm_time is not None:
            return f.short_moment(panel.confirm_time)
        return ""


def inside_a_sentence(text: str) -> str:
    """What somebody typed, for the end of a sentence of ours: without full stops of its own."""
    return text.rstrip(" .")


def number_text(number: int, panels: int) -> str:
    """As it is read from dice: 7 of 1,000 panels is '007'."""
    return str(number).zfill(len(str(panels - 1)))
