"""What the console shows of refunds: cases by owner, the last days in numbers, and one refund's life."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from sqlalchemy import Connection, select

from inspection.messages.base import time_text
from inspection.refund_exceptions import CaseKind, Owner
from server.db.ledger_tables import leaves
from server.db.refund_tables import cases as case_table
from server.db.refund_tables import deliveries, instructions, outcomes, payouts
from server.db.tables import records
from server.refunds import cases, standing, statistics
from server.refunds.cases import CaseRow, Wanted
from server.refunds.lookup_schemas import By, Statistics
from server.refunds.missing import OfParcel, of_parcel
from server.refunds.standing import RefundRow

DAYS = 7
MOST_CASES = 50
"""Of one owner: who waits longest."""
MOST_EVENTS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundsSeen:
    """One moment of a site's refunds."""

    at: datetime
    numbers: Statistics
    counts: Mapping[str, int]
    """Open cases by owner."""
    queues: Mapping[str, tuple[CaseRow, ...]]
    parcels: Mapping[int, OfParcel]
    """By the case of a unit that did not come with its parcel: how much of that was inspected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to a unit's refund."""

    at: str
    what: str
    """`verdict told delivery outcome payout case left`."""
    code: str
    """A grade, a kind, a state, a status, a case or a way out."""
    about: str = ""
    amount_minor: int | None = None
    currency: str | None = None
    index: int | None = None
    """Of its entry in the ledger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """All that is known of a unit's refund."""

    unit: str
    refund: RefundRow | None
    events: tuple[Event, ...]
    open_cases: tuple[CaseRow, ...]
    parcels: Mapping[int, OfParcel]


def read_refunds(connection: Connection, site: str, now: datetime) -> RefundsSeen:
    """Read all of it; every list is bounded."""
    first = now - timedelta(days=DAYS - 1)
    end = time_text(now + timedelta(seconds=1))
    span = statistics.Span(told_from=time_text(first)[:10], told_to=end, merchant=None, now=now)
    counts: dict[str, int] = {}
    for owner, _, many in cases.counts(connection, site):
        counts[owner] = counts.get(owner, 0) + many
    queues = {
        owner.value: tuple(cases.page(connection, site, Wanted(owner=owner.value), MOST_CASES))
        for owner in Owner
    }
    return RefundsSeen(
        at=now,
        numbers=statistics.read(connection, site, span, By.DAY),
        counts=counts,
        queues=queues,
        parcels=_parcels(connection, site, chain.from_iterable(queues.values())),
    )


def _parcels(connection: Connection, site: str, shown: Iterable[CaseRow]) -> dict[int, OfParcel]:
    missing = [case for case in shown if case.kind is CaseKind.MISSING_UNIT]
    return {case.id: of_parcel(connection, site, case.unit) for case in missing}


def read_life(connection: Connection, site: str, unit: str) -> Life:
    """Read how one unit's refund came to where it is."""
    events = [
        *_verdicts(connection, site, unit),
        *_told(connection, site, unit),
        *_payouts(connection, site, unit),
        *_outcomes(connection, site, unit),
        *_cases(connection, site, unit),
    ]
    open_cases = tuple(cases.open_of(connection, site, [unit]).get(unit, []))
    return Life(
        unit=unit,
        refund=standing.find(connection, site, unit),
        events=tuple(sorted(events, key=lambda event: event.at)),  # stable: at one moment in this order
        open_cases=open_cases,
        parcels=_parcels(connection, site, open_cases),
    )


def _verdicts(connection: Connection, site: str, unit: str) -> list[Event]:
    c = records.c
    chosen = select(c.recorded_at, c.grade, c.station, c.leaf_seq).where(c.site == site, c.unit == unit)
    return [
        Event(at=row.recorded_at, what="verdict", code=row.grade, about=row.station, index=row.leaf_seq)
        for row in connection.execute(chosen.limit(MOST_EVENTS))
    ]


def _told(connection: Connection, site: str, unit: str) -> list[Event]:
    i, d = instructions.c, deliveries.c
    same = (d.site == i.site) & (d.instruction == i.id)
    where = (leaves.c.site == i.site) & (leaves.c.seq == i.leaf_seq)
    chosen = (
        select(
            i.id, i.kind, i.target_total_minor, i.currency, i.leaf_seq, leaves.c.recorded_at,
            d.state, d.attempts, d.delivered_at,
        )
        .join_from(instructions, leaves, where)
        .outerjoin(deliveries, same)
        .where(i.site == site, i.unit == unit)
        .limit(MOST_EVENTS)
    )  # fmt: skip
    found: list[Event] = []
    for row in connection.execute(chosen):
        money = {"amount_minor": row.target_total_minor, "currency": row.currency}
        found.append(
            Event(at=row.recorded_at, what="told", code=row.kind, about=row.id, index=row.leaf_seq, **money)
        )
        if row.delivered_at or row.state == "dead":
            at = row.delivered_at or row.recorded_at
            found.append(Event(at=at, what="delivery", code=row.state, about=f"×{row.attempts}"))
    return found


def _outcomes(connection: Connection, site: str, unit: str) -> list[Event]:
    """In two steps, each by its index: joined, SQLite's planner begins with all outcomes of the site."""
    i, o = instructions.c, outcomes.c
    mine = select(i.id, i.currency).where(i.site == site, i.unit == unit).limit(MOST_EVENTS)
    currencies = {row.id: row.currency for row in connection.execute(mine)}
    where = (leaves.c.site == o.site) & (leaves.c.seq == o.leaf_seq)
    columns = (o.id, o.status, o.refunded_total_minor, o.instruction, o.leaf_seq, leaves.c.recorded_at)
    of_these = (o.site == site, o.instruction.in_(list(currencies)))
    chosen = select(*columns).join_from(outcomes, leaves, where).where(*of_these).limit(MOST_EVENTS)
    return [
        Event(
            at=row.recorded_at,
            what="outcome",
            code=row.status,
            about=row.id,
            amount_minor=row.refunded_total_minor,
            currency=currencies[row.instruction],
            index=row.leaf_seq,
        )
        for row in connection.execute(chosen)
    ]


def _payouts(connection: Connection, site: str, unit: str) -> list[Event]:
    c = payouts.c
    chosen = select(payouts).where(c.site == site, c.unit == unit).limit(MOST_EVENTS)
    return [
        Event(
            at=row.changed_at,
            what="payout",
            code=row.state,
            about=row.key,
            amount_minor=row.amount_minor,
            currency=row.currency,
        )
        for row in connection.execute(chosen)
    ]


def _cases(connection: Connection, site: str, unit: str) -> list[Event]:
    c = case_table.c
    chosen = select(case_table).where(c.site == site, c.unit == unit).limit(MOST_EVENTS)
    found: list[Event] = []
    for row in connection.execute(chosen):
        found.append(_raised(row))
        if row.way_out:
            left = {"code": row.way_out, "about": row.person or "", "index": row.leaf_seq}
            found.append(Event(at=row.changed_at, what="left", **left))
    return found


def _raised(row: Any) -> Event:
    return Event(
        at=row.raised_at,
        what="case",
        code=row.kind,
        about=f"{row.id}",
        amount_minor=row.amount_minor,
        currency=row.currency,
    )
