"""From the person's word to the verdict, and to what can be learnt from it."""

from datetime import date

import structlog
from pydantic import ValidationError

from edge.item import Item
from inspection.confirmed import Confirmed, confirmed, teaches
from inspection.grades import Grade
from inspection.journey import Event
from inspection.messages.base import sentence
from inspection.policy import Policy
from inspection.returns import ExpectedUnit
from inspection.verdict import OverrideReason, Proposal, Role, Verdict, confirm, escalate, override

log = structlog.get_logger()

ROLES = {"inspector": Role.INSPECTOR, "supervisor": Role.SUPERVISOR}


def event_for(proposal: Proposal, grade: Grade) -> Event:
    """Saying the machine's own grade is agreeing with it."""
    return Event.ACCEPT if proposal.grading.grade == grade else Event.OVERRIDE


def needs_reason(proposal: Proposal, grade: Grade) -> bool:
    """A given grade is contradicted only with a reason; where the machine had none, none is asked."""
    return proposal.grading.grade not in (grade, Grade.UNGRADED)


def accepted(proposal: Proposal, role: str) -> Verdict:
    """The proposal as it is."""
    return confirm(proposal, ROLES[role])


def overridden(
    proposal: Proposal,
    grade: Grade,
    reason: OverrideReason | None,
    expected: ExpectedUnit,
    policy: Policy,
    role: str,
) -> Verdict:
    """Another grade; raises ReasonMissing where one is needed."""
    return override(proposal, grade, reason, expected.product, expected, policy, ROLES[role])


def escalated(proposal: Proposal | None, policy: Policy, role: str) -> Verdict:
    """Handed on to a supervisor."""
    return escalate(proposal, policy, ROLES[role])


def learnable(item: Item, verdict: Verdict, day: date) -> Confirmed | None:
    """The row for learning; None where the machine or the person gave no grade, or no row can hold it."""
    seen, proposal = item.detection, item.proposal
    if seen is None or proposal is None or not teaches(verdict.kind, verdict.exception):
        return None
    try:
        return confirmed(item.unit_id, day, item.expected.product, seen, proposal.grading, verdict.grade)
    except ValidationError as error:  # the record is what counts: it must not wait for a row
        log.warning("verdict.not_kept", unit=item.unit_id, reason=sentence(error))
        return None
