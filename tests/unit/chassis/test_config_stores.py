"""What is wrong with the stores' addresses: everything at once, by variable, and never the address."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from chassis.config_stores import store_problems

SERVICES = ["deliberation", "sortition"]
LOGIN = "postgresql://borgerting_sortition:hunter2@db/borgerting_sortition"
OWNER = "postgresql://borgerting_sortition_owner:hunter2@db/borgerting_sortition"
OTHER = "postgresql://borgerting_deliberation:hunter2@db/borgerting_deliberation"


@dataclass
class Settings:
    profile: str = "embedded"
    database_urls: dict[str, str] = field(default_factory=dict)
    migration_urls: dict[str, str] = field(default_factory=dict)


def found(profile: str = "embedded", migration: str = "", **urls: str) -> str:
    owners = {"sortition": migration} if migration else {}
    text = "\n".join(store_problems(Settings(profile, urls, owners), SERVICES))
    assert "hunter2" not in text
    assert "@db" not in text
    return text


def test_nothing_is_wrong_with_the_embedded_defaults_or_with_postgresql() -> None:
    assert found() == ""
    assert found(sortition=LOGIN) == ""
    assert found(sortition=LOGIN.replace("postgresql:", "postgresql+psycopg:"), migration=OWNER) == ""
    assert found(sortition=f"{LOGIN}?pool_size=3&max_overflow=0&pgbouncer=true&sslmode=verify-full") == ""
    assert found("production", sortition=LOGIN, deliberation=OTHER) == ""


def test_production_refuses_sqlite_for_each_service() -> None:
    text = found("production", sortition="sqlite:////srv/s.sqlite3")
    assert "BORGERTING_SORTITION__DATABASE_URL: the production profile refuses SQLite" in text
    assert "BORGERTING_DELIBERATION__DATABASE_URL: the production profile refuses SQLite" in text


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql://u:hunter2@db/x", "must be sqlite:///FILE or postgresql://"),
        ("postgresql://db/borgerting_sortition", "must be postgresql://USER"),
        ("postgresql://u:hunter2@db", "must be postgresql://USER"),
        ("postgresql://u:hunter2@db:port/x", "cannot be read"),
        ("postgresql://u:hunter2@[db/x", "cannot be read"),
        (f"{LOGIN}?pool_size=many", "pool_size must be a number"),
        (f"{LOGIN}?max_overflow=-1", "max_overflow must be a number"),
        (OWNER, "names the owner"),
    ],
)
def test_an_address_that_cannot_be(url: str, says: str) -> None:
    text = found(sortition=url)
    assert text.startswith("BORGERTING_SORTITION__DATABASE_URL")
    assert says in text


@pytest.mark.parametrize(
    ("login", "owner", "says"),
    [
        (LOGIN, LOGIN, "must name the database's owner"),
        ("", OWNER, "names none"),
        ("sqlite:///x", OWNER, "names none"),
        (LOGIN, "sqlite:///x", "must be postgresql://USER"),
    ],
)
def test_the_owner_s_address_belongs_to_a_postgresql_database(login: str, owner: str, says: str) -> None:
    text = found(sortition=login, migration=owner)
    assert "BORGERTING_SORTITION__MIGRATION_URL" in text
    assert says in text


def test_two_services_share_no_database() -> None:
    text = found(sortition=LOGIN, deliberation=LOGIN.replace("hunter2", "x"))
    assert "each service has its own" in text
    assert "BORGERTING_SORTITION__DATABASE_URL and BORGERTING_DELIBERATION__DATABASE_URL" in text


def test_everything_at_once() -> None:
    text = found("production", deliberation="mysql://x", sortition=OWNER, migration=LOGIN)
    assert len(text.splitlines()) == 3
