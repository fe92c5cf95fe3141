"""What happens to a unit: the stops first, then what is worth most.

Order, first match wins: safety, recall, identity, hygiene, ungraded, currency, price, value.
Identity stands before hygiene because a hygiene stop scraps, and nobody scraps a thing that
may not be the customer's return. Every answer names its rule and says why.
"""

from collections.abc import Callable
from dataclasses import dataclass

from inspection.catalogue import Product
from inspection.findings import DefectKind, Finding
from inspection.grades import Channel, Condition, Disposition, Grade, GradeShares, ReturnException
from inspection.grading import Grading
from inspection.policy import Policy
from inspection.reasons import Reason, ReasonCode, Rule, because
from inspection.returns import ExpectedUnit, ReturnUnit
from inspection.shares import likeliest
from inspection.value import PPM, SCALE, Option, options

SAFETY = frozenset({DefectKind.LEAK, DefectKind.SWOLLEN_BATTERY, DefectKind.BROKEN_GLASS})
"""Kinds that stop a unit whatever it is; 49 CFR 173.157 gives no relief for such cells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Where a unit goes, and why."""

    disposition: Disposition
    channel: Channel
    rule: Rule
    reasons: tuple[Reason, ...]
    """At least one."""
    policy: str
    """Id of the policy that was applied."""
    options: tuple[Option, ...] = ()
    """Every way that was weighed, best first; empty after a stop."""
    exception: ReturnException | None = None

    @property
    def is_held(self) -> bool:
        """True where a person with the authority has to settle it."""
        return self.disposition == Disposition.HOLD


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All that a decision rests on."""

    product: Product
    unit: ReturnUnit
    grading: Grading
    policy: Policy
    exception: ReturnException | None
    person_asked: bool = False
    """True once a person has decided the grade: a close call is then not held again."""


def decide(
    product: Product,
    unit: ExpectedUnit | ReturnUnit,
    grading: Grading,
    policy: Policy,
    exception: ReturnException | None = None,
    *,
    person_asked: bool = False,
) -> Decision:
    """Decide one unit. Pure; a missing price becomes a hold, never a guess."""
    case = Case(
        product=product,
        unit=unit.unit if isinstance(unit, ExpectedUnit) else unit,
        grading=grading,
        policy=policy,
        exception=exception,
        person_asked=person_asked,
    )
    answers = (stop(case) for stop in STOPS)
    return next((answer for answer in answers if answer is not None), None) or _by_value(case)


def _safety(case: Case) -> Decision | None:
    seen = [f for f in _sure(case) if f.kind in SAFETY]
    if not seen and case.exception != ReturnException.HAZARD:
        return None
    reasons = [because(Rule.STOP_SAFETY, ReasonCode.HAZARD_SEEN, kind=f.kind, view=f.view) for f in seen[:3]]
    told = reasons or [_exception(Rule.STOP_SAFETY, ReturnException.HAZARD)]
    return _hold(case, Rule.STOP_SAFETY, *told, exception=ReturnException.HAZARD)


def _recall(case: Case) -> Decision | None:
    if not case.product.recalled and case.exception != ReturnException.RECALL:
        return None
    reason = because(Rule.STOP_RECALL, ReasonCode.RECALLED)
    return _hold(case, Rule.STOP_RECALL, reason, exception=ReturnException.RECALL)


def _identity(case: Case) -> Decision | None:
    if case.exception is not None:
        reason = _exception(Rule.STOP_IDENTITY, case.exception)
        return _hold(case, Rule.STOP_IDENTITY, reason, exception=case.exception)
    if case.unit.sku == case.product.sku:
        return None
    skus = {"expected": case.unit.sku, "found": case.product.sku}
    reason = because(Rule.STOP_IDENTITY, ReasonCode.SKU_DIFFERS, **skus)
    return _hold(case, Rule.STOP_IDENTITY, reason, exception=ReturnException.WRONG_ITEM)


def _hygiene(case: Case) -> Decision | None:
    grade = case.grading.grade
    if not case.product.hygiene or grade == Grade.UNGRADED:
        return None
    if any(f.kind == DefectKind.OPENED_SEAL for f in _sure(case)):
        reason = because(Rule.STOP_HYGIENE, ReasonCode.SEAL_OPENED)
    elif grade != Grade.NEW:
        reason = because(Rule.STOP_HYGIENE, ReasonCode.NOT_NEW_HYGIENE, grade=grade)
    else:
        return None
    return Decision(
        disposition=Disposition.SCRAP,
        channel=Channel.RECYCLE,
        rule=Rule.STOP_HYGIENE,
        reasons=(reason,),
        policy=case.policy.id,
    )


def _ungraded(case: Case) -> Decision | None:
    if case.grading.grade != Grade.UNGRADED and case.grading.shares is not None:
        return None
    return _hold(case, Rule.HOLD_UNGRADED, because(Rule.HOLD_UNGRADED, ReasonCode.UNGRADED))


def _currency(case: Case) -> Decision | None:
    if case.unit.currency == case.product.currency:
        return None
    two = {"unit": case.unit.currency, "product": case.product.currency}
    return _hold(case, Rule.HOLD_CURRENCY, because(Rule.HOLD_CURRENCY, ReasonCode.CURRENCY_DIFFERS, **two))


STOPS: tuple[Callable[[Case], Decision | None], ...] = (
    _safety,
    _recall,
    _identity,
    _hygiene,
    _ungraded,
    _currency,
)
"""In the order in which they are asked."""


def _by_value(case: Case) -> Decision:
    grade, shares = case.grading.grade, case.grading.shares
    if shares is None:  # the ungraded stop has answered before
        raise ValueError("a graded unit without shares")
    open_ways, barred = _ways(case)
    weighed = options(case.product, grade, shares, open_ways)
    if not weighed:
        return _unpriced(case, barred)
    close = _close(case, weighed, shares)
    if close and case.policy.hold_when_close and not case.person_asked:
        return _hold(case, Rule.HOLD_CLOSE, *close, *barred, weighed=weighed)
    return Decision(
        disposition=weighed[0].disposition,
        channel=weighed[0].channel,
        rule=Rule.VALUE_BEST,
        reasons=(_amount(case, ReasonCode.BEST_VALUE, weighed[0]), *close, *barred),
        policy=case.policy.id,
        options=weighed,
    )


def _ways(case: Case) -> tuple[tuple[Channel, ...], tuple[Reason, ...]]:
    """Return the channels open to the unit, and why restock is not where it is not."""
    order = list(Condition)
    condition = order.index(case.grading.condition or Condition.E)
    ways = case.policy.channels_for(case.grading.grade, case.product.category)
    if condition > order.index(case.policy.repair_down_to):
        ways = tuple(way for way in ways if way != Channel.REFURBISH)
    limit = order.index(case.policy.restock_limit(case.product.category))
    if Channel.RESTOCK not in ways or condition <= limit:
        return ways, ()
    barred = because(Rule.VALUE_BEST, ReasonCode.RESTOCK_BARRED, condition=order[condition])
    return tuple(way for way in ways if way != Channel.RESTOCK), (barred,)


def _unpriced(case: Case, barred: tuple[Reason, ...]) -> Decision:
    """Hold: either the catalogue lacks the grade's prices, or policy bars what it has."""
    grade = case.grading.grade
    if any(row.grade == grade for row in case.product.recovery):
        reason = because(Rule.HOLD_NO_CHANNEL, ReasonCode.NO_CHANNEL, grade=grade)
        return _hold(case, Rule.HOLD_NO_CHANNEL, reason, *barred)
    return _hold(case, Rule.HOLD_PRICE, because(Rule.HOLD_PRICE, ReasonCode.PRICE_MISSING, grade=grade))


