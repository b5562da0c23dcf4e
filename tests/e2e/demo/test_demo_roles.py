"""Each role of the demonstration signs in by its printed link, is led to its work, and follows every link."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import closing
from html import unescape
from urllib.parse import urljoin, urlsplit

import httpx
import pytest

from tests.browser.desk import Desk
from tests.e2e.demo.conftest import FirstStart
from tests.e2e.demo.running import ROLES, demonstration

HOMES = {
    "secretariat": ("/deliberation/havnsted/assemblies", "/sortition/havnsted/selections"),
    "officer": ("/followup/havnsted/owed",),
    "coordinator": ("/volunteer/havnsted/desk",),
    "volunteer": ("/volunteer/havnsted/mine",),
    "operator": (),
}
_LINK = re.compile(r'<a\b[^>]*\bhref="([^"#?][^"]*)"')


@pytest.fixture(scope="module")
def site(first_start: FirstStart, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """The lines of a start of its own: each link signs in once."""
    data = tmp_path_factory.mktemp("roles") / "data"
    shutil.copytree(first_start.folder / "data", data)
    with demonstration(data) as lines:
        yield lines


def _signed_in(site: list[str], role: str) -> httpx.Client:
    (link,) = (line.removeprefix(f"{role}: ") for line in site[1:] if line.startswith(f"{role}: "))
    return Desk(site[0].rstrip("/"), link, "havnsted").client


def _broken(client: httpx.Client, first: str) -> tuple[int, dict[str, int]]:
    """How many addresses can be reached by links, and of those that do not answer the status."""
    seen, todo = {first}, [first]
    broken: dict[str, int] = {}
    while todo:
        here = todo.pop()
        answer = client.get(here)
        if answer.status_code != 200:
            broken[here] = answer.status_code
        elif answer.headers["content-type"].startswith("text/html"):
            for href in _LINK.findall(answer.text):
                found = urlsplit(urljoin(here, unescape(href)))
                path = found.path + (f"?{found.query}" if found.query else "")
                # One language is enough; other sites and telephones are not ours.
                ours = not found.scheme and not found.netloc and "language=" not in found.query
                if ours and path not in seen:
                    seen.add(path)
                    todo.append(path)
    return len(seen), broken


@pytest.fixture(scope="module", params=(*ROLES, ""))
def visitor(request: pytest.FixtureRequest, site: list[str]) -> Iterator[tuple[str, httpx.Client]]:
    """Of each role, and last somebody who has not signed in."""
    role = str(request.param)
    client = (
        _signed_in(site, role)
        if role
        else httpx.Client(base_url=site[0].rstrip("/"), follow_redirects=True, timeout=60.0)
    )
    with closing(client):  # it has been used, so that it cannot be entered
        yield role, client


def test_the_front_page_leads_each_role_to_its_work(visitor: tuple[str, httpx.Client]) -> None:
    role, client = visitor
    page = client.get("/deliberation/havnsted").text
    for path in {path for paths in HOMES.values() for path in paths}:
        assert (f'href="{path}"' in page) == (path in HOMES.get(role, ())), (role, path)


def test_no_link_is_dead(visitor: tuple[str, httpx.Client]) -> None:
    _, client = visitor
    reached, broken = _broken(client, "/")
    assert broken == {}
    assert reached > 50
