"""Refunds on the wire, beside what `inspection.messages.refund` defines."""

from typing import Annotated

from pydantic import Field

from inspection.messages.base import Count, Message
from inspection.messages.refund import InstructionId, OutcomeStatus, RefundInstruction

MOST_PER_PAGE = 500


class OutcomeRow(Message):
    """The newest outcome of an instruction."""

    status: OutcomeStatus
    refunded_total_minor: Count
    matches: bool


class InstructionRow(Message):
    """An instruction and how far it has come."""

    instruction: RefundInstruction
    state: str
    """`awaiting_checkpoint`, `queued`, `behind`, `delivered`, or `dead` once the last attempt failed."""
    attempts: Count
    answer: str | None
    """What the last attempt met, in a few words; never the refund system's own."""
    delivered_at: str | None
    outcome: OutcomeRow | None


class InstructionPage(Message):
    """`GET /v1/refunds`: a merchant's instructions in the order of the ledger."""

    instructions: Annotated[tuple[InstructionRow, ...], Field(max_length=MOST_PER_PAGE)]
    cursor: Count
    more: bool


class WithoutReturn(Message):
    """A refund that follows from no instruction: it is kept as a case, not in the ledger."""

    case: Count


class Requeued(Message):
    """The instruction is on its way again."""

    instruction: InstructionId
    state: str
