"""Alarms and statements on the wire."""

from typing import Annotated, Any

from pydantic import Field

from inspection.custody.leaf import EntryType
from inspection.messages.base import Count, Message
from inspection.messages.entries import Token
from inspection.messages.uplink import ReceiptMessage

MOST_ALARMS = 200


class StatementRequest(Message):
    """`POST /v1/ledger/statements`: the body without `v`, `by` and the id of the entry that it is about."""

    type: EntryType
    token: Token
    """Chosen by whoever asks: the same statement sent again is the same entry."""
    body: dict[str, Any]


class StatementAnswer(Message):
    """It stands in the ledger."""

    receipt: ReceiptMessage


class AlarmRow(Message):
    """One alarm."""

    id: Count
    kind: str
    subject: str
    detail: str
    raised_at: str
    cleared_at: str | None
    cleared_by: str | None


class AlarmPage(Message):
    """`GET /v1/alarms`: newest first."""

    alarms: Annotated[tuple[AlarmRow, ...], Field(max_length=MOST_ALARMS)]


class Clearing(Message):
    """`POST /v1/alarms/{id}/clear`: why nobody needs to look any more."""

    reason: Annotated[str, Field(min_length=1, max_length=300)]


class Cleared(Message):
    """The alarm is cleared, and the ledger says by whom."""

    id: Count
    by: str
    leaf_index: Count
