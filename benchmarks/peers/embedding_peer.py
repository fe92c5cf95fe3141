"""Our embedding of sentences beside sentence-transformers': `make peers-reasons`.

The same files, read by `tokenizers` and torch. Both cut and embed every sentence in Latin letters of
`datasets/claims`; they must be cut the same, and the vectors must be one another's to `LEAST_ALIKE`.
"""

import json
import sys
from importlib.metadata import distribution
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from inspection.claims.embedding import FOLDER, PACKAGE, installed_embedder, latin
from inspection.claims.plain import plain
from models.evaluation.sentences import read_sentences

SENTENCES = Path(__file__).resolve().parents[2] / "datasets" / "claims"
LEAST_ALIKE = 0.99999
TIMED = 100


def main() -> dict[str, Any]:
    """How far apart the two are, and how long each takes for one text, on one thread."""
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(1)
    peer = SentenceTransformer(str(distribution(PACKAGE).locate_file(FOLDER)), device="cpu")
    texts = sorted({text for one in read_sentences(SENTENCES) if latin(text := plain(one.text))})
    ours = installed_embedder()
    mine = np.array([ours.embed(text) for text in texts])
    theirs = peer.encode(texts, normalize_embeddings=True)
    cut = [ours.vocabulary.tokens(text) != tuple(peer.tokenizer(text)["input_ids"]) for text in texts]
    alike = (mine * theirs).sum(axis=1)
    return {
        "figure": "an embedding of a text, beside sentence-transformers",
        "texts": len(texts),
        "cut_otherwise": sum(cut),
        "largest_difference": float(np.abs(mine - theirs).max()),
        "least_alike": float(alike.min()),
        "ours_ms": _each_ms(ours.embed, texts[:TIMED]),
        "theirs_ms": _each_ms(peer.encode, texts[:TIMED]),
        "within_limit": not any(cut) and bool(alike.min() >= LEAST_ALIKE),
    }


def _each_ms(embed: Any, texts: list[str]) -> float:
    taken = []
    for text in texts:
        began = perf_counter()
        embed(text)
        taken.append(perf_counter() - began)
    return round(float(np.median(taken)) * 1e3, 1)


if __name__ == "__main__":
    found = main()
    sys.stdout.write(f"{json.dumps(found)}\n")
    sys.exit(not found["within_limit"])
