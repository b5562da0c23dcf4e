"""Who may do what in a service's PostgreSQL database: an owner, an app role, a worker role, and a login.

A process signs in as the login, which by itself may do nothing, and takes one of the two other roles for each
transaction: one pool of connections serves both, and whoever forgets to choose sees nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

TENANT_SETTING = "app.municipality"
"""The setting that names the municipality whose rows a transaction sees; none when it is empty."""

PLATFORM = "@"
"""What it says in a platform-wide unit of work, whose rows have the municipality ""; it is in no slug."""

_OWNER = "_owner"


@dataclass(frozen=True, slots=True)
class Roles:
    """The names of one service's roles; `base` is the login's."""

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
