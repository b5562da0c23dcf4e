"""Signing in on pages at an OpenID provider: authorization code with PKCE, state and nonce.

OpenID Connect Core 1.0 §3.1, RFC 7636 (S256), RFC 9207 (issuer in the answer), RFC 9700. What must come back
unchanged is in a signed cookie of ten minutes in the very browser that began; there is no table of sign-ins.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import structlog
from starlette.requests import Request

from chassis.auth.keys import Keys
from chassis.auth.oidc import ClaimNames, OidcTokens, claim, principal_of_claims
from chassis.auth.pages import PageSecurity, own_path
from chassis.auth.principal import Principal
from chassis.auth.provider import Provider, ProviderUnavailableError
from chassis.auth.tokens import SignedClaims
from chassis.clock import Clock
from chassis.errors import Code, DomainError

CALLBACK = "/deliberation/sign-in/oidc/callback"
LIFETIME = timedelta(minutes=10)
_COOKIE = "sign-in"

_log = structlog.get_logger("chassis.auth.sign_in")


@dataclass(frozen=True, slots=True)
class Client:
    """What the provider knows us by. `secrets` gives those to try in turn; of a public client "" alone."""

    id: str
    secrets: Callable[[], Sequence[str]]
    scopes: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who came back, and the path of ours that they were on the way to."""

    principal: Principal
    then: str


