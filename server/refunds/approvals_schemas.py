"""Approvals in advance on the wire."""

from typing import Annotated

from pydantic import Field

from inspection.messages.base import Count, Currency, Message, Name, Utc
from server.refunds.cases_schemas import Why

MOST_SHOWN = 500


class NewApproval(Message):
    """`POST /v1/refunds/approvals`: let whole refunds up to a limit be paid without asking each time."""

    merchant: Name
    currency: Currency
    up_to_minor: Annotated[Count, Field(ge=1)]
    until: Utc
    """90 days ahead at most."""
    reason: Why
    """Stands in the ledger for ever: no names of customers."""


class Withdrawal(Message):
    """`POST /v1/refunds/approvals/{id}/withdraw`."""

    reason: Why


class Approval(Message):
    """An approval in advance; one that lowers a refund is never approved by it."""

    id: str
    merchant: str
    currency: str
    up_to_minor: Count
    by: str
    at: str
    until: str
    withdrawn_at: str | None
    leaf_seq: Count
    """Index of its entry in the ledger."""


class Approved(Message):
    """The approval, and how many waiting refunds went by it."""

    approval: Approval
    let_go: Count
    more: bool
    """More wait that it covers: send the same request again."""


class Approvals(Message):
    """`GET /v1/refunds/approvals`, newest first."""

    approvals: Annotated[tuple[Approval, ...], Field(max_length=MOST_SHOWN)]
