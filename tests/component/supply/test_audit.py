"""`make audit` by the real pip-audit and npm, with advisories of the tests' own: found, none, not asked."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from deploy.supply.audit import Scan, main, npm_command, report, scan_npm, scan_python

LOCK = "requirements/runtime.txt"


class Advisories(ThreadingHTTPServer):
    """Answers as OSV's query and npm's bulk address do, of what is planted by the package's name."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.planted: dict[str, Any] = {}
        self.status = 200
        self.asked: set[str] = set()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"


class _Answers(BaseHTTPRequestHandler):
    server: Advisories

    def do_POST(self) -> None:
        planted = self.server.planted
        body = self.rfile.read(int(self.headers["content-length"]))
        question = json.loads(gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body)
        if "package" in question:  # OSV
            names = [question["package"]["name"]]
            answer: Any = {
                "vulns": [self.server.planted[name] for name in names if name in self.server.planted]
            }
        else:
            names = list(question)
            answer = {name: [planted[name]] for name in names if name in planted}
        self.server.asked.update(names)
        sent = json.dumps(answer).encode()
        self.send_response(self.server.status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def do_GET(self) -> None:
        """npm asks which releases of a package that is spoken of there are."""
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def advisories() -> Iterator[Advisories]:
    with Advisories() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_what_is_known_against_a_python_package_is_found(advisories: Advisories) -> None:
    scan = scan_python(LOCK, advisories.address)
    assert scan.not_scanned == ""
    assert scan.known == []
    assert scan.packages == len(advisories.asked) > 60
    advisories.planted["jinja2"] = {
        "id": "PYSEC-0000-1",
        "modified": "2026-01-01T00:00:00Z",
        "summary": "planted",
        "details": "planted",
        "affected": [
            {
                "package": {"name": "jinja2", "ecosystem": "PyPI"},
                "ranges": [
                    {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "999.1"}]},
                ],
            }
        ],
    }
    found = scan_python(LOCK, advisories.address)
    [line] = found.known
    assert line.startswith("jinja2 ")
    assert line.endswith(": PYSEC-0000-1 (mended in 999.1)")
    assert report([found])[1] == 1


def test_what_is_known_against_the_pages_packages_is_found(advisories: Advisories) -> None:
    npm = npm_command()
    scan = scan_npm(".", npm, advisories.address)
    assert (scan.not_scanned, scan.known) == ("", [])
    assert {"dkfds", "htmx.org"} <= advisories.asked
    advisories.planted["htmx.org"] = {
        "id": 1, "url": "https://advisories.test/1", "title": "planted", "severity": "high",
        "vulnerable_versions": ">=0", "cwe": [], "cvss": {"score": 0, "vectorString": None},
    }  # fmt: skip
    found = scan_npm(".", npm, advisories.address)
    assert found.known == ["htmx.org: planted (high, https://advisories.test/1)"]


def test_without_an_answer_nothing_is_claimed(advisories: Advisories) -> None:
    """Of a mirror, say, which has the packages and not what is known against them."""
    advisories.status = 404
    for scan in (scan_python(LOCK, advisories.address), scan_npm(".", npm_command(), advisories.address)):
        assert scan.not_scanned
        assert scan.known == []


def test_the_command_says_so_in_its_last_line(capsys: pytest.CaptureFixture[str]) -> None:
    nobody = "http://127.0.0.1:9/"
    assert main(["--osv-url", nobody, "--registry", nobody]) == 3
    *_, last = capsys.readouterr().out.splitlines()
    assert last.startswith("NOT SCANNED: requirements/runtime.txt, requirements/dev.txt")
    assert last.endswith("oidc-provider/package-lock.json")


def test_the_verdict() -> None:
    clean, known = Scan("a", 3), Scan("b", 2, ["x 1: PYSEC-1"])
    away = Scan("c", not_scanned="no answer")
    assert report([clean]) == (
        ["a: 3 packages scanned, 0 advisories", *["all 1 locks scanned, nothing is known against them"]],
        0,
    )
    lines, code = report([clean, away])
    assert (code, lines[-1]) == (3, "NOT SCANNED: c")
    lines, code = report([away, known])
    assert (code, lines[-1]) == (1, "1 advisories found; NOT SCANNED: c")
