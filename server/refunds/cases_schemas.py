"""Cases of refunds on the wire."""

from typing import Annotated

from pydantic import Field, StringConstraints

from inspection.deductions import DeductionCode
from inspection.messages.base import Count, Message
from inspection.messages.entries import Person
from inspection.messages.refund import InstructionId
from inspection.refund_exceptions import CASES, CaseKind, CaseState, Owner, WayOut
from server.refunds.cases import CaseRow

MOST_PER_PAGE = 500
Why = Annotated[str, StringConstraints(min_length=1, max_length=300)]


class CaseMessage(Message):
    """What went wrong with the refund of a unit, in whose queue it lies, and how it may be left."""

    id: Count
    merchant: str
    kind: CaseKind
    owner: Owner
    ways_out: tuple[WayOut, ...]
    unit: str
    about: str | None
    """The instruction, payout or outcome in question; of a missing unit the deadline that has passed."""
    state: CaseState
    amount_minor: int | None
    """What was found, paid or asked, as the kind has it; below 0 where refunds of ours are gone."""
    expected_minor: int | None
    currency: str | None
    raised_at: str
    person: str | None
    """Who works on it, or left it."""
    changed_at: str
    way_out: WayOut | None
    leaf_seq: Count | None
    """Index of that person's word in the ledger."""

    @classmethod
    def of(cls, row: CaseRow) -> "CaseMessage":
        """The case as it stands."""
        said = {name: getattr(row, name) for name in CaseRow.__slots__}
        return cls(**said | {"owner": Owner(row.owner), "ways_out": CASES[row.kind].ways_out})


class CasePage(Message):
    """`GET /v1/refunds/cases`: who waits longest comes first."""

    cases: Annotated[tuple[CaseMessage, ...], Field(max_length=MOST_PER_PAGE)]
    cursor: Count
    more: bool


class TakeCase(Message):
    """`POST /v1/refunds/cases/{id}/take`: work on it."""

    instead_of: Person | None = None
    """Who works on it until now; said, so that nobody is robbed of a case unawares."""


class DeductionAsked(Message):
    """What is not paid back."""

    code: DeductionCode
    amount_minor: Annotated[Count, Field(ge=1)] | None = None
    """Without it the policy's share of a whole refund."""


class LeaveCase(Message):
    """`POST /v1/refunds/cases/{id}/leave`: a person takes a way out, under the name of the API key."""

    way_out: WayOut
    reason: Why
    """Stands in the ledger for ever: no names of customers."""
    deductions: Annotated[tuple[DeductionAsked, ...], Field(max_length=8)] = ()
    """Of `decide_total`: the whole refund less these is owed."""
    amount_minor: Annotated[Count, Field(ge=1)] | None = None
    """Of `count_it` and `not_this`: how much was found, where the case does not say it."""


class CaseLeft(Message):
    """The case as it was left, and what came of it."""

    case: CaseMessage
    instruction: InstructionId | None = None
    """The new instruction that says what is owed now."""
    how: str | None = None
    """What is to be done next, where that is somebody else's."""


class Counted(Message):
    """How many cases of one kind are open."""

    owner: Owner
    kind: CaseKind
    count: Count


class CaseCounts(Message):
    """`GET /v1/refunds/cases/counts`."""

    counts: tuple[Counted, ...]
