"""Simulated streams of graded returns whose true error is known, in five mixes of difficulty.

Each item has a chance of being graded wrong, drawn from its mix, and a share that the machine gives:
the chance distorted (a power of its odds) and blurred (noise on its logit). So the share orders items
imperfectly and promises more or less than it keeps, as an uncalibrated map does.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from inspection.budget import AuditedItem
from inspection.grades import Grade

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

FIRST_DAY = date(2026, 1, 1)
ITEMS_A_DAY = 250
DAMAGED_ONE_IN = 4
"""Of the wrong ones; the others are used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """One kind of stream."""

    parts: tuple[tuple[float, float, float], ...]
    """(weight, a, b): a share of the items whose chance of an error follows Beta(a, b)."""
    power: float = 1.0
    """Above 1: the machine is surer than it may be."""
    noise: float = 0.4
    """Standard deviation on the logit of the share."""


MIXES = {
    "easy": Mix(parts=((1.0, 0.3, 30.0),), noise=0.3),
    "typical": Mix(parts=((0.8, 0.5, 25.0), (0.2, 2.0, 5.0)), noise=0.5),
    "hard": Mix(parts=((0.35, 0.5, 60.0), (0.65, 2.0, 6.0)), noise=0.6),
    "two kinds": Mix(parts=((0.6, 0.3, 150.0), (0.4, 3.0, 4.0))),
    "too sure": Mix(parts=((0.7, 0.5, 25.0), (0.3, 2.0, 5.0)), power=1.5, noise=0.5),
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stream:
    """Items in the order they came."""

    shares_ppm: NDArray[np.int64]
    chances: Floats
    """True chance that each is graded wrong: what the simulation knows and no site does."""
    wrong: Bools


def draw(mix: Mix, items: int, seed: int) -> Stream:
    """Draw so many items."""
    dice = np.random.default_rng(seed)
    part = dice.choice(len(mix.parts), items, p=[weight for weight, _, _ in mix.parts])
    a, b = (np.array([row[column] for row in mix.parts])[part] for column in (1, 2))
    chances = np.clip(dice.beta(a, b), 1e-6, 0.66)
    logits = mix.power * np.log((1 - chances) / chances) + dice.normal(0.0, mix.noise, items)
    shares = np.clip(1 / (1 + np.exp(-logits)), 0.001, 0.999)
    return Stream(
        shares_ppm=np.rint(shares * 1_000_000).astype(np.int64),
        chances=chances,
        wrong=dice.random(items) < chances,
    )


def audited(stream: Stream, count: int) -> list[AuditedItem]:
    """The first items as a site has them: every one proposed as new, and what a person says of it."""
    rows = zip(stream.shares_ppm[:count].tolist(), stream.wrong[:count].tolist(), strict=True)
    return [
        AuditedItem(
            item=str(number),
            day=FIRST_DAY + timedelta(days=number // ITEMS_A_DAY),
            category="simulated",
            proposed=Grade.NEW,
            share_ppm=share,
            truth=_truth(number) if wrong else Grade.NEW,
        )
        for number, (share, wrong) in enumerate(rows)
    ]


def _truth(number: int) -> Grade:
    return Grade.USED if number % DAMAGED_ONE_IN else Grade.DAMAGED


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Population:
    """A very long stream: what is true of every threshold."""

    shares_ppm: NDArray[np.int64]
    """The surest first."""
    rates: Floats
    """True error rate of everything down to here."""

    def accepted(self, threshold_ppm: int) -> tuple[float, float]:
        """(coverage, true error rate) of a threshold, both 0..1."""
        count = int(np.searchsorted(-self.shares_ppm, -threshold_ppm, side="right"))
        return count / len(self.shares_ppm), float(self.rates[count - 1]) if count else 0.0

    def best_coverage(self, budget: float) -> float:
        """Coverage of the laxest threshold whose true error rate is at most the budget, 0..1."""
        within = np.nonzero(self.rates <= budget)[0]
        count = len(self.rates)
        while len(within) and count:
            lowest = self.shares_ppm[within[-1]]  # a threshold takes all items of a share
            count = int(np.searchsorted(-self.shares_ppm, -lowest, side="right"))
            if self.rates[count - 1] <= budget:
                return count / len(self.rates)
            within = within[: np.searchsorted(within, np.searchsorted(-self.shares_ppm, -lowest))]
        return 0.0


def population(mix: Mix, items: int = 1_000_000, seed: int = 999_331) -> Population:
    """Draw what is taken for the truth."""
    stream = draw(mix, items, seed)
    order = np.argsort(-stream.shares_ppm, kind="stable")
    rates = np.cumsum(stream.chances[order]) / np.arange(1, items + 1)
    return Population(shares_ppm=stream.shares_ppm[order], rates=rates)
