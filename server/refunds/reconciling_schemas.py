"""The reconciliation on the wire."""

from typing import Annotated

from pydantic import Field

from inspection.messages.base import Count, Message
from server.refunds.differing import DifferenceKind

MOST_PER_PAGE = 500


class DifferenceMessage(Message):
    """One row: two books that do not say the same."""

    unit: str
    kind: DifferenceKind
    ours: str
    theirs: str


class ReconciliationPage(Message):
    """`GET /v1/refunds/reconciliation`: nothing differs where `differences` is empty on every page."""

    differences: tuple[DifferenceMessage, ...]
    payments: Count
    """How many were compared for this page."""
    cursor: Annotated[str, Field(max_length=128)]
    more: bool
