"""Settings of the provider, of certificates and of keys: everything that is wrong, at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from chassis.config import SettingsError, load_settings
from chassis.config_identity import ALGORITHMS

GOOD = {
    "BORGERTING_BASE_URL": "https://borgerting.example.dk",
    "BORGERTING_OIDC__ISSUER": "https://login.example.dk/realm",
    "BORGERTING_OIDC__AUDIENCE": "borgerting-api",
    "BORGERTING_OIDC__CLIENT_ID": "borgerting",
    "BORGERTING_OIDC__CLIENT_SECRET": "hush-hush",
}


def problems(**variables: str) -> list[str]:
    try:
        load_settings(["toy"], variables)
    except SettingsError as error:
        return error.problems
    return []


def test_a_provider_in_order() -> None:
    settings = load_settings(["toy"], {**GOOD, "BORGERTING_OIDC__ALGORITHMS": "RS256, ES256"})
    assert settings.algorithms == ("RS256", "ES256")
    assert settings.oidc_client_secret.get_secret_value() == "hush-hush"
    assert "hush-hush" not in repr(settings)
    assert settings.local_sign_in
    assert not settings.tls


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"BORGERTING_OIDC__ISSUER": "http://login.example.dk"}, "ISSUER must be an https address"),
        ({"BORGERTING_OIDC__ISSUER": "https://login.example.dk?x=1"}, "ISSUER must be an https address"),
        ({"BORGERTING_OIDC__ISSUER": "https://login.example.dk:port"}, "ISSUER must be an https address"),
        ({"BORGERTING_OIDC__ISSUER": ""}, "ISSUER must be set"),
        ({"BORGERTING_OIDC__AUDIENCE": "borgerting"}, "AUDIENCE must differ from BORGERTING_OIDC__CLIENT_ID"),
        ({"BORGERTING_OIDC__AUDIENCE": "", "BORGERTING_OIDC__CLIENT_ID": ""}, "ISSUER alone lets nobody in"),
        ({"BORGERTING_OIDC__ALGORITHMS": "HS256"}, "ALGORITHMS must be among"),
        ({"BORGERTING_OIDC__ALGORITHMS": "RS256,none"}, "ALGORITHMS must be among"),
        ({"BORGERTING_OIDC__ALGORITHMS": ","}, "ALGORITHMS must be among"),
        ({"BORGERTING_OIDC__CLIENT_SECRET_FILE": "/etc/hostname"}, "CLIENT_SECRET_FILE do not go together"),
        (
            {"BORGERTING_OIDC__CLIENT_SECRET": "", "BORGERTING_OIDC__CLIENT_SECRET_FILE": "/nowhere"},
            "BORGERTING_OIDC__CLIENT_SECRET_FILE: /nowhere cannot be used: No such file",
        ),
        ({"BORGERTING_OIDC__SCOPES": "profile"}, "SCOPES must contain openid"),
        ({"BORGERTING_OIDC__ROLES_CLAIM": " "}, "ROLES_CLAIM must name a claim"),
        ({"BORGERTING_OIDC__MUNICIPALITY_CLAIM": " "}, "MUNICIPALITY_CLAIM must name a claim"),
        ({"BORGERTING_OIDC__LEEWAY_SECONDS": "301"}, "BORGERTING_OIDC__LEEWAY_SECONDS"),
        ({"BORGERTING_OIDC__ISUER": "x"}, "BORGERTING_OIDC__ISUER is no setting"),
        ({"BORGERTING_BASE_URL": ""}, "CLIENT_ID needs BORGERTING_BASE_URL"),
        ({"BORGERTING_KEYS__DIR": "/nowhere"}, "BORGERTING_KEYS__DIR: /nowhere is no folder"),
        ({"BORGERTING_TLS__CA": "/nowhere"}, "CERTIFICATE and BORGERTING_TLS__KEY must be set"),
        ({"BORGERTING_TLS__CA": "/nowhere"}, "BORGERTING_TLS__CA: /nowhere cannot be read"),
    ],
)
def test_what_is_wrong(change: dict[str, str], words: str) -> None:
    found = problems(**GOOD, **change) if not set(change) & set(GOOD) else problems(**{**GOOD, **change})
    assert any(words in problem for problem in found), found
    assert not any("hush" in problem for problem in found)


def test_no_algorithm_with_a_shared_secret_can_be_pinned() -> None:
    assert not [name for name in ALGORITHMS if name.startswith("HS") or name.lower() == "none"]
    assert problems(**GOOD, BORGERTING_OIDC__ALGORITHMS=",".join(ALGORITHMS)) == []


def test_all_that_is_wrong_comes_at_once() -> None:
    found = problems(
        BORGERTING_OIDC__AUDIENCE="a", BORGERTING_OIDC__CLIENT_ID="a", BORGERTING_OIDC__ALGORITHMS="HS512",
        BORGERTING_OIDC__SCOPES="x", BORGERTING_TLS__KEY="/nowhere", BORGERTING_KEYS__DIR="/nowhere",
    )  # fmt: skip
    assert len(found) == 8, found


def test_production_takes_a_provider_and_no_keys_of_its_own(tmp_path: Path) -> None:
    production = {**GOOD, "BORGERTING_PROFILE": "production"}
    bare = [found for found in problems(BORGERTING_PROFILE="production") if "DATABASE_URL" not in found]
    assert sorted(found.split(" ")[0] for found in bare) == [
        "BORGERTING_BASE_URL",
        "BORGERTING_KEYS__DIR",
        "BORGERTING_OIDC__AUDIENCE",
        "BORGERTING_OIDC__CLIENT_ID",
        "BORGERTING_OIDC__ISSUER",
    ]
    empty = problems(**production, BORGERTING_KEYS__DIR=str(tmp_path))
    assert any("has no keys.json" in found for found in empty)
    (tmp_path / "keys.json").write_text("{}")
    left = problems(**production, BORGERTING_KEYS__DIR=str(tmp_path))
    assert [found for found in left if "DATABASE_URL" not in found] == []
