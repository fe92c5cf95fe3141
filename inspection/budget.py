"""From an operator's error budget and audited items to the share at which a machine may accept alone.

One rule per category and proposed grade. A ladder of thresholds, fixed beforehand, is tried from
strict to lax and left at the first one that fails (fixed-sequence testing: Bauer, Multiple testing
in clinical trials, 1991; Learn then Test, arXiv 2110.01052). A threshold holds when the exact bound
of Clopper and Pearson lies within the budget for **every** kind of error: the null hypothesis is
"some kind is over its budget", an intersection-union test (Berger, 1982), so no confidence has to
be divided among the kinds. The chance that a derived threshold breaks any of its budgets is at most
1 - confidence, per category and proposed grade, where

* audited items are exchangeable with those decided later (a drift alarm must suspend autonomy),
* the error rate does not rise with the share (the first threshold tried depends on how many items
  it accepts, and only then may that number be looked at).
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from inspection.autonomy import PPM, Autonomy, AutonomyScope, binomial_tail, error_upper_bound
from inspection.grades import Grade
from inspection.reasons import ReasonCode

RUNGS = 50
SUREST_PPM, LAXEST_PPM = 999_000, 500_000


def _ladder() -> tuple[int, ...]:
    """Shares from strict to lax, evenly spaced in the logarithm of what is missing to certainty."""
    first, last = PPM - SUREST_PPM, PPM - LAXEST_PPM
    return tuple(PPM - round(first * (last / first) ** (k / (RUNGS - 1))) for k in range(RUNGS))


LADDER = _ladder()
"""Thresholds in ppm. Never fitted to the audited items: that would void the guarantee."""
START_SHARE = 5
"""The first rung tried accepts a fifth of the items, but no fewer than pass with no error and no
more than pass with two: one unlucky item shall not end the search (measured in docs/deciding.md)."""
START_ERRORS = 2


class ErrorKind(StrEnum):
    """How a decision of the machine may be wrong."""

    USED_AS_NEW = "used_as_new"
    DAMAGED_AS_NEW = "damaged_as_new"
    NEW_AS_DAMAGED = "new_as_damaged"
    """Harms the customer."""
    NEW_AS_USED = "new_as_used"
    """Loses value."""
    ANY = "any_error"
    """Every wrong grade, also those without a kind of their own."""


KIND_OF: Mapping[tuple[Grade, Grade], ErrorKind] = {
    (Grade.NEW, Grade.USED): ErrorKind.USED_AS_NEW,
    (Grade.NEW, Grade.DAMAGED): ErrorKind.DAMAGED_AS_NEW,
    (Grade.DAMAGED, Grade.NEW): ErrorKind.NEW_AS_DAMAGED,
    (Grade.USED, Grade.NEW): ErrorKind.NEW_AS_USED,
}
"""(proposed, true) -> kind."""

GRADES = (Grade.NEW, Grade.USED, Grade.DAMAGED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorBudget:
    """Greatest error rate that the operator accepts, in ppm of what is accepted of one proposed grade."""

    used_as_new: int = 10_000
    damaged_as_new: int = 10_000
    new_as_damaged: int = 10_000
    new_as_used: int = 10_000
    any_error: int = 10_000
    confidence: float = 0.95
    """How sure that a derived threshold keeps all of them, per category and proposed grade."""

    def __post_init__(self) -> None:
        if not all(0 < self.of(kind) < PPM for kind in ErrorKind) or not 0 < self.confidence < 1:
            raise ValueError(
                f"a budget must lie between 0 and {PPM} ppm, a confidence between 0 and 1: {self}"
            )

    def of(self, kind: ErrorKind) -> int:
        """The budget of one kind, in ppm."""
        ppm: int = getattr(self, kind.value)
        return ppm


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedItem:
    """A unit that the machine graded and a person looked at again, not only those it would accept."""

    item: str
    """Id of the unit: however often it came, it counts once."""
    day: date
    category: str
    proposed: Grade
    share_ppm: int
    """Share of the proposed grade, as it stood before the person."""
    truth: Grade
    sku: str = ""
    """Product, where the card of one is asked for; thresholds are derived per category."""

    def __post_init__(self) -> None:
        if Grade.UNGRADED in (self.proposed, self.truth) or not 0 <= self.share_ppm <= PPM:
            raise ValueError(f"an audited item needs two grades and a share of 0..{PPM} ppm: {self}")

    @property
    def wrong(self) -> bool:
        """Whether the machine proposed another grade than the true one."""
        return self.proposed != self.truth


@dataclass(frozen=True, slots=True, kw_only=True)
class KindBound:
    """What the audit proves of one kind of error."""

    kind: ErrorKind
    errors: int
    bound_ppm: int
    """Upper bound of its rate among accepted items, rounded up."""
    budget_ppm: int

    @property
    def kept(self) -> bool:
        """Whether the bound lies within the budget."""
        return self.bound_ppm <= self.budget_ppm


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """From which share on a proposed grade may be accepted alone, and what proves it."""

    category: str
    proposed: Grade
    threshold_ppm: int | None
    """None: off."""
    why_off: ReasonCode | None
    """TOO_FEW_AUDITED or BUDGET_EXCEEDED; None while on."""
    audited: int
    """Items of this category that the machine proposed this grade for."""
    needed: int
    """Accepted items without an error that the strictest of the budgets asks for."""
    accepted: int
    """Those at or above the threshold; while off, those at the first rung tried."""
    bounds: tuple[KindBound, ...]
    last_audit: date | None

    @property
    def coverage_ppm(self) -> int:
        """Share of the audited items that would have been accepted; 0 while off."""
        return 0 if self.threshold_ppm is None else self.accepted * PPM // self.audited

    def bound_of(self, kind: ErrorKind) -> KindBound | None:
        """The bound of a kind; None where this proposed grade cannot have it."""
        return next((bound for bound in self.bounds if bound.kind == kind), None)


def least_accepted(errors: int, budget_ppm: int, confidence: float = 0.95) -> int:
    """Return the fewest accepted items among which so many errors keep a budget: 0 at 1 % need 299."""
    low, high = errors, max(1, 2 * errors)
    while not keeps(errors, high, budget_ppm, confidence):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if keeps(errors, middle, budget_ppm, confidence) else (middle, high)
    return high


def keeps(errors: int, accepted: int, budget_ppm: int, confidence: float = 0.95) -> bool:
    """Whether the upper bound of the rate lies within the budget, without looking for the bound itself."""
    if accepted <= errors or errors * PPM >= accepted * budget_ppm:
        return False
    return binomial_tail(errors, accepted, budget_ppm / PPM) <= 1 - confidence


def acceptance(
    items: Iterable[AuditedItem], budget: ErrorBudget, *, category: str, proposed: Grade
) -> Acceptance:
    """Derive the threshold of one category and proposed grade."""
    own = [one for one in items if (one.category, one.proposed) == (category, proposed)]
    once = sorted(once_per_item(own), key=lambda one: one.share_ppm, reverse=True)
    kinds = kinds_of(proposed)
    strictest = min(budget.of(kind) for kind in kinds)
    least, enough = (least_accepted(k, strictest, budget.confidence) for k in (0, START_ERRORS))
    rungs = _rungs(once)
    start = next(
        (k for k, n in enumerate(rungs) if n >= min(enough, max(least, len(once) // START_SHARE))), None
    )
    reached = None if start is None else _climb(once, rungs, start, kinds, budget)
    shown = reached if reached is not None else start
    accepted = len(once) if shown is None else rungs[shown]
    return Acceptance(
        category=category,
        proposed=proposed,
        threshold_ppm=None if reached is None else LADDER[reached],
        why_off=_why_off(start, reached),
        audited=len(once),
        needed=least,
        accepted=accepted,
        bounds=_bounds(once[:accepted], kinds, budget),
        last_audit=max((one.day for one in own), default=None),
    )


def acceptances(
    items: Sequence[AuditedItem], budgets: Mapping[str, ErrorBudget], default: ErrorBudget | None = None
) -> tuple[Acceptance, ...]:
    """Derive every category's thresholds, by category and grade; budgets by category, else the default."""
    otherwise = default or ErrorBudget()
    return tuple(
        acceptance(items, budgets.get(category, otherwise), category=category, proposed=grade)
        for category in sorted({one.category for one in items} | set(budgets))
        for grade in GRADES
    )


