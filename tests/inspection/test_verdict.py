"""A person confirms, overrides with a reason or hands on; the machine needs a permission."""

from dataclasses import replace

import pytest

from inspection.autonomy import Permission
from inspection.catalogue import Product
from inspection.disposition import decide
from inspection.errors import NotAllowed, ReasonMissing
from inspection.findings import DefectKind, Finding
from inspection.grades import Channel, Condition, Disposition, Grade, GradeShares, ReturnException
from inspection.grading import Grading
from inspection.policy import DEFAULT_POLICY
from inspection.reasons import ReasonCode, Rule, because
from inspection.returns import ReturnUnit
from inspection.verdict import (
    OverrideReason,
    Proposal,
    Role,
    Verdict,
    VerdictKind,
    accept_alone,
    confirm,
    escalate,
    override,
)

CERTAINLY_USED = GradeShares(new=0, used=1_000_000, damaged=0)


@pytest.fixture
def proposal(shoe: Product, unit: ReturnUnit, likely_new: Grading) -> Proposal:
    return Proposal(grading=likely_new, decision=decide(shoe, unit, likely_new, DEFAULT_POLICY))


def overridden(
    proposal: Proposal, shoe: Product, unit: ReturnUnit, grade: Grade, reason: OverrideReason | None
) -> Verdict:
    return override(proposal, grade, reason, shoe, unit, DEFAULT_POLICY)


def test_a_confirmed_proposal_is_taken_as_it_is(proposal: Proposal) -> None:
    verdict = confirm(proposal)
    assert (verdict.kind, verdict.decided_by) == (VerdictKind.CONFIRM, Role.INSPECTOR)
    assert (verdict.grade, verdict.channel) == (Grade.NEW, Channel.RESTOCK)
    assert verdict.shares == proposal.grading.shares
    assert verdict.policy == "default/1"
    assert verdict.reason_codes == ("best_value",)


def test_an_override_decides_anew_for_the_grade_that_the_person_sees(
    proposal: Proposal, shoe: Product, unit: ReturnUnit
) -> None:
    verdict = overridden(proposal, shoe, unit, Grade.USED, OverrideReason.DEFECT_MISSED)
    assert (verdict.kind, verdict.override_reason) == (VerdictKind.OVERRIDE, OverrideReason.DEFECT_MISSED)
    assert (verdict.grade, verdict.condition, verdict.shares) == (Grade.USED, Condition.B, CERTAINLY_USED)
    assert (verdict.disposition, verdict.channel) == (Disposition.RESALE, Channel.OPEN_BOX)
    assert "person_saw" in verdict.reason_codes


def test_an_override_without_a_reason_is_refused(proposal: Proposal, shoe: Product, unit: ReturnUnit) -> None:
    with pytest.raises(ReasonMissing, match="why it is used and not new"):
        overridden(proposal, shoe, unit, Grade.USED, None)


def test_who_says_the_same_as_the_machine_confirms_it(
    proposal: Proposal, shoe: Product, unit: ReturnUnit
) -> None:
    assert overridden(proposal, shoe, unit, Grade.NEW, None).kind == VerdictKind.CONFIRM


def test_an_ungraded_unit_takes_a_grade_without_a_reason(
    shoe: Product, unit: ReturnUnit, likely_new: Grading
) -> None:
    ungraded = replace(likely_new, grade=Grade.UNGRADED, condition=None, shares=None)
    held = Proposal(grading=ungraded, decision=decide(shoe, unit, ungraded, DEFAULT_POLICY))
    verdict = overridden(held, shoe, unit, Grade.DAMAGED, None)
    assert (verdict.kind, verdict.condition) == (VerdictKind.OVERRIDE, Condition.D)
    assert verdict.disposition == Disposition.REPAIR


def test_nobody_overrides_to_ungraded(proposal: Proposal, shoe: Product, unit: ReturnUnit) -> None:
    with pytest.raises(NotAllowed, match="escalate"):
        overridden(proposal, shoe, unit, Grade.UNGRADED, OverrideReason.OTHER)


def test_a_person_clears_a_seal_that_the_machine_thought_open_but_never_a_leak(
    shoe: Product, unit: ReturnUnit, likely_new: Grading, stain: Finding
) -> None:
    cream = replace(shoe, hygiene=True, category="cosmetics")
    seal, leak = (replace(stain, kind=k) for k in (DefectKind.OPENED_SEAL, DefectKind.LEAK))
    seen = replace(likely_new, grade=Grade.USED, condition=Condition.C, findings=(seal,))
    proposed = Proposal(grading=seen, decision=decide(cream, unit, seen, DEFAULT_POLICY))
    assert confirm(proposed).disposition == Disposition.SCRAP
    cleared = override(proposed, Grade.NEW, OverrideReason.LIGHTING, cream, unit, DEFAULT_POLICY)
    assert cleared.disposition == Disposition.RESALE
    leaking = Proposal(grading=replace(seen, findings=(leak,)), decision=proposed.decision)
    kept = override(leaking, Grade.NEW, OverrideReason.LIGHTING, cream, unit, DEFAULT_POLICY)
    assert kept.rule == Rule.STOP_SAFETY


def test_what_a_person_names_counts(
    proposal: Proposal, shoe: Product, unit: ReturnUnit, stain: Finding
) -> None:
    leak = replace(stain, kind=DefectKind.LEAK, source="inspector")
    verdict = override(
        proposal,
        Grade.DAMAGED,
        OverrideReason.DEFECT_MISSED,
        shoe,
        unit,
        DEFAULT_POLICY,
        findings=(leak,),
    )
    assert verdict.exception == ReturnException.HAZARD


def test_an_override_does_not_lift_an_exception(shoe: Product, unit: ReturnUnit, likely_new: Grading) -> None:
    stopped = decide(shoe, unit, likely_new, DEFAULT_POLICY, ReturnException.WRONG_SERIAL)
    proposed = Proposal(grading=likely_new, decision=stopped)
    verdict = overridden(proposed, shoe, unit, Grade.USED, OverrideReason.OTHER)
    assert (verdict.disposition, verdict.exception) == (Disposition.HOLD, ReturnException.WRONG_SERIAL)


def test_an_escalated_unit_is_held_and_ungraded(proposal: Proposal) -> None:
    verdict = escalate(proposal, DEFAULT_POLICY)
    assert (verdict.kind, verdict.grade) == (VerdictKind.ESCALATE, Grade.UNGRADED)
    assert (verdict.disposition, verdict.channel) == (Disposition.HOLD, Channel.HOLD_AREA)


def test_a_unit_can_be_handed_on_before_anything_was_proposed() -> None:
    verdict = escalate(None, DEFAULT_POLICY, exception=ReturnException.EMPTY_BOX)
    assert verdict.exception == ReturnException.EMPTY_BOX
    assert verdict.reason_codes == ("escalated", "exception")


def test_the_machine_accepts_only_with_a_permission(proposal: Proposal) -> None:
    why = (because(Rule.AUTONOMY_BUDGET, ReasonCode.WITHIN_BUDGET, bound_ppm=9_970, budget_ppm=10_000),)
    verdict = accept_alone(proposal, Permission(allowed=True, reasons=why))
    assert (verdict.kind, verdict.decided_by) == (VerdictKind.AUTONOMY, Role.MACHINE)
    assert "within_budget" in verdict.reason_codes
    with pytest.raises(NotAllowed, match="autonomy_off"):
        off = because(Rule.AUTONOMY_BUDGET, ReasonCode.AUTONOMY_OFF)
        accept_alone(proposal, Permission(allowed=False, reasons=(off,)))
