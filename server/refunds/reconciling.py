"""Reads all books of refunds, payment by payment, and compares them with each other.

It writes nothing, and may run beside the centre: what is under way is never a difference.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, func, select

from inspection.messages.base import read_time
from inspection.refund import RefundKind
from inspection.refund_exceptions import CaseKind
from server.db.ledger_tables import leaves
from server.db.refund_tables import cases, deliveries, found_money, instructions, outcomes, payouts, refunds
from server.db.rows import find_rows
from server.refunds import standing
from server.refunds.cases import OPEN as OPEN_CASES
from server.refunds.differing import (
    Difference,
    DifferenceKind,
    Movement,
    PaymentBooks,
    UnitBooks,
    Word,
    differences,
)
from server.refunds.payouts import PayoutStep
from server.refunds.standing import RefundRow

PAGE = 200
"""Payments that are read together."""
ABOUT_MONEY = frozenset(
    {CaseKind.ALREADY_REFUNDED, CaseKind.REVERSED, CaseKind.LATE_FAILURE, CaseKind.REFUND_WITHOUT_RETURN}
)
"""Open cases by which a person has heard that the payment system shows another amount."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Some payments of the books, compared."""

    differences: tuple[Difference, ...]
    payments: int
    last: str
    """What stands for the last payment: the next page begins behind it."""


def count(connection: Connection, site: str) -> int:
    """How many payments the books know."""
    chosen = select(func.count(refunds.c.payment.distinct())).where(refunds.c.site == site)
    found: int = connection.execute(chosen).scalar_one()
    return found


def compare(connection: Connection, site: str, after: str, limit: int, now_s: float) -> Found:
    """Compare our own books of the payments behind one; the first page has what is of no payment too."""
    books = read_books(connection, site, after, limit)
    rows = [] if after else list(unanswered(connection, site))
    rows += [row for each in books for row in differences(each, now_s)]
    last = books[-1].payment if books else after
    return Found(differences=tuple(rows), payments=len(books), last=last)


def read_books(connection: Connection, site: str, after: str, limit: int) -> list[PaymentBooks]:
    """The books of the next payments, all that is written about them."""
    mine = (refunds.c.site == site, refunds.c.payment > after)
    chosen = select(refunds.c.payment).where(*mine).distinct().order_by(refunds.c.payment).limit(limit)
    return books_of(connection, site, list(connection.execute(chosen).scalars()))


def books_of(connection: Connection, site: str, names: Sequence[str]) -> list[PaymentBooks]:
    """The books of these payments, by what stands for each."""
    wanted = (refunds.c.payment, refunds.c.unit)
    units = [row.unit for row in find_rows(connection, wanted, refunds.c.payment, names, site=site)]
    held = _Held(connection, site, units)
    by_payment: dict[str, list[UnitBooks]] = defaultdict(list)
    for unit, row in sorted(held.refunds.items()):
        by_payment[row.payment].append(held.books(unit, row))
    found = _amounts(connection, site, names)
    return [
        PaymentBooks(
            payment=name,
            merchant=held.refunds[by_payment[name][0].unit].merchant,
            units=tuple(by_payment[name]),
            found_minor=found.get(name, 0),
            waiting=any(held.waits(each.unit) for each in by_payment[name]),
        )
        for name in names
    ]


def unanswered(connection: Connection, site: str) -> tuple[Difference, ...]:
    """Instructions of units of which nothing says how far the refund has come."""
    known = (refunds.c.site == instructions.c.site, refunds.c.unit == instructions.c.unit)
    chosen = select(instructions.c.unit, instructions.c.id).where(
        instructions.c.site == site, ~select(refunds.c.unit).where(*known).exists()
    )
    return tuple(
        Difference(unit=row.unit, kind=DifferenceKind.REFUND_MISSING, ours="nothing", theirs=row.id)
        for row in connection.execute(chosen.order_by(instructions.c.leaf_seq).limit(PAGE))
    )


