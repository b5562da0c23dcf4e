"""A draw in words: where it stands, what comes next, and what each act will make public and fix."""

from __future__ import annotations

from typing import Any

from chassis.text import Catalogue
from chassis.web.formats import Formats
from services.sortition.adapters.pages.journey import AT_WORK, inside_a_sentence, number_text
from services.sortition.adapters.pages.views import FileLine, file_kind
from services.sortition.app.create_draw import CreateDraw
from services.sortition.app.present import is_public
from services.sortition.app.views import DrawView, SelectionView
from services.sortition.domain.draw import Draw, DrawMode, DrawState

# What the engine tells while it works, in this order; some steps come again.
STAGES = ("queued", "reach", "relaxation", "decomposition", "residual", "cut", "stage", "seats", "files")


class DrawWords:
    def __init__(self, words: Catalogue, f: Formats) -> None:
        self._words = words
        self._f = f

    def heading(self, draw: Draw) -> str:
        return self._words.text(f"draw.heading_{draw.state.value}", **self._facts(draw))

    def lead(self, draw: Draw) -> str:
        """Where this stands, what comes next, and whose turn it is."""
        if draw.state is DrawState.DRAWN and draw.mode is DrawMode.SEEDED:
            return self._words.text("draw.lead_DRAWN_seeded", **self._facts(draw))
        return self._words.text(f"draw.lead_{draw.state.value}", **self._facts(draw))

    def figures(self, draw: Draw) -> list[tuple[str, str]]:
        f, words = self._f, self._words
        shown = [
            (words.text("public.figure_pool"), f.number(draw.pool_size)),
            (words.text("public.figure_size"), f.number(draw.size)),
            (words.text("public.figure_panels"), f.number(draw.panels)),
        ]
        if draw.number is not None:
            shown.append((words.text("public.figure_number"), number_text(draw.number, draw.panels)))
        return shown

    def progress(self, shown: DrawView, address: str) -> dict[str, Any]:
        """The step in words, and how many of the steps are behind us (nobody knows how long each takes)."""
        stage = shown.stage if shown.stage in STAGES else STAGES[0]
        return {
            "address": address,
            "words": self._words.text(f"stage.{stage}"),
            "done": STAGES.index(stage),
            "total": len(STAGES),
        }

    def possible(self, draw: Draw) -> tuple[str, ...]:
        """The acts with a confirming page that can be done now, the next step first."""
        return {
            DrawState.QUEUED: ("cancel",),
            DrawState.RUNNING: ("cancel",),
            DrawState.PANELS_READY: ("commit", "cancel"),
            DrawState.COMMITTED: ("cancel",),
            DrawState.DRAWN: ("publish",),
        }.get(draw.state, ())

    def acts(self, draw: Draw, here: str) -> list[dict[str, str]]:
        key = "withdraw" if draw.state is DrawState.COMMITTED else "cancel"
        return [
            {
                "kind": kind,
                "address": f"{here}/{kind}",
                "words": self._words.text(f"act.{key if kind == 'cancel' else kind}"),
            }
            for kind in self.possible(draw)
        ]

    def files(self, shown: DrawView) -> list[FileLine]:
        if shown.draw.state in AT_WORK:
            return []
        return [
            FileLine(info.filename, info.size, file_kind(info.filename), is_public(shown.draw, info))
            for info in shown.files
        ]

    def before_draw(self, command: CreateDraw, view: SelectionView) -> dict[str, Any]:
        """The page that asks before a draw is made."""
        t, f, selection = self._words.text, self._f, view.selection
        public = command.mode is DrawMode.PUBLIC
        last = number_text(command.panels - 1, command.panels)
        fixed = [
            t("confirm.draw_pool", people=f.number(view.pool_size)),
            t(
                "confirm.draw_targets",
                targets=f.number(len(selection.targets)),
                size=f.number(selection.size),
            ),
            t(f"confirm.draw_method_{command.method.value}"),
        ]
        if public:
            fixed.append(t("confirm.draw_announced", source=command.announced or t("public.source_unknown")))
        else:
            fixed.append(t("confirm.draw_seed", seed=command.seed))
        return {
            "heading": t("confirm.draw_heading", size=f.number(selection.size)),
            "lead": t(
                "confirm.draw_lead_public" if public else "confirm.draw_lead_seeded",
                panels=f.number(command.panels),
                last=last,
            ),
            "made_public": [t("confirm.draw_nothing_public")],
            "made_fixed": fixed,
            "question": t("confirm.draw_question"),
            "button": t("confirm.draw_button"),
        }

    def before_reveal(self, draw: Draw, number: int | None, randomness: str, note: str) -> dict[str, Any]:
        """The page that reads a number back before it counts."""
        t = self._words.text
        if number is not None:
            shown = number_text(number, draw.panels)
            heading = t("confirm.reveal_heading", number=shown)
            fixed = [t("confirm.reveal_number", number=shown)]
        else:
            heading = t("confirm.reveal_heading_text")
            fixed = [t("confirm.reveal_text", text=randomness)]
        if note:
            fixed.append(t("confirm.reveal_note", note=note))
        return {
            "heading": heading,
            "lead": t("confirm.reveal_lead"),
            "made_public": [],
            "made_fixed": fixed,
            "question": t("confirm.reveal_question"),
            "button": t("confirm.reveal_button"),
        }

    def before_act(self, act: str, draw: Draw) -> dict[str, Any]:
        """The page that asks before the panels or the result are published, or the draw is stopped."""
        t, facts = self._words.text, self._facts(draw)
        if act == "commit":
            public = [t("confirm.commit_panels", **facts), t("confirm.commit_counts", **facts)]
            public.append(t("confirm.commit_source", **facts))
            return {
                "heading": t("confirm.commit_heading", **facts),
                "lead": t("confirm.commit_lead", **facts),
                "made_public": public,
                "made_fixed": [t("confirm.commit_fixed", **facts)],
                "question": t("confirm.commit_question"),
                "button": t("confirm.commit_button"),
            }
        if act == "publish":
            return {
                "heading": t("confirm.publish_heading", **facts),
                "lead": t("confirm.publish_lead", **facts),
                "made_public": [
                    t("confirm.publish_record", **facts),
                    t("confirm.publish_counts", **facts),
                    t("confirm.publish_no_names"),
                ],
                "made_fixed": [t("confirm.publish_fixed", **facts)],
                "question": t("confirm.publish_question"),
                "button": t("confirm.publish_button"),
            }
        withdrawn = draw.state is DrawState.COMMITTED
        return {
            "heading": t("confirm.withdraw_heading" if withdrawn else "confirm.cancel_heading"),
            "lead": t("confirm.withdraw_lead" if withdrawn else "confirm.cancel_lead"),
            "made_public": [t("confirm.withdraw_public")] if withdrawn else [],
            "made_fixed": [t("confirm.cancel_fixed")],
            "question": t("confirm.cancel_question"),
            "button": t("confirm.withdraw_button" if withdrawn else "confirm.cancel_button"),
        }

    def _facts(self, draw: Draw) -> dict[str, str]:
        f = self._f
        return {
            "pool": f.number(draw.pool_size),
            "size": f.number(draw.size),
            "panels": f.number(draw.panels),
            "last": number_text(draw.panels - 1, draw.panels),
            "number": "" if draw.number is None else number_text(draw.number, draw.panels),
            "source": inside_a_sentence(draw.announced) or self._words.text("public.source_unknown"),
            "committed": f.moment(draw.commit_time) if draw.commit_time else "",
            "published": f.moment(draw.publish_time) if draw.publish_time else "",
        }
