"""The OpenID provider as we know it: its addresses (OpenID Connect Discovery 1.0) and its public keys.

Both are asked for when first needed, kept for five minutes, and used for up to twelve hours more while the
provider cannot be reached: a person who is signed in there has a token that we can still check. A key that we
do not know is looked for at the provider at once, so a rotation needs no restart; never more often than
every two seconds, so that forged tokens do not make us flood it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

import httpx
import jwt
import structlog

from chassis.errors import Code, DomainError

FRESH_SECONDS = 300.0
USABLE_SECONDS = 12 * 3600.0
PAUSE_SECONDS = 2.0
TIMEOUT_SECONDS = 5.0
LEAST_RSA_BITS = 2048

_log = structlog.get_logger("chassis.auth.provider")

T = TypeVar("T")


class ProviderUnavailableError(DomainError):
    """UNAVAILABLE SIGN_IN_PROVIDER_UNAVAILABLE: the same request may succeed in a moment."""

    def __init__(self) -> None:
        super().__init__(Code.UNAVAILABLE, "SIGN_IN_PROVIDER_UNAVAILABLE")


class _Kept(Generic[T]):
    """What is fetched, and when. While one thread fetches, others go on with what there is."""

    def __init__(self, fetch: Callable[[], T], monotonic: Callable[[], float]) -> None:
        self._fetch = fetch
        self._now = monotonic
        self._lock = threading.Lock()
        self._value: T | None = None
        self._loaded = self._tried = float("-inf")

    def get(self) -> T:
        """Raises ProviderUnavailableError when there is none, or only one too old."""
        value = self._value
        if value is not None and self._now() - self._loaded < FRESH_SECONDS:
            return value
        if not self._lock.acquire(blocking=value is None):
            return self._usable()
        try:
            if self._now() - self._tried >= PAUSE_SECONDS:
                self._load()
            return self._usable()
        finally:
            self._lock.release()

    def newer_than(self, seen: T) -> T:
        """For who misses something in `seen`: fetched again, unless it was a moment ago.

        Raises ProviderUnavailableError when that cannot be told: what is missing may be there.
        """
        with self._lock:
            if self._value is seen and self._now() - self._tried >= PAUSE_SECONDS:
                self._load()
            if self._loaded < self._tried:
                raise ProviderUnavailableError
            return self._usable()

    def _load(self) -> None:
        self._tried = self._now()
        try:
            self._value = self._fetch()
        except (ProviderUnavailableError, httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            # No address and no body: either may hold what somebody typed.
            _log.warning("the OpenID provider did not answer as it should", error=type(error).__name__)
            return
        self._loaded = self._tried

    def _usable(self) -> T:
        if self._value is None or self._now() - self._loaded >= USABLE_SECONDS:
            raise ProviderUnavailableError
        return self._value


class Provider:
    """`issuer` is compared as it stands. A proxy and private certificates are taken from the environment
    (HTTPS_PROXY, SSL_CERT_FILE)."""

    def __init__(
        self,
        issuer: str,
        *,
        client: httpx.Client | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.issuer = issuer
        self.http = client or httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=False)
        self._metadata = _Kept(self._fetch_metadata, monotonic)
        self._keys = _Kept(self._fetch_keys, monotonic)

    def close(self) -> None:
        self.http.close()

    def metadata(self) -> Mapping[str, Any]:
        """The discovery document. Raises ProviderUnavailableError."""
        return self._metadata.get()

    def key(self, kid: str | None, algorithm: str) -> jwt.PyJWK | None:
        """The provider's public key of that name, for that algorithm; without a name the only one that fits.

        None when the provider has no such key. Raises ProviderUnavailableError when that cannot be told.
        """
        known = self._keys.get()
        found = _pick(known, kid, algorithm)
        return found or _pick(self._keys.newer_than(known), kid, algorithm)

    def _fetch_metadata(self) -> Mapping[str, Any]:
        found = self._get(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        if found["issuer"] != self.issuer:
            raise ValueError("the discovery document is another issuer's")
        return found

    def _fetch_keys(self) -> list[Mapping[str, Any]]:
        keys = self._get(str(self.metadata()["jwks_uri"]))["keys"]
        return [key for key in keys if isinstance(key, dict) and key.get("use", "sig") == "sig"]

    def _get(self, address: str) -> dict[str, Any]:
        answer = self.http.get(address, headers={"accept": "application/json"})
        answer.raise_for_status()
        if not answer.is_success:
            raise ValueError("no success")
        found = answer.json()
        if not isinstance(found, dict):
            raise TypeError("no object")
        return found


def _pick(keys: list[Mapping[str, Any]], kid: str | None, algorithm: str) -> jwt.PyJWK | None:
    fitting = []
    for each in keys:
        if (kid is not None and each.get("kid") != kid) or each.get("alg", algorithm) != algorithm:
            continue
        try:
            # Bound to the algorithm: a key of another kind is refused here.
            key = jwt.PyJWK(dict(each), algorithm)
        except (jwt.PyJWTError, ValueError, TypeError):
            continue
        if each.get("kty") != "oct" and getattr(key.key, "key_size", LEAST_RSA_BITS) >= _least(each):
            fitting.append(key)
    return fitting[0] if fitting and (kid is not None or len(fitting) == 1) else None


def _least(key: Mapping[str, Any]) -> int:
    return LEAST_RSA_BITS if key.get("kty") == "RSA" else 0
