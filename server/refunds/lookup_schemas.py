"""Refunds that were looked up, on the wire; nothing in them is personal."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from fastapi import Query
from pydantic import Field

from inspection.grades import Grade
from inspection.messages.base import Count, Message
from inspection.refund import RefundKind
from inspection.refund_exceptions import CaseKind, Owner
from inspection.refund_state import RefundState
from inspection.returns import ReturnReason

MOST_PER_PAGE = 500
MOST_GROUPS = 1000
WHEN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z)?$"
Text = Annotated[str | None, Query(min_length=1, max_length=64)]
When = Annotated[str | None, Query(pattern=WHEN, max_length=27)]
"""A day, or a time as it stands in every message."""
Amount = Annotated[int | None, Query(ge=0, le=2**53 - 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """By what refunds are looked up: all that is said must hold."""

    merchant: Text = None
    """Goes with order, customer, authorization and payment, which are a merchant's own names."""
    unit: Text = None
    order: Text = None
    customer: Text = None
    authorization: Text = None
    payment: Text = None
    instruction: Text = None
    state: Annotated[RefundState | None, Query()] = None
    kind: Annotated[RefundKind | None, Query()] = None
    reason: Text = None
    """Why it is held: a case, or a rule."""
    return_reason: Annotated[ReturnReason | None, Query()] = None
    grade: Annotated[Grade | None, Query()] = None
    currency: Annotated[str | None, Query(pattern="^[A-Z]{3}$")] = None
    amount_from: Amount = None
    amount_to: Amount = None
    told_from: When = None
    """This day or time included."""
    told_to: When = None
    """This day or time not included."""
    case: Annotated[CaseKind | None, Query()] = None
    """An open case of this kind."""


class RefundFound(Message):
    """How far the refund of one unit has come."""

    unit: str
    merchant: str
    instruction: str
    """The newest."""
    kind: RefundKind
    target_total_minor: Count
    paid_minor: Count
    currency: str
    state: RefundState
    reason: str | None
    grade: Grade | None
    return_reason: str
    approved_by: str | None
    told_at: str
    changed_at: str
    verdict_seq: Count
    leaf_seq: Count


class RefundPage(Message):
    """`GET /v1/refunds/search`, newest first."""

    refunds: Annotated[tuple[RefundFound, ...], Field(max_length=MOST_PER_PAGE)]
    cursor: str | None
    """Goes into `after` for the next page; none behind the last."""


class By(StrEnum):
    """What is counted together."""

    DAY = "day"
    MERCHANT = "merchant"
    REASON = "reason"
    GRADE = "grade"
    STATE = "state"


class Money(Message):
    """What is owed and what was paid, in one currency."""

    currency: str
    count: Count
    target_total_minor: Count
    paid_minor: Count


class Group(Message):
    """Refunds that are counted together."""

    key: str
    """The day, merchant, reason, grade or state; `all` for all of them."""
    count: Count
    full: Count
    """Whole refunds."""
    part: Count
    denied: Count
    """Nothing is owed, as it is proposed."""
    held: Count
    """Nobody has said yet what is owed, or it waits for a person."""
    amounts: tuple[Money, ...]
    settled: Count
    """Confirmed by an outcome; the two times are over these."""
    median_s: Count | None
    """From the verdict to the outcome, in seconds."""
    p95_s: Count | None


class Calls(Message):
    """How automatic calls went."""

    ended: Count
    """Those that succeeded or failed for good."""
    first: Count
    """Succeeded at the first attempt."""
    succeeded: Count
    failed: Count
    """Given up, or refused."""
    unknown: Count
    """Nobody knows yet; not among those that ended."""


class OpenCases(Message):
    """Open cases of one kind, by their age."""

    kind: CaseKind
    owner: Owner
    count: Count
    day: Count
    """Younger than a day."""
    week: Count
    """Older, and younger than a week."""
    older: Count
    oldest_at: str


class Statistics(Message):
    """`GET /v1/refunds/statistics`: refunds whose newest instruction was issued in a span of time."""

    told_from: str
    told_to: str
    by: By
    all: Group
    groups: Annotated[tuple[Group, ...], Field(max_length=MOST_GROUPS)]
    more: bool
    """There are more groups than are shown: the largest are."""
    deliveries: Calls
    payouts: Calls
    cases: tuple[OpenCases, ...]
