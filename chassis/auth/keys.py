"""The suite's own secrets: one file, in the data folder or in a folder that all processes share.

Each use derives its own key from the file's secret (HKDF, RFC 5869), so that what is signed for one use is
worth nothing for another. After a rotation the previous secret still verifies; the one before it no more.
A new secret may be announced before it signs, so that processes which see the file late know it by then.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import stat
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from chassis.clock import Clock
from chassis.whole_files import create_file, replace_file

FILE_NAME = "keys.json"
_SECRET_BYTES = 32
_KEPT = 2
_MODE = 0o600


class KeyFileError(Exception):
    """The key file cannot be used; the message says why and what to do. It never holds a key."""


@dataclass(frozen=True, slots=True)
class DerivedKey:
    """`kid` names the secret it comes from; it is public."""

    kid: str
    key: bytes


class Keys(Protocol):
    def current(self, purpose: str) -> DerivedKey:
        """What to sign with now."""

    def find(self, purpose: str, kid: str) -> DerivedKey | None:
        """What was signed with under `kid`; None when that secret is unknown or no longer kept."""

    def kept(self, purpose: str) -> Sequence[DerivedKey]:
        """All that still verify, the current one first."""


@dataclass(frozen=True, slots=True)
class _Secret:
    kid: str
    secret: bytes
    create_time: str
    sign_time: datetime | None = None
    """From when it signs; None: from the beginning."""

    def derive(self, purpose: str) -> DerivedKey:
        hkdf = HKDF(hashes.SHA256(), length=32, salt=None, info=b"borgerting " + purpose.encode())
        return DerivedKey(self.kid, hkdf.derive(self.secret))


class _Content:
    """What the file held when its `version` (time, size, inode) was this; it never changes."""

    def __init__(self, version: tuple[int, int, int], kept: tuple[_Secret, ...]) -> None:
        self.version = version
        self.secrets = kept
        self._by_kid = {secret.kid: secret for secret in kept}
        self._derived: dict[tuple[str, str], DerivedKey] = {}

    def find(self, purpose: str, kid: str) -> DerivedKey | None:
        secret = self._by_kid.get(kid)
        return None if secret is None else self.derive(secret, purpose)

    def derive(self, secret: _Secret, purpose: str) -> DerivedKey:
        known = self._derived.get((secret.kid, purpose))
        if known is None:
            known = self._derived[secret.kid, purpose] = secret.derive(purpose)
        return known


class FileKeys:
    """Keys from `folder`/keys.json, made when it is missing. Threads and processes may share it.

    A rotation by another process is noticed at the next use. Raises KeyFileError when others than its owner
    may read the file, or when it is none. A `shared` folder's file is never made here, and its group may read
    it: mounted secrets are like that.
    """

    def __init__(self, folder: Path, clock: Clock, *, shared: bool = False) -> None:
        self.path = folder / FILE_NAME
        self._name = str(self.path)
        self._forbidden = 0o027 if shared else 0o077
        self._clock = clock
        self._rotating = threading.Lock()
        self._content: _Content | None = None
        if not self.path.exists():
            if shared:
                how = f"`borgerting keys create {folder}` makes it, once for all processes"
                raise KeyFileError(f"{self.path} is missing: {how}")
            folder.mkdir(parents=True, exist_ok=True)
            self._write([_new_secret(clock.now())], only_if_missing=True)
        self._load()

    def current(self, purpose: str) -> DerivedKey:
        content = self._load()
        return content.derive(self._signing(content), purpose)

    def signing_since(self) -> datetime:
        """From when the secret signs that signs now. Raises KeyFileError."""
        signing = self._signing(self._load())
        try:
            since = signing.sign_time or datetime.fromisoformat(signing.create_time)
        except ValueError:
            raise KeyFileError(f"{self.path} does not say when its keys were made") from None
        return since if since.tzinfo else since.replace(tzinfo=UTC)

    def find(self, purpose: str, kid: str) -> DerivedKey | None:
        return self._load().find(purpose, kid)

    def kept(self, purpose: str) -> Sequence[DerivedKey]:
        content = self._load()
        return [content.derive(secret, purpose) for secret in content.secrets]

    def rotate(self, sign_after: timedelta = timedelta(0)) -> str:
        """Sign with a new secret from then on, and keep the one before for what it signed.

        Returns the new kid. Raises KeyFileError while an earlier one has yet to sign: what signs now is kept.
        """
        with self._rotating:
            now, kept = self._clock.now(), self._load().secrets
            if any(each.sign_time is not None and each.sign_time > now for each in kept):
                raise KeyFileError(f"{self.path} has a new secret that has yet to sign: rotate after that")
            new = replace(_new_secret(now), sign_time=now + sign_after if sign_after else None)
            self._write([new, *kept][:_KEPT], only_if_missing=False)
            return new.kid

    def withdraw(self) -> int:
        """Know nothing any more of what was signed before the present secret; how many secrets went.

        Raises KeyFileError when there is none: a new one that has yet to sign is none before.
        """
        with self._rotating:
            content = self._load()
            signing = self._signing(content)
            left = content.secrets[: content.secrets.index(signing) + 1]
            gone = len(content.secrets) - len(left)
            if not gone:
                yet = " yet: the new one has still to sign" if len(left) > 1 else ""
                raise KeyFileError(f"{self.path} holds no key from before{yet}")
            self._write(left, only_if_missing=False)
            return gone

    def _signing(self, content: _Content) -> _Secret:
        kept, now = content.secrets, self._clock.now()
        return next((each for each in kept if each.sign_time is None or each.sign_time <= now), kept[0])

    def _load(self) -> _Content:
        """The file is asked for its state at each use, and read anew when that is another."""
        try:
            status = os.stat(self._name)  # noqa: PTH116 - with each call that bears a token: a Path costs more
        except OSError:
            message = f"{self.path} is gone: put it back from a backup, or restart to make a new one"
            raise KeyFileError(message) from None
        if stat.S_IMODE(status.st_mode) & self._forbidden:
            raise KeyFileError(f"others may read {self.path}: run `chmod 600` on it and rotate its keys")
        version = (status.st_mtime_ns, status.st_size, status.st_ino)
        content = self._content
        if content is None or content.version != version:
            content = self._content = _Content(version, self._parse())
        return content

    def _parse(self) -> tuple[_Secret, ...]:
        try:
            entries = json.loads(self.path.read_text(encoding="ascii"))["keys"]
            found = tuple(
                _Secret(
                    entry["kid"],
                    base64.urlsafe_b64decode(entry["secret"]),
                    entry["create_time"],
                    datetime.fromisoformat(entry["sign_time"]) if "sign_time" in entry else None,
                )
                for entry in entries
            )
        except (OSError, ValueError, KeyError, TypeError):
            found = ()
        if not found or any(len(each.secret) != _SECRET_BYTES for each in found):
            raise KeyFileError(
                f"{self.path} is no key file of ours: remove it, and a restart makes a new one"
            )
        return found

    def _write(self, entries: Sequence[_Secret], *, only_if_missing: bool) -> None:
        text = json.dumps(
            {
                "keys": [
                    {
                        "kid": each.kid,
                        "secret": base64.urlsafe_b64encode(each.secret).decode(),
                        "create_time": each.create_time,
                    }
                    | ({"sign_time": each.sign_time.isoformat()} if each.sign_time else {})
                    for each in entries
                ]
            },
            indent=2,
        )
        content = (text + "\n").encode("ascii")
        if only_if_missing:
            create_file(self.path, content, _MODE)
        else:
            replace_file(self.path, content, _MODE)


def _new_secret(now: datetime) -> _Secret:
    return _Secret(secrets.token_hex(8), secrets.token_bytes(_SECRET_BYTES), now.isoformat())


class Sealer:
    """Keeps a secret in a store so that the store alone does not tell it (AES-256-GCM)."""

    def __init__(self, keys: Keys, purpose: str) -> None:
        self._keys = keys
        self._purpose = f"seal {purpose}"

    def seal(self, secret: bytes) -> bytes:
        nonce = secrets.token_bytes(12)
        return nonce + AESGCM(self._keys.current(self._purpose).key).encrypt(nonce, secret, None)

    def open(self, sealed: bytes) -> bytes | None:
        """None when it is none of ours, or was sealed with a key no longer kept."""
        for derived in self._keys.kept(self._purpose):
            try:
                return AESGCM(derived.key).decrypt(sealed[:12], sealed[12:], None)
            except (InvalidTag, ValueError):
                continue
        return None
