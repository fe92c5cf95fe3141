"""The verdict: what was proposed, and what a person or the machine made of it."""

from dataclasses import dataclass, replace
from enum import StrEnum

from inspection.autonomy import Permission
from inspection.catalogue import Product
from inspection.disposition import SAFETY, Decision, decide
from inspection.errors import NotAllowed, ReasonMissing
from inspection.findings import Finding
from inspection.grades import Channel, Condition, Disposition, Grade, GradeShares, ReturnException
from inspection.grading import Grading
from inspection.policy import Policy
from inspection.reasons import Reason, ReasonCode, Rule, because
from inspection.reasons import codes as reason_codes
from inspection.returns import ExpectedUnit, ReturnUnit
from inspection.rubrics import rubric_for
from inspection.shares import certain


class VerdictKind(StrEnum):
    """How a verdict came about."""

    CONFIRM = "confirm"
    OVERRIDE = "override"
    AUTONOMY = "autonomy"
    ESCALATE = "escalate"
    """Handed on: nobody has decided yet, the unit is held."""


class OverrideReason(StrEnum):
    """Why the machine was wrong; the eight tiles of the bench, in their order."""

    LIGHTING = "lighting"
    DEFECT_MISSED = "defect_missed"
    DIRT_NOT_DAMAGE = "dirt_not_damage"
    WRONG_REFERENCE = "wrong_reference"
    PACKAGING_ONLY = "packaging_only"
    LESS_SEVERE = "less_severe"
    POLICY = "policy"
    OTHER = "other"


class Role(StrEnum):
    """Who decided."""

    INSPECTOR = "inspector"
    SUPERVISOR = "supervisor"
    MACHINE = "machine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What the machine puts before the person."""

    grading: Grading
    decision: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was decided of one unit."""

    kind: VerdictKind
    decided_by: Role
    grade: Grade
    condition: Condition | None
    shares: GradeShares | None
    """After the person; None while ungraded."""
    disposition: Disposition
    channel: Channel
    rule: Rule
    reasons: tuple[Reason, ...]
    policy: str
    exception: ReturnException | None = None
    override_reason: OverrideReason | None = None

    @property
    def reason_codes(self) -> tuple[str, ...]:
        """What a record keeps of the reasons: at most eight codes."""
        return reason_codes(self.reasons)


def confirm(proposal: Proposal, by: Role = Role.INSPECTOR) -> Verdict:
    """Take the proposal as it is, by a person."""
    return _verdict(proposal.grading, proposal.decision, VerdictKind.CONFIRM, by)


def accept_alone(proposal: Proposal, permission: Permission) -> Verdict:
    """Take the proposal without a person; raises NotAllowed without a permission."""
    if not permission.allowed:
        why = ", ".join(reason.code for reason in permission.reasons)
        raise NotAllowed(f"the machine may not decide alone: {why}")
    taken = _verdict(proposal.grading, proposal.decision, VerdictKind.AUTONOMY, Role.MACHINE)
    return replace(taken, reasons=(*taken.reasons, *permission.reasons))


def override(
    proposal: Proposal,
    grade: Grade,
    reason: OverrideReason | None,
    product: Product,
    unit: ExpectedUnit | ReturnUnit,
    policy: Policy,
    by: Role = Role.INSPECTOR,
    *,
    findings: tuple[Finding, ...] = (),
) -> Verdict:
    """Set another grade and decide anew; the person's eyes replace the machine's findings.

    `findings` are what the person names. The machine's own no longer count, except hazards:
    those only the hazard's owner lifts. Raises ReasonMissing where a given grade is
    contradicted without a reason, NotAllowed for the grade `ungraded`.
    """
    if grade == Grade.UNGRADED:
        raise NotAllowed("a person sets new, used or damaged; to hand the unit on, escalate it")
    contradicts = proposal.grading.grade not in (grade, Grade.UNGRADED)
    if contradicts and reason is None:
        raise ReasonMissing(f"say why it is {grade} and not {proposal.grading.grade}")
    seen = _as_seen(proposal, grade, reason, product, findings)
    decision = decide(product, unit, seen, policy, proposal.decision.exception, person_asked=True)
    kind = VerdictKind.CONFIRM if grade == proposal.grading.grade else VerdictKind.OVERRIDE
    return replace(_verdict(seen, decision, kind, by), override_reason=reason)


def escalate(
    proposal: Proposal | None,
    policy: Policy,
    by: Role = Role.INSPECTOR,
    exception: ReturnException | None = None,
) -> Verdict:
    """Hand the unit on: it is held, and nobody has graded it yet."""
    known = exception or (proposal.decision.exception if proposal else None)
    reasons = [because(Rule.HOLD_ESCALATED, ReasonCode.ESCALATED)]
    if known is not None:
        reasons.append(because(Rule.HOLD_ESCALATED, ReasonCode.EXCEPTION, exception=known))
    return Verdict(
        kind=VerdictKind.ESCALATE,
        decided_by=by,
        grade=Grade.UNGRADED,
        condition=None,
        shares=None,
        disposition=Disposition.HOLD,
        channel=Channel.HOLD_AREA,
        rule=Rule.HOLD_ESCALATED,
        reasons=tuple(reasons),
        policy=policy.id,
        exception=known,
    )


def _as_seen(
    proposal: Proposal,
    grade: Grade,
    reason: OverrideReason | None,
    product: Product,
    findings: tuple[Finding, ...],
) -> Grading:
    """Return the grading as the person sees it; keeps the machine's condition if it fits."""
    rubric, machine = rubric_for(product.category), proposal.grading
    fits = machine.condition is not None and rubric.grade(machine.condition) == grade
    hazards = tuple(f for f in machine.findings if f.kind in SAFETY)
    return Grading(
        grade=grade,
        condition=machine.condition if fits else rubric.best_condition(grade),
        shares=certain(grade),
        reasons=(_person_says(grade, reason),),
        findings=findings + hazards,
    )


def _person_says(grade: Grade, reason: OverrideReason | None) -> Reason:
    if reason is None:
        return because(Rule.PERSON_OVERRIDE, ReasonCode.PERSON_GRADED, grade=grade)
    return because(Rule.PERSON_OVERRIDE, ReasonCode.PERSON_SAW, grade=grade, override=reason)


def _verdict(grading: Grading, decision: Decision, kind: VerdictKind, by: Role) -> Verdict:
    return Verdict(
        kind=kind,
        decided_by=by,
        grade=grading.grade,
        condition=grading.condition,
        shares=grading.shares,
        disposition=decision.disposition,
        channel=decision.channel,
        rule=decision.rule,
        reasons=(*decision.reasons, *grading.reasons),
        policy=decision.policy,
        exception=decision.exception,
    )
