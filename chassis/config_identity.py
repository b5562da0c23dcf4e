"""Settings of who is who: the OpenID provider, the keys of sessions, and certificates between services."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from chassis.secret_files import file_problem

if TYPE_CHECKING:
    from chassis.rpc.certificates import CertificateFiles

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Of a public and a private key. Never `none`, never HS…: there the public key would be the secret."""


class IdentitySettings(BaseSettings):
    """Part of SuiteSettings."""

    profile: Literal["embedded", "production"] = Field("embedded", description="embedded or production")
    base_url: str = Field("", description="the site's address as people type it, for links and cookies")
    oidc_issuer: str = Field(
        "", alias="BORGERTING_OIDC__ISSUER", description="the OpenID provider, exactly as it names itself"
    )
    oidc_audience: str = Field(
        "", alias="BORGERTING_OIDC__AUDIENCE", description="what a bearer token's aud must name"
    )
    oidc_algorithms: str = Field(
        "RS256",
        alias="BORGERTING_OIDC__ALGORITHMS",
        description="by which the provider may sign, separated by commas",
    )
    oidc_leeway_seconds: int = Field(
        30,
        alias="BORGERTING_OIDC__LEEWAY_SECONDS",
        ge=0,
        le=300,
        description="by how much the provider's clock may differ from ours",
    )
    oidc_municipality_claim: str = Field(
        "municipality",
        alias="BORGERTING_OIDC__MUNICIPALITY_CLAIM",
        description="claim with the municipality's slug; a.b reads b within a",
    )
    oidc_roles_claim: str = Field(
        "roles", alias="BORGERTING_OIDC__ROLES_CLAIM", description="claim with the list of roles; a.b as well"
    )
    oidc_client_id: str = Field(
        "", alias="BORGERTING_OIDC__CLIENT_ID", description="ours at the provider; empty: no sign-in on pages"
    )
    oidc_client_secret: SecretStr = Field(
        SecretStr(""),
        alias="BORGERTING_OIDC__CLIENT_SECRET",
        description="our client's secret; empty for a public client",
    )
    oidc_client_secret_file: Path | None = Field(
        None,
        alias="BORGERTING_OIDC__CLIENT_SECRET_FILE",
        description="file with it instead, read at each sign-in; a line each while one replaces another",
    )
    oidc_scopes: str = Field(
        "openid",
        alias="BORGERTING_OIDC__SCOPES",
        description="asked for at a sign-in, separated by spaces; openid is one of them",
    )
    keys_dir: Path | None = Field(
        None,
        alias="BORGERTING_KEYS__DIR",
        description="folder with the keys.json that all processes share; else the data folder",
    )
    tls_ca: Path | None = Field(
        None, alias="BORGERTING_TLS__CA", description="certificates (PEM) of who signs the services' own"
    )
    tls_certificate: Path | None = Field(
        None, alias="BORGERTING_TLS__CERTIFICATE", description="this process's certificate chain (PEM)"
    )
    tls_key: Path | None = Field(
        None, alias="BORGERTING_TLS__KEY", description="the private key of that certificate (PEM)"
    )
    tls_port: int = Field(
        9443,
        alias="BORGERTING_TLS__PORT",
        ge=0,
        le=65535,
        description="gRPC for neighbours by certificate, when BORGERTING_TLS__… is set; 0: a free one",
    )

    @property
    def algorithms(self) -> tuple[str, ...]:
        return tuple(part.strip() for part in self.oidc_algorithms.split(",") if part.strip())

    @property
    def tls(self) -> bool:
        return self.tls_certificate is not None

    @property
    def tls_files(self) -> CertificateFiles | None:
        """None without certificates: then the suite is one process, or its neighbours know nobody."""
        if self.tls_ca is None or self.tls_certificate is None or self.tls_key is None:
            return None
        from chassis.rpc.certificates import CertificateFiles

        return CertificateFiles(self.tls_ca, self.tls_certificate, self.tls_key)

    @property
    def local_sign_in(self) -> bool:
        """Whether the suite's own tokens count, and its links for staff: not in production."""
        return self.profile != "production"


def identity_problems(settings: IdentitySettings) -> list[str]:
    """All that is wrong with them, a sentence each."""
    return [*_oidc_problems(settings), *_tls_problems(settings), *_key_problems(settings)]


