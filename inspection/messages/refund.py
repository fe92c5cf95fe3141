"""Centre to refund system and back: the instruction, and its signed outcome."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from inspection.custody.leaf import MAX_LEAF_BYTES
from inspection.deductions import DeductionCode
from inspection.grades import Disposition, Grade, ReturnException
from inspection.messages.base import Base64, Code, Count, Currency, Hex64, Message, Name, UnitId, Utc
from inspection.messages.catalogue import Label
from inspection.messages.uplink import ReceiptMessage
from inspection.refund import RefundKind

InstructionId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_./-]{1,48}#[0-9]{1,4}$")]
"""`{unit}#{number}`: the key under which a refund system does it once."""


class DeductionMessage(Message):
    """`inspection.refund.Deduction`."""

    code: DeductionCode
    amount_minor: Annotated[Count, Field(ge=1)]


Deductions = Annotated[tuple[DeductionMessage, ...], Field(max_length=8)]


class RefundInstruction(Message):
    """What the refund system is told of one unit: the total owed, never a difference."""

    v: Literal[1]
    id: InstructionId
    number: Annotated[int, Field(ge=1, le=9999)]
    """A higher number for the same unit replaces the lower ones."""
    merchant: Name
    site: Name
    unit: UnitId
    authorization: Label
    order: Label
    kind: RefundKind
    target_total_minor: Count
    currency: Currency
    grade: Grade
    disposition: Disposition
    exception: ReturnException | None
    rule: Code
    reasons: Annotated[tuple[Code, ...], Field(max_length=6)]
    images: Annotated[tuple[Hex64, ...], Field(max_length=6)]
    """Ciphertext hashes of the evidence, every one durable at the centre."""
    issued_at: Utc
    deductions: Deductions = ()
    """Why the total is below what was promised, or paid: it is that less these; none while it is held."""
    not_before: Utc | None = None
    """Nothing that cannot be undone before this moment: until then the bench may take its verdict back."""
    replaces: InstructionId | None = None
    """The unit's instruction before this one; that is void now, and what was paid on it counts."""


ProofText = Annotated[str, Field(max_length=16 * 1024)]
"""A c2sp.org/tlog-proof; 32 witnesses and 63 hashes are below 9 KiB."""


class InstructionProof(Message):
    """Proves that the instruction and its verdict stand in the log that everybody else sees too."""

    leaf: Annotated[Base64, Field(max_length=MAX_LEAF_BYTES)]
    """The instruction's own entry."""
    instruction: ProofText
    """Of `leaf`."""
    verdict: ProofText
    """Of the leaf in the event's receipt."""


class InstructionEvent(Message):
    """Body of the webhook: the instruction with the proof of the verdict it follows from."""

    type: Literal["refund.instruction"] = "refund.instruction"
    timestamp: Utc
    instruction: RefundInstruction
    verdict: ReceiptMessage
    """Receipt of the verdict's leaf: the receiver can check it offline before paying."""
    proof: InstructionProof | None = None
    """None only where two persons let it go before a checkpoint covered it, or its entry is not shown now."""


class OutcomeStatus(StrEnum):
    """What became of an instruction at the refund system."""

    SETTLED = "settled"
    HELD = "held"
    REJECTED = "rejected"
    FAILED = "failed"
    """It had been settled, and failed later: `refunded_total_minor` is what is left of it."""
    REVERSED = "reversed"
    """It had been settled, and was taken back."""


class RefundOutcome(Message):
    """Body of `POST /v1/refunds/outcomes`, signed as a webhook by the refund system's key."""

    v: Literal[1]
    id: Label
    """The refund system's own reference: unique for ever."""
    merchant: Name
    instruction: InstructionId | None
    """None for a refund that follows from no instruction: somebody paid without a return."""
    unit: UnitId
    status: OutcomeStatus
    refunded_total_minor: Count
    """All that has been refunded for the unit so far."""
    currency: Currency
    happened_at: Utc


class OutcomeAnswer(Message):
    """The outcome stands in the ledger."""

    receipt: ReceiptMessage
    matches: bool
    """False when the refunded total differs from what was owed: an exception for a person."""
