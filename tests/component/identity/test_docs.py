"""docs/identity.md says what the program does."""

from __future__ import annotations

import re
from pathlib import Path

from chassis.auth.principal import GRANTED_ROLES, OUTSIDE_ROLES, Role
from chassis.config import describe_settings
from chassis.rpc.certificates import SERVICE_URI

PAGE = (Path(__file__).parents[3] / "docs" / "identity.md").read_text(encoding="utf-8")


def test_the_roles_and_who_gets_a_link_in_production() -> None:
    section = PAGE.split("## Roles")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in section.splitlines() if "|" in line]
    by_link = {name: "link" in row[2] for row in rows[2:] for name in re.findall(r"`([a-z-]+)`", row[0])}
    by_link.pop(Role.SERVICE)
    assert set(by_link) == {role.value for role in GRANTED_ROLES}
    assert {name for name, link in by_link.items() if link} == {role.value for role in OUTSIDE_ROLES}


def test_every_setting_of_identity_stands_there_and_no_other() -> None:
    known = {name for name, _, _ in describe_settings({}) if re.match(r"BORGERTING_(OIDC|TLS|KEYS)__", name)}
    named = set(re.findall(r"BORGERTING_(?:OIDC|TLS|KEYS)__[A-Z_]+", PAGE))
    # "`BORGERTING_X__A`, `…__B`": the second is of the same group.
    for group, last in re.findall(r"BORGERTING_(\w+?)__\w+`, `…(__[A-Z_]+)`", PAGE):
        named.add(f"BORGERTING_{group}{last}")
    assert named == known


def test_the_names_of_services() -> None:
    assert f"`{SERVICE_URI}NAME`" in PAGE


def test_the_reasons_of_the_worked_example() -> None:
    section = PAGE.split("### A worked example")[1].split("\n## ")[0]
    reasons = set(re.findall(r"`((?:[A-Z]+_)+[A-Z]+)`", section))
    catalogue = (Path(__file__).parents[3] / "docs" / "errors.md").read_text(encoding="utf-8")
    reasons -= {"SSL_CERT_FILE"}
    assert len(reasons) == 4
    assert {each for each in reasons if f"| `{each}` |" not in catalogue} == set()
