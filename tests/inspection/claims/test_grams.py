"""The model of letter groups and its file."""

import hashlib
from dataclasses import replace
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.claims.grams import BUCKETS, CLAIMS, WEIGHTS, grams, read_weights, shipped, write_weights
from inspection.errors import ReasonModelRefused


def content() -> bytes:
    return files("inspection.claims").joinpath(WEIGHTS).read_bytes()


@given(st.text(max_size=300))
def test_every_text_has_buckets_within_the_table(text: str) -> None:
    found = grams(text)
    assert len(set(found.tolist())) == len(found)
    assert all(0 <= bucket < BUCKETS for bucket in found)


def test_a_bucket_is_the_same_on_every_machine() -> None:
    assert grams("裂了").tolist() == [6519, 11051, 32374]
    assert len(grams("abcde")) == 5 + 4 + 3 + 2


def test_the_shipped_file_is_small_and_is_written_the_same_again() -> None:
    assert len(content()) < 500_000
    assert write_weights(shipped()) == content()
    assert shipped().sha256 == hashlib.sha256(content()).hexdigest()


def test_a_text_without_letters_gets_the_bias() -> None:
    assert np.array_equal(shipped().logits(""), shipped().bias)


@pytest.mark.parametrize("cut", [0, 1, 100, 5_000])
def test_a_file_cut_short_is_refused(cut: int) -> None:
    with pytest.raises(ReasonModelRefused):
        read_weights(content()[:cut])


def test_a_file_that_was_changed_is_refused() -> None:
    changed = bytearray(content())
    changed[len(changed) // 2] ^= 0xFF
    with pytest.raises(ReasonModelRefused):
        read_weights(bytes(changed))


@pytest.mark.parametrize("name", ["table", "step", "bias"])
def test_a_model_of_another_shape_is_refused(name: str) -> None:
    model = shipped()
    other = replace(model, **{name: getattr(model, name)[..., : len(CLAIMS) - 1]})
    with pytest.raises(ReasonModelRefused, match="other claims"):
        read_weights(write_weights(other))


def test_a_model_without_numbers_is_refused() -> None:
    with pytest.raises(ReasonModelRefused):
        read_weights(write_weights(replace(shipped(), bias=np.full(len(CLAIMS), np.nan, dtype=np.float32))))