def _close(case: Case, weighed: tuple[Option, ...], shares: GradeShares) -> tuple[Reason, ...]:
    reasons: list[Reason] = []
    margin = case.policy.margin_ppm * case.product.list_price_minor * (SCALE // PPM)
    if len(weighed) > 1 and weighed[0].worth - weighed[1].worth < margin:
        reasons.append(_amount(case, ReasonCode.CLOSE_CALL, weighed[1]))
    if shares.of(likeliest(shares)) < case.policy.clear_share_ppm:
        reasons.append(because(Rule.VALUE_BEST, ReasonCode.SHARES_FLAT))
    return tuple(reasons)


def _amount(case: Case, code: ReasonCode, option: Option) -> Reason:
    currency, amount = case.product.currency, option.expected_minor
    return because(Rule.VALUE_BEST, code, channel=option.channel, amount_minor=amount, currency=currency)


def _sure(case: Case) -> list[Finding]:
    return [f for f in case.grading.findings if f.confidence_ppm >= case.policy.stop_confidence_ppm]


def _exception(rule: Rule, exception: ReturnException) -> Reason:
    return because(rule, ReasonCode.EXCEPTION, exception=exception)


def _hold(
    case: Case,
    rule: Rule,
    *reasons: Reason,
    exception: ReturnException | None = None,
    weighed: tuple[Option, ...] = (),
) -> Decision:
    return Decision(
        disposition=Disposition.HOLD,
        channel=Channel.HOLD_AREA,
        rule=rule,
        reasons=reasons,
        policy=case.policy.id,
        options=weighed,
        exception=exception,
    )
