"""Signing in at a real OpenID provider in a real browser, and every page on the way that is ours."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.watched import Watched
from tests.component.identity.conftest import CLIENT, HERE, Site, Starter, furnish, start  # noqa: F401
from tests.infrastructure.oidc import Provider, running, signing_key
from tests.infrastructure.places import free_port

# A folder to leave pictures in, for who wants to look.
PICTURES = os.environ.get("BORGERTING_TEST_PICTURES", "")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, start: Starter) -> Iterator[Site]:  # noqa: F811
    port = free_port()
    made = furnish(Provider(tmp_path_factory.mktemp("provider")))
    made.keys = [signing_key("first")]
    made.pages(CLIENT, f"http://127.0.0.1:{port}/deliberation/sign-in/oidc/callback")
    with running(made):
        yield start(made, port)


@pytest.fixture
def here(chromium: Browser, site: Site, width: int, language: str) -> Iterator[Watched]:
    context = chromium.new_context(viewport={"width": width, "height": 800})
    context.add_cookies([{"name": "language", "value": language, "url": site.base}])
    yield Watched(context.new_page(), site.base)
    context.close()


def at_provider(page: Page, login: str) -> None:
    """Through the provider's own two pages."""
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", "x")
    page.click("button[type=submit]")
    page.click("button[type=submit]")


def picture(page: Page, name: str, width: int, language: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}-{width}-{language}.png", full_page=True)


def test_in_and_out(here: Watched, site: Site, width: int, language: str) -> None:
    page, wanted = here.page, f"{site.base}/deliberation/{HERE}/edit"
    assert here.problems(wanted) == []
    page.click("main a[href*='/sign-in?then=']")
    assert here.problems(page.url) == []
    picture(page, "sign-in", width, language)
    page.click("main a.button-primary")
    at_provider(page, "anna")
    expect(page).to_have_url(wanted)
    assert here.problems(page.url) == []
    assert here.problems(f"{site.base}/deliberation/{HERE}/sign-in-links/new") == []
    picture(page, "link", width, language)
    page.click("header form button")
    expect(page).to_have_url(f"{site.base}/deliberation/sign-in/out")
    assert here.problems(page.url) == []
    picture(page, "signed-out", width, language)
    page.goto(wanted)
    expect(page.locator("main a[href*='/sign-in?then=']")).to_be_visible()


def test_a_sign_in_that_fails(here: Watched, site: Site, width: int, language: str) -> None:
    page = here.page
    page.goto(f"{site.base}/deliberation/sign-in/oidc")
    at_provider(page, "carl")
    picture(page, "failed", width, language)
    assert page.locator("h1").count() == 1
    page.click("main a.button-primary")  # another try
    expect(page).not_to_have_url(f"{site.base}/deliberation/sign-in/oidc")
    assert here.problems(f"{site.base}/deliberation/sign-in/oidc/callback?state=x&code=y") == []
