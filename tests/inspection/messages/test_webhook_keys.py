"""Keys as people hand them over: read whole, or refused with the reason and without the secret."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.errors import BadKeyText
from inspection.messages.webhook_keys import (
    HmacKey,
    VerifyingKey,
    read_hmac_key,
    read_ring_key,
    read_signing_key,
    read_verifying_key,
)

SEED = bytes(range(32))


def text(prefix: str, content: bytes) -> str:
    return prefix + base64.b64encode(content).decode()


@given(st.binary(min_size=24, max_size=64).filter(lambda secret: len(set(secret)) >= 8))
def test_a_secret_reads_as_it_was_written(secret: bytes) -> None:
    key = HmacKey(secret)
    assert read_hmac_key(key.to_text()) == read_ring_key(key.to_text().rstrip("=")) == key


@given(st.binary(min_size=32, max_size=32))
def test_a_key_pair_reads_as_it_was_written(seed: bytes) -> None:
    key = read_signing_key(text("whsk_", seed))
    assert read_signing_key(key.to_text()).private.private_bytes_raw() == seed
    assert read_ring_key(key.verifying().to_text()) == key.verifying()


@pytest.mark.parametrize(
    ("read", "given", "fault", "words"),
    [
        (read_hmac_key, "", "wrong_prefix", "begins with whsec_, and this is something else"),
        (read_hmac_key, "v1,whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "wrong_prefix", "something else"),
        (read_hmac_key, text("whsk_", SEED), "wrong_prefix", "this is a private key (whsk_…)"),
        (read_verifying_key, text("whsk_", SEED), "wrong_prefix", "this is a private key (whsk_…)"),
        (read_ring_key, text("whsk_", SEED), "wrong_prefix", "a public key begins with whpk_"),
        (read_signing_key, text("whpk_", SEED), "wrong_prefix", "this is a public key (whpk_…)"),
        (read_hmac_key, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa%w", "not_base64", "not base64"),
        (read_hmac_key, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n", "not_base64", "not base64"),
        (read_hmac_key, "whsec_é", "not_base64", "not base64"),
        (read_hmac_key, text("whsec_", bytes(range(23))), "wrong_length", "24 to 64 bytes, not 23"),
        (read_hmac_key, text("whsec_", bytes(range(65))), "wrong_length", "24 to 64 bytes, not 65"),
        (read_hmac_key, "whsec_" + "A" * 200, "wrong_length", "at most 128 characters"),
        (read_hmac_key, text("whsec_", bytes(32)), "placeholder", "placeholder"),
        (read_signing_key, text("whsk_", bytes(33)), "wrong_length", "32 or 64 bytes, not 33"),
        (read_signing_key, text("whsk_", SEED + SEED), "not_a_pair", "not a pair"),
        (read_verifying_key, text("whpk_", bytes(31)), "wrong_length", "32 bytes, not 31"),
        (read_verifying_key, text("whpk_", bytes(32)), "weak", "small order"),
        (read_verifying_key, text("whpk_", b"\xff" * 32), "weak", "canonical"),
    ],
)
def test_a_text_that_is_no_key_is_refused_and_never_repeated(
    read: object, given: str, fault: str, words: str
) -> None:
    with pytest.raises(BadKeyText) as refused:
        read(given)  # type: ignore[operator]
    assert refused.value.fault == fault
    assert words in str(refused.value)
    assert len(given) < 8 or given[-8:].strip() not in str(refused.value)


def test_no_secret_shows_in_a_repr() -> None:
    key = read_signing_key(text("whsk_", SEED))
    secret = HmacKey(b"swordfish-swordfish-swordfish")
    shown = f"{key!r} {secret!r}"
    assert "swordfish" not in shown and "Ed25519PrivateKey" not in shown


def test_a_key_that_would_verify_anything_is_refused_however_it_comes() -> None:
    with pytest.raises(BadKeyText):
        VerifyingKey(bytes(32))
