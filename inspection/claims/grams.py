"""Character n-grams: a small linear model over hashed groups of 1 to 4 letters.

A group's bucket is a polynomial of its code points modulo 2^64, multiplied once more, of which the upper bits
count: the same on every machine, in a few operations of NumPy for a whole text.
"""

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspection.claims.codes import Claim
from inspection.errors import ReasonModelRefused

LONGEST = 4
BUCKET_BITS = 15
BUCKETS = 1 << BUCKET_BITS
CLAIMS = tuple(Claim)
WEIGHTS = "weights.npz"
_BASE, _SPREAD = np.uint64(1_000_003), np.uint64(0x9E3779B97F4A7C15)

Logits = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """What was set on sentences that were not learnt from; see `models/training/reasons/fitting.py`."""

    claimed: float
    """Added to a claim that a phrase states."""
    denied: float
    """Taken from one that a phrase rules out."""
    sharpness: tuple[float, float]
    """Factor of the logits: without a phrase, with one."""
    certain_from: tuple[float, float]
    """Share of a reason from which it is no longer `uncertain`: without a phrase, with one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """One trained model."""

    table: NDArray[np.int8]
    """BUCKETS x claims, in steps of `step`."""
    step: Logits
    bias: Logits
    tuning: Tuning
    sha256: str
    """Of the file's bytes; empty before it was written."""

    def logits(self, plain: str) -> Logits:
        """Return one number per claim for a plain text."""
        buckets = grams(plain)
        if not len(buckets):
            return self.bias
        summed = self.table[buckets].sum(axis=0, dtype=np.int32)
        said: Logits = summed * self.step / np.sqrt(np.float32(len(buckets))) + self.bias
        return said.astype(np.float32)


def grams(plain: str) -> NDArray[np.intp]:
    """Return the buckets of the groups of letters in a plain text, each once."""
    points = np.frombuffer(plain.encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint64)
    state = np.zeros(len(points), dtype=np.uint64)
    found = []
    for length in range(1, min(LONGEST, len(points)) + 1):
        state = state[: len(points) - length + 1] * _BASE + points[length - 1 :]
        found.append((state + np.uint64(length)) * _SPREAD >> np.uint64(64 - BUCKET_BITS))
    return np.unique(np.concatenate(found)).astype(np.intp) if found else np.zeros(0, dtype=np.intp)


@cache
def shipped() -> Weights:
    """Return the model that lies beside this module: a constant of the package, too large for source."""
    return read_weights(files("inspection.claims").joinpath(WEIGHTS).read_bytes())


def write_weights(weights: Weights) -> bytes:
    """Return the bytes of a model's file; the same weights give the same bytes."""
    tuning = weights.tuning
    numbers = (tuning.claimed, tuning.denied, *tuning.sharpness, *tuning.certain_from)
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        table=weights.table,
        step=weights.step,
        bias=weights.bias,
        tuning=np.array(numbers, dtype=np.float64),
        claims=np.array([str(claim) for claim in CLAIMS]),
    )
    return buffer.getvalue()


def read_weights(content: bytes) -> Weights:
    """Read a model's file; raises ReasonModelRefused where it is damaged or made for other claims."""
    count = len(CLAIMS)
    form = {
        "table": ((BUCKETS, count), "i"),
        "step": ((count,), "f"),
        "bias": ((count,), "f"),
        "tuning": ((6,), "f"),
        "claims": ((count,), "U"),
    }
    arrays = stored_arrays(content, form)
    claimed, denied, *rest = (float(number) for number in arrays["tuning"])
    return Weights(
        table=arrays["table"],
        step=arrays["step"],
        bias=arrays["bias"],
        tuning=Tuning(
            claimed=claimed,
            denied=denied,
            sharpness=(rest[0], rest[1]),
            certain_from=(rest[2], rest[3]),
        ),
        sha256=hashlib.sha256(content).hexdigest(),
    )


def stored_arrays(
    content: bytes, form: Mapping[str, tuple[tuple[int, ...], str]]
) -> Mapping[str, NDArray[Any]]:
    """Read a file of arrays, each of its shape and kind of numbers, `claims` among them.

    Raises ReasonModelRefused where it is damaged or made for other claims.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except Exception as error:  # zipfile, zlib and NumPy each have their own for a damaged file
        raise ReasonModelRefused("the file of the reason model is damaged") from error
    found = {name: (array.shape, array.dtype.kind) for name, array in arrays.items()}
    if found != form or not _usable(arrays):
        raise ReasonModelRefused("the file of the reason model was made for other claims, or is no such file")
    return arrays


def _usable(arrays: Mapping[str, NDArray[Any]]) -> bool:
    finite = all(np.isfinite(array).all() for array in arrays.values() if array.dtype.kind == "f")
    return finite and tuple(arrays["claims"]) == CLAIMS
