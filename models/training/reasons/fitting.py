"""Fit the letter groups by softmax regression, and tune the shares on families that were not learnt from.

The gradient is taken in the space of the examples (a model's columns are sums of its examples), which for a
thousand sentences and 32,768 buckets is a thousand times cheaper and gives the same model.

What the tuning sees has not been learnt from: the calibration families and the `blind` sentences. The table
of phrases was written with the training families in sight, so these take part only where no phrase is known,
each as read by a model that has not learnt from its family: there doubt matters, and such sentences are few.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import cycle

import numpy as np
from numpy.typing import NDArray

from inspection.claims.codes import MEANINGS
from inspection.claims.grams import BUCKETS, CLAIMS, Logits, Tuning, Weights, grams
from inspection.claims.plain import plain
from inspection.claims.rules import Hits, find
from inspection.claims.understanding import REASONS, by_reason, shares, weigh
from models.errors import BadTrainingSet
from models.evaluation.sentences import Sentence

STEPS, RATE, DECAY = 200, 30.0, 2e-5
FOLDS = 6
TUNED_ON = ("calibration", "blind")
RIGHT_ENOUGH = 0.95
"""Of the sentences that get an answer in the tuning set, so many must be right."""
LEAST_CERTAIN = (0.6, 0.5)
SHARPEST = 3.0
"""Our own sentences are easier than life: a sharper model would claim more than it knows."""
DOUBT = 0.02
"""Share of the answers that is taken to be wrong whatever the tuning set says; it keeps shares below one."""
PHRASE_WEIGHTS = (2.0, 3.0, 4.0, 6.0)
START = Tuning(claimed=4.0, denied=4.0, sharpness=(1.0, 1.0), certain_from=LEAST_CERTAIN)
AROUND = {
    "zh": (("你好，", ""), ("", "，请尽快处理"), ("亲，", "，谢谢"), ("", "，申请退货"), ("", "，麻烦退款")),
    "en": (
        ("hi, ", ""),
        ("", ", please refund"),
        ("hello, ", ", thanks"),
        ("", ", I want to return it"),
        ("", ", please advise"),
    ),
}
"""Politeness says nothing of the reason: it stands around sentences of every claim."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """A sentence as a model reads it that has not learnt from its family."""

    said: Logits
    """By the model alone, without its phrases."""
    hits: Hits
    reason: int


def fit(sentences: Sequence[Sentence]) -> Weights:
    """Return the model of all training families, tuned on what it has not seen.

    Raises BadTrainingSet where nothing is left to learn from, or to tune on with and without a phrase.
    """
    train = [one for one in sentences if one.split == "train"]
    if len({one.family for one in train}) < FOLDS:
        raise BadTrainingSet(f"{FOLDS} families at least are needed to learn from")
    model = _learn(train)
    strange = [one for one in _out_of_fold(train) if not one.hits.claimed]
    apart = _read(model, [one for one in sentences if one.split in TUNED_ON])
    unseen = [*strange, *apart]
    if len({bool(one.hits.claimed) for one in unseen}) < 2:
        raise BadTrainingSet("sentences to tune on are needed, with a known phrase and without one")
    return replace(model, tuning=tune(unseen))


def _out_of_fold(train: Sequence[Sentence]) -> list[Unseen]:
    families = sorted({one.family for one in train})
    found: list[Unseen] = []
    for fold in range(FOLDS):
        held = set(families[fold::FOLDS])
        model = _learn([one for one in train if one.family not in held])
        found += _read(model, [one for one in train if one.family in held])
    return found


def _read(model: Weights, sentences: Sequence[Sentence]) -> list[Unseen]:
    texts = [plain(one.text) for one in sentences]
    reasons = [REASONS.index(MEANINGS[one.claim].reason) for one in sentences]
    return [
        Unseen(said=model.logits(text), hits=find(text), reason=reason)
        for text, reason in zip(texts, reasons, strict=True)
        if text
    ]


def _learn(train: Sequence[Sentence]) -> Weights:
    """Softmax regression by gradient descent with momentum, then rounded to 8 bits."""
    texts, truths = padded(train)
    features = np.zeros((len(texts), BUCKETS), dtype=np.float32)
    for row, text in enumerate(texts):
        found = grams(plain(text))
        features[row, found] = 1 / np.sqrt(len(found))
    alike = features @ features.T
    truth = np.eye(len(CLAIMS), dtype=np.float32)[truths]
    weigh = (1 / np.maximum(truth.sum(axis=0), 1))[truths][:, None] / len(CLAIMS)
    table, bias = descend(alike, truth, weigh.astype(np.float32))
    return _rounded(features.T @ table, bias)


def padded(train: Sequence[Sentence]) -> tuple[list[str], NDArray[np.intp]]:
    """Every sentence as it stands and once with words of politeness around it."""
    around = {language: cycle(pairs) for language, pairs in AROUND.items()}
    texts: list[str] = []
    for one in train:
        before, after = next(around[one.language])
        texts += [one.text, f"{before}{one.text}{after}"]
    return texts, np.array([CLAIMS.index(one.claim) for one in train for _ in range(2)])


def descend(alike: Logits, truth: Logits, weigh: Logits) -> tuple[Logits, Logits]:
    """Return the share of each example in each column, and the bias."""
    columns, speed = np.zeros_like(truth), np.zeros_like(truth)
    bias = np.zeros(truth.shape[1], dtype=np.float32)
    for _ in range(STEPS):
        said = alike @ columns + bias
        risen = np.exp(said - said.max(axis=1, keepdims=True))
        error = (risen / risen.sum(axis=1, keepdims=True) - truth) * weigh
        speed = 0.9 * speed - RATE * (error + DECAY * columns)
        columns = columns + speed
        bias = bias - error.sum(axis=0)
    return columns, bias


def _rounded(table: Logits, bias: Logits) -> Weights:
    step = np.maximum(np.abs(table).max(axis=0), 1e-6).astype(np.float32) / 127
    return Weights(
        table=np.rint(table / step).astype(np.int8),
        step=step,
        bias=bias.astype(np.float32),
        tuning=START,
        sha256="",
    )


def tune(unseen: Sequence[Unseen]) -> Tuning:
    """Set what a phrase weighs, how sharp the shares are, and from where an answer is given."""
    groups = ([one for one in unseen if not one.hits.claimed], [one for one in unseen if one.hits.claimed])
    claimed = min(PHRASE_WEIGHTS, key=lambda weight: min(losses(groups[1], _weighing(weight)).values()))
    tuning = _weighing(claimed)
    found = [losses(group, tuning) for group in groups]
    sharp = (min(found[0], key=found[0].__getitem__), min(found[1], key=found[1].__getitem__))
    froms = [
        certain_share(group, tuning, sharpness, least)
        for group, sharpness, least in zip(groups, sharp, LEAST_CERTAIN, strict=True)
    ]
    return replace(tuning, sharpness=sharp, certain_from=(froms[0], froms[1]))


def _weighing(weight: float) -> Tuning:
    return replace(START, claimed=weight, denied=weight)


def _shares(group: Sequence[Unseen], tuning: Tuning) -> Callable[[float], NDArray[np.float64]]:
    said = [one.said + weigh(one.hits, tuning) for one in group]
    return lambda sharpness: np.array([by_reason(shares(logits, sharpness)) for logits in said])


def losses(group: Sequence[Unseen], tuning: Tuning) -> dict[float, float]:
    """Sharpness -> mean log loss of the reasons, with some doubt mixed in."""
    of = _shares(group, tuning)
    rows, right = np.arange(len(group)), np.array([one.reason for one in group])
    found = {}
    for sharpness in np.geomspace(0.2, SHARPEST, 24):
        each = of(float(sharpness))
        told = (1 - DOUBT) * np.log(each[rows, right]) + DOUBT * np.log(each).mean(axis=1)
        found[round(float(sharpness), 4)] = -float(told.mean())
    return found


def certain_share(group: Sequence[Unseen], tuning: Tuning, sharpness: float, least: float) -> float:
    """The lowest share from which the answers are right often enough."""
    each = _shares(group, tuning)(sharpness)
    sure, right = each.max(axis=1), each.argmax(axis=1) == np.array([one.reason for one in group])
    for share in np.arange(least, 0.99, 0.01):
        answered = sure >= share
        if answered.any() and right[answered].mean() >= RIGHT_ENOUGH:
            return round(float(share), 2)
    return 0.99