def _oidc_problems(settings: IdentitySettings) -> list[str]:
    problems = []
    issuer, client = settings.oidc_issuer, settings.oidc_client_id
    if issuer and not _is_address(issuer):
        problems.append(
            "BORGERTING_OIDC__ISSUER must be an https address without query or fragment "
            f"(http on this machine only; found {issuer!r})."
        )
    if not issuer and (settings.oidc_audience or client):
        problems.append("BORGERTING_OIDC__ISSUER must be set with the other BORGERTING_OIDC__… variables.")
    if issuer and not (settings.oidc_audience or client):
        problems.append(
            "BORGERTING_OIDC__ISSUER alone lets nobody in: set BORGERTING_OIDC__AUDIENCE for bearer tokens, "
            "BORGERTING_OIDC__CLIENT_ID for sign-in on pages, or both."
        )
    if client and client == settings.oidc_audience:
        problems.append(
            "BORGERTING_OIDC__AUDIENCE must differ from BORGERTING_OIDC__CLIENT_ID: "
            "a sign-in's ID token would else pass for a bearer token."
        )
    secret, file = settings.oidc_client_secret.get_secret_value(), settings.oidc_client_secret_file
    if secret and file is not None:
        problems.append(
            "BORGERTING_OIDC__CLIENT_SECRET and BORGERTING_OIDC__CLIENT_SECRET_FILE do not go together."
        )
    if file is not None and (reason := file_problem(file)):
        problems.append(f"BORGERTING_OIDC__CLIENT_SECRET_FILE: {file} cannot be used: {reason}.")
    unknown = [name for name in settings.algorithms if name not in ALGORITHMS]
    if unknown or not settings.algorithms:
        problems.append(
            f"BORGERTING_OIDC__ALGORITHMS must be among {', '.join(ALGORITHMS)} "
            f"(found {settings.oidc_algorithms!r})."
        )
    if "openid" not in settings.oidc_scopes.split():
        problems.append("BORGERTING_OIDC__SCOPES must contain openid.")
    problems += [
        f"{variable} must name a claim."
        for variable, claim in (
            ("BORGERTING_OIDC__MUNICIPALITY_CLAIM", settings.oidc_municipality_claim),
            ("BORGERTING_OIDC__ROLES_CLAIM", settings.oidc_roles_claim),
        )
        if not claim.strip()
    ]
    if client and not settings.base_url:
        problems.append(
            "BORGERTING_OIDC__CLIENT_ID needs BORGERTING_BASE_URL: "
            "the provider sends people back to BASE_URL/deliberation/sign-in/oidc/callback."
        )
    return problems


def _tls_problems(settings: IdentitySettings) -> list[str]:
    files = {
        "BORGERTING_TLS__CA": settings.tls_ca,
        "BORGERTING_TLS__CERTIFICATE": settings.tls_certificate,
        "BORGERTING_TLS__KEY": settings.tls_key,
    }
    missing = [variable for variable, path in files.items() if path is None]
    problems = []
    if missing and len(missing) < len(files):
        problems.append(f"{' and '.join(missing)} must be set with the other BORGERTING_TLS__… files.")
    problems += [
        f"{variable}: {path} cannot be read."
        for variable, path in files.items()
        if path is not None and not (path.is_file() and os.access(path, os.R_OK))
    ]
    found = settings.tls_files
    if found is not None and not problems:
        from chassis.rpc.certificates import file_problem as certificate_problem

        problem = certificate_problem(found)
        problems += [problem] if problem else []
    return problems


def _key_problems(settings: IdentitySettings) -> list[str]:
    if settings.keys_dir is not None and not settings.keys_dir.is_dir():
        return [f"BORGERTING_KEYS__DIR: {settings.keys_dir} is no folder."]
    return []


def production_identity_problems(settings: IdentitySettings) -> list[str]:
    """What the production profile refuses."""
    problems = []
    if not settings.oidc_issuer:
        problems.append(
            "BORGERTING_OIDC__ISSUER must be set in the production profile, which refuses local sign-in."
        )
    if not settings.oidc_audience:
        problems.append("BORGERTING_OIDC__AUDIENCE must be set in the production profile, for the APIs.")
    if not settings.oidc_client_id:
        problems.append(
            "BORGERTING_OIDC__CLIENT_ID must be set in the production profile: staff sign in by the provider."
        )
    if settings.keys_dir is None:
        problems.append(
            "BORGERTING_KEYS__DIR must be set in the production profile, which refuses keys it made itself: "
            "`borgerting keys create FOLDER` makes them once, for all processes."
        )
    elif settings.keys_dir.is_dir() and not (settings.keys_dir / "keys.json").exists():
        problems.append(
            f"BORGERTING_KEYS__DIR: {settings.keys_dir} has no keys.json; "
            "`borgerting keys create FOLDER` makes it."
        )
    return problems


def _is_address(text: str) -> bool:
    parts = urlsplit(text)
    local = parts.hostname in ("127.0.0.1", "::1", "localhost")
    try:
        _ = parts.port
    except ValueError:
        return False
    return bool(
        parts.hostname
        and (parts.scheme == "https" or (parts.scheme == "http" and local))
        and not (parts.query or parts.fragment or parts.username)
    )
