"""Client credentials of a real OpenID provider."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest

from borgerting_client import ClientCredentials, TokenError
from tests.infrastructure.oidc import API, Provider, running, signing_key
from tests.infrastructure.places import free_port


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    made = Provider(tmp_path_factory.mktemp("provider"))
    made.keys = [signing_key("first")]
    made.machine("register-import", municipality="dragoer", roles=["integrator"])
    made.resource("urn:brief", seconds=30)
    with running(made):
        yield made


@pytest.fixture(autouse=True)
def without_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def credentials(provider: Provider, **more: str) -> ClientCredentials:
    secret = "register-import-secret"
    return ClientCredentials(f"{provider.address}/token", "register-import", secret, **more)


def test_one_token_for_all_calls_until_it_is_about_to_end(provider: Provider) -> None:
    token = credentials(provider, resource="urn:api")
    with ThreadPoolExecutor(4) as threads:
        found = set(threads.map(lambda _: token(), range(8)))
    assert len(found) == 1
    claims = jwt.decode(found.pop(), options={"verify_signature": False})
    assert (claims["aud"], claims["municipality"], claims["roles"]) == (API, "dragoer", ["integrator"])
    # Half a minute before its end a token is not good enough, and this one's is never further away.
    brief = credentials(provider, resource="urn:brief")
    assert brief() != brief()


def test_the_provider_s_no_is_said_in_its_word(provider: Provider) -> None:
    with pytest.raises(TokenError, match=r"^invalid_client$") as caught:
        ClientCredentials(f"{provider.address}/token", "register-import", "wrong-secret")()
    assert "wrong-secret" not in repr(caught.value)


def test_no_provider_there() -> None:
    with pytest.raises(TokenError, match="URLError"):
        ClientCredentials(f"http://127.0.0.1:{free_port()}/token", "a", "b")()


def test_what_is_no_token_endpoint(provider: Provider) -> None:
    with pytest.raises(TokenError):
        ClientCredentials(f"{provider.address}/nowhere", "a", "b")()
    with pytest.raises(ValueError, match="token endpoint"):
        ClientCredentials("/etc/passwd", "a", "b")
