"""What a payment system said of a payout, in codes of ours: each has a sentence in both languages.

Where each platform's own words become one of these stands in its adapter, and nowhere else.
"""

from enum import StrEnum


class PayoutCode(StrEnum):
    """Why a payout stands where it stands."""

    REFUNDED = "refunded"
    RECORDED_ONLY = "recorded_only"
    """In the platform's books, though it did not finish its own work on it."""
    PAID_TWICE = "paid_twice"
    """Found more than once under one reference of ours."""
    UNDER_WAY = "under_way"
    CUSTOMER_ACTION = "customer_action"
    ALREADY_REFUNDED = "already_refunded"
    OVER_REFUND = "over_refund"
    AMOUNT_REFUSED = "amount_refused"
    """One that the platform cannot move: too small, or not exact in its unit."""
    PAYMENT_UNKNOWN = "payment_unknown"
    PAYMENT_DISPUTED = "payment_disputed"
    NOT_REFUNDABLE = "not_refundable"
    BALANCE_TOO_LOW = "balance_too_low"
    REFUND_FAILED = "refund_failed"
    REFUND_CANCELED = "refund_canceled"
    REQUEST_REFUSED = "request_refused"
    CREDENTIALS_REFUSED = "credentials_refused"
    TOO_MANY_CALLS = "too_many_calls"
    NOT_REACHED = "not_reached"
    ADDRESS_REFUSED = "address_refused"
    NO_ANSWER = "no_answer"
    UNCLEAR_ANSWER = "unclear_answer"
    PEER_FAILED = "peer_failed"
    NEEDS_PERSON = "needs_person"
    """The platform wants a person to confirm it there, by a code that it sends."""
    VERSION_MOVED = "version_moved"
    SEVERAL_FIT = "several_fit"
    """More than one refund there may be ours: the platform keeps no reference of ours."""
