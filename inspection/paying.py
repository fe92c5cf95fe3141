"""How much may be moved now for one unit: pure, exact, and never more than is safe.

An instruction states the total owed. What is sent is that total less what was paid for the unit before, and
never more than the payment still has by the payment system's own word, read at the moment of sending. Money
that moved by another way stops it: perhaps it is this very refund.
"""

from dataclasses import dataclass

from inspection.refund_exceptions import CaseKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """What one unit is owed, and what it had. Minor units, >= 0."""

    target_total_minor: int
    currency: str
    paid_minor: int
    """Confirmed for this unit, by whatever way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purse:
    """One payment as its system shows it, beside what we know of it. Minor units, >= 0."""

    captured_minor: int
    refunded_minor: int
    currency: str
    known_minor: int
    """Refunds of this payment that we confirmed or that a person accounted for."""

    @property
    def left_minor(self) -> int:
        """What can still be refunded; below 0 where the system let too much go."""
        return self.captured_minor - self.refunded_minor

    @property
    def foreign_minor(self) -> int:
        """Refunds that nobody here knows of; below 0 where ours are missing."""
        return self.refunded_minor - self.known_minor


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Send this much."""

    amount_minor: int
    """Above 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enough:
    """Nothing is left to send."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A person has to look first."""

    case: CaseKind


Step = Move | Enough | Stop


def next_step(owed: Owed, purse: Purse) -> Step:
    """Decide what to do for a unit while its payment is locked.

    >>> owed = Owed(target_total_minor=800, currency="EUR", paid_minor=0)
    >>> next_step(owed, Purse(captured_minor=1000, refunded_minor=0, currency="EUR", known_minor=0))
    Move(amount_minor=800)
    >>> next_step(owed, Purse(captured_minor=1000, refunded_minor=300, currency="EUR", known_minor=300))
    Stop(case=<CaseKind.OVER_REFUND: 'over_refund'>)
    """
    if owed.currency != purse.currency:
        return Stop(case=CaseKind.CURRENCY_MISMATCH)
    missing = owed.target_total_minor - owed.paid_minor
    if missing == 0:
        return Enough()
    if missing < 0:
        return Stop(case=CaseKind.CORRECTED_AFTER_REFUND)
    if purse.foreign_minor > 0:
        return Stop(case=CaseKind.ALREADY_REFUNDED)
    if purse.foreign_minor < 0:
        return Stop(case=CaseKind.REVERSED)
    if missing > purse.left_minor:
        return Stop(case=CaseKind.OVER_REFUND)
    return Move(amount_minor=missing)
