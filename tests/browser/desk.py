"""A secretariat at work: a selection brought to any state through the pages' own forms, without a browser."""

from __future__ import annotations

import csv
import html
import io
import random
import re
import time
from collections.abc import Mapping

import httpx

TARGETS = """feature,value,min,max
køn,kvinde,9,11
køn,mand,9,11
alder,16-34,5,8
alder,35-59,6,9
alder,60+,5,8
"""
HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


def volunteers(count: int = 80, *, wrong: int = 0, seed: int = 1) -> bytes:
    """Invented people, as a spreadsheet; the first `wrong` have a value that no target knows."""
    rng = random.Random(seed)
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(["id", "navn", "telefon", "vej", "køn", "alder"])
    for number in range(count):
        writer.writerow(
            [
                f"v{number:03}",
                f"Frivillig {number}",
                f"+45 20 00 {number // 100:02} {number % 100:02}",
                f"Prøvevej {number}",
                "ukendt" if number < wrong else rng.choice(["kvinde", "kvinde", "mand"]),
                rng.choices(["16-34", "35-59", "60+"], [2, 3, 5])[0],
            ]
        )
    return table.getvalue().encode()


class Desk:
    """Sends forms as a browser would: with what the page hid in them, from the site's own origin."""

    def __init__(self, site: str, sign_in: str, municipality: str) -> None:
        self.site = site
        self.municipality = municipality
        self.client = httpx.Client(
            base_url=site, follow_redirects=True, headers={"Origin": site}, timeout=60.0
        )
        self.submit(sign_in.removeprefix(site), {})

    def submit(
        self,
        page: str,
        fields: Mapping[str, str],
        *,
        to: str | None = None,
        files: Mapping[str, tuple[str, bytes]] | None = None,
    ) -> httpx.Response:
        """Open `page`, fill the form in, send it to `to` (default: the page itself)."""
        shown = self.client.get(page)
        shown.raise_for_status()
        hidden = {name: html.unescape(value) for name, value in HIDDEN.findall(shown.text)}
        answer = self.client.post(to or page, data=hidden | dict(fields), files=files)
        answer.raise_for_status()
        return answer

    def create(self, title: str = "Borgerting om ældre og unge") -> str:
        """A new selection of 20 seats; its address."""
        listing = f"/sortition/{self.municipality}/selections"
        fields = {"title": title, "purpose": "Hvad gør vi?", "size": "20", "per_address": "1"}
        return self.submit(f"{listing}/new", fields).url.path

    def set_targets(self, selection: str, targets: str = TARGETS) -> None:
        page = f"{selection}/targets"
        self.submit(page, {}, to=f"{page}/import", files={"file": ("targets.csv", targets.encode())})

    def bring_in(self, selection: str, content: bytes) -> None:
        page = f"{selection}/pool"
        fields = {"address_columns": "vej", "contact_columns": "navn, telefon"}
        self.submit(page, fields, files={"file": ("pool.csv", content)})

    def people(self, selection: str) -> list[str]:
        """The addresses of the pool's people."""
        return re.findall(rf'href="({selection}/people/[^"]+)"', self.client.get(f"{selection}/people").text)

    def draw(self, selection: str, mode: str = "public") -> str:
        """Make a draw and wait for its panels; its address."""
        page = f"{selection}/draws/new"
        fields = {
            "mode": mode,
            "method": "leximin",
            "panels": "100",
            "seed": "prøve" if mode == "seeded" else "",
            "announced": "to tisidede terninger på biblioteket" if mode == "public" else "",
        }
        asked = self.submit(page, fields)
        hidden = {name: html.unescape(value) for name, value in HIDDEN.findall(asked.text)}
        draw = self.client.post(f"{selection}/draws", data=hidden)
        draw.raise_for_status()
        until = time.monotonic() + 60
        while 'id="progress"' in self.client.get(draw.url.path).text:
            assert time.monotonic() < until, "the draw did not end"
            time.sleep(0.1)
        return draw.url.path

    def commit(self, draw: str) -> None:
        self.submit(f"{draw}/commit", {})

    def reveal(self, draw: str, number: str = "42") -> None:
        fields = {"source": "number", "number": number, "note": "terningerne viste 4 og 2"}
        asked = self.submit(draw, fields, to=f"{draw}/reveal")
        hidden = {name: html.unescape(value) for name, value in HIDDEN.findall(asked.text)}
        self.client.post(f"{draw}/reveal/confirmed", data=hidden).raise_for_status()

    def publish(self, draw: str) -> None:
        self.submit(f"{draw}/publish", {})

    def answer_all(self, selection: str, declined: int = 2) -> None:
        """Everybody drawn says yes but the first few."""
        page = f"{selection}/panel"
        shown = self.client.get(page).text
        forms = re.findall(
            r'action="([^"]+/seats/[^"]+/answer)".*?name="etag" value="([^"]*)"', shown, re.DOTALL
        )
        token = dict(HIDDEN.findall(shown))["csrf_token"]
        for index, (action, etag) in enumerate(forms):
            answer = "declined" if index < declined else "accepted"
            data = {"csrf_token": token, "etag": html.unescape(etag), "answer": answer}
            self.client.post(action, data=data).raise_for_status()

    def confirm(self, selection: str) -> None:
        self.submit(f"{selection}/panel/confirm", {})

    def set_up_assembly(self, selection: str, title: str) -> str:
        """An assembly of that selection; its address."""
        page = f"/deliberation/{self.municipality}/assemblies/new?selection={selection.rsplit('/', 1)[1]}"
        fields = {
            "title": title,
            "task": "Hvordan bevarer vi god velfærd, når flere bliver gamle?\n\nHvad kan vi selv gøre?",
            "outside": "Skatten.",
            "answer_unit": "INITIATIVE",
        }
        for row, months in enumerate(("3", "10", "24", "")):
            fields |= {f"months_{row}": months, f"kind_{row}": "WITHIN", f"rule_{row}": "FORWARD"}
        return self.submit(page, fields).url.path.removesuffix("/tasks")

    def until_seated(self, assembly: str) -> None:
        """The panel is confirmed by event: a moment after the button."""
        until = time.monotonic() + 30
        while "medlemmer." not in self.client.get(assembly).text:
            assert time.monotonic() < until, "the assembly was not seated"
            time.sleep(0.1)

    def recommend(self, assembly: str, title: str, vision: str = "") -> str:
        """A recommendation in its report; its address."""
        page = f"{assembly}/report/recommendations/new"
        done = self.submit(page, {"title": title, "vision": vision})
        return f"{assembly}/report/recommendations/{done.url.fragment.removeprefix('recommendation-')}"

    def initiate(
        self,
        recommendation: str,
        title: str,
        text: str = "",
        ballots: tuple[int, int, int] | None = (23, 1, 3),
    ) -> str:
        """An initiative under it, with ballots for, against and blank of 27; its address."""
        page = f"{recommendation}/initiatives/new"
        fields = {"title": title, "text": text, "held": "no", "base": "FOR_AND_AGAINST"}
        if ballots is not None:
            names = ("for", "against", "abstain")
            fields |= {name: str(count) for name, count in zip(names, ballots, strict=True)}
            fields |= {"held": "yes", "entitled": "27", "present": "27"}
        done = self.submit(page, fields)
        return f"{recommendation}/initiatives/{done.url.fragment.removeprefix('initiative-')}"

    def write_report(self, assembly: str) -> tuple[str, str]:
        """Two recommendations with initiatives; the addresses of the first recommendation and initiative."""
        self.submit(f"{assembly}/report/words", {"title": "", "preface": "Vi mødtes seks gange.\n\nTak."})
        first = self.recommend(assembly, "Økonomi 2035: vi bruger det, vi har", "Vi taler sammen først.")
        bus = self.initiate(first, "Buslinje til metroen", "Hver halve time, også om aftenen.", (27, 0, 0))
        self.initiate(first, "Frivilligfond", "", (16, 7, 4))
        second = self.recommend(assembly, "Forebyggelse")
        self.initiate(second, "Besøg hos ældre", "Der er ikke stemt.", None)
        self.initiate(second, "Mentorer for unge", "", (0, 0, 27))
        return first, bus

    def hand_over(self, assembly: str) -> None:
        self.submit(f"{assembly}/report/hand-over", {})
