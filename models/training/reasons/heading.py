"""Fit the head over an embedding, by the same descent and on the same sentences as the letter groups.

It is learnt from the English training families, and tuned as `fitting` says, on those texts alone that the
reader is asked about: Latin letters, and no known phrase.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from inspection.claims.codes import MEANINGS
from inspection.claims.embedding import Head, latin
from inspection.claims.encoder import Floats
from inspection.claims.grams import CLAIMS
from inspection.claims.plain import plain
from inspection.claims.rules import Hits, find
from inspection.claims.understanding import REASONS
from models.errors import BadTrainingSet
from models.evaluation.sentences import Sentence
from models.training.reasons.fitting import (
    FOLDS,
    LEAST_CERTAIN,
    START,
    TUNED_ON,
    Unseen,
    certain_share,
    descend,
    losses,
    padded,
)

Embed = Callable[[str], Floats]
"""A plain text -> its vector, of length 1."""


def fit_head(sentences: Sequence[Sentence], embed: Embed) -> Head:
    """Return the head of all training families, tuned on what it has not seen.

    Raises BadTrainingSet where nothing is left to learn from or to tune on.
    """
    read = [one for one in sentences if latin(plain(one.text))]
    train = [one for one in read if one.split == "train"]
    families = sorted({one.family for one in train})
    if len(families) < FOLDS:
        raise BadTrainingSet(f"{FOLDS} families in English at least are needed to learn from")
    unseen: list[Unseen] = []
    for fold in range(FOLDS):
        held = set(families[fold::FOLDS])
        apart = _learn([one for one in train if one.family not in held], embed)
        unseen += _asked(apart, [one for one in train if one.family in held], embed)
    head = _learn(train, embed)
    unseen += _asked(head, [one for one in read if one.split in TUNED_ON], embed)
    if not unseen:
        raise BadTrainingSet("sentences in English without a known phrase are needed to tune on")
    return _tuned(head, unseen)


def _learn(train: Sequence[Sentence], embed: Embed) -> Head:
    """Softmax regression; embeddings have much in common, which a constant beside them takes up faster."""
    texts, truths = padded(train)
    features = np.array([[*embed(plain(text)), 1.0] for text in texts], dtype=np.float32)
    truth = np.eye(len(CLAIMS), dtype=np.float32)[truths]
    weigh: NDArray[np.float32] = (1 / np.maximum(truth.sum(axis=0), 1))[truths][:, None] / len(CLAIMS)
    columns, bias = descend(features @ features.T, truth, weigh.astype(np.float32))
    learnt = features.T @ columns
    return Head(weights=learnt[:-1], bias=learnt[-1] + bias, certain_from=1.0)


def _asked(head: Head, sentences: Sequence[Sentence], embed: Embed) -> list[Unseen]:
    """What the head says of those sentences that the reader is asked about."""
    texts = [(plain(one.text), REASONS.index(MEANINGS[one.claim].reason)) for one in sentences]
    return [
        Unseen(said=embed(text) @ head.weights + head.bias, hits=Hits(), reason=reason)
        for text, reason in texts
        if find(text) == Hits()
    ]


def _tuned(head: Head, unseen: Sequence[Unseen]) -> Head:
    """Sharpen the head until its exponents are as the chances, and set from where it answers."""
    found = losses(unseen, START)
    sharp = min(found, key=found.__getitem__)
    return Head(
        weights=head.weights * np.float32(sharp),
        bias=head.bias * np.float32(sharp),
        certain_from=certain_share(unseen, START, sharp, LEAST_CERTAIN[0]),
    )
