"""The password of a PostgreSQL login out of a file, which is read at each new connection.

So it can be changed under running processes (docs/postgresql.md).

Each line of the file is a password, tried in turn: the new one can be there before the server has it, and the
old one until it has. Connections that are open live on.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

from chassis.secret_files import SecretFile

PASSWORD_FILE = "password_file"  # noqa: S105 - the parameter of the address that names it

Connect = Callable[..., psycopg.Connection[Any]]


def with_passwords_of(path: Path, connect: Connect) -> Connect:
    """`connect`, with the file's password whatever it is by then."""
    file = SecretFile(path)

    def read() -> list[str]:
        try:
            return file.read()
        except (OSError, ValueError) as error:
            reason = type(error).__name__
            raise psycopg.OperationalError(f"the password file cannot be used: {reason}") from None

    def connecting(*arguments: Any, **options: Any) -> psycopg.Connection[Any]:
        tried: list[str] = []
        refused: psycopg.OperationalError | None = None
        # Read once more after a refusal: the file may have been changed since.
        while left := [each for each in read() if each not in tried]:
            tried.append(left[0])
            try:
                return connect(*arguments, **{**options, "password": left[0]})
            except psycopg.errors.ConnectionTimeout:
                raise
            except psycopg.OperationalError as error:
                refused = error  # whether it was the password, the next will tell
        raise refused or psycopg.OperationalError("no password")

    return connecting
