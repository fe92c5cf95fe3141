"""What the cashier does next: refunds that may be paid now, and payouts whose outcome is open."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, case, func, select

from inspection.refund_state import RefundState
from server.db.refund_tables import deliveries, endpoints, instructions, refunds
from server.db.tables import records
from server.refunds import payouts, standing
from server.refunds.freeing import free
from server.refunds.gate import read_gate
from server.refunds.gateway import PaymentRef, Payout
from server.refunds.paying import Books
from server.refunds.payouts import WAIT_S, PayoutRow, PayoutStep
from server.refunds.places import Places
from server.refunds.repository import find_instruction
from server.refunds.standing import EXECUTE, RefundRow
from server.subjects.bound import keys_of
from server.subjects.personal import whole_unit

CALLED = and_(
    endpoints.c.mode == EXECUTE,
    endpoints.c.gone_at.is_(None),
    endpoints.c.disabled_at.is_(None),
    endpoints.c.gateway.is_not(None),
    endpoints.c.credentials.is_not(None),
)
"""Of an endpoint: the centre pays this merchant's refunds, and its payment system may be called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One merchant's payment system, with what is needed to call it."""

    merchant: str
    gateway: str
    url: str
    credentials: bytes
    """Sealed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One payout, with where it goes."""

    payout: PayoutRow
    ref: PaymentRef
    account: Account


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What to do now."""

    to_pay: tuple[Job, ...]
    to_look_up: tuple[Job, ...]
    wait_s: float
    """How long there is nothing else to do."""


def accounts(connection: Connection, site: str) -> dict[str, Account]:
    """The payment systems that may be called, by merchant."""
    mine = endpoints.c
    chosen = select(mine.merchant, mine.gateway, mine.url, mine.credentials).where(mine.site == site, CALLED)
    return {row.merchant: Account(**row._mapping) for row in connection.execute(chosen)}


def due_times(connection: Connection, site: str, busy: frozenset[str] = frozenset()) -> dict[str, float]:
    """When each merchant's next refund falls due, to be paid or to be looked up, in seconds since 1970.

    What is open is looked after too where the payment system is not called any more: it is locked till then.
    """
    merchant = endpoints.c.merchant
    waiting = _waiting(site, merchant, read_gate(connection, site).covered)
    to_pay = select(func.min(refunds.c.due_at)).where(*waiting).scalar_subquery()
    times = (payouts.next_due(site, merchant, busy), case((CALLED, to_pay)))
    found: dict[str, float] = {}
    for name, *each in connection.execute(select(merchant, *times).where(endpoints.c.site == site)):
        if known := [at for at in each if at is not None]:
            found[name] = min(known)
    return found


def claim(
    connection: Connection, books: Books, now: datetime, places: Places, busy: frozenset[str] = frozenset()
) -> Due:
    """Take up what is due and not under way, as far as there are places, whoever waits longest first.

    Each payment is locked by its payout before anybody is asked.
    """
    site, now_s = books.site, now.timestamp()
    known, times = accounts(connection, site), due_times(connection, site, busy)

    def take(merchant: str, share: int) -> list[Job]:
        rows = payouts.due(connection, site, merchant, now_s, share, busy)
        open_ones = payouts.lease(
            connection, site, _leftovers_freed(connection, books, rows, now), now_s + books.lease_s
        )
        jobs = [_job(connection, site, row, known) for row in open_ones]
        if merchant in known:
            for row in _due_of(connection, site, merchant, now_s, share - len(open_ones)):
                jobs.append(_begun(connection, books, row, now, known))
        return [job for job in jobs if job is not None]

    waiting = sorted((merchant for merchant, at in times.items() if at <= now_s), key=times.__getitem__)
    found = places.shared(waiting, take)
    return Due(
        to_pay=tuple(job for job in found if job.payout.state is PayoutStep.INTENDED),
        to_look_up=tuple(job for job in found if job.payout.state is not PayoutStep.INTENDED),
        wait_s=0.0,
    )


def _leftovers_freed(
    connection: Connection, books: Books, rows: list[PayoutRow], now: datetime
) -> list[PayoutRow]:
    """Those that were asked for; those that a crash left before that are let go."""
    for row in rows:
        if row.state is PayoutStep.INTENDED:
            free(connection, books.site, row, now)
    return [row for row in rows if row.state is not PayoutStep.INTENDED]


def _begun(
    connection: Connection, books: Books, row: RefundRow, now: datetime, known: dict[str, Account]
) -> Job | None:
    """Lock the payment; None while another payout has it or the unit, or the bench may take it back still."""
    early_s = _early_s(connection, books.site, row, now)
    if early_s > 0 or payouts.open_of(connection, books.site, row.payment, row.unit) is not None:
        wait_s = early_s or WAIT_S
        standing.set_due(connection, books.site, row.unit, now.timestamp() + wait_s, row.attempts)
        return None
    payout = payouts.begin(connection, books.site, row, now, books.lease_s)
    return _job(connection, books.site, payout, known)


def _early_s(connection: Connection, site: str, row: RefundRow, now: datetime) -> float:
    """How long nothing may move yet; asked of the instruction itself, whatever made its row fall due."""
    said = find_instruction(connection, site, row.instruction)
    return (said.not_before - now).total_seconds() if said and said.not_before else 0.0


def _due_of(connection: Connection, site: str, merchant: str, now_s: float, limit: int) -> list[RefundRow]:
    mine = (*_waiting(site, merchant, read_gate(connection, site).covered), refunds.c.due_at <= now_s)
    return standing.select_rows(connection, *mine, order=refunds.c.due_at, limit=limit)


def _waiting(
    site: str, merchant: str | ColumnElement[str], covered: int
) -> "tuple[ColumnElement[bool], ...]":
    """Approved, and the instruction stands under a checkpoint that lets it go."""
    same = (deliveries.c.site == refunds.c.site, deliveries.c.instruction == refunds.c.instruction)
    may_go = select(deliveries.c.instruction).where(*same, deliveries.c.needs_size <= covered).exists()
    return (
        refunds.c.site == site,
        refunds.c.merchant == merchant,
        refunds.c.state == RefundState.APPROVED.value,
        may_go,
    )


def _job(connection: Connection, site: str, row: PayoutRow, known: dict[str, Account]) -> Job | None:
    """With the payment as the shop calls it; None where the merchant's system is not called any more."""
    account = known.get(row.merchant)
    ref = ref_of(connection, site, row.instruction, row.currency)
    return None if account is None or ref is None else Job(payout=row, ref=ref, account=account)


def ref_of(connection: Connection, site: str, instruction: str, currency: str) -> PaymentRef | None:
    """The payment behind an instruction as the shop calls it; None where no record says it."""
    same = (records.c.site == instructions.c.site) & (records.c.id == instructions.c.record)
    wanted = (records.c.merchant, records.c.announced, records.c.personal)
    chosen = select(*wanted).join_from(instructions, records, same)
    found = connection.execute(
        chosen.where(instructions.c.site == site, instructions.c.id == instruction)
    ).first()
    if found is None:
        return None
    unit = whole_unit(keys_of(connection), found.announced, found.personal)
    return PaymentRef(
        merchant=found.merchant, payment=unit.payment or unit.order, order=unit.order, currency=currency
    )


def payout_of(job: Job) -> Payout:
    """What was asked for, to be looked up."""
    row = job.payout
    return Payout(
        key=row.key,
        payment=job.ref,
        amount_minor=row.amount_minor,
        unit=row.unit,
        reason="",
        sent_before=row.sent_before,
    )
