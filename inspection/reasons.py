"""Why something was decided: a rule id and a code with its values, in no human language.

`inspection/words` turns both into sentences. Values are codes, names of views or whole
numbers, so that a reason can be signed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

MAX_REASONS = 6
"""Most that a record keeps, so that the largest record fits a leaf."""


class Rule(StrEnum):
    """Ids of the rules outside the rubrics; a rubric row has the id `<category>:<row>`."""

    GRADE_NOTHING_FOUND = "grade.nothing_found"
    GRADE_UNGRADED = "grade.ungraded"
    GRADE_SHARES = "grade.shares"
    STOP_SAFETY = "stop.safety"
    STOP_RECALL = "stop.recall"
    STOP_IDENTITY = "stop.identity"
    STOP_HYGIENE = "stop.hygiene"
    HOLD_UNGRADED = "hold.ungraded"
    HOLD_CURRENCY = "hold.currency_mismatch"
    HOLD_PRICE = "hold.price_missing"
    HOLD_NO_CHANNEL = "hold.no_channel"
    HOLD_CLOSE = "hold.close_call"
    HOLD_ESCALATED = "hold.escalated"
    VALUE_BEST = "value.best"
    PERSON_OVERRIDE = "person.override"
    AUTONOMY_BUDGET = "autonomy.budget"
    REFUND_NEW = "refund.new"
    REFUND_NOT_CUSTOMER = "refund.not_customer"
    REFUND_SHARE = "refund.share"
    REFUND_NOTHING = "refund.nothing"
    REFUND_HOLD = "refund.hold"
    REFUND_NEEDS_PERSON = "refund.needs_person"
    REFUND_PERSON = "refund.person"
    """A named person said what is owed."""
    CLAIM_COMPARED = "claim.compared"


class ReasonCode(StrEnum):
    """What a reason says; the values it carries stand behind each."""

    NOTHING_FOUND = "nothing_found"
    """No difference to the references."""
    FINDING = "finding"
    """kind, zone, severity, view, condition."""
    NO_REFERENCE = "no_reference"
    """The SKU has no reference bank."""
    FEW_REFERENCES = "few_references"
    """view, count: photos that the view still needs; what it shows cannot be compared."""
    NOTHING_COMPARED = "nothing_compared"
    """The bank knows none of the views that were taken."""
    VIEW_MISSING = "view_missing"
    """view: it has references, and no picture of it was taken."""
    IMAGE_FAULT = "image_fault"
    """view, fault."""
    OTHER_PRODUCT = "other_product"
    """view, found: the picture shows another product than the tag or label says."""
    VIEW_UNCLEAR = "view_unclear"
    """view: neither clearly equal nor clearly different."""
    SCORE_UNUSABLE = "score_unusable"
    """view: NaN, infinite or out of range."""
    UNCALIBRATED = "uncalibrated"
    """The shares come from a fixed map, not from this site's confirmed verdicts."""
    JUDGE_UNUSABLE = "judge_unusable"
    """The condition head or the calibration gave no number."""
    HEAD_DISAGREES = "head_disagrees"
    """grade, share_ppm: the condition head gives the rubric's grade hardly a chance."""
    SHARES_UNSURE = "shares_unsure"
    """grade: the rubric's grade is not the likeliest one."""
    HAZARD_SEEN = "hazard_seen"
    """kind, view."""
    RECALLED = "recalled"
    EXCEPTION = "exception"
    """exception."""
    SKU_DIFFERS = "sku_differs"
    """expected, found."""
    SEAL_OPENED = "seal_opened"
    """The product must not be resold once opened."""
    NOT_NEW_HYGIENE = "not_new_hygiene"
    """grade: a hygiene product that is not new."""
    UNGRADED = "ungraded"
    CURRENCY_DIFFERS = "currency_differs"
    """unit, product: two ISO 4217 codes."""
    PRICE_MISSING = "price_missing"
    """grade: the catalogue has no price for it."""
    NO_CHANNEL = "no_channel"
    """grade: every priced channel is barred."""
    RESTOCK_BARRED = "restock_barred"
    """condition: too poor to be sold as new."""
    BEST_VALUE = "best_value"
    """channel, amount_minor, currency."""
    CLOSE_CALL = "close_call"
    """channel (second best), amount_minor, currency."""
    SHARES_FLAT = "shares_flat"
    """No grade is likely enough."""
    ESCALATED = "escalated"
    PERSON_SAW = "person_saw"
    """grade, override."""
    PERSON_GRADED = "person_graded"
    """grade: the machine had none, or the same."""
    AUTONOMY_OFF = "autonomy_off"
    LOWERS_REFUND = "lowers_refund"
    CLOCK_UNCERTAIN = "clock_uncertain"
    NOT_DECIDED = "not_decided"
    """Held or ungraded: there is nothing to accept."""
    SHARE_TOO_LOW = "share_too_low"
    """share_ppm, needed_ppm."""
    TOO_FEW_AUDITED = "too_few_audited"
    """audited, needed."""
    BUDGET_EXCEEDED = "budget_exceeded"
    """bound_ppm, budget_ppm."""
    WITHIN_BUDGET = "within_budget"
    """bound_ppm, budget_ppm."""
    PAID_BACK_IN_FULL = "paid_back_in_full"
    NOT_THE_CUSTOMER = "not_the_customer"
    """return_reason."""
    SHARE_OF_PAID = "share_of_paid"
    """grade, return_reason, share_ppm."""
    NOTHING_OWED = "nothing_owed"
    """grade, return_reason."""
    REFUND_WAITS = "refund_waits"
    PERSON_DECIDED = "person_decided"
    MACHINE_MAY_NOT_LOWER = "machine_may_not_lower"
    CLAIM_UNCERTAIN = "claim_uncertain"
    """The customer's text was not understood well enough."""
    CLAIM_SEEN = "claim_seen"
    """claim, kind: what was claimed was found."""
    CLAIM_EXCEPTION = "claim_exception"
    """claim, exception: the bench says the same."""
    CLAIM_INTACT = "claim_intact"
    """claim: no defect was claimed, and none was found."""
    CLAIM_NOT_SEEN = "claim_not_seen"
    """claim: pictures would show it, and do not."""
    CLAIM_OTHER_SEEN = "claim_other_seen"
    """claim, kind: found instead."""
    CLAIM_DAMAGE_NEW = "claim_damage_new"
    """claim, kind: damage of which the customer said nothing."""
    CLAIM_NOT_VISIBLE = "claim_not_visible"
    """claim: no picture shows whether it holds."""
    CLAIM_UNNAMED = "claim_unnamed"
    """Something differs, and has no name."""
    CLAIM_VIEW_MISSING = "claim_view_missing"
    """Not every view was photographed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One line of why."""

    rule: str
    """A `Rule`, or the id of a rubric row."""
    code: ReasonCode
    params: tuple[tuple[str, str | int], ...] = ()
    """Values of the sentence, sorted by name."""


def because(rule: str, code: ReasonCode, **params: str | int) -> Reason:
    """Make a reason; the values are sorted so that equal reasons have equal bytes."""
    return Reason(rule=rule, code=code, params=tuple(sorted((k, _plain(v)) for k, v in params.items())))


def _plain(value: str | int) -> str | int:
    """Take the enum off a code: what is signed is plain text."""
    return str(value) if isinstance(value, str) else value


def codes(reasons: Iterable[Reason], most: int = MAX_REASONS) -> tuple[str, ...]:
    """Return what a record keeps of the reasons: the rubric row of a finding, else the code.

    Without repetition and at most `most`; the first reasons are the weightiest.
    """
    told = (r.rule if r.code == ReasonCode.FINDING else str(r.code) for r in reasons)
    return tuple(dict.fromkeys(told))[:most]
