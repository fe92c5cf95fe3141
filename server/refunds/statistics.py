"""Counts, amounts and times of refunds, how automatic calls went, and what waits for a person."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Column, ColumnElement, Connection, func, select
from sqlalchemy import text as sql

from inspection.messages.base import time_text
from inspection.refund import RefundKind
from inspection.refund_exceptions import CASES, CaseKind
from inspection.refund_state import RefundState
from server.db.ledger_tables import heads, leaves
from server.db.refund_tables import OPEN_CASE, cases, deliveries, payouts, refunds
from server.errors import BadRequest
from server.refunds.gate import DEAD, DELIVERED
from server.refunds.lookup_schemas import MOST_GROUPS, By, Calls, Group, Money, OpenCases, Statistics
from server.refunds.payouts import PayoutStep

LONGEST = timedelta(days=366)
ALL = "all"
KEYS: dict[By, ColumnElement[Any]] = {
    By.DAY: func.substr(refunds.c.told_at, 1, 10),
    By.MERCHANT: refunds.c.merchant,
    By.REASON: refunds.c.return_reason,
    By.GRADE: refunds.c.grade,
    By.STATE: refunds.c.state,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Which refunds are counted."""

    told_from: str
    told_to: str
    """Not included."""
    merchant: str | None
    now: datetime


@dataclass(slots=True)
class _Counted:
    """A group while it is counted."""

    kinds: dict[str, int] = field(default_factory=dict)
    amounts: dict[str, list[int]] = field(default_factory=dict)
    times: "array[float]" = field(default_factory=lambda: array("d"))

    def add(self, row: Any, times: list[float]) -> None:
        """Take in refunds of one kind, state and currency."""
        kind = _told_as(row.kind, row.state)
        self.kinds[kind] = self.kinds.get(kind, 0) + row.many
        money = self.amounts.setdefault(row.currency, [0, 0, 0])
        for place, amount in enumerate((row.many, row.owed, row.paid)):
            money[place] += amount
        self.times.extend(times)


def read(connection: Connection, site: str, span: Span, by: By) -> Statistics:
    """Count them; raises BadRequest for a span that is longer than a year, or none."""
    _check(span)
    everything, counted = _Counted(), dict[str, _Counted]()
    for row in connection.execute(_counts(site, span, by)):
        times = orjson.loads(row.times)
        everything.add(row, times)
        counted.setdefault(row.key, _Counted()).add(row, times)
    groups = sorted((_group(key, each) for key, each in counted.items()), key=_order(by))
    return Statistics(
        told_from=span.told_from,
        told_to=span.told_to,
        by=by,
        all=_group(ALL, everything),
        groups=tuple(groups[:MOST_GROUPS]),
        more=len(groups) > MOST_GROUPS,
        deliveries=_deliveries(connection, site, span),
        payouts=_payouts(connection, site, span),
        cases=_cases(connection, site, span),
    )


def _check(span: Span) -> None:
    try:
        first, last = (datetime.fromisoformat(text[:10]) for text in (span.told_from, span.told_to))
    except ValueError:
        raise BadRequest("told_from, told_to: there is no such day") from None
    if not span.told_from < span.told_to or last - first > LONGEST:
        raise BadRequest(f"told_from, told_to: a span is up to {LONGEST.days} days, and not empty")


def _mine(site: str, span: Span) -> list[ColumnElement[bool]]:
    told = refunds.c.told_at
    mine = [refunds.c.site == site, told >= span.told_from, told < span.told_to]
    return mine if span.merchant is None else [*mine, refunds.c.merchant == span.merchant]


def _counts(site: str, span: Span, by: By) -> Any:
    """In one pass, and few rows: for each that it hands over the driver waits for the interpreter."""
    key, settled_s = KEYS[by].label("key"), refunds.c.settled_s
    kinds = (refunds.c.kind, refunds.c.state, refunds.c.currency)
    sums = (
        func.count().label("many"),
        func.sum(refunds.c.target_total_minor).label("owed"),
        func.sum(refunds.c.paid_minor).label("paid"),
        func.json_group_array(settled_s).filter(settled_s.is_not(None)).label("times"),
    )
    return select(key, *kinds, *sums).where(*_mine(site, span)).group_by("key", *kinds)


def _told_as(kind: str, state: str) -> str:
    """How a refund stands: held comes before what would be owed."""
    return RefundKind.HOLD.value if state == RefundState.HELD.value else kind


