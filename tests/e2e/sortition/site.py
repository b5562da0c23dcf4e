"""A client of a running suite that knows only its public APIs, and pools nobody is in."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chassis.testing.processes import SuiteProcess

JSON_TYPE = "application/json"


class Answer:
    def __init__(self, status: int, headers: Any, content: bytes) -> None:
        self.status = status
        self.headers = headers
        self.content = content

    @property
    def json(self) -> Any:
        return json.loads(self.content)


class Site:
    """`token` "" is nobody signed in."""

    def __init__(self, suite: SuiteProcess, token: str = "") -> None:
        self.base = f"{suite.http}/sortition/api/v1"
        self.token = token

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        content: bytes | None = None,
        content_type: str = JSON_TYPE,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Any status is an answer."""
        data = content if content is not None else None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.base}/{path}", data, method=method)
        if data is not None:
            request.add_header("Content-Type", content_type)
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return Answer(response.status, response.headers, response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())

    def get(self, path: str) -> Any:
        answer = self.call("GET", path)
        assert answer.status == 200, (answer.status, answer.content)
        return answer.json

    def post(self, path: str, body: Any = None, *, status: int = 200) -> Any:
        answer = self.call("POST", path, {} if body is None else body)
        assert answer.status == status, (answer.status, answer.content)
        return answer.json

    def upload(self, path: str, content: bytes) -> Any:
        answer = self.call("POST", path, content=content, content_type="text/csv")
        assert answer.status == 200, (answer.status, answer.content)
        return answer.json

    def wait_for_draw(self, name: str, *states: str, seconds: float = 90.0) -> Any:
        until = time.monotonic() + seconds
        while True:
            draw = self.get(name)
            if draw["state"] in states:
                return draw
            assert draw["state"] in ("QUEUED", "RUNNING"), draw
            assert time.monotonic() < until, draw
            time.sleep(0.1)


def command(folder: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
    """A command of the suite beside the running server; its stdout."""
    done = subprocess.run(
        [sys.executable, "-m", "chassis", *arguments],
        env={
            "BORGERTING_DATA_DIR": str(folder / "data"),
            "PATH": "/usr/bin:/bin",
            **(environment or {}),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


TARGETS = b"""feature,value,min,max
gender,female,6,6
gender,male,6,6
age,young,3,5
age,middle,3,5
age,old,3,5
"""


def respondents(people: int = 60, *, seed: int = 1) -> bytes:
    """A pool that is mostly female and old, with a name and an address that must stay where they belong."""
    chance = random.Random(seed)
    lines = ["id,gender,age,name,phone,street"]
    for number in range(people):
        gender = "female" if chance.random() < 0.65 else "male"
        age = chance.choices(["young", "middle", "old"], [2, 3, 5])[0]
        lines.append(
            f"p{number:04},{gender},{age},NAMEMARK{number},PHONEMARK{number},STREETMARK{number // 2}"
        )
    return "\n".join(lines).encode() + b"\n"


def wait_for_municipality(site: Site, slug: str, seconds: float = 15.0) -> None:
    """Until the registry's event has arrived."""
    until = time.monotonic() + seconds
    while site.call("GET", f"municipalities/{slug}/publishedDraws").status != 200:
        assert time.monotonic() < until, "the municipality's event did not arrive"
        time.sleep(0.05)
