"""The readiness card's part on deciding alone: what was audited, what that proves, on or off and why."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from inspection.autonomy import Autonomy
from inspection.budget import Acceptance, AuditedItem, ErrorBudget, ErrorKind, acceptances
from inspection.detector import VersionedFile
from inspection.reasons import Reason, ReasonCode, Rule, because

WINDOW_DAYS = 90
"""Older audits are of other goods, other people and other light."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeRow:
    """One proposed grade of the category."""

    rule: Acceptance
    alone: bool
    why: Reason
    """Why it may, or why not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AutonomyCard:
    """What the machine may decide alone of one category, and of one product in it."""

    category: str
    sku: str
    level: Autonomy
    """What somebody set; a row may still be off."""
    rows: tuple[GradeRow, ...]
    product_audited: int
    product_wrong: int
    left_out: int
    """Audited items that a calibration or a head has learnt from."""
    window_days: int
    confidence: float
    last_audit: date | None
    models: tuple[VersionedFile, ...]
    bank: VersionedFile | None


def autonomy_card(
    items: Sequence[AuditedItem],
    *,
    category: str,
    sku: str,
    today: date,
    budget: ErrorBudget,
    level: Autonomy,
    models: tuple[VersionedFile, ...] = (),
    bank: VersionedFile | None = None,
    left_out: int = 0,
    window_days: int = WINDOW_DAYS,
) -> AutonomyCard:
    """Derive the card from audited items; those older than the window, or of a day to come, do not count."""
    since = today - timedelta(days=window_days)
    counted = [one for one in items if one.category == category and since <= one.day <= today]
    own = [one for one in counted if one.sku == sku]
    rules = acceptances(counted, {category: budget})
    return AutonomyCard(
        category=category,
        sku=sku,
        level=level,
        rows=tuple(grade_row(rule, level, budget) for rule in rules),
        product_audited=len({one.item for one in own}),
        product_wrong=len({one.item for one in own if one.wrong}),
        left_out=left_out,
        window_days=window_days,
        confidence=budget.confidence,
        last_audit=max((one.day for one in counted), default=None),
        models=models,
        bank=bank,
    )


def grade_row(rule: Acceptance, level: Autonomy, budget: ErrorBudget) -> GradeRow:
    """Whether a rule is in force, with the reason a person reads."""
    if rule.why_off == ReasonCode.TOO_FEW_AUDITED:
        why = _why(rule.why_off, audited=rule.accepted, needed=rule.needed)
    elif rule.why_off is not None:
        worst = max(rule.bounds, key=lambda bound: bound.bound_ppm / bound.budget_ppm)
        why = _why(rule.why_off, bound_ppm=worst.bound_ppm, budget_ppm=worst.budget_ppm)
    elif level == Autonomy.OFF:
        why = _why(ReasonCode.AUTONOMY_OFF)
    else:
        proven = rule.bound_of(ErrorKind.ANY)
        bound = proven.bound_ppm if proven else budget.any_error
        why = _why(ReasonCode.WITHIN_BUDGET, bound_ppm=bound, budget_ppm=budget.any_error)
    return GradeRow(rule=rule, alone=why.code == ReasonCode.WITHIN_BUDGET, why=why)


def category_of(items: Iterable[AuditedItem], sku: str) -> str | None:
    """The category under which a product was audited last; None for one that never was."""
    own = [one for one in items if one.sku == sku]
    return max(own, key=lambda one: one.day).category if own else None


def _why(code: ReasonCode, **params: int) -> Reason:
    return because(Rule.AUTONOMY_BUDGET, code, **params)
