"""Tokens for a system, from the municipality's OpenID provider."""

from __future__ import annotations

import base64
import json
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

_EARLIER_SECONDS = 30.0
"""A token is renewed so long before it ends: clocks differ, and a call takes its time."""
_TIMEOUT_SECONDS = 10.0


class TokenError(Exception):
    """No token to be had; the argument says why, in the provider's word (RFC 6749, 5.2) where it gave one."""


class ClientCredentials:
    """A token by client credentials (RFC 6749, 4.4), renewed when it is about to end:

        Borgerting(address, token=ClientCredentials(endpoint, "register-import", secret, scope="…"))

    `endpoint` is the `token_endpoint` of the provider's discovery document, over https. What else the
    provider wants to be told (`scope`, `audience` or `resource`: providers differ) goes by name. Any thread
    may ask. Raises TokenError.
    """

    def __init__(self, endpoint: str, client_id: str, client_secret: str, **parameters: str) -> None:
        if urllib.parse.urlsplit(endpoint).scheme not in ("http", "https"):
            raise ValueError(f"{endpoint!r} is no address of a token endpoint")
        pair = f"{urllib.parse.quote_plus(client_id)}:{urllib.parse.quote_plus(client_secret)}"
        self._request = urllib.request.Request(  # noqa: S310 - http or https, as checked
            endpoint,
            data=urllib.parse.urlencode({"grant_type": "client_credentials", **parameters}).encode(),
            headers={"authorization": "Basic " + base64.b64encode(pair.encode()).decode()},
        )
        self._lock = threading.Lock()
        self._token, self._until = "", 0.0

    def __call__(self) -> str:
        with self._lock:
            if time.monotonic() >= self._until:
                asked = time.monotonic()
                self._token, seconds = self._fetch()
                self._until = asked + seconds - _EARLIER_SECONDS
            return self._token

    def _fetch(self) -> tuple[str, float]:
        try:
            with urllib.request.urlopen(self._request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
                found = json.load(answer)
            return str(found["access_token"]), float(found.get("expires_in", 60))
        except urllib.error.HTTPError as error:
            raise TokenError(_word(error)) from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise TokenError(type(error).__name__) from error


def _word(error: urllib.error.HTTPError) -> str:
    with error:
        try:
            return str(json.load(error)["error"])
        except (ValueError, KeyError, TypeError):
            return f"HTTP {error.code}"