class OidcSignIn:
    """`id_tokens` checks this provider's tokens for our client id; `site` is our own address."""

    def __init__(
        self,
        provider: Provider,
        client: Client,
        id_tokens: OidcTokens,
        names: ClaimNames,
        security: PageSecurity,
        keys: Keys,
        clock: Clock,
        *,
        site: str,
    ) -> None:
        self._provider = provider
        self._client = client
        self._id_tokens = id_tokens
        self._names = names
        self._security = security
        self._flows = SignedClaims(keys, clock, audience="borgerting-sign-in", meaning=dict)
        self._site = site.rstrip("/")

    def start(self, request: Request, then: str = "/") -> str:
        """The provider's address to send the browser to.

        Raises DomainError HTTPS_REQUIRED, SIGN_IN_PROVIDER_UNAVAILABLE.
        """
        self._security.check_can_sign_in(request)
        address = str(self._address("authorization_endpoint"))
        state, nonce = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        verifier = secrets.token_urlsafe(48)
        flow = {"state": state, "nonce": nonce, "verifier": verifier, "then": own_path(then)}
        self._security.keep(request, _COOKIE, self._flows.sign(flow, LIFETIME), int(LIFETIME.total_seconds()))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        wish = {
            "response_type": "code",
            "client_id": self._client.id,
            "redirect_uri": self._site + CALLBACK,
            "scope": self._client.scopes,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{address}{'&' if '?' in address else '?'}{urlencode(wish)}"

    def finish(self, request: Request) -> SignedIn:
        """What the provider's answer says, once it is the answer to what this browser began.

        Raises DomainError: SIGN_IN_FLOW_LOST, SIGN_IN_STATE_WRONG, SIGN_IN_ISSUER_WRONG, SIGN_IN_DECLINED,
        SIGN_IN_CODE_REFUSED, SIGN_IN_PROVIDER_REFUSED, SIGN_IN_ID_TOKEN_INVALID, SIGN_IN_NONCE_WRONG,
        SIGN_IN_WITHOUT_ROLE, SIGN_IN_PROVIDER_UNAVAILABLE. Nobody is signed in by it then.
        """
        answer = request.query_params
        flow = self._flow(request)
        if not hmac.compare_digest(flow["state"].encode(), answer.get("state", "").encode()):
            raise _refused("SIGN_IN_STATE_WRONG")
        # It has served: the same answer a second time finds no flow.
        self._security.drop(request, _COOKIE)
        issuer = answer.get("iss")
        if issuer is None and self._metadata().get("authorization_response_iss_parameter_supported") is True:
            raise _refused("SIGN_IN_ISSUER_WRONG")
        if issuer is not None and issuer != self._provider.issuer:
            raise _refused("SIGN_IN_ISSUER_WRONG")
        if "error" in answer:
            declined = answer["error"] == "access_denied"
            raise _refused("SIGN_IN_DECLINED" if declined else "SIGN_IN_PROVIDER_REFUSED")
        tokens = self._redeem(answer.get("code", ""), flow["verifier"])
        claims = self._identity(tokens, flow["nonce"])
        try:
            principal = principal_of_claims(claims, self._names)
        except DomainError:
            raise _refused("SIGN_IN_ID_TOKEN_INVALID") from None
        if not principal.roles:
            raise DomainError(Code.PERMISSION_DENIED, "SIGN_IN_WITHOUT_ROLE")
        return SignedIn(principal, own_path(flow["then"]))

    def sign_out_address(self) -> str | None:
        """Where somebody who has signed out here ends the provider's session too; None where it has none."""
        try:
            address = self._metadata().get("end_session_endpoint")
        except ProviderUnavailableError:
            return None
        if not isinstance(address, str):
            return None
        return f"{address}?{urlencode({'client_id': self._client.id})}"

    def _flow(self, request: Request) -> dict[str, str]:
        cookie = self._security.kept(request, _COOKIE)
        try:
            claims = self._flows.read(cookie or "")
        except DomainError:
            raise _refused("SIGN_IN_FLOW_LOST") from None
        return {name: str(claims[name]) for name in ("state", "nonce", "verifier", "then")}

    def _redeem(self, code: str, verifier: str) -> Mapping[str, Any]:
        """The tokens for the code. Only who began, and so has the verifier, gets any."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._site + CALLBACK,
            "code_verifier": verifier,
        }
        try:
            known = self._client.secrets()
        except (OSError, ValueError) as failure:
            _log.error("the client secret's file cannot be used", error=type(failure).__name__)
            raise _refused("SIGN_IN_PROVIDER_REFUSED") from None
        error = None
        for secret in known:
            answer, found = self._ask_for_tokens(form, secret)
            if answer.is_success:
                return found
            error = found.get("error")
            if error != "invalid_client":  # another of our secrets would be told the same
                break
        if error == "invalid_grant":
            raise _refused("SIGN_IN_CODE_REFUSED")
        said = error if error in _TOKEN_ERRORS else "other"
        _log.error("the OpenID provider refused our client", error=said)
        raise _refused("SIGN_IN_PROVIDER_REFUSED")

    def _ask_for_tokens(
        self, form: Mapping[str, str], secret: str
    ) -> tuple[httpx.Response, Mapping[str, Any]]:
        own = dict(form)
        basic = httpx.Auth()  # adds nothing
        if not secret:
            own["client_id"] = self._client.id
        elif "client_secret_basic" in self._metadata().get(
            "token_endpoint_auth_methods_supported", ["client_secret_basic"]
        ):
            # RFC 6749 §2.3.1: both are form-encoded before they are joined.
            basic = httpx.BasicAuth(quote(self._client.id, safe=""), quote(secret, safe=""))
        else:
            own |= {"client_id": self._client.id, "client_secret": secret}
        try:
            answer = self._provider.http.post(self._address("token_endpoint"), data=own, auth=basic)
            found = answer.json()
        except (httpx.HTTPError, ValueError):
            raise ProviderUnavailableError from None
        if not isinstance(found, dict) or answer.status_code >= 500:
            raise ProviderUnavailableError
        return answer, found

    def _identity(self, tokens: Mapping[str, Any], nonce: str) -> Mapping[str, Any]:
        """The claims of who signed in, from the ID token and, where roles are not in it, from userinfo."""
        try:
            claims = self._id_tokens.claims(str(tokens.get("id_token", "")))
        except ProviderUnavailableError:
            raise
        except DomainError:
            raise _refused("SIGN_IN_ID_TOKEN_INVALID") from None
        said = claims.get("nonce")
        if not isinstance(said, str) or not hmac.compare_digest(said.encode(), nonce.encode()):
            raise _refused("SIGN_IN_NONCE_WRONG")
        audience = claims["aud"]
        if claims.get("azp", self._client.id) != self._client.id or (
            isinstance(audience, list) and len(audience) > 1 and "azp" not in claims
        ):
            raise _refused("SIGN_IN_ID_TOKEN_INVALID")
        endpoint = self._metadata().get("userinfo_endpoint")
        if claim(claims, self._names.roles) is None and isinstance(endpoint, str):
            return self._userinfo(endpoint, str(tokens.get("access_token", "")), claims)
        return claims

    def _userinfo(self, endpoint: str, token: str, claims: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            answer = self._provider.http.get(endpoint, headers={"authorization": f"Bearer {token}"})
            answer.raise_for_status()
            found = answer.json()
        except (httpx.HTTPError, ValueError):
            raise ProviderUnavailableError from None
        # OpenID Connect Core 1.0 §5.3.2: another's answer must not be taken for this person's.
        if not isinstance(found, dict) or found.get("sub") != claims["sub"]:
            raise _refused("SIGN_IN_ID_TOKEN_INVALID")
        return {**found, **claims}

    def _metadata(self) -> Mapping[str, Any]:
        return self._provider.metadata()

    def _address(self, name: str) -> str:
        found = self._metadata().get(name)
        if not isinstance(found, str):
            raise ProviderUnavailableError
        return found


_TOKEN_ERRORS = frozenset(
    {"invalid_request", "invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope"}
)


def _refused(reason: str) -> DomainError:
    return DomainError(Code.FAILED_PRECONDITION, reason)
