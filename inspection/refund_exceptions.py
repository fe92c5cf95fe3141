"""What goes wrong with a refund: every case with its owner and its ways out, as one table.

A case is open until a person takes one of its ways out, until what was missing comes by itself, or until the
unit's next instruction overtakes it. No way out moves money by itself: it says what is owed, and the same
rules decide what may be sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from inspection.grades import ReturnException


class CaseKind(StrEnum):
    """Which exceptional case it is."""

    REFUND_WITHOUT_RETURN = "refund_without_return"
    """The refund system paid for a unit that nobody has inspected."""
    AMOUNT_MISMATCH = "amount_mismatch"
    """Another amount was paid than was owed."""
    CURRENCY_MISMATCH = "currency_mismatch"
    """The payment is in another currency than the instruction."""
    OVER_REFUND = "over_refund"
    """More is owed than the payment still has: captured less refunded."""
    ALREADY_REFUNDED = "already_refunded"
    """The payment shows refunds that are not ours: perhaps this one, by another way."""
    DUPLICATE_RETURN = "duplicate_return"
    """The same unit or serial number was returned before."""
    WRONG_ITEM = "wrong_item"
    WRONG_SERIAL = "wrong_serial"
    EMPTY_BOX = "empty_box"
    PARTIAL_QUANTITY = "partial_quantity"
    """More units came than were announced; what did not come is a missing unit."""
    MISSING_UNIT = "missing_unit"
    """Others of its parcel were inspected, and it was not in time: it has no verdict to owe anything by."""
    MISSING_PART = "missing_part"
    """A part or an accessory is missing."""
    UNCLEAR_UNIT = "unclear_unit"
    """Nobody could tell what it is, or it may not be touched: unknown, unreadable, hazard, recall."""
    NEEDS_PERSON = "needs_person"
    """A machine may not lower a refund, or no grade was given: a person says what is owed."""
    NEEDS_APPROVER = "needs_approver"
    """The centre pays here itself, and no named person has approved it yet."""
    CORRECTED_AFTER_REFUND = "corrected_after_refund"
    """A later verdict says that less is owed than was paid: nobody is charged by a machine."""
    LATE_FAILURE = "late_failure"
    """A refund that was confirmed has failed."""
    REVERSED = "reversed"
    """A refund that was confirmed was taken back."""
    STALE_VERSION = "stale_version"
    """The platform's case moved on again and again while it was read."""
    REJECTED = "rejected"
    """The refund or payment system says no."""
    UNKNOWN_OUTCOME = "unknown_outcome"
    """It cannot be found out whether it was paid."""
    UNDELIVERED = "undelivered"
    """The refund system took it in none of the attempts."""


class Owner(StrEnum):
    """In whose queue a case lies."""

    MERCHANT = "merchant"
    """The shop: it knows its customer and its payments."""
    SUPERVISOR = "supervisor"
    """At the warehouse: knows the unit."""
    FINANCE = "finance"
    """Whoever answers for money at the centre."""


class WayOut(StrEnum):
    """What a person may do with a case."""

    DECIDE_TOTAL = "decide_total"
    """Say what is owed in total, with deductions by code: a new instruction under that person's name."""
    APPROVE = "approve"
    """Let it be paid as it was proposed."""
    INSPECT_AGAIN = "inspect_again"
    """Ask for another inspection; its verdict overtakes the case."""
    SEND_AGAIN = "send_again"
    """Tell or pay it again, by the same key."""
    COUNT_IT = "count_it"
    """The money that was found is this unit's refund: only the rest is owed."""
    NOT_THIS = "not_this"
    """The money that was found is another matter: this unit is owed all of it."""
    WITHDRAW = "withdraw"
    """Expect the unit no more: it did not come."""
    ACCEPT = "accept"
    """Leave it as it is."""


class CaseState(StrEnum):
    """How far a case has come."""

    OPEN = "open"
    TAKEN = "taken"
    """A person works on it."""
    RESOLVED = "resolved"
    OVERTAKEN = "overtaken"
    """What came later settled it or made it void, without a person: a payment, or a newer instruction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRule:
    """One row of the table."""

    owner: Owner
    ways_out: tuple[WayOut, ...]
    overtaken: bool = True
    """Whether the unit's next instruction makes it void; what concerns money already moved is not."""


_W = WayOut
_ABOUT_THE_UNIT = (_W.DECIDE_TOTAL, _W.INSPECT_AGAIN, _W.ACCEPT)

