"""RFC 9474: the standard's own vector, and what a signer and a client must refuse."""

from __future__ import annotations

import secrets
from collections.abc import Callable

import gmpy2
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from services.deliberation.ballots import blind
from services.deliberation.ballots.blind import PrivateKey, PublicKey
from services.deliberation.ballots.errors import BadInput, Refused
from services.deliberation.ballots.recount import rsa_pss
from tests.unit.ballots import vectors as v

VECTOR_KEY = PrivateKey(PublicKey(v.P * v.Q), pow(65537, -1, (v.P - 1) * (v.Q - 1)))


def stream(*pieces: bytes) -> Callable[[int], bytes]:
    """Hands out the pieces in turn, each asked for by its exact length."""
    left = list(pieces)

    def random_bytes(number: int) -> bytes:
        piece = left.pop(0)
        assert len(piece) == number
        return piece

    return random_bytes


KEY = PrivateKey.generate(2048)


@pytest.fixture(scope="module")
def key() -> PrivateKey:
    return KEY


def test_the_vector_is_written_down_right() -> None:
    assert f"{VECTOR_KEY.public.n:x}".startswith(v.N_BEGINS)
    assert VECTOR_KEY.public.size == 512


def test_the_clients_side_of_the_rfcs_vector() -> None:
    public = VECTOR_KEY.public
    r = int(gmpy2.invert(v.INV, public.n)).to_bytes(public.size)
    random_bytes = stream(v.MSG_PREFIX, v.SALT, r)
    input_msg = blind.prepare(v.MSG, random_bytes)
    assert input_msg == v.MSG_PREFIX + v.MSG
    assert blind.blind(public, input_msg, random_bytes) == (v.BLINDED_MSG, v.INV)
    assert blind.finalize(public, input_msg, v.BLIND_SIG, v.INV) == v.SIG
    assert blind.verify(public, input_msg, v.SIG)


def test_the_signers_side_of_the_rfcs_vector_whatever_blinds_the_base() -> None:
    for _ in range(3):
        assert blind.blind_sign(VECTOR_KEY, v.BLINDED_MSG, secrets.token_bytes) == v.BLIND_SIG


def test_the_base_is_blinded_and_the_exponent_is_used_in_constant_time(
    key: PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    bases: list[int] = []
    powmod_sec = gmpy2.powmod_sec

    def seen(base: int, exponent: int, modulus: int) -> int:
        bases.append(int(base))
        return powmod_sec(base, exponent, modulus)

    monkeypatch.setattr(blind.gmpy2, "powmod_sec", seen)
    message = (12345).to_bytes(256)
    answers = {blind.blind_sign(key, message, secrets.token_bytes) for _ in range(4)}
    assert len(answers) == 1
    assert len(set(bases)) == 4
    assert 12345 not in bases


def test_a_faulty_signature_never_leaves(key: PrivateKey, monkeypatch: pytest.MonkeyPatch) -> None:
    powmod_sec = gmpy2.powmod_sec
    monkeypatch.setattr(blind.gmpy2, "powmod_sec", lambda b, e, n: powmod_sec(b, e, n) ^ 2)
    with pytest.raises(Refused, match="SIGNING_FAILED"):
        blind.blind_sign(key, (7).to_bytes(256), secrets.token_bytes)


def test_the_signer_takes_only_numbers_under_its_modulus(key: PrivateKey) -> None:
    n, size = key.public.n, key.public.size
    for message in (b"", bytes(size - 1), bytes(size + 1), n.to_bytes(size), b"\xff" * size):
        with pytest.raises(BadInput, match="BLINDED_MESSAGE"):
            blind.blind_sign(key, message, secrets.token_bytes)
    assert blind.blind_sign(key, bytes(size), secrets.token_bytes) == bytes(size)


def test_the_client_refuses_a_signer_that_cheats(key: PrivateKey) -> None:
    input_msg = blind.prepare(b"message", secrets.token_bytes)
    blinded, inverse = blind.blind(key.public, input_msg, secrets.token_bytes)
    good = blind.blind_sign(key, blinded, secrets.token_bytes)
    assert blind.verify(key.public, input_msg, blind.finalize(key.public, input_msg, good, inverse))
    for wrong in (good[:-1], good + b"\0", bytes(len(good)), good[:-1] + bytes([good[-1] ^ 1])):
        with pytest.raises(Refused, match="SIGNATURE_INVALID"):
            blind.finalize(key.public, input_msg, wrong, inverse)
    with pytest.raises(Refused, match="SIGNATURE_INVALID"):
        blind.finalize(key.public, input_msg + b"x", good, inverse)


@settings(max_examples=25, deadline=None)
@given(message=st.binary(max_size=200))
def test_any_message_can_be_signed_unseen_and_checked_by_anyone(message: bytes) -> None:
    input_msg = blind.prepare(message, secrets.token_bytes)
    blinded, inverse = blind.blind(KEY.public, input_msg, secrets.token_bytes)
    answer = blind.blind_sign(KEY, blinded, secrets.token_bytes)
    signature = blind.finalize(KEY.public, input_msg, answer, inverse)
    assert blind.verify(KEY.public, input_msg, signature)
    assert rsa_pss(KEY.public.n, input_msg, signature)
    assert not rsa_pss(KEY.public.n, input_msg, answer)


def test_two_blindings_of_one_message_share_nothing(key: PrivateKey) -> None:
    input_msg = blind.prepare(b"message", secrets.token_bytes)
    first, second = (blind.blind(key.public, input_msg, secrets.token_bytes)[0] for _ in range(2))
    assert first != second


def test_blinding_values_out_of_range_are_drawn_again(key: PrivateKey) -> None:
    n, size = key.public.n, key.public.size
    draws = stream(v.SALT, bytes(size), n.to_bytes(size), (2).to_bytes(size))
    _, inverse = blind.blind(key.public, b"m", draws)
    assert inverse * 2 % n == 1


def test_a_modulus_that_shares_a_factor_with_the_message_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    public = PublicKey(VECTOR_KEY.public.n)
    monkeypatch.setattr(blind, "_emsa_pss_encode", lambda *_: v.P.to_bytes(512))
    with pytest.raises(Refused, match="TOKEN_KEY_BROKEN"):
        blind.blind(public, b"m", secrets.token_bytes)


@pytest.mark.parametrize("n", [0, 1, 2**1024 + 1, 2**2047, 2**2048 + 1, 2**8200 + 1])
def test_small_even_and_odd_sized_moduli_are_refused(n: int) -> None:
    with pytest.raises(BadInput, match="TOKEN_KEY_UNUSABLE"):
        PublicKey(n)


def test_another_exponent_is_refused() -> None:
    with pytest.raises(BadInput, match="TOKEN_KEY_UNUSABLE"):
        PrivateKey.of(rsa.generate_private_key(3, 2048))


def test_a_key_is_not_shown_by_accident(key: PrivateKey) -> None:
    assert str(key.d) not in repr(key)
