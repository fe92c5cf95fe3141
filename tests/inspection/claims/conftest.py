"""A BERT model of chance weights, small enough to be made in a test, in the form of its file."""

import json
from struct import pack

import numpy as np
import pytest

WIDTH, INNER, LAYERS, PIECES, PLACES = 64, 128, 2, 40, 16


def shapes() -> dict[str, tuple[int, ...]]:
    """Name -> shape, in the order in which the numbers are drawn."""
    found: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (PIECES, WIDTH),
        "embeddings.position_embeddings.weight": (PLACES, WIDTH),
        "embeddings.token_type_embeddings.weight": (2, WIDTH),
        "embeddings.LayerNorm.weight": (WIDTH,),
        "embeddings.LayerNorm.bias": (WIDTH,),
    }
    for layer in range(LAYERS):
        at = f"encoder.layer.{layer}"
        square = [f"attention.self.{part}" for part in ("query", "key", "value")]
        for part in (*square, "attention.output.dense"):
            found |= {f"{at}.{part}.weight": (WIDTH, WIDTH), f"{at}.{part}.bias": (WIDTH,)}
        for part, size in (("intermediate", (INNER, WIDTH)), ("output", (WIDTH, INNER))):
            found |= {f"{at}.{part}.dense.weight": size, f"{at}.{part}.dense.bias": size[:1]}
        for part in ("attention.output", "output"):
            found |= {f"{at}.{part}.LayerNorm.{kind}": (WIDTH,) for kind in ("weight", "bias")}
    return found


@pytest.fixture(scope="session")
def tiny_bert() -> bytes:
    """A safetensors file; it holds one table of whole numbers too, as MiniLM's does."""
    chance, contents, numbers = np.random.default_rng(7), {}, bytes(8)
    told: dict[str, object] = {"__metadata__": {"format": "pt"}}
    told["embeddings.position_ids"] = {"dtype": "I64", "shape": [1, 1], "data_offsets": [0, 8]}
    for name, shape in shapes().items():
        content = chance.normal(scale=0.3, size=shape).astype("<f4").tobytes()
        offsets = [len(numbers), len(numbers) + len(content)]
        contents[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": offsets}
        numbers += content
    head = json.dumps(told | contents).encode()
    return pack("<Q", len(head)) + head + numbers


@pytest.fixture(scope="session")
def few_pieces() -> bytes:
    """A vocabulary of as many pieces."""
    known = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "the",
        "handle",
        "is",
        "loose",
        "##s",
        "##ened",
        ",",
        "caf",
        "##e",
    ]
    return "\n".join((*known, *(f"[unused{number}]" for number in range(PIECES - len(known))), "")).encode()
