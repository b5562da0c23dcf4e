"""Who may do what in a service's PostgreSQL database: an owner, an app role, a worker role, and a login.

A process signs in as the login, which by itself may do nothing, and takes one of the two other roles for each
transaction: one pool of connections serves both, and whoever forgets to choose sees nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

TENANT_SETTING = "app.municipality"
"""The setting that names the municipality whose rows a transaction sees; none when it is empty."""

PLATFORM = "@"
"""What it says in a platform-wide unit of work, whose rows have the municipality ""; it is in no slug."""

_OWNER = "_owner"


@dataclass(frozen=True, slots=True)
class Roles:
    """The names of one service's roles; `base` is the login's and the database's."""

    base: str

    @classmethod
    def of_user(cls, user: str) -> Roles:
        """The roles to which the user of a database address (the login or the owner) belongs."""
        return cls(user.removesuffix(_OWNER))

    @property
    def owner(self) -> str:
        """Signs in to migrate, and owns the database and its tables."""
        return self.base + _OWNER

    @property
    def app(self) -> str:
        """Does the service's work, one municipality's in each transaction."""
        return f"{self.base}_app"

    @property
    def worker(self) -> str:
        """Finds work across municipalities: the outbox whole, of the rest what leads to a municipality."""
        return f"{self.base}_worker"

    @staticmethod
    def quoted(name: str) -> str:
        return '"' + name.replace('"', '""') + '"'


def is_owner(user: str) -> bool:
    return user.endswith(_OWNER)


def database_script(services: Iterable[str], prefix: str = "borgerting_") -> str:
    """The psql script that makes each service's database and roles; a superuser runs it, as often as they
    like. `-v <role>_password=…` sets the password of a login or an owner.
    """
    parts = [_HEAD, *(_SERVICE.format(**_names(Roles(prefix + service))) for service in services)]
    return "\n".join(parts)


def _names(roles: Roles) -> dict[str, str]:
    names = {"base": roles.base, "owner": roles.owner, "app": roles.app, "worker": roles.worker}
    for name in names.values():
        if not name.replace("_", "").isalnum() or not name.isascii() or name != name.lower():
            raise ValueError(f"{name!r} is no name for a role: small letters, digits and _ only")
    return names


_HEAD = r"""-- The databases and roles of Borgerting's services. Run it as a superuser: psql -f FILE postgres
-- Again and again is harmless: what is there stays. Made by `borgerting database sql`.
\set ON_ERROR_STOP on
"""

_SERVICE = r"""
-- {base}: the login may do nothing itself, and takes the role {app} or {worker} in each transaction.
SELECT format('CREATE ROLE %I %s', name, options) FROM (VALUES
    ('{owner}', 'LOGIN NOINHERIT'),
    ('{app}', 'NOLOGIN NOINHERIT'),
    ('{worker}', 'NOLOGIN NOINHERIT'),
    ('{base}', 'LOGIN NOINHERIT')
  ) AS wanted (name, options)
  WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec
\if :{{?{owner}_password}}
ALTER ROLE {owner} PASSWORD :'{owner}_password';
\endif
\if :{{?{base}_password}}
ALTER ROLE {base} PASSWORD :'{base}_password';
\endif
GRANT {app}, {worker} TO {base};
-- A collation of plain bytes: the same order on every machine, and as SQLite has it.
SELECT 'CREATE DATABASE {base} OWNER {owner} TEMPLATE template0 ENCODING ''UTF8'' LOCALE ''C'''
  WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{base}')
\gexec
REVOKE ALL ON DATABASE {base} FROM PUBLIC;
GRANT CONNECT ON DATABASE {base} TO {base}, {owner};
\connect {base}
ALTER SCHEMA public OWNER TO {owner};
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO {app}, {worker};
"""
