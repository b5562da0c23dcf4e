"""Secrets out of files that change under running processes: mounted ones, mostly.

Each line of such a file is a secret, tried in turn: the new one can be there before the other side has it,
and the old one until it has.
"""

from __future__ import annotations

from pathlib import Path

_MOST = 4


def secrets_in(path: Path) -> list[str]:
    """Raises OSError; ValueError, without the text, for a file that holds none."""
    found = [line for line in path.read_text(encoding="utf-8").splitlines() if line]
    if not 0 < len(found) <= _MOST:
        raise ValueError(f"one on each of 1 to {_MOST} lines is wanted")
    return found


def file_problem(path: Path) -> str | None:
    """Why it cannot be used; None when it can."""
    try:
        secrets_in(path)
    except ValueError as error:
        return "it is no text" if isinstance(error, UnicodeDecodeError) else str(error)
    except OSError as error:
        return error.strerror or type(error).__name__
    return None


class SecretFile:
    """The secrets of a file as they stand; what they were before while it is being written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known: list[str] = []

    def read(self) -> list[str]:
        """Raises OSError or ValueError when there never were any."""
        try:
            self._known = secrets_in(self.path)
        except (OSError, ValueError):
            if not self._known:
                raise
        return self._known
