"""A BERT model of sentences in NumPy: tokens -> one vector of length 1.

Source: Devlin et al. 2018 (arXiv 1810.04805), and the mean over all tokens of Reimers and Gurevych 2019
(arXiv 1908.10084). The weights come from a file of the safetensors form: eight bytes of length, a table of
contents in JSON, the numbers. Neither torch nor a package of that name is needed.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from struct import Struct
from struct import error as BadStruct

import numpy as np
from numpy.typing import NDArray

from inspection.errors import ReasonModelRefused

Floats = NDArray[np.float32]

HEAD_WIDTH = 32
"""Numbers that one attention head looks at; of all MiniLM models."""
EPSILON = np.float32(1e-12)
ERROR_FUNCTION = np.array(
    (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592), dtype=np.float32
)
_LENGTH = Struct("<Q")


@dataclass(frozen=True, slots=True)
class Encoder:
    """The weights by the names of the file; each `weight` is outputs x inputs."""

    weights: Mapping[str, Floats]
    layers: int

    def embed(self, tokens: Sequence[int]) -> Floats:
        """Return the vector of a text of at least one token."""
        found = self.weights
        states = found["embeddings.word_embeddings.weight"][list(tokens)]
        states = states + found["embeddings.position_embeddings.weight"][: len(tokens)]
        states = self._normed("embeddings", states + found["embeddings.token_type_embeddings.weight"][0])
        for layer in range(self.layers):
            states = self._layer(f"encoder.layer.{layer}", states)
        mean = states.mean(axis=0)
        unit: Floats = mean / np.maximum(np.linalg.norm(mean), EPSILON)
        return unit

    def _layer(self, at: str, states: Floats) -> Floats:
        looked = self._linear(f"{at}.attention.output.dense", self._attention(f"{at}.attention.self", states))
        states = self._normed(f"{at}.attention.output", looked + states)
        wide = gelu(self._linear(f"{at}.intermediate.dense", states))
        return self._normed(f"{at}.output", self._linear(f"{at}.output.dense", wide) + states)

    def _attention(self, at: str, states: Floats) -> Floats:
        count = len(states)
        parts = (self._linear(f"{at}.{part}", states) for part in ("query", "key", "value"))
        query, key, value = (part.reshape(count, -1, HEAD_WIDTH).swapaxes(0, 1) for part in parts)
        alike = query @ key.swapaxes(1, 2) / np.float32(np.sqrt(HEAD_WIDTH))
        risen = np.exp(alike - alike.max(axis=2, keepdims=True))
        looked: Floats = risen / risen.sum(axis=2, keepdims=True) @ value
        return looked.swapaxes(0, 1).reshape(count, -1)

    def _linear(self, at: str, states: Floats) -> Floats:
        said: Floats = states @ self.weights[f"{at}.weight"].T + self.weights[f"{at}.bias"]
        return said

    def _normed(self, at: str, states: Floats) -> Floats:
        apart = states - states.mean(axis=1, keepdims=True)
        unit: Floats = apart / np.sqrt((apart * apart).mean(axis=1, keepdims=True) + EPSILON)
        return unit * self.weights[f"{at}.LayerNorm.weight"] + self.weights[f"{at}.LayerNorm.bias"]


def gelu(given: Floats) -> Floats:
    """x times the share of a normal distribution below x, to 2e-7.

    Source: Abramowitz and Stegun, 7.1.26; NumPy has no error function.
    """
    far = np.abs(given) * np.float32(np.sqrt(0.5))
    near = 1 / (1 + np.float32(0.3275911) * far)
    tail = np.zeros_like(given)
    for factor in ERROR_FUNCTION:
        tail = (tail + factor) * near
    half = np.float32(0.5) * tail * np.exp(-far * far)
    below: Floats = given * np.where(given < 0, half, 1 - half)
    return below


def read_encoder(content: bytes | memoryview) -> Encoder:
    """Read a file of weights; raises ReasonModelRefused where it is damaged, or not of a BERT model."""
    try:
        weights = dict(_tensors(content))
        layers = sum(name.endswith(".intermediate.dense.weight") for name in weights)
        encoder = Encoder(weights, layers)
        encoder.embed((0,))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, BadStruct) as error:
        raise ReasonModelRefused("the weights of the embedding model are damaged") from error
    return encoder


def _tensors(content: bytes | memoryview) -> Iterator[tuple[str, Floats]]:
    whole = memoryview(content)
    (length,) = _LENGTH.unpack_from(whole)
    start = _LENGTH.size + length
    for name, told in json.loads(bytes(whole[_LENGTH.size : start])).items():
        if told.get("dtype") == "F32":
            first, last = told["data_offsets"]
            flat = np.frombuffer(whole[start + first : start + last], dtype="<f4")
            yield name, flat.reshape(told["shape"])
