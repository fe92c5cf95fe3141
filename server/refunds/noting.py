"""What the centre did itself becomes an outcome, in the ledger and in its row, like one that was reported."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, update

from inspection.custody.leaf import EntryType
from inspection.messages.base import time_text
from inspection.messages.entries import OutcomeEntry
from inspection.messages.refund import OutcomeStatus
from server.db.refund_tables import deliveries
from server.ledger.entries import entry_of
from server.ledger.log import Log
from server.refunds import repository
from server.refunds.gate import DELIVERED
from server.refunds.standing import RefundRow

PAID = "paid"
"""Stands where the refund system's answer would: the centre paid it itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What the centre did about a unit's refund."""

    id: str
    """Of the outcome: the payout's key."""
    instruction: str
    status: OutcomeStatus
    paid_minor: int
    """All that was paid for the unit so far."""


def note_outcome(connection: Connection, log: Log, refund: RefundRow, done: Done, now: datetime) -> None:
    """Write an outcome into the ledger and its row, and mark the instruction as carried out."""
    said = repository.find_instruction(connection, log.site, done.instruction)
    if said is None or repository.find_outcome(connection, log.site, refund.merchant, done.id) is not None:
        return  # nothing new: a refund that was opened again and needed nothing more
    body = OutcomeEntry(
        v=1,
        id=done.id,
        merchant=refund.merchant,
        instruction=done.instruction,
        unit=refund.unit,
        status=done.status,
        refunded_total_minor=done.paid_minor,
        currency=said.currency,
        happened_at=now,
        matches=done.paid_minor == said.target_total_minor,
        target_total_minor=said.target_total_minor,
    )
    entry = entry_of(EntryType.REFUND_OUTCOME, body)
    place = log.append(connection, entry, time_text(now))
    digest = hashlib.sha256(entry.body).hexdigest()
    repository.add_outcome(connection, log.site, body, digest, body.matches, place.seq)
    mine = (deliveries.c.site == log.site, deliveries.c.instruction == done.instruction)
    values = {"state": DELIVERED, "answer": PAID, "delivered_at": time_text(now)}
    connection.execute(update(deliveries).where(*mine).values(**values))
