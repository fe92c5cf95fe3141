"""How much is owed for one unit in total, in minor units; a person is asked before it is less.

Rounding: share of the price paid, half up on the minor unit. A hold moves no money; its
total is 0 and says nothing. `deny_proposed` is a proposal to the merchant, never an act.
"""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

from inspection.deductions import Deduction, DeductionCode
from inspection.errors import BadMessage
from inspection.grades import Disposition, Grade, ReturnException
from inspection.policy import WHOLE_PPM, Policy
from inspection.reasons import Reason, ReasonCode, Rule, because
from inspection.returns import ReturnReason, ReturnUnit
from inspection.verdict import VerdictKind


class RefundKind(StrEnum):
    """What the refund system is asked to do."""

    APPROVE = "approve"
    PARTIAL = "partial"
    HOLD = "hold"
    DENY_PROPOSED = "deny_proposed"


OF_GRADES = MappingProxyType(
    {Grade.USED: DeductionCode.GRADE_USED, Grade.DAMAGED: DeductionCode.GRADE_DAMAGED}
)


class Judged(Protocol):
    """What a refund rests on: a `Verdict` at the bench, its signed statement at the centre."""

    @property
    def kind(self) -> VerdictKind:
        """Autonomy may not lower a refund."""
        ...

    @property
    def grade(self) -> Grade:
        """The state of the unit."""
        ...

    @property
    def disposition(self) -> Disposition:
        """A hold about the unit itself holds the refund."""
        ...

    @property
    def rule(self) -> str:
        """Which rule disposed of it."""
        ...

    @property
    def exception(self) -> ReturnException | None:
        """Any exception holds the refund."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundDecision:
    """What is owed for one unit, all payments together."""

    kind: RefundKind
    target_total_minor: int
    """0..what was promised, or paid; 0 and without meaning while held."""
    currency: str
    rule: Rule
    reasons: tuple[Reason, ...]
    deductions: tuple[Deduction, ...] = ()
    """What was promised, or paid, less these is the total, unless it is held."""

    @property
    def lowers_refund(self) -> bool:
        """True where the customer would get less than was promised, now or for good."""
        return self.kind != RefundKind.APPROVE


NOT_THE_CUSTOMER = frozenset(
    {ReturnReason.DEFECTIVE, ReturnReason.DAMAGED_IN_TRANSIT, ReturnReason.NOT_AS_DESCRIBED}
)
"""Reasons for which the state of the unit is not the customer's doing: always paid in full."""

OURS_TO_SETTLE = frozenset({Rule.HOLD_PRICE, Rule.HOLD_NO_CHANNEL, Rule.HOLD_CLOSE})
"""Holds about where the unit goes; the grade is known, so the customer does not wait."""


def target_total(
    unit: ReturnUnit, verdict: Judged, policy: Policy, stop: ReturnException | None = None
) -> RefundDecision:
    """Return the total owed for a unit after its verdict; pure, exact, 0..promised.

    `stop` is what the bench cannot know, such as a return of the same thing before: it holds the refund.
    """
    if _waits(verdict) or stop is not None:
        return _hold(unit, Rule.REFUND_HOLD, *_exception(verdict.exception or stop))
    owed = _owed(unit, verdict, policy)
    if verdict.kind == VerdictKind.AUTONOMY and owed.lowers_refund:
        return _hold(
            unit,
            Rule.REFUND_NEEDS_PERSON,
            because(Rule.REFUND_NEEDS_PERSON, ReasonCode.MACHINE_MAY_NOT_LOWER),
        )
    return owed