class _Held:
    """Everything that is written about some units, read table by table."""

    def __init__(self, connection: Connection, site: str, units: Sequence[str]) -> None:
        self.refunds: dict[str, RefundRow] = standing.find_many(connection, site, units)
        self._instructions = _by(
            find_rows(
                connection,
                (
                    instructions.c.unit,
                    instructions.c.number,
                    instructions.c.id,
                    instructions.c.target_total_minor,
                ),
                instructions.c.unit,
                units,
                site=site,
            )
        )
        names = [row.id for rows in self._instructions.values() for row in rows]
        told = find_rows(connection, (deliveries.c.instruction,), deliveries.c.instruction, names, site=site)
        self._delivered = {row.instruction for row in told}
        self._payouts = _by(find_rows(connection, _PAYOUT, payouts.c.unit, units, site=site))
        self._words = _words(connection, site, names)
        self._cases = _by(
            find_rows(connection, (cases.c.unit, cases.c.kind, cases.c.state), cases.c.unit, units, site=site)
        )
        counted = (found_money.c.unit, found_money.c.amount_minor)
        self._found = _by(find_rows(connection, counted, found_money.c.unit, units, site=site))

    def books(self, unit: str, row: RefundRow) -> UnitBooks:
        """One unit's books."""
        told = sorted(self._instructions.get(unit, ()), key=lambda each: each.number)
        newest, owed = told[-1] if told else None, {each.id: each.target_total_minor for each in told}
        return UnitBooks(
            unit=unit,
            currency=row.currency,
            state=row.state,
            kind=RefundKind(row.kind),
            instruction=row.instruction,
            target_minor=row.target_total_minor,
            paid_minor=row.paid_minor,
            newest=newest.id if newest else "",
            newest_target_minor=newest.target_total_minor if newest else 0,
            undelivered=tuple(each.id for each in told if each.id not in self._delivered),
            movements=tuple(_movement(each, owed) for each in self._payouts.get(unit, ())),
            words=tuple(word for each in told for word in self._words.get(each.id, ())),
            found_minor=sum(each.amount_minor for each in self._found.get(unit, ())),
            cases=frozenset(CaseKind(each.kind) for each in self._cases.get(unit, ())),
        )

    def waits(self, unit: str) -> bool:
        """Whether a person has a case about its money still."""
        rows = self._cases.get(unit, ())
        return any(row.state in OPEN_CASES and row.kind in ABOUT_MONEY for row in rows)


_PAYOUT = (
    payouts.c.unit,
    payouts.c.key,
    payouts.c.instruction,
    payouts.c.amount_minor,
    payouts.c.state,
    payouts.c.begun_at,
)


def _movement(row: Any, owed: Mapping[str, int]) -> Movement:
    return Movement(
        key=row.key,
        instruction=row.instruction,
        owed_minor=owed.get(row.instruction, 0),
        amount_minor=row.amount_minor,
        state=PayoutStep(row.state),
        begun_at_s=read_time(row.begun_at).timestamp(),
    )


def _words(connection: Connection, site: str, names: Iterable[str]) -> dict[str, list[Word]]:
    """Outcomes by instruction, in the order of what happened, as far as the ledger still says when."""
    wanted = (outcomes.c.instruction, outcomes.c.id, outcomes.c.refunded_total_minor, outcomes.c.leaf_seq)
    rows = find_rows(connection, wanted, outcomes.c.instruction, names, site=site)
    chosen = select(leaves.c.seq, leaves.c.type, leaves.c.leaf).where(
        leaves.c.site == site, leaves.c.seq.in_([row.leaf_seq for row in rows])
    )
    entries = {row.seq: row for row in connection.execute(chosen)}
    found: dict[str, list[tuple[str, int, Word]]] = defaultdict(list)
    for row in rows:
        entry = entries.get(row.leaf_seq)
        there = entry is not None and entry.type == "refund.outcome"
        word = Word(id=row.id, total_minor=row.refunded_total_minor, in_ledger=there)
        found[row.instruction].append((_happened(entry), row.leaf_seq, word))
    return {name: [word for *_, word in sorted(each, key=lambda w: w[:2])] for name, each in found.items()}


def _happened(entry: Any) -> str:
    if entry is None or entry.leaf is None:  # dropped under retention
        return ""
    return str(orjson.loads(entry.leaf)["body"].get("happened_at", ""))


def _amounts(connection: Connection, site: str, names: Iterable[str]) -> dict[str, int]:
    wanted = (found_money.c.payment, found_money.c.amount_minor)
    total: dict[str, int] = defaultdict(int)
    for row in find_rows(connection, wanted, found_money.c.payment, names, site=site):
        total[row.payment] += row.amount_minor
    return dict(total)


def _by(rows: Sequence[Any]) -> dict[str, list[Any]]:
    """Rows by their first column."""
    found: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        found[row[0]].append(row)
    return found
