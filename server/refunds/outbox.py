"""The outbox: which instruction goes next, under a lease that a crash lets run out.

Per unit a higher number never overtakes a lower one that is still on its way, and one is in flight.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, Select, exists, func, select, update
from sqlalchemy.sql.elements import ColumnElement

from server.db.tables import deliveries, endpoints, instructions, leaves
from server.refunds.repository import DEAD, DELIVERED, QUEUED

LEASE_S = 30.0
"""Added to the timeout: a delivery that a crash interrupted falls due again after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One delivery to try now."""

    instruction: str
    merchant: str
    attempts: int
    """This one included."""
    url: str
    body: bytes
    verdict_seq: int
    verdict_leaf: bytes


def _ready(site: str) -> ColumnElement[bool]:
    """The endpoint is there, and nothing older of the unit is on its way."""
    older = deliveries.alias("older")
    overtakes = exists().where(
        older.c.site == site,
        older.c.unit == deliveries.c.unit,
        older.c.number < deliveries.c.number,
        older.c.state == QUEUED,
    )
    return (deliveries.c.site == site) & (deliveries.c.state == QUEUED) & ~overtakes


def _joined() -> Select[tuple[object, ...]]:
    return (
        select(
            deliveries.c.instruction,
            deliveries.c.merchant,
            deliveries.c.attempts,
            endpoints.c.url,
            instructions.c.body,
            instructions.c.verdict_seq,
            leaves.c.leaf.label("verdict_leaf"),
        )
        .join_from(
            deliveries,
            endpoints,
            (endpoints.c.site == deliveries.c.site) & (endpoints.c.merchant == deliveries.c.merchant),
        )
        .join(
            instructions,
            (instructions.c.site == deliveries.c.site) & (instructions.c.id == deliveries.c.instruction),
        )
        .join(leaves, (leaves.c.site == deliveries.c.site) & (leaves.c.seq == instructions.c.verdict_seq))
        .where(endpoints.c.gone_at.is_(None))
    )


def claim(connection: Connection, site: str, now: float, limit: int, lease_s: float) -> list[Job]:
    """Take up to `limit` deliveries that are due; nobody else gets them until the lease runs out."""
    due = _joined().where(_ready(site), deliveries.c.due_at <= now, deliveries.c.leased_until <= now)
    rows = connection.execute(due.order_by(deliveries.c.due_at).limit(limit)).all()
    jobs = [Job(**{**row._mapping, "attempts": row.attempts + 1}) for row in rows]
    for job in jobs:
        _set(connection, site, job.instruction, attempts=job.attempts, leased_until=now + lease_s)
    return jobs


def next_due(connection: Connection, site: str) -> float | None:
    """When the next delivery falls due, in seconds since 1970; None when none is waiting."""
    at = func.max(deliveries.c.due_at, deliveries.c.leased_until)
    chosen = (
        select(func.min(at))
        .join_from(
            deliveries,
            endpoints,
            (endpoints.c.site == deliveries.c.site) & (endpoints.c.merchant == deliveries.c.merchant),
        )
        .where(endpoints.c.gone_at.is_(None), _ready(site))
    )
    found: float | None = connection.execute(chosen).scalar()
    return found


def delivered(connection: Connection, site: str, job: Job, answer: str, at: str) -> None:
    """The refund system has it."""
    _set(connection, site, job.instruction, state=DELIVERED, answer=answer, delivered_at=at, leased_until=0.0)


def retry(connection: Connection, site: str, job: Job, answer: str, due_at: float, others_at: float) -> None:
    """Try again later; the merchant's other instructions not before `others_at`."""
    _set(connection, site, job.instruction, answer=answer, due_at=due_at, leased_until=0.0)
    others = (
        deliveries.c.site == site,
        deliveries.c.merchant == job.merchant,
        deliveries.c.state == QUEUED,
        deliveries.c.due_at < others_at,
        deliveries.c.instruction != job.instruction,
    )
    connection.execute(update(deliveries).where(*others).values(due_at=others_at))


def give_up(connection: Connection, site: str, job: Job, answer: str) -> None:
    """The schedule is at its end: it stays listed, and a person may send it again."""
    _set(connection, site, job.instruction, state=DEAD, answer=answer, leased_until=0.0)


def pause(connection: Connection, site: str, job: Job, answer: str, at: str) -> None:
    """The endpoint is gone: what is owed waits, uncounted, until it is set anew."""
    _set(connection, site, job.instruction, answer=answer, attempts=job.attempts - 1, leased_until=0.0)
    mine = (endpoints.c.site == site, endpoints.c.merchant == job.merchant)
    connection.execute(update(endpoints).where(*mine).values(gone_at=at))


def _set(connection: Connection, site: str, instruction: str, **values: object) -> None:
    mine = (deliveries.c.site == site, deliveries.c.instruction == instruction)
    connection.execute(update(deliveries).where(*mine).values(**values))
