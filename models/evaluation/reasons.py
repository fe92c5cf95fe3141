"""How well return reasons are read: on our own sentences, and on questions that customers ask a shop.

`datasets/claims` is ours. The intents are Bitext's (CDLA-Sharing-1.0): 27 kinds of questions to a shop, none
of which is a reason for a return. Nothing is learnt from them; a reason read into one is a false alarm.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inspection.claims.codes import MEANINGS, Claim
from inspection.claims.grams import shipped
from inspection.claims.plain import plain
from inspection.claims.rules import find
from inspection.claims.understanding import (
    REASONS,
    WHOLE_PPM,
    ReasonReader,
    Understood,
    by_reason,
    shares,
    understand,
)
from inspection.returns import ReturnReason
from models.errors import BadQuestion
from models.evaluation.sentences import Sentence

BINS = 10
INTENTS = ("training", "validation", "testing")
MAX_ROWS = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One sentence and what was made of it."""

    sentence: Sentence
    truth: ReturnReason
    answer: Understood

    @property
    def told(self) -> ReturnReason | None:
        """The reason that was answered, `other` for a text that gives none; None while uncertain."""
        return None if self.answer.claim is None else MEANINGS[self.answer.claim].reason

    @property
    def guessed_right(self) -> bool:
        """Whether the likeliest reason is right, answered or not."""
        return self.answer.likeliest == self.truth


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Of one group of sentences; all shares 0..1."""

    count: int
    accuracy: float
    """Of the likeliest reason, uncertain or not."""
    uncertain: float
    right: float
    """Of the answers that were given, so many are the right reason."""
    claim_right: float
    """The same for the finer claim."""
    calibration_error: float
    """Mean distance of share and accuracy over bins of a tenth, by size."""
    phrases_answered: float
    phrases_right: float
    """The first phrase alone."""
    grams_accuracy: float
    """The letter groups alone."""


def read_all(sentences: Iterable[Sentence], other: ReasonReader | None = None) -> list[Read]:
    """Read each sentence, with another reader beside the shipped ones if there is one."""
    return [
        Read(sentence=one, truth=MEANINGS[one.claim].reason, answer=understand(one.text, other=other))
        for one in sentences
    ]


def figures(reads: Sequence[Read]) -> Figures:
    """The figures of a group; raises BadQuestion for an empty one."""
    if not reads:
        raise BadQuestion("no sentences to take figures of")
    answered = [one for one in reads if one.told is not None]
    hits = [(one.truth, find(plain(one.sentence.text)).claimed) for one in reads]
    stated = [(truth, MEANINGS[claims[0]].reason) for truth, claims in hits if claims]
    return Figures(
        count=len(reads),
        accuracy=_share(one.guessed_right for one in reads),
        uncertain=1 - len(answered) / len(reads),
        right=_share(one.told == one.truth for one in answered),
        claim_right=_share(one.answer.claim == one.sentence.claim for one in answered),
        calibration_error=calibration_error(reads),
        phrases_answered=len(stated) / len(reads),
        phrases_right=_share(truth == said for truth, said in stated),
        grams_accuracy=_share(_by_grams(one.sentence.text) == one.truth for one in reads),
    )


def calibration_error(reads: Sequence[Read]) -> float:
    """Expected calibration error of the likeliest reason; texts with nothing in them take no part."""
    rated = [one for one in reads if one.answer.share_ppm]
    bins: dict[int, list[Read]] = {}
    for one in rated:
        bins.setdefault(min(BINS - 1, one.answer.share_ppm * BINS // WHOLE_PPM), []).append(one)
    gaps = [
        abs(sum(one.answer.share_ppm for one in group) / WHOLE_PPM - sum(one.guessed_right for one in group))
        for group in bins.values()
    ]
    return sum(gaps) / len(rated) if rated else 0.0


def confusion(reads: Iterable[Read]) -> dict[ReturnReason, Counter[str]]:
    """Truth -> how often each answer was given, `uncertain` among them."""
    found: dict[ReturnReason, Counter[str]] = {reason: Counter() for reason in ReturnReason}
    for one in reads:
        found[one.truth][str(one.told or "uncertain")] += 1
    return found


def by_claim(reads: Iterable[Read]) -> dict[Claim, tuple[int, int, int]]:
    """Claim -> sentences, answered with the right reason, with the very claim."""
    found = dict.fromkeys(Claim, (0, 0, 0))
    for one in reads:
        claim = one.sentence.claim
        count, reason, exact = found[claim]
        found[claim] = (count + 1, reason + (one.told == one.truth), exact + (one.answer.claim == claim))
    return found


def read_intents(folder: Path) -> Mapping[str, tuple[str, ...]]:
    """Intent -> what customers wrote; raises BadQuestion where the files are not those."""
    found: dict[str, list[str]] = {}
    try:
        for part in INTENTS:
            with (folder / f"customer_intents_{part}.csv").open(encoding="utf-8", newline="") as stream:
                for number, row in enumerate(csv.DictReader(stream)):
                    if number < MAX_ROWS:
                        found.setdefault(row["intent"], []).append(row["utterance"])
    except (OSError, KeyError, UnicodeDecodeError, csv.Error) as error:
        raise BadQuestion(f"{folder} is not the set of intents: {type(error).__name__}") from error
    return {intent: tuple(texts) for intent, texts in found.items()}


def intent_answers(
    intents: Mapping[str, Sequence[str]], other: ReasonReader | None = None
) -> dict[str, Counter[str]]:
    """Intent -> how often each reason was read into it; `no_reason` and `uncertain` are right."""
    found: dict[str, Counter[str]] = {}
    for intent, texts in intents.items():
        found[intent] = Counter(_said(understand(text, other=other)) for text in texts)
    return found


def _said(answer: Understood) -> str:
    if answer.reason is None:
        return str(answer.claim or "uncertain")
    return str(answer.reason)


def _by_grams(text: str) -> ReturnReason:
    return REASONS[int(by_reason(shares(shipped().logits(plain(text)), 1.0)).argmax())]


def _share(right: Iterable[bool]) -> float:
    each = list(right)
    return float(np.mean(each)) if each else 0.0
