"""The password of a Kafka user out of a file, which is read each time a connection signs in.

kafka-python makes a SASL mechanism anew for each sign-in, and hands it what the client was configured with:
so the file is handed through, and read by the mechanisms registered here, which are kafka-python's own beside
that.
"""

from __future__ import annotations

import threading
from typing import Any

from kafka.net.sasl import get_sasl_mechanism, register_sasl_mechanism

from chassis.secret_files import SecretFile


class PasswordFile:
    """For the clients of one cluster. Which of several passwords is right is learnt by trying: a sign-in that
    was refused is followed by one with the next.
    """

    def __init__(self, file: SecretFile) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._right: str | None = None
        self._tried: list[str] = []

    def next(self) -> str:
        """Raises OSError or ValueError where there is no password to try."""
        with self._lock:
            known = self._file.read()
            if self._right in known:
                chosen, self._right = str(self._right), None  # until it has proved right once more
            else:
                left = [each for each in known if each not in self._tried]
                self._tried = self._tried if left else []
                chosen = (left or known)[0]
            self._tried.append(chosen)
            return chosen

    def was_right(self, password: str) -> None:
        with self._lock:
            self._right, self._tried = password, []


def _reading(own: Any) -> Any:
    class FromFile(own):  # type: ignore[misc]  # kafka-python has no types
        def __init__(self, **config: Any) -> None:
            given = config.get("sasl_plain_password")
            self._file = given if isinstance(given, PasswordFile) else None
            self._password: str = self._file.next() if self._file else str(given)
            super().__init__(**{**config, "sasl_plain_password": self._password})

        def is_authenticated(self) -> bool:
            right = bool(super().is_authenticated())
            if right and self._file is not None:
                self._file.was_right(self._password)
            return right

    return FromFile


for _name in ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"):
    register_sasl_mechanism(_name, _reading(get_sasl_mechanism(_name)), overwrite=True)
