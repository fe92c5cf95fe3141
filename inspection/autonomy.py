"""How far the machine may decide alone: an error budget, not a threshold.

The bound is Clopper and Pearson's exact one: the greatest error rate under which so few
errors among so many audited items are still as likely as 1 - confidence. 0 errors in 299
accepted items bound the rate at 1.0 % with 95 % confidence, in 598 at 0.5 %.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

from inspection.disposition import Decision
from inspection.grades import Grade
from inspection.grading import Grading
from inspection.reasons import Reason, ReasonCode, Rule, because

PPM = 1_000_000


class Autonomy(StrEnum):
    """The levels, after the switching rules of ISO 2859-1."""

    OFF = "off"
    TIGHTENED = "tightened"
    NORMAL = "normal"
    REDUCED_SAMPLING = "reduced_sampling"


@dataclass(frozen=True, slots=True, kw_only=True)
class AutonomyScope:
    """What one category and proposed grade of one site is allowed, and what its audit found."""

    level: Autonomy = Autonomy.OFF
    threshold_ppm: int = 990_000
    """Least share of the grade at which the machine accepts."""
    tightened_ppm: int = 997_000
    """The same while tightened."""
    budget_ppm: int = 10_000
    """Error rate among accepted items that the operator accepts."""
    confidence: float = 0.95
    audited: int = 0
    """Accepted items that a person has looked at again in the current window."""
    errors: int = 0
    """Those of them that were wrong."""
    least_audited: int = 299
    """Fewer than this say nothing: autonomy stays off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """Whether the machine may accept this unit alone, and why or why not."""

    allowed: bool
    reasons: tuple[Reason, ...]


def error_upper_bound(errors: int, accepted: int, confidence: float = 0.95) -> float:
    """Return the one-sided upper bound of an error rate, 0..1 (Clopper and Pearson, 1934).

    Raises ValueError for counts or a confidence that cannot be.
    """
    if not 0 <= errors <= accepted or not 0 < confidence < 1:
        raise ValueError(f"no such audit: {errors} errors in {accepted} at confidence {confidence}")
    if errors == accepted:
        return 1.0
    low, high = 0.0, 1.0
    while (middle := (low + high) / 2) not in (low, high):
        low, high = (
            (middle, high) if binomial_tail(errors, accepted, middle) > 1 - confidence else (low, middle)
        )
    return high


def may_decide_alone(
    grading: Grading,
    decision: Decision,
    scope: AutonomyScope,
    *,
    lowers_refund: bool,
    clock_uncertain: bool = False,
) -> Permission:
    """Say whether no person is needed. A verdict that lowers a refund always needs one."""
    against = _forbidden(grading, decision, scope, lowers_refund, clock_uncertain) or _unproven(
        grading, scope
    )
    if against:
        return Permission(allowed=False, reasons=against)
    return Permission(allowed=True, reasons=(_budget(ReasonCode.WITHIN_BUDGET, scope),))


def _forbidden(
    grading: Grading, decision: Decision, scope: AutonomyScope, lowers_refund: bool, clock_uncertain: bool
) -> tuple[Reason, ...]:
    undecided = decision.is_held or decision.exception is not None or grading.grade == Grade.UNGRADED
    conditions = (
        (scope.level == Autonomy.OFF, ReasonCode.AUTONOMY_OFF),
        (lowers_refund, ReasonCode.LOWERS_REFUND),
        (clock_uncertain, ReasonCode.CLOCK_UNCERTAIN),
        (undecided, ReasonCode.NOT_DECIDED),
    )
    disputed = tuple(reason for reason in grading.reasons if reason.code == ReasonCode.HEAD_DISAGREES)
    return (*(because(Rule.AUTONOMY_BUDGET, code) for holds, code in conditions if holds), *disputed)


def _unproven(grading: Grading, scope: AutonomyScope) -> tuple[Reason, ...]:
    share = grading.shares.of(grading.grade) if grading.shares else 0
    needed = scope.tightened_ppm if scope.level == Autonomy.TIGHTENED else scope.threshold_ppm
    if share < needed:
        return (_why(ReasonCode.SHARE_TOO_LOW, share_ppm=share, needed_ppm=needed),)
    if scope.audited < scope.least_audited:
        return (_why(ReasonCode.TOO_FEW_AUDITED, audited=scope.audited, needed=scope.least_audited),)
    if bound_ppm(scope) > scope.budget_ppm:
        return (_budget(ReasonCode.BUDGET_EXCEEDED, scope),)
    return ()


def bound_ppm(scope: AutonomyScope) -> int:
    """Return the audited error rate's upper bound, rounded up to whole ppm."""
    return math.ceil(error_upper_bound(scope.errors, scope.audited, scope.confidence) * PPM)


def binomial_tail(errors: int, accepted: int, rate: float) -> float:
    """Chance of at most `errors` errors in `accepted` items at a true rate in (0, 1)."""
    logs = [_log_term(k, accepted, rate) for k in range(errors + 1)]
    most = max(logs)
    return math.exp(most) * math.fsum(math.exp(log - most) for log in logs)


def _log_term(k: int, n: int, rate: float) -> float:
    ways = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return ways + k * math.log(rate) + (n - k) * math.log1p(-rate)


def _budget(code: ReasonCode, scope: AutonomyScope) -> Reason:
    return _why(code, bound_ppm=bound_ppm(scope), budget_ppm=scope.budget_ppm)


def _why(code: ReasonCode, **params: int) -> Reason:
    return because(Rule.AUTONOMY_BUDGET, code, **params)
