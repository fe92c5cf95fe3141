"""From what the models saw to the proposal before the person."""

from edge.bench import Hold
from inspection.detector import Detection
from inspection.disposition import decide
from inspection.errors import PriceMissing, RubricMissing
from inspection.grades import ReturnException
from inspection.grading import grade
from inspection.journey import HoldReason
from inspection.policy import Policy
from inspection.returns import ExpectedUnit
from inspection.verdict import Proposal


def propose(
    expected: ExpectedUnit, detection: Detection, policy: Policy, exception: ReturnException | None
) -> Proposal | Hold:
    """Grade and decide one unit; a gap in the set-up becomes a hold that names it."""
    try:
        grading = grade(expected.product, detection)
        decision = decide(expected.product, expected, grading, policy, exception)
    except RubricMissing as error:
        return Hold(reason=HoldReason.RUBRIC_MISSING, detail=str(error))
    except PriceMissing as error:
        return Hold(reason=HoldReason.PRICE_MISSING, detail=str(error))
    return Proposal(grading=grading, decision=decision)