def kinds_of(proposed: Grade) -> tuple[ErrorKind, ...]:
    """The kinds of error that a proposed grade can make."""
    return (*(kind for (grade, _), kind in KIND_OF.items() if grade == proposed), ErrorKind.ANY)


def kinds_in(item: AuditedItem) -> tuple[ErrorKind, ...]:
    """The kinds of error that one item is."""
    if not item.wrong:
        return ()
    kind = KIND_OF.get((item.proposed, item.truth))
    return (ErrorKind.ANY,) if kind is None else (kind, ErrorKind.ANY)


def once_per_item(items: Iterable[AuditedItem]) -> list[AuditedItem]:
    """One row per item: the surest of its errors, else the surest: more photos are not more items."""
    best: dict[str, AuditedItem] = {}
    for one in items:
        known = best.get(one.item)
        if known is None or (one.wrong, one.share_ppm) > (known.wrong, known.share_ppm):
            best[one.item] = one
    return list(best.values())


def scope_of(rule: Acceptance, budget: ErrorBudget, level: Autonomy) -> AutonomyScope:
    """What `may_decide_alone` needs of a derived threshold; off where nothing was derived."""
    if rule.threshold_ppm is None:
        level, threshold = Autonomy.OFF, PPM
    else:
        threshold = rule.threshold_ppm
    total = rule.bound_of(ErrorKind.ANY)
    return AutonomyScope(
        level=level,
        threshold_ppm=threshold,
        tightened_ppm=PPM - (PPM - threshold) * 3 // 10,
        budget_ppm=budget.any_error,
        confidence=budget.confidence,
        audited=rule.accepted,
        errors=total.errors if total else 0,
        least_audited=rule.needed,
    )