def share_of(paid_minor: int, share_ppm: int) -> int:
    """Return a share of an amount in minor units, rounded half up; both >= 0."""
    return (paid_minor * share_ppm + WHOLE_PPM // 2) // WHOLE_PPM


def base_minor(unit: ReturnUnit) -> int:
    """What a whole refund is: what the shop promised for the unit, else what was paid."""
    return unit.paid_minor if unit.promised_minor is None else unit.promised_minor


def decided(unit: ReturnUnit, deductions: tuple[Deduction, ...]) -> RefundDecision:
    """What is owed by a named person's word: the whole refund less these; raises BadMessage below 0."""
    total = base_minor(unit) - sum(each.amount_minor for each in deductions)
    if total < 0:
        raise BadMessage(f"the deductions are more than the {base_minor(unit)} that would be paid back")
    kind = RefundKind.APPROVE if not deductions else RefundKind.PARTIAL if total else RefundKind.DENY_PROPOSED
    return RefundDecision(
        kind=kind,
        target_total_minor=total,
        currency=unit.currency,
        rule=Rule.REFUND_PERSON,
        reasons=(because(Rule.REFUND_PERSON, ReasonCode.PERSON_DECIDED),),
        deductions=deductions,
    )


def _waits(verdict: Judged) -> bool:
    held = verdict.disposition == Disposition.HOLD and verdict.rule not in OURS_TO_SETTLE
    return held or verdict.exception is not None or verdict.grade == Grade.UNGRADED


def _exception(exception: ReturnException | None) -> tuple[Reason, ...]:
    if exception is None:
        return ()
    return (because(Rule.REFUND_HOLD, ReasonCode.EXCEPTION, exception=exception),)


def _owed(unit: ReturnUnit, verdict: Judged, policy: Policy) -> RefundDecision:
    if verdict.grade == Grade.NEW:
        return _full(unit, because(Rule.REFUND_NEW, ReasonCode.PAID_BACK_IN_FULL))
    if unit.reason in NOT_THE_CUSTOMER:
        blameless = because(Rule.REFUND_NOT_CUSTOMER, ReasonCode.NOT_THE_CUSTOMER, return_reason=unit.reason)
        return _full(unit, blameless)
    return _by_table(unit, verdict.grade, policy.refund_share_ppm(verdict.grade, unit.reason))


def _by_table(unit: ReturnUnit, grade: Grade, share_ppm: int) -> RefundDecision:
    said = {"grade": grade, "return_reason": unit.reason}
    total = share_of(base_minor(unit), share_ppm)
    if share_ppm == WHOLE_PPM or base_minor(unit) == 0:
        return _full(unit, because(Rule.REFUND_SHARE, ReasonCode.PAID_BACK_IN_FULL))
    if total == 0:
        reason = because(Rule.REFUND_NOTHING, ReasonCode.NOTHING_OWED, **said)
        return _answer(unit, RefundKind.DENY_PROPOSED, 0, reason, OF_GRADES[grade])
    reason = because(Rule.REFUND_SHARE, ReasonCode.SHARE_OF_PAID, share_ppm=share_ppm, **said)
    kind = RefundKind.APPROVE if total == base_minor(unit) else RefundKind.PARTIAL
    return _answer(unit, kind, total, reason, OF_GRADES[grade])


def _full(unit: ReturnUnit, reason: Reason) -> RefundDecision:
    return _answer(unit, RefundKind.APPROVE, base_minor(unit), reason)


def _hold(unit: ReturnUnit, rule: Rule, *why: Reason) -> RefundDecision:
    waits = because(rule, ReasonCode.REFUND_WAITS)
    return RefundDecision(
        kind=RefundKind.HOLD, target_total_minor=0, currency=unit.currency, rule=rule, reasons=(waits, *why)
    )


def _answer(
    unit: ReturnUnit,
    kind: RefundKind,
    total_minor: int,
    reason: Reason,
    code: DeductionCode = DeductionCode.OTHER,
) -> RefundDecision:
    less = base_minor(unit) - total_minor
    return RefundDecision(
        kind=kind,
        target_total_minor=total_minor,
        currency=unit.currency,
        rule=Rule(reason.rule),
        reasons=(reason,),
        deductions=(Deduction(code=code, amount_minor=less),) if less else (),
    )
