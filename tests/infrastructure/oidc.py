"""A real OpenID provider (npm `oidc-provider` 9) as a process of its own.

Its packages are installed from the lock beside it when a test first needs them (4 MB, a few seconds).
`python -m tests.infrastructure.oidc` installs them.
"""

from __future__ import annotations

import fcntl
import json
import secrets
import selectors
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.infrastructure.places import free_port

HERE = Path(__file__).parent / "oidc-provider"
ROOT = Path(__file__).resolve().parents[2]

API = "https://borgerting.example.dk/api"
"""The audience that our APIs ask for."""


def install() -> None:
    """Bring the provider's packages to what the lock names. Raises RuntimeError with npm's words."""
    lock = (HERE / "package-lock.json").read_bytes()
    stamp = HERE / "node_modules" / ".installed"
    with (HERE / "package.json").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # several test processes may begin at once
        if stamp.is_file() and stamp.read_bytes() == lock:
            return
        done = subprocess.run(
            [*_assets().node_command("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=HERE, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"npm could not install oidc-provider:\n{done.stderr[-2000:]}")
        stamp.write_bytes(lock)


def _assets() -> ModuleType:
    spec = spec_from_file_location("assets", ROOT / "scripts" / "assets.py")
    if spec is None or spec.loader is None:
        raise RuntimeError("scripts/assets.py is missing")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _node() -> str:
    """Node beside the npm that `scripts/assets.py` finds."""
    command = _assets().node_command("npm")
    return command[0] if len(command) > 1 else str(Path(command[0]).with_name("node"))


def signing_key(kid: str, algorithm: str = "RS256") -> dict[str, Any]:
    """A new private key as a JWK."""
    private: Any
    if algorithm.startswith("ES"):
        private = ec.generate_private_key(ec.SECP256R1())
        made = jwt.algorithms.ECAlgorithm.to_jwk(private, as_dict=True)
    else:
        private = rsa.generate_private_key(65537, 2048)
        made = jwt.algorithms.RSAAlgorithm.to_jwk(private, as_dict=True)
    made.pop("key_ops", None)
    return {**made, "kid": kid, "use": "sig", "alg": algorithm}


@dataclass
class Provider:
    """One provider. Change its attributes and `start` it again: it comes back on the same port."""

    folder: Path
    port: int = field(default_factory=free_port)
    issuer: str = ""
    keys: list[dict[str, Any]] = field(default_factory=list)
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    clients: list[dict[str, Any]] = field(default_factory=list)
    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    claims: list[str] = field(default_factory=lambda: ["municipality", "roles"])
    claims_by_userinfo: bool = False
    behind_proxy: bool = False
    id_token_seconds: int = 600
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.issuer = self.issuer or self.address
        self.resource("urn:api", audience=API)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def machine(self, name: str, **claims: Any) -> None:
        """A system with client credentials."""
        self.clients.append(
            {
                "client_id": name,
                "client_secret": f"{name}-secret",
                "grant_types": ["client_credentials"],
                "response_types": [],
                "redirect_uris": [],
                "claims": claims,
            }
        )

    def pages(self, name: str, redirect: str, **metadata: Any) -> None:
        """A site whose pages people sign in to; `client_secret=None` for one without."""
        wanted = {
            "client_id": name,
            "client_secret": f"{name}-secret+/%",
            "redirect_uris": [redirect],
            "response_types": ["code"],
            "grant_types": ["authorization_code"],
            **metadata,
        }
        self.clients.append({key: value for key, value in wanted.items() if value is not None})

    def resource(self, name: str, *, audience: str = API, alg: str = "RS256", **more: Any) -> None:
        """What `token(resource=name)` gets: its audience, algorithm, `seconds` and, for HS…, `secret`."""
        self.resources[name] = {"audience": audience, "alg": alg, "seconds": 600, **more}

    def start(self) -> None:
        self.stop()
        install()
        config = self.folder / f"provider-{self.port}.json"
        config.write_text(
            json.dumps(
                {
                    "issuer": self.issuer,
                    "port": self.port,
                    "keys": self.keys,
                    "clients": self.clients,
                    "people": self.people,
                    "resources": self.resources,
                    "claims": self.claims,
                    "behindProxy": self.behind_proxy,
                    "claimsByUserinfo": self.claims_by_userinfo,
                    "idTokenSeconds": self.id_token_seconds,
                    "cookieKey": secrets.token_hex(16),
                }
            )
        )
        log = (self.folder / f"provider-{self.port}.log").open("wb")
        with log:
            self.process = subprocess.Popen(
                [_node(), str(HERE / "provider.mjs"), str(config)], stdout=subprocess.PIPE, stderr=log
            )
        if not self._said_ready(30):
            self.stop()
            raise AssertionError(f"no provider:\n{Path(log.name).read_text()[-2000:]}")

    def _said_ready(self, seconds: float) -> bool:
        assert self.process is not None
        assert self.process.stdout is not None
        until = time.monotonic() + seconds
        with selectors.DefaultSelector() as waiting:
            waiting.register(self.process.stdout, selectors.EVENT_READ)
            while time.monotonic() < until and waiting.select(until - time.monotonic()):
                line = self.process.stdout.readline()
                if line == b"ready\n":
                    return True
                if not line:
                    return False
        return False

    def stop(self) -> None:
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.process = None

    def token(self, client: str, resource: str = "urn:api") -> str:
        """A machine's bearer token."""
        answer = httpx.post(
            f"{self.address}/token",
            data={"grant_type": "client_credentials", "resource": resource},
            auth=(client, f"{client}-secret"),
            trust_env=False,
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])


@contextmanager
def running(provider: Provider) -> Iterator[Provider]:
    provider.start()
    try:
        yield provider
    finally:
        provider.stop()


if __name__ == "__main__":
    try:
        install()
    except RuntimeError as error:
        sys.exit(str(error))
