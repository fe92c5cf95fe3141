"""Images that only the site opens, and personal fields that can be forgotten."""

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from inspection.custody.sealing import commit, open_image, opens, seal_image, unwrap_key, wrap_key
from inspection.errors import BadSeal

KEY = bytes(range(32))
NONCE = bytes(12)
SITE = X25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
IMAGE = b"\xff\xd8 picture \xff\xd9"


def wrapped_for(image: bytes) -> tuple[bytes, str]:
    digest = hashlib.sha256(image).hexdigest()
    return wrap_key(KEY, SITE.public_key().public_bytes_raw(), digest), digest


@given(st.binary(max_size=200))
def test_what_is_sealed_opens_again(content: bytes) -> None:
    assert open_image(seal_image(content, KEY, NONCE), KEY) == content


@pytest.mark.parametrize("position", [0, 11, 12, 20, -1])
def test_a_changed_byte_keeps_the_image_shut(position: int) -> None:
    sealed = bytearray(seal_image(IMAGE, KEY, NONCE))
    sealed[position] ^= 1
    with pytest.raises(BadSeal):
        open_image(bytes(sealed), KEY)


def test_an_image_cut_short_stays_shut() -> None:
    with pytest.raises(BadSeal):
        open_image(b"short", KEY)


def test_the_site_unwraps_the_key_of_its_image() -> None:
    wrapped, digest = wrapped_for(IMAGE)
    assert unwrap_key(wrapped, SITE, digest) == KEY


def test_a_key_wrapped_for_one_image_opens_no_other() -> None:
    wrapped, _ = wrapped_for(IMAGE)
    with pytest.raises(BadSeal):
        unwrap_key(wrapped, SITE, hashlib.sha256(b"another").hexdigest())


def test_another_site_cannot_unwrap() -> None:
    wrapped, digest = wrapped_for(IMAGE)
    with pytest.raises(BadSeal):
        unwrap_key(wrapped, X25519PrivateKey.generate(), digest)


def test_a_commitment_opens_with_its_salt_and_value_alone() -> None:
    commitment = commit(bytes(32), "A-1001")
    assert opens(commitment, bytes(32), "A-1001")
    assert not opens(commitment, bytes(32), "A-1002")
    assert not opens(commitment, b"\x01" + bytes(31), "A-1001")
    assert not opens(commitment, b"", "A-1001")


def test_a_short_salt_is_a_mistake_of_the_program() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        commit(b"short", "x")
