"""In production staff sign in at the provider; links are for people whom it does not know."""

from __future__ import annotations

import re

from chassis.auth.keys import FileKeys
from chassis.auth.principal import OUTSIDE_ROLES, SIGNED_IN_ROLES, Principal, Role
from chassis.auth.sessions import Sessions
from chassis.clock import SystemClock
from tests.component.identity.browser import Browser
from tests.component.identity.conftest import HERE, Starter
from tests.infrastructure.oidc import Provider

PATH = f"/deliberation/{HERE}/sign-in-links/new"


def test_who_gets_a_link(start: Starter, provider: Provider) -> None:
    site = start(provider, production=True)
    secretary = Sessions(FileKeys(site.folder, SystemClock()), SystemClock()).issue(
        Principal("s-1", HERE, frozenset({Role.SECRETARIAT}))
    )
    with Browser(site.base) as browser:
        browser.visit("/")
        jar = browser.jars[site.base.removeprefix("http://")]
        jar.set("borgerting-session", secretary, domain="127.0.0.1", path="/")
        offered = set(re.findall(r'name="role" value="([^"]+)"', browser.page(PATH)))
        assert offered == set(OUTSIDE_ROLES)
        for role in SIGNED_IN_ROLES:
            answer = browser.submit(PATH, PATH, {"role": role.value, "subject": "p-1"})
            assert answer.status_code == (200 if role in OUTSIDE_ROLES else 400), role
            assert ("Her kan der kun logges ind som facilitator" in answer.text) is (
                role not in OUTSIDE_ROLES
            )
