"""From the settings to who checks whom: keys, bearer tokens, page sessions, sign-in at a provider."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from chassis.auth.csrf import Csrf
from chassis.auth.keys import FileKeys
from chassis.auth.pages import PageSecurity
from chassis.auth.sessions import Sessions
from chassis.auth.tokens import LocalTokens, TokenVerifier
from chassis.clock import Clock
from chassis.secret_files import SecretFile

if TYPE_CHECKING:
    from chassis.auth.oidc_sign_in import OidcSignIn
    from chassis.config import SuiteSettings


@dataclass(frozen=True, slots=True)
class Identity:
    """`sign_in` is None where nobody signs in at a provider."""

    keys: FileKeys
    verifier: TokenVerifier
    security: PageSecurity
    sign_in: OidcSignIn | None


def make_keys(settings: SuiteSettings, clock: Clock) -> FileKeys:
    """The keys that all processes share. Raises KeyFileError.

    A folder of its own may be a mounted secret: its group may read it, and nothing is written to it.
    """
    if settings.keys_dir is None:
        return FileKeys(settings.data_dir, clock)
    return FileKeys(settings.keys_dir, clock, shared=True)


def make_identity(settings: SuiteSettings, clock: Clock, resources: ExitStack) -> Identity:
    """Asks nothing of the provider: a suite starts while its provider is away."""
    keys = make_keys(settings, clock)
    security = PageSecurity(Sessions(keys, clock), Csrf(keys), base_url=settings.base_url)
    local = LocalTokens(keys, clock)
    if not settings.oidc_issuer:
        return Identity(keys, local, security, None)
    # Only who has a provider pays for its imports.
    from chassis.auth.oidc import ClaimNames, EitherTokens, NoTokens, OidcTokens
    from chassis.auth.oidc_sign_in import Client, OidcSignIn
    from chassis.auth.provider import Provider

    provider = Provider(settings.oidc_issuer)
    resources.callback(provider.close)
    names = ClaimNames(settings.oidc_municipality_claim, settings.oidc_roles_claim)

    def tokens_for(audience: str) -> OidcTokens:
        return OidcTokens(
            provider,
            clock,
            audience=audience,
            algorithms=settings.algorithms,
            leeway=timedelta(seconds=settings.oidc_leeway_seconds),
            names=names,
        )

    verifier: TokenVerifier = tokens_for(settings.oidc_audience) if settings.oidc_audience else NoTokens()
    if settings.local_sign_in:
        verifier = EitherTokens(local, verifier)
    sign_in = None
    if settings.oidc_client_id:
        client = Client(settings.oidc_client_id, _client_secrets(settings), settings.oidc_scopes)
        id_tokens = tokens_for(client.id)
        sign_in = OidcSignIn(
            provider, client, id_tokens, names, security, keys, clock, site=settings.base_url
        )
    return Identity(keys, verifier, security, sign_in)


def _client_secrets(settings: SuiteSettings) -> Callable[[], Sequence[str]]:
    if settings.oidc_client_secret_file is not None:
        return SecretFile(settings.oidc_client_secret_file).read
    secret = settings.oidc_client_secret.get_secret_value()
    return lambda: [secret]