def _group(key: str, counted: _Counted) -> Group:
    kinds, times = counted.kinds, sorted(counted.times)
    return Group(
        key=key,
        count=sum(kinds.values()),
        full=kinds.get(RefundKind.APPROVE.value, 0),
        part=kinds.get(RefundKind.PARTIAL.value, 0),
        denied=kinds.get(RefundKind.DENY_PROPOSED.value, 0),
        held=kinds.get(RefundKind.HOLD.value, 0),
        amounts=tuple(
            Money(currency=currency, count=many, target_total_minor=owed, paid_minor=paid)
            for currency, (many, owed, paid) in sorted(counted.amounts.items())
        ),
        settled=len(times),
        median_s=rank(times, 50),
        p95_s=rank(times, 95),
    )


def rank(times: list[float], percent: int) -> int | None:
    """The nearest rank: the least that so many percent do not exceed. None of nothing. Pure.

    >>> rank([1.0, 2.0, 3.0, 4.0], 50), rank([1.0, 2.0, 3.0, 4.0], 95)
    (2, 4)
    """
    return round(times[max(0, -(-len(times) * percent // 100) - 1)]) if times else None


def _order(by: By) -> Any:
    if by is By.DAY:
        return lambda group: group.key
    return lambda group: (-group.count, group.key)


def _deliveries(connection: Connection, site: str, span: Span) -> Calls:
    """Webhooks of instructions whose entries lie in the span; by their place, for that is indexed."""
    first, last = (_first_leaf(connection, site, text) for text in (span.told_from, span.told_to))
    c = deliveries.c
    mine = [c.site == site, c.leaf_seq >= first, c.leaf_seq < last]
    rows = _tally(connection, c.state, c.attempts == 1, [*mine, *_of(c.merchant, span)])
    return _calls(rows, done={DELIVERED}, failed={DEAD}, unknown=set())


def _payouts(connection: Connection, site: str, span: Span) -> Calls:
    c = payouts.c
    mine = [c.site == site, c.begun_at >= span.told_from, c.begun_at < span.told_to]
    rows = _tally(connection, c.state, c.attempts == 0, [*mine, *_of(c.merchant, span)])
    done = {PayoutStep.CONFIRMED.value, PayoutStep.FAILED.value, PayoutStep.REVERSED.value}
    return _calls(rows, done=done, failed={PayoutStep.REFUSED.value}, unknown={PayoutStep.UNKNOWN.value})


def _of(column: Column[Any], span: Span) -> list[ColumnElement[bool]]:
    return [] if span.merchant is None else [column == span.merchant]


def _tally(
    connection: Connection,
    state: Column[Any],
    first: ColumnElement[bool],
    mine: Iterable[ColumnElement[bool]],
) -> list[tuple[str, bool, int]]:
    chosen = select(state, first, func.count()).where(*mine).group_by(state, first)
    return [(row[0], bool(row[1]), row[2]) for row in connection.execute(chosen)]


def _calls(
    rows: Iterable[tuple[str, bool, int]], *, done: set[str], failed: set[str], unknown: set[str]
) -> Calls:
    counted = list(rows)
    good = sum(many for state, _, many in counted if state in done)
    bad = sum(many for state, _, many in counted if state in failed)
    return Calls(
        ended=good + bad,
        first=sum(many for state, first, many in counted if state in done and first),
        succeeded=good,
        failed=bad,
        unknown=sum(many for state, _, many in counted if state in unknown),
    )


def _cases(connection: Connection, site: str, span: Span) -> tuple[OpenCases, ...]:
    """All that are open now, whenever they were raised."""
    day, week = (time_text(span.now - timedelta(days=days)) for days in (1, 7))
    raised = cases.c.raised_at
    counts = (func.count(), func.sum(raised > day), func.sum(raised > week), func.min(raised))
    mine = (cases.c.site == site, *_of(cases.c.merchant, span))
    chosen = select(cases.c.kind, *counts).where(*mine).where(sql(OPEN_CASE))
    rows = connection.execute(chosen.group_by(cases.c.kind))
    return tuple(
        OpenCases(
            kind=CaseKind(kind),
            owner=CASES[CaseKind(kind)].owner,
            count=many,
            day=int(young),
            week=int(younger) - int(young),
            older=many - int(younger),
            oldest_at=oldest,
        )
        for kind, many, young, younger, oldest in rows
    )


def _first_leaf(connection: Connection, site: str, since: str) -> int:
    """Leaves lie in the order of their times: a few look-ups by number instead of a scan of all."""
    size = connection.execute(select(heads.c.size).where(heads.c.site == site)).scalar() or 0

    def recorded_at(seq: int) -> str:
        chosen = select(leaves.c.recorded_at).where(leaves.c.site == site, leaves.c.seq == seq)
        return str(connection.execute(chosen).scalar_one())

    return bisect_left(range(size), since, key=recorded_at)
