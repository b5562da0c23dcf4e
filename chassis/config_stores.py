"""What can be wrong with the addresses of the services' stores. None is ever shown: they hold passwords."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qsl, urlsplit

from chassis.db_roles import Roles, is_owner
from chassis.secret_files import file_problem

_POSTGRESQL = ("postgresql", "postgresql+psycopg", "postgres")
_KNOWN = "sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE"


class StoreSettings(Protocol):
    @property
    def profile(self) -> str: ...
    @property
    def database_urls(self) -> Mapping[str, str]: ...
    @property
    def migration_urls(self) -> Mapping[str, str]: ...


def store_problems(settings: StoreSettings, services: Iterable[str]) -> list[str]:
    """Sentences, each naming its variable."""
    problems: list[str] = []
    seen: dict[str, str] = {}
    for service in services:
        runs = f"BORGERTING_{service.upper()}__DATABASE_URL"
        migrates = f"BORGERTING_{service.upper()}__MIGRATION_URL"
        url, owner = settings.database_urls.get(service, ""), settings.migration_urls.get(service, "")
        on_postgresql = _scheme(url) in _POSTGRESQL
        if url and not on_postgresql and not url.startswith("sqlite:///"):
            problems.append(f"{runs} must be {_KNOWN}.")
        elif settings.profile == "production" and not on_postgresql:
            problems.append(f"{runs}: the production profile refuses SQLite; set postgresql://…")
        if on_postgresql:
            problems += _postgresql_problems(runs, url)
            if is_owner(_user(url)):
                problems.append(
                    f"{runs} names the owner, whom no row-level security would hold back from changing it; "
                    f"it must name the login ({Roles.of_user(_user(url)).base})."
                )
            other = seen.setdefault(_place(url), runs)
            if other != runs:
                problems.append(f"{runs} and {other} name one database; each service has its own.")
        if owner:
            problems += _postgresql_problems(migrates, owner)
            if not on_postgresql:
                problems.append(f"{migrates} is for PostgreSQL, and {runs} names none.")
            elif not is_owner(_user(owner)):
                problems.append(
                    f"{migrates} must name the database's owner, whose name is the login's with _owner."
                )
    return problems


def _postgresql_problems(variable: str, url: str) -> list[str]:
    try:
        parts = urlsplit(url)
        _ = parts.port
        query = dict(parse_qsl(parts.query))
    except ValueError:
        return [f"{variable} cannot be read: it must be {_KNOWN}."]
    problems = []
    if parts.scheme not in _POSTGRESQL or not parts.username or not parts.path.strip("/"):
        problems.append(f"{variable} must be postgresql://USER:PASSWORD@HOST/DATABASE.")
    for name in ("pool_size", "max_overflow"):
        if name in query and not (query[name].isdigit() and int(query[name]) <= 1000):
            problems.append(f"{variable}: {name} must be a number up to 1000.")
    if "password_file" in query:
        problems += _password_file_problems(variable, parts.password, Path(query["password_file"]))
    return problems


def _password_file_problems(variable: str, password: str | None, path: Path) -> list[str]:
    if password is not None:
        return [f"{variable}: a password and password_file do not go together."]
    if reason := file_problem(path):
        return [f"{variable}: password_file {path} cannot be used: {reason}."]
    return []


def _scheme(url: str) -> str:
    return url.partition("://")[0]


def _user(url: str) -> str:
    try:
        return urlsplit(url).username or ""
    except ValueError:
        return ""


def _place(url: str) -> str:
    """Host and database, without who signs in and how."""
    return url.partition("://")[2].rpartition("@")[2].partition("?")[0]
