"""A few patches that stand for all: greedy k-center (the coreset of PatchCore, arXiv 2106.08265)."""

import numpy as np

from models.backbone import Matrix


def greedy_coreset(vectors: Matrix, count: int) -> Matrix:
    """Pick `count` rows, each the farthest from those already picked; the first lies farthest from the mean.

    Deterministic: the same rows give the same choice.
    """
    squares = np.einsum("ij,ij->i", vectors, vectors)
    centred = vectors - vectors.mean(axis=0)
    chosen = [int(np.einsum("ij,ij->i", centred, centred).argmax())]
    nearest = np.full(len(vectors), np.inf, dtype=np.float32)
    while len(chosen) < min(count, len(vectors)):
        last = chosen[-1]
        distance = squares - 2.0 * (vectors @ vectors[last]) + squares[last]
        np.minimum(nearest, distance, out=nearest)
        chosen.append(int(nearest.argmax()))
    return vectors[chosen]


def nearest_distance(vectors: Matrix, bank: Matrix) -> Matrix:
    """Euclidean distance of each row of `vectors` to the nearest row of `bank`.

    One matrix product finds |v - b|^2 / 2 = |v|^2 / 2 - (v.b - |b|^2 / 2): the half square of each
    bank row rides along as one more column.
    """
    half = 0.5 * np.einsum("ij,ij->i", bank, bank)[:, None]
    ones = np.ones((len(vectors), 1), dtype=np.float32)
    wide = np.hstack([vectors, ones], dtype=np.float32)
    closeness = (wide @ np.hstack([bank, -half], dtype=np.float32).T).max(axis=1)
    squares = np.einsum("ij,ij->i", vectors, vectors) - 2.0 * closeness
    return np.asarray(np.sqrt(np.maximum(squares, 0.0)), dtype=np.float32)
