"""How long a customer's text takes to understand: `python -m benchmarks reasons`, one thread.

The sentences are those of `datasets/claims`, and the longest text that is read, of phrases that all must be
weighed. The first call, which reads the model's file, is timed by itself.
"""

import json
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from inspection.claims.plain import MAX_CHARS
from inspection.claims.understanding import understand
from models.evaluation.sentences import read_sentences

SENTENCES = Path(__file__).resolve().parents[1] / "datasets" / "claims"
LIMIT_MS = 1.0
"""p95 of a customer's sentence: units are announced by the thousand."""
LONGEST = ("没有裂，not crack, too small but not broken. " * MAX_CHARS)[: 10 * MAX_CHARS]
ROUNDS = 3


def main(rounds: int = ROUNDS) -> dict[str, Any]:
    """Percentiles over all sentences, the best of some rounds for each."""
    first = _taken_ms("裂了")
    texts = [one.text for one in read_sentences(SENTENCES)]
    taken = np.array([min(_taken_ms(text) for _ in range(rounds)) for text in texts])
    p50, p95 = (float(value) for value in np.percentile(taken, [50, 95]))
    return {
        "figure": "a customer's text, understood",
        "texts": len(texts),
        "p50_ms": round(p50, 3),
        "p95_ms": round(p95, 3),
        "first_ms": round(first, 1),
        "longest_ms": round(min(_taken_ms(LONGEST) for _ in range(rounds)), 2),
        "limit_ms": LIMIT_MS,
        "within_limit": p95 <= LIMIT_MS,
    }


def _taken_ms(text: str) -> float:
    began = perf_counter()
    understand(text)
    return (perf_counter() - began) * 1e3


if __name__ == "__main__":
    sys.stdout.write(f"{json.dumps(main())}\n")
