"""That a form came from our own page: a token in it, bound to who got the page, and the browser's word.

The token is HMAC-SHA256 over a nonce and what it is bound to: the session's id, or, for somebody who is not
signed in, an anonymous cookie's value. The nonce makes each page's token another, so that compression tells
nothing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping

from chassis.auth.keys import Keys
from chassis.errors import Code, DomainError

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_PURPOSE = "csrf"
_NONCE_BYTES = 16


class Csrf:
    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def token(self, binding: str) -> str:
        """A token for forms of the visitor whom `binding` names."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        mac = _mac(self._keys.current(_PURPOSE).key, nonce, binding)
        return base64.urlsafe_b64encode(nonce + mac).rstrip(b"=").decode()

    def check(self, token: str, binding: str | None) -> None:
        """Raises DomainError PERMISSION_DENIED CSRF_TOKEN_INVALID: missing, damaged, or another visitor's."""
        if binding is None or not self._holds(token, binding):
            raise DomainError(Code.PERMISSION_DENIED, "CSRF_TOKEN_INVALID")

    def _holds(self, token: str, binding: str) -> bool:
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return False
        nonce, mac = raw[:_NONCE_BYTES], raw[_NONCE_BYTES:]
        # A form may be open across a rotation, so every kept key counts.
        return any(
            hmac.compare_digest(mac, _mac(key.key, nonce, binding)) for key in self._keys.kept(_PURPOSE)
        )


def _mac(key: bytes, nonce: bytes, binding: str) -> bytes:
    return hmac.digest(key, nonce + binding.encode(), hashlib.sha256)


def check_origin(headers: Mapping[str, str], own_origin: str) -> None:
    """What the browser says of where an unsafe request comes from (headers' names in small letters).

    Raises DomainError PERMISSION_DENIED CSRF_ORIGIN_FOREIGN for another site, another origin of ours
    included. A request without either header is no browser's cross-site one: the token alone decides.
    """
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if (site is not None and site not in ("same-origin", "none")) or (
        origin is not None and origin.lower() != own_origin.lower()
    ):
        raise DomainError(Code.PERMISSION_DENIED, "CSRF_ORIGIN_FOREIGN")
