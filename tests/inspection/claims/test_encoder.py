"""A BERT model in NumPy, beside numbers that torch gave for the same weights."""

import math

import numpy as np
import pytest

from inspection.claims.encoder import gelu, read_encoder
from inspection.errors import ReasonModelRefused


@pytest.mark.parametrize(
    ("tokens", "first"),
    [
        ((2, 9, 3), (0.05917, -0.11241, -0.01336, -0.00633, -0.12547, 0.10878, 0.08716, 0.05739)),
        (
            (2, 5, 6, 7, 8, 30, 31, 3),
            (0.06285, -0.10841, -0.05043, -0.01357, -0.11277, 0.10054, 0.09187, 0.05869),
        ),
    ],
)
def test_it_gives_the_vectors_of_transformers(
    tiny_bert: bytes, tokens: tuple[int, ...], first: tuple[float, ...]
) -> None:
    """The numbers are BertModel's of transformers 5.24.0 on torch 2.13.0, mean over the tokens, length 1."""
    found = read_encoder(tiny_bert).embed(tokens)
    assert found[:8] == pytest.approx(first, abs=1e-5)
    assert float(np.linalg.norm(found)) == pytest.approx(1, abs=1e-6)


def test_gelu_is_the_one_with_the_error_function() -> None:
    given = np.linspace(-8, 8, 999, dtype=np.float32)
    wanted = [x * 0.5 * (1 + math.erf(x / math.sqrt(2))) for x in given.tolist()]
    assert np.abs(gelu(given) - np.array(wanted)).max() < 2e-6


@pytest.mark.parametrize("cut", [0, 7, 9, 5_000, -4])
def test_a_file_cut_short_is_refused(tiny_bert: bytes, cut: int) -> None:
    with pytest.raises(ReasonModelRefused):
        read_encoder(tiny_bert[:cut])


def test_a_file_of_another_model_is_refused(tiny_bert: bytes) -> None:
    with pytest.raises(ReasonModelRefused):
        read_encoder(
            tiny_bert.replace(
                b"encoder.layer.1.attention.self.query", b"encoder.layer.1.attention.self.queer"
            )
        )