CASES: Mapping[CaseKind, CaseRule] = MappingProxyType(
    {
        CaseKind.REFUND_WITHOUT_RETURN: CaseRule(
            owner=Owner.MERCHANT, ways_out=(_W.COUNT_IT, _W.NOT_THIS), overtaken=False
        ),
        CaseKind.AMOUNT_MISMATCH: CaseRule(
            owner=Owner.MERCHANT, ways_out=(_W.ACCEPT, _W.DECIDE_TOTAL, _W.SEND_AGAIN), overtaken=False
        ),
        CaseKind.CURRENCY_MISMATCH: CaseRule(
            owner=Owner.MERCHANT, ways_out=(_W.DECIDE_TOTAL, _W.ACCEPT), overtaken=False
        ),
        CaseKind.OVER_REFUND: CaseRule(owner=Owner.FINANCE, ways_out=(_W.DECIDE_TOTAL, _W.ACCEPT)),
        CaseKind.ALREADY_REFUNDED: CaseRule(
            owner=Owner.FINANCE, ways_out=(_W.COUNT_IT, _W.NOT_THIS, _W.ACCEPT), overtaken=False
        ),
        CaseKind.DUPLICATE_RETURN: CaseRule(owner=Owner.SUPERVISOR, ways_out=_ABOUT_THE_UNIT),
        CaseKind.WRONG_ITEM: CaseRule(owner=Owner.SUPERVISOR, ways_out=_ABOUT_THE_UNIT),
        CaseKind.WRONG_SERIAL: CaseRule(owner=Owner.SUPERVISOR, ways_out=_ABOUT_THE_UNIT),
        CaseKind.EMPTY_BOX: CaseRule(owner=Owner.SUPERVISOR, ways_out=_ABOUT_THE_UNIT),
        CaseKind.PARTIAL_QUANTITY: CaseRule(owner=Owner.SUPERVISOR, ways_out=_ABOUT_THE_UNIT),
        CaseKind.MISSING_UNIT: CaseRule(owner=Owner.SUPERVISOR, ways_out=(_W.WITHDRAW, _W.ACCEPT)),
        CaseKind.MISSING_PART: CaseRule(owner=Owner.SUPERVISOR, ways_out=_ABOUT_THE_UNIT),
        CaseKind.UNCLEAR_UNIT: CaseRule(owner=Owner.SUPERVISOR, ways_out=_ABOUT_THE_UNIT),
        CaseKind.NEEDS_PERSON: CaseRule(owner=Owner.SUPERVISOR, ways_out=_ABOUT_THE_UNIT),
        CaseKind.NEEDS_APPROVER: CaseRule(
            owner=Owner.FINANCE, ways_out=(_W.APPROVE, _W.DECIDE_TOTAL, _W.ACCEPT)
        ),
        CaseKind.CORRECTED_AFTER_REFUND: CaseRule(
            owner=Owner.MERCHANT, ways_out=(_W.ACCEPT, _W.DECIDE_TOTAL)
        ),
        CaseKind.LATE_FAILURE: CaseRule(
            owner=Owner.FINANCE, ways_out=(_W.SEND_AGAIN, _W.ACCEPT), overtaken=False
        ),
        CaseKind.REVERSED: CaseRule(
            owner=Owner.FINANCE, ways_out=(_W.SEND_AGAIN, _W.ACCEPT), overtaken=False
        ),
        CaseKind.STALE_VERSION: CaseRule(owner=Owner.FINANCE, ways_out=(_W.SEND_AGAIN, _W.ACCEPT)),
        CaseKind.REJECTED: CaseRule(
            owner=Owner.FINANCE, ways_out=(_W.SEND_AGAIN, _W.DECIDE_TOTAL, _W.ACCEPT)
        ),
        CaseKind.UNKNOWN_OUTCOME: CaseRule(
            owner=Owner.FINANCE, ways_out=(_W.COUNT_IT, _W.NOT_THIS), overtaken=False
        ),
        CaseKind.UNDELIVERED: CaseRule(owner=Owner.FINANCE, ways_out=(_W.SEND_AGAIN, _W.ACCEPT)),
    }
)
"""Every case with its owner and its ways out."""

OF_VERDICTS: Mapping[ReturnException, CaseKind] = MappingProxyType(
    {
        ReturnException.WRONG_ITEM: CaseKind.WRONG_ITEM,
        ReturnException.WRONG_SERIAL: CaseKind.WRONG_SERIAL,
        ReturnException.EMPTY_BOX: CaseKind.EMPTY_BOX,
        ReturnException.MISSING_PART: CaseKind.MISSING_PART,
        ReturnException.DUPLICATE: CaseKind.DUPLICATE_RETURN,
        ReturnException.OVER_QUANTITY: CaseKind.PARTIAL_QUANTITY,
        ReturnException.UNKNOWN: CaseKind.UNCLEAR_UNIT,
        ReturnException.HAZARD: CaseKind.UNCLEAR_UNIT,
        ReturnException.RECALL: CaseKind.UNCLEAR_UNIT,
        ReturnException.ALREADY_REFUNDED: CaseKind.ALREADY_REFUNDED,
        ReturnException.UNREADABLE: CaseKind.UNCLEAR_UNIT,
    }
)
"""What a verdict's exception means for its refund."""


def may(kind: CaseKind, way: WayOut) -> bool:
    """Whether a case of this kind may be left by this way."""
    return way in CASES[kind].ways_out
