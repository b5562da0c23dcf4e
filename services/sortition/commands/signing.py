"""--sign: the key file, and the signature's file beside what it signs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from services.sortition.lottery import signing
from services.sortition.spreadsheet.findings import File, Finding, Reason, quote


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key (PEM), known to sign."""

    pem: bytes

    def sign(self, name: str, content: bytes) -> dict[str, bytes]:
        """The signature as a file beside the one it signs."""
        return {name + signing.SUFFIX: signing.sign(content, self.pem)}


def read_signer(path: Path | None) -> tuple[Signer | None, tuple[Finding, ...]]:
    """The key of --sign, or why there is none: found out before the solving, not after it."""
    if path is None:
        return None, ()
    try:
        pem = path.read_bytes()
        signing.sign(b"", pem)
    except (OSError, signing.KeyUnusableError):
        return None, (Finding(Reason.KEY_UNUSABLE, File.REQUEST, found=quote(path.name)),)
    return Signer(pem), ()
