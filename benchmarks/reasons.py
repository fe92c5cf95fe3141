"""How long a customer's text takes to understand: `python -m benchmarks reasons`, one thread.

The sentences are those of `datasets/claims`, and the longest text that is read, of phrases that all must be
weighed. The first call, which reads the model's file, is timed by itself. Where the embedding is installed
(`make reasons`), the sentences that it is asked about are timed with it too.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from inspection.claims.embedding import installed_reader, latin
from inspection.claims.plain import MAX_CHARS, plain
from inspection.claims.rules import Hits, find
from inspection.claims.understanding import ReasonReader, understand
from inspection.errors import ReasonModelMissing
from models.evaluation.sentences import read_sentences

SENTENCES = Path(__file__).resolve().parents[1] / "datasets" / "claims"
LIMIT_MS = 1.0
"""p95 of a customer's sentence: units are announced by the thousand."""
LONGEST = ("没有裂，not crack, too small but not broken. " * MAX_CHARS)[: 10 * MAX_CHARS]
LONGEST_EMBEDDED = ("zork " * MAX_CHARS)[: 10 * MAX_CHARS]
ROUNDS = 3


def main(rounds: int = ROUNDS) -> dict[str, Any]:
    """Percentiles over all sentences, the best of some rounds for each."""
    first = _taken_ms("裂了")
    texts = [one.text for one in read_sentences(SENTENCES)]
    taken = _percentiles(texts, rounds)
    return {
        "figure": "a customer's text, understood",
        "texts": len(texts),
        **taken,
        "first_ms": round(first, 1),
        "longest_ms": round(min(_taken_ms(LONGEST) for _ in range(rounds)), 2),
        "limit_ms": LIMIT_MS,
        "within_limit": taken["p95_ms"] <= LIMIT_MS,
        "embedding": _embedding(texts, rounds),
    }


def _embedding(texts: Sequence[str], rounds: int) -> dict[str, Any] | str:
    began = perf_counter()
    try:
        other = installed_reader()
    except ReasonModelMissing as error:
        return str(error)
    loaded = (perf_counter() - began) * 1e3
    asked = [text for text in texts if latin(plain(text)) and find(plain(text)) == Hits()]
    return {
        "texts": len(asked),
        **_percentiles(asked, rounds, other),
        "load_ms": round(loaded),
        "longest_ms": round(min(_taken_ms(LONGEST_EMBEDDED, other) for _ in range(rounds)), 2),
    }


def _percentiles(texts: Sequence[str], rounds: int, other: ReasonReader | None = None) -> dict[str, float]:
    taken = np.array([min(_taken_ms(text, other) for _ in range(rounds)) for text in texts])
    p50, p95 = (round(float(value), 3) for value in np.percentile(taken, [50, 95]))
    return {"p50_ms": p50, "p95_ms": p95}


def _taken_ms(text: str, other: ReasonReader | None = None) -> float:
    began = perf_counter()
    understand(text, other=other)
    return (perf_counter() - began) * 1e3


if __name__ == "__main__":
    sys.stdout.write(f"{json.dumps(main())}\n")
