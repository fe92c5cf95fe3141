"""How many items the machine might decide alone within an error budget, and how often it errs then.

The rule is the service's own (`inspection/budget.py`: fixed-sequence testing over a fixed ladder with
Clopper and Pearson's bound). Half of the test items, whole groups, set the thresholds; the other
half is decided by them; then the halves change places, and both are counted.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from inspection.budget import AuditedItem, ErrorBudget, acceptance
from inspection.grades import Grade

BUDGET = ErrorBudget()
"""1 % of each kind of error at 95 % confidence."""
CATEGORY = "evaluation"
NO_DAY = date(1970, 1, 1)
"""The rule asks for the day of an audit and only tells it on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One tested item with the grade that the machine would propose; ungraded goes to a person."""

    item: str
    group: str
    proposed: Grade
    share_ppm: int
    truth: Grade


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Outcome over the tested items."""

    items: int
    decided: int
    wrong: int

    @property
    def share(self) -> float:
        """Share of the items that is decided alone, 0..1."""
        return self.decided / self.items if self.items else 0.0

    @property
    def error(self) -> float | None:
        """Share of wrong ones among those; None where nothing is decided."""
        return self.wrong / self.decided if self.decided else None


def two_way(item: str, group: str, *, chance: float, bad: bool) -> Proposal:
    """New against damaged by the probability of a difference."""
    differs = round(chance * 1_000_000)
    return Proposal(
        item=item,
        group=group,
        proposed=Grade.DAMAGED if differs >= 500_000 else Grade.NEW,
        share_ppm=max(differs, 1_000_000 - differs),
        truth=Grade.DAMAGED if bad else Grade.NEW,
    )


def cover(proposals: Sequence[Proposal], seed: int) -> Coverage:
    """Each half decided by thresholds that the other half set."""
    groups = sorted({one.group for one in proposals})
    random.Random(seed).shuffle(groups)  # noqa: S311 - a draw anyone can repeat
    first = set(groups[: len(groups) // 2])
    halves = (
        [one for one in proposals if one.group in first],
        [one for one in proposals if one.group not in first],
    )
    decided = [*_decided(halves[0], halves[1]), *_decided(halves[1], halves[0])]
    wrong = sum(one.proposed != one.truth for one in decided)
    return Coverage(items=len(proposals), decided=len(decided), wrong=wrong)


def _decided(calibration: Sequence[Proposal], others: Sequence[Proposal]) -> list[Proposal]:
    audited = [
        AuditedItem(
            item=one.item,
            day=NO_DAY,
            category=CATEGORY,
            proposed=one.proposed,
            share_ppm=one.share_ppm,
            truth=one.truth,
        )
        for one in calibration
        if one.proposed != Grade.UNGRADED
    ]
    limits = {
        grade: acceptance(audited, BUDGET, category=CATEGORY, proposed=grade).threshold_ppm
        for grade in (Grade.NEW, Grade.USED, Grade.DAMAGED)
    }
    return [
        one for one in others if (limit := limits.get(one.proposed)) is not None and one.share_ppm >= limit
    ]
