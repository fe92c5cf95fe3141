"""Do all books of refunds say the same: pure; whatever differs is a named row, and nothing is explained away.

Ours is what stands in the rows of refunds; theirs what another book says: the payouts, the ledger's outcomes,
the newest instruction, or the payment system itself.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from inspection.refund import RefundKind
from inspection.refund_exceptions import CaseKind
from inspection.refund_state import SETTLED, RefundState
from server.refunds.payouts import OPEN, PayoutStep

LONGEST_OPEN_S = 86_400.0
"""A payout, or an instruction that was delivered, without an outcome for longer is a difference."""


class DifferenceKind(StrEnum):
    """Which books differ, and in what."""

    NOT_THE_NEWEST = "not_the_newest"
    """What is owed is not what the newest instruction says."""
    PAID_ABOVE_TARGET = "paid_above_target"
    """More was paid for the unit than is owed, and no case says so."""
    PAID_NOT_AS_MOVED = "paid_not_as_moved"
    """What counts as paid is not what was moved, found or reported."""
    PAID_TWICE = "paid_twice"
    """Several payouts of one instruction are good, and come to more than it says.

    What failed later is paid again under the newest instruction, beside what that one added: two good ones.
    """
    SETTLED_WITHOUT_WORD = "settled_without_word"
    """The refund counts as settled, and no outcome says so."""
    OUTCOME_MISSING = "outcome_missing"
    """A payout is done, and its outcome is not in the ledger."""
    ENTRY_MISSING = "entry_missing"
    """An outcome's row names no such entry of the ledger."""
    DELIVERY_MISSING = "delivery_missing"
    """An instruction without its delivery."""
    REFUND_MISSING = "refund_missing"
    """An instruction was given, and nothing says how far its refund has come."""
    OPEN_TOO_LONG = "open_too_long"
    """A payout has been open for more than a day."""
    ABOVE_CAPTURED = "above_captured"
    """More was paid back than was captured."""
    OTHER_CURRENCY = "other_currency"
    MORE_THERE = "more_there"
    """The payment system shows refunds that nobody here accounts for."""
    LESS_THERE = "less_there"
    """The payment system does not show refunds that count as paid here."""
    NOT_READABLE = "not_readable"
    """The payment system did not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One row of the report."""

    unit: str
    """Or what stands for the payment, where it is about a whole one."""
    kind: DifferenceKind
    ours: str
    theirs: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """One payout."""

    key: str
    instruction: str
    owed_minor: int
    """In total, as its instruction says."""
    amount_minor: int
    state: PayoutStep
    begun_at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One outcome, our own or reported, in the order of what happened."""

    id: str
    total_minor: int
    in_ledger: bool
    """Whether the entry that it names is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitBooks:
    """All that is written about the refund of one unit."""

    unit: str
    currency: str
    state: RefundState
    kind: RefundKind
    instruction: str
    target_minor: int
    paid_minor: int
    newest: str
    """The id of the unit's newest instruction."""
    newest_target_minor: int
    undelivered: tuple[str, ...] = ()
    """Instructions without a delivery."""
    movements: tuple[Movement, ...] = ()
    words: tuple[Word, ...] = ()
    found_minor: int = 0
    """Money of others that a person counted for it."""
    cases: frozenset[CaseKind] = frozenset()
    """Every kind that it ever had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A payment as its system shows it."""

    captured_minor: int
    refunded_minor: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentBooks:
    """One payment with all its units."""

    payment: str
    """What stands for it."""
    merchant: str
    units: tuple[UnitBooks, ...]
    found_minor: int = 0
    """Money of others that a person accounted for, for whatever."""
    waiting: bool = False
    """Whether a person still has a case about money of this payment."""
    shown: Shown | None = None
    """None where no payment system can be read."""


MOVED = frozenset({PayoutStep.CONFIRMED, PayoutStep.FAILED, PayoutStep.REVERSED})
"""Payouts that were good once: each has an outcome."""
SAY_TOO_MUCH = frozenset(
    {CaseKind.CORRECTED_AFTER_REFUND, CaseKind.AMOUNT_MISMATCH, CaseKind.CURRENCY_MISMATCH}
)
"""Cases by which a person has heard that more was paid than is owed."""


def differences(books: PaymentBooks, now_s: float) -> Iterator[Difference]:
    """Everything in which the books of one payment differ; nothing where all say the same.

    >>> books = UnitBooks(
    ...     unit="R1/1/1", currency="EUR", state=RefundState.APPROVED, kind=RefundKind.APPROVE,
    ...     instruction="R1/1/1#1", target_minor=800, paid_minor=0,
    ...     newest="R1/1/1#2", newest_target_minor=900,
    ... )
    >>> [(row.kind.value, row.ours, row.theirs) for row in
    ...     differences(PaymentBooks(payment="p", merchant="m1", units=(books,)), now_s=0.0)]
    [('not_the_newest', 'R1/1/1#1: 800', 'R1/1/1#2: 900')]
    """
    for unit in books.units:
        yield from _of_unit(unit, now_s)
    yield from _of_payment(books)


