"""Rows of endpoints: where a merchant's refund system listens or is called, and how it fares."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.sqlite import insert

from inspection.messages.base import time_text
from server.alarms import AlarmKind, raise_alarm, settle_alarm
from server.db.refund_tables import deliveries, endpoints
from server.db.rows import find_rows
from server.errors import NotFound
from server.refunds.breaker import Circuit, is_given_up
from server.refunds.gate import AWAITING, BEHIND, DEAD, QUEUED

IN_FLIGHT_S = 90.0
"""What falls due within it may be under way: it is left as it is, or it would go twice."""


class Change(StrEnum):
    """What became of an endpoint; counted."""

    SET = "set"
    OPENED = "opened"
    CLOSED = "closed"
    DISABLED = "disabled"
    ENABLED = "enabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One merchant's endpoint."""

    merchant: str
    url: str
    mode: str
    gateway: str | None
    credentials: bytes | None
    """Sealed."""
    set_at: str
    gone_at: str | None
    disabled_at: str | None
    failures: int
    failing_since: float | None
    open_until: float | None

    @property
    def circuit(self) -> Circuit:
        """How it fares."""
        return Circuit(failures=self.failures, failing_since=self.failing_since, open_until=self.open_until)


def find(connection: Connection, site: str, merchant: str) -> Endpoint | None:
    """A merchant's endpoint; None before it was set."""
    wanted = tuple(endpoints.c[name] for name in Endpoint.__slots__)
    rows = find_rows(connection, wanted, endpoints.c.merchant, [merchant], site=site)
    return Endpoint(**rows[0]._asdict()) if rows else None


def get(connection: Connection, site: str, merchant: str) -> Endpoint:
    """A merchant's endpoint; raises NotFound before it was set."""
    found = find(connection, site, merchant)
    if found is None:
        raise NotFound("no endpoint is set: PUT /v1/refunds/endpoint first")
    return found


def put(
    connection: Connection,
    site: str,
    merchant: str,
    *,
    url: str,
    now: datetime,
    mode: str = "inform",
    gateway: str | None = None,
    credentials: bytes | None = None,
) -> None:
    """Set an endpoint, and set going what waits for it."""
    values = {"url": url, "mode": mode, "gateway": gateway, "credentials": credentials}
    fresh = insert(endpoints).values(
        site=site, merchant=merchant, failures=0, **values, set_at=time_text(now)
    )
    again = values | {"set_at": time_text(now)}
    connection.execute(fresh.on_conflict_do_update(index_elements=["site", "merchant"], set_=again))
    enable(connection, site, merchant, now)


def enable(connection: Connection, site: str, merchant: str, now: datetime) -> bool:
    """Try it again, whatever stood against it, the oldest first; True where it had been disabled."""
    was = get(connection, site, merchant).disabled_at is not None
    mine = (endpoints.c.site == site, endpoints.c.merchant == merchant)
    fresh = {"gone_at": None, "disabled_at": None, "failures": 0, "failing_since": None, "open_until": None}
    connection.execute(update(endpoints).where(*mine).values(**fresh))
    settle_alarm(connection, site, AlarmKind.ENDPOINT_DISABLED, merchant, time_text(now))
    at = now.timestamp()
    waiting = (
        deliveries.c.site == site,
        deliveries.c.merchant == merchant,
        deliveries.c.state == QUEUED,
        ~deliveries.c.due_at.between(at, at + IN_FLIGHT_S),
    )
    connection.execute(update(deliveries).where(*waiting).values(due_at=at))  # all at once: by their index
    return was


def note(
    connection: Connection, site: str, before: Endpoint, circuit: Circuit, now: datetime, patience_s: float
) -> Change | None:
    """Write down how the endpoint fares; gives it up where it has failed for too long. Says what changed.

    `before` is as this transaction has just read it.
    """
    merchant = before.merchant
    given_up = before.disabled_at is None and is_given_up(circuit, now.timestamp(), patience_s)
    if circuit == before.circuit and not given_up:
        return None
    disabled_at = time_text(now) if given_up else before.disabled_at
    mine = (endpoints.c.site == site, endpoints.c.merchant == merchant)
    values = {name: getattr(circuit, name) for name in Circuit.__slots__}
    connection.execute(update(endpoints).where(*mine).values(**values, disabled_at=disabled_at))
    if given_up:
        detail = f"the refund system of {merchant} has taken nothing for {patience_s / 86_400:g} days"
        raise_alarm(connection, site, AlarmKind.ENDPOINT_DISABLED, merchant, detail, time_text(now))
        return Change.DISABLED
    if (circuit.open_until is None) == (before.open_until is None):
        return None
    return Change.CLOSED if circuit.open_until is None else Change.OPENED


def hold_for_probe(connection: Connection, site: str, merchant: str, until: float) -> None:
    """One is tried: nothing else until it has its answer, or its lease runs out."""
    mine = (endpoints.c.site == site, endpoints.c.merchant == merchant)
    connection.execute(update(endpoints).where(*mine).values(open_until=until))


def endpoint_gone(connection: Connection, site: str, merchant: str, at: str) -> None:
    """It wants no more: what is owed waits until it is set anew."""
    mine = (endpoints.c.site == site, endpoints.c.merchant == merchant)
    connection.execute(update(endpoints).where(*mine).values(gone_at=at))


def counts(connection: Connection, site: str, merchant: str) -> dict[str, int]:
    """How many instructions of the merchant stand in each state that is not the last."""
    states = (QUEUED, BEHIND, AWAITING, DEAD)
    mine = (deliveries.c.site == site, deliveries.c.merchant == merchant, deliveries.c.state.in_(states))
    chosen = select(deliveries.c.state, func.count().label("many")).where(*mine)
    rows = connection.execute(chosen.group_by(deliveries.c.state))
    found = Counter({row.state: row.many for row in rows})
    return {state: found[state] for state in states}