def _rungs(once: Sequence[AuditedItem]) -> list[int]:
    """How many items each rung accepts; the items come with the surest first."""
    counts: list[int] = []
    at = 0
    for threshold in LADDER:
        while at < len(once) and once[at].share_ppm >= threshold:
            at += 1
        counts.append(at)
    return counts


def _climb(
    once: Sequence[AuditedItem],
    rungs: Sequence[int],
    start: int,
    kinds: Sequence[ErrorKind],
    budget: ErrorBudget,
) -> int | None:
    """The laxest rung reached before the first that fails; None where the first one does."""
    reached = None
    counts = Counter(kind for one in once[: rungs[start]] for kind in kinds_in(one))
    for rung in range(start, len(rungs)):
        if rung > start:
            counts.update(kind for one in once[rungs[rung - 1] : rungs[rung]] for kind in kinds_in(one))
        if not all(keeps(counts[kind], rungs[rung], budget.of(kind), budget.confidence) for kind in kinds):
            break
        reached = rung
    return reached


def _why_off(start: int | None, reached: int | None) -> ReasonCode | None:
    if start is None:
        return ReasonCode.TOO_FEW_AUDITED
    return ReasonCode.BUDGET_EXCEEDED if reached is None else None


def _bounds(
    accepted: Sequence[AuditedItem], kinds: Sequence[ErrorKind], budget: ErrorBudget
) -> tuple[KindBound, ...]:
    counts = Counter(kind for one in accepted for kind in kinds_in(one))
    return tuple(
        KindBound(
            kind=kind,
            errors=counts[kind],
            bound_ppm=math.ceil(error_upper_bound(counts[kind], len(accepted), budget.confidence) * PPM),
            budget_ppm=budget.of(kind),
        )
        for kind in kinds
    )