def _of_unit(unit: UnitBooks, now_s: float) -> Iterator[Difference]:
    if (unit.instruction, unit.target_minor) != (unit.newest, unit.newest_target_minor):
        ours, theirs = (
            f"{unit.instruction}: {unit.target_minor}",
            f"{unit.newest}: {unit.newest_target_minor}",
        )
        yield _row(unit, DifferenceKind.NOT_THE_NEWEST, ours, theirs)
    if _too_much(unit):
        yield _row(unit, DifferenceKind.PAID_ABOVE_TARGET, unit.paid_minor, unit.target_minor)
    if unit.paid_minor != (moved := _moved_minor(unit)):
        yield _row(unit, DifferenceKind.PAID_NOT_AS_MOVED, unit.paid_minor, moved)
    if unit.state in SETTLED and not unit.words:
        yield _row(unit, DifferenceKind.SETTLED_WITHOUT_WORD, unit.state.value, "no outcome")
    yield from _words(unit)
    yield from _movements(unit, now_s)
    for name in unit.undelivered:
        yield _row(unit, DifferenceKind.DELIVERY_MISSING, name, "no delivery")


def _too_much(unit: UnitBooks) -> bool:
    """A hold says nothing of the total; what a person knows of is no difference."""
    above = unit.kind is not RefundKind.HOLD and unit.paid_minor > unit.target_minor
    return above and not unit.cases & SAY_TOO_MUCH


def _moved_minor(unit: UnitBooks) -> int:
    """What was paid by the other books: by the payouts where the centre pays, else by the last word."""
    keys = {row.key for row in unit.movements}
    told = [word for word in unit.words if not _our_own(word.id, unit.unit, keys)]
    if told:  # a refund system's word is about the whole unit
        return max(told[-1].total_minor, unit.found_minor)
    good = (row.amount_minor for row in unit.movements if row.state is PayoutStep.CONFIRMED)
    return sum(good) + unit.found_minor


def _our_own(id: str, unit: str, keys: set[str]) -> bool:
    """Whether an outcome is the centre's: of a payout, or, under the number 0, that none was needed."""
    enough = re.fullmatch(f"{re.escape(unit)}#[0-9]+/0(/[0-9]+)?", id) is not None
    return enough or id in keys or id.rpartition("/")[0] in keys


def _words(unit: UnitBooks) -> Iterator[Difference]:
    said = {word.id for word in unit.words}
    for word in unit.words:
        if not word.in_ledger:
            yield _row(unit, DifferenceKind.ENTRY_MISSING, word.id, "no entry")
    for row in unit.movements:
        wanted = [row.key] if row.state in MOVED else []
        if row.state in (PayoutStep.FAILED, PayoutStep.REVERSED):
            wanted.append(f"{row.key}/{row.state.value}")
        for id in wanted:
            if id not in said:
                yield _row(unit, DifferenceKind.OUTCOME_MISSING, id, "no outcome")


def _movements(unit: UnitBooks, now_s: float) -> Iterator[Difference]:
    good: dict[str, list[Movement]] = {}
    for row in unit.movements:
        if row.state in OPEN and now_s - row.begun_at_s > LONGEST_OPEN_S:
            yield _row(unit, DifferenceKind.OPEN_TOO_LONG, row.key, row.state.value)
        if row.state is PayoutStep.CONFIRMED:
            good.setdefault(row.instruction, []).append(row)
    for instruction, rows in good.items():
        moved, owed = sum(row.amount_minor for row in rows), rows[0].owed_minor
        if len(rows) > 1 and moved > owed:
            ours, theirs = f"{instruction}: {owed}", f"{len(rows)} payouts: {moved}"
            yield _row(unit, DifferenceKind.PAID_TWICE, ours, theirs)


def _of_payment(books: PaymentBooks) -> Iterator[Difference]:
    shown = books.shown
    if shown is None:
        return
    ours = _good_minor(books.units) + books.found_minor
    for unit in books.units:
        if unit.currency != shown.currency:
            yield _row(unit, DifferenceKind.OTHER_CURRENCY, unit.currency, shown.currency)
    if max(ours, shown.refunded_minor) > shown.captured_minor:
        above = max(ours, shown.refunded_minor)
        yield _about(books, DifferenceKind.ABOVE_CAPTURED, above, shown.captured_minor)
    under_way = any(row.state in OPEN for unit in books.units for row in unit.movements)
    if not under_way and not books.waiting and ours != shown.refunded_minor:
        more = shown.refunded_minor > ours
        kind = DifferenceKind.MORE_THERE if more else DifferenceKind.LESS_THERE
        yield _about(books, kind, ours, shown.refunded_minor)


def _good_minor(units: Sequence[UnitBooks]) -> int:
    rows: Iterable[Movement] = (row for unit in units for row in unit.movements)
    return sum(row.amount_minor for row in rows if row.state is PayoutStep.CONFIRMED)


def _row(unit: UnitBooks, kind: DifferenceKind, ours: object, theirs: object) -> Difference:
    return Difference(unit=unit.unit, kind=kind, ours=str(ours), theirs=str(theirs))


def _about(books: PaymentBooks, kind: DifferenceKind, ours: object, theirs: object) -> Difference:
    """About a whole payment: named by its first unit, which leads to it."""
    name = min((unit.unit for unit in books.units), default=books.payment)
    return Difference(unit=name, kind=kind, ours=str(ours), theirs=str(theirs))
