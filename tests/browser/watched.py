"""A page in Chromium whose every complaint is noted: axe-core, width, console, foreign requests, words."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
# What sticks out to the right, but for what scrolls inside a box of its own; tables said to fit may not.
OVERHANG = """[...document.querySelectorAll('body *')]
  .filter(e => e.getBoundingClientRect().right > innerWidth + 1
    && !e.closest('.table--responsive-scroll:not(:has(.table-fit, .table-stack)), .table-stack thead')
    && !e.closest('pre, .sr-only'))
  .map(e => e.tagName + '.' + e.className).slice(0, 5)"""


class Watched:
    """A page whose every complaint is noted."""

    def __init__(self, page: Page, site: str) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", lambda message: self._console(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(f"script error: {error}"))
        page.on("request", lambda request: self._request(request.url, site))

    def _console(self, kind: str, text: str) -> None:
        # A page that says 404 is itself one of the pages under test.
        if kind in ("error", "warning") and "status of 40" not in text:
            self.complaints.append(f"console {kind}: {text}")

    def _request(self, url: str, site: str) -> None:
        if not url.startswith(site + "/"):
            self.complaints.append(f"asked another site: {url}")

    def problems(self, address: str) -> list[str]:
        """Everything wrong with one page."""
        self.complaints.clear()
        self.page.goto(address)
        return self.problems_here()

    def problems_here(self) -> list[str]:
        """Everything wrong with the page that is open, and all it complained of on the way here."""
        found = [f"axe: {violation}" for violation in self.axe()]
        sticking_out = self.page.evaluate(OVERHANG)
        if sticking_out:
            found.append(f"wider than the screen: {sticking_out}")
        text = self.page.inner_text("body")
        # A key instead of words, or a hole where a figure should stand.
        found += [f"no words: {key}" for key in re.findall(r"\b[a-z_]+\.[a-z]+_[a-z_A-Z.]+\b", text)]
        found += [
            f"a program's words: {word}" for word in re.findall(r"<[^>]* object |built-in|\bNone\b", text)
        ]
        if self.page.locator("[style], style, script:not([src]), [onclick]").count():
            found.append("inline style or script")
        if self.page.locator("h1").count() != 1:
            found.append("not exactly one main heading")
        complaints, self.complaints = self.complaints, []
        return found + complaints

    def axe(self) -> list[Any]:
        """axe-core in an isolated world: the page's own policy stays in force for the page."""
        session = self.page.context.new_cdp_session(self.page)
        tree = session.send("Page.getFrameTree")
        world = session.send(
            "Page.createIsolatedWorld",
            {"frameId": tree["frameTree"]["frame"]["id"], "worldName": "axe"},
        )
        run = ";axe.run(document, {resultTypes: ['violations']}).then(r => JSON.stringify(r.violations"
        run += ".map(v => [v.id, v.nodes.slice(0, 3).map(n => n.html.slice(0, 200))])))"
        answer = session.send(
            "Runtime.evaluate",
            {
                "expression": AXE.read_text(encoding="utf-8") + run,
                "contextId": world["executionContextId"],
                "awaitPromise": True,
            },
        )
        session.detach()
        assert "value" in answer["result"], answer
        violations: list[Any] = json.loads(answer["result"]["value"])
        return violations
