"""One rule for signatures, and no key that two libraries would judge differently."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from inspection.custody.signing import Domain, check_public_key, key_id, public_bytes, sign, verify
from inspection.errors import BadSignature

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def test_a_signature_verifies_over_the_same_bytes_and_domain() -> None:
    signature = sign(KEY, Domain.RECORD, b"content")
    assert len(signature) == 64
    verify(public_bytes(KEY), Domain.RECORD, b"content", signature)  # raises where it does not fit


@pytest.mark.parametrize(
    ("domain", "content"), [(Domain.RECEIPT, b"content"), (Domain.RECORD, b"contenT"), (Domain.RECORD, b"")]
)
def test_a_signature_made_for_one_purpose_serves_no_other(domain: Domain, content: bytes) -> None:
    signature = sign(KEY, Domain.RECORD, b"content")
    with pytest.raises(BadSignature):
        verify(public_bytes(KEY), domain, content, signature)


@pytest.mark.parametrize("bit", range(0, 512, 37))
def test_a_flipped_bit_of_a_signature_is_noticed(bit: int) -> None:
    signature = bytearray(sign(KEY, Domain.RECORD, b"content"))
    signature[bit // 8] ^= 1 << bit % 8
    with pytest.raises(BadSignature):
        verify(public_bytes(KEY), Domain.RECORD, b"content", bytes(signature))


def test_the_domain_line_comes_first_in_the_signed_bytes() -> None:
    KEY.public_key().verify(sign(KEY, Domain.RECORD, b"{}"), b"regrade/record/v1\n{}")


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_key_of_the_wrong_length_is_refused(size: int) -> None:
    with pytest.raises(BadSignature, match="32 bytes"):
        check_public_key(bytes(size))


def test_an_ordinary_key_may_be_enrolled() -> None:
    raw = public_bytes(KEY)
    assert check_public_key(raw) == raw
    assert len(key_id(raw)) == 32
