"""The outbox: which instruction goes next, under a lease that a crash lets run out.

Per order one is in flight, and a later one waits `behind` an earlier one until that is delivered or given
up: a unit's higher number never overtakes its lower one. A claimed delivery is due again when its lease
ends, so a crash only delays it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import orjson
from sqlalchemy import Connection, func, select, update

from inspection.refund_exceptions import CaseKind
from server.db.refund_tables import deliveries, endpoints
from server.db.rows import run
from server.refunds import cases, standing
from server.refunds.cases import Raised
from server.refunds.endpoints import endpoint_gone, hold_for_probe
from server.refunds.gate import AWAITING, BEHIND, DEAD, DELIVERED, QUEUED, read_gate
from server.refunds.places import Places

LEASE_S = 30.0
"""Added to the timeout: a delivery that a crash interrupted falls due again after it."""


# Asked for each delivery: composing the same statements anew takes longer than SQLite takes to answer them.
LEASE = (
    "UPDATE deliveries SET attempts = attempts + 1, due_at = ? "
    "WHERE site = ? AND instruction IN (SELECT value FROM json_each(?))"
)
DONE = (
    "UPDATE deliveries SET state = ?, answer = ?, delivered_at = ? "
    "WHERE site = ? AND instruction IN (SELECT value FROM json_each(?))"
)
HELD_UP = (
    "SELECT DISTINCT ordering FROM deliveries "
    "WHERE site = ? AND ordering IN (SELECT value FROM json_each(?)) AND state = ?"
)
FIRST_BEHIND = (
    "SELECT leaf_seq, needs_size FROM deliveries WHERE site = ? AND ordering = ? AND state = ? "
    "ORDER BY leaf_seq LIMIT 1"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One delivery to try now."""

    instruction: str
    merchant: str
    unit: str
    ordering: str
    """What stands for its order."""
    attempts: int
    """This one included."""
    probe: bool = False
    """Tried to find out whether the refund system answers again; it counts only if it does."""


def due_times(connection: Connection, site: str) -> dict[str, float]:
    """When the next delivery of each merchant that is told anything falls due, in seconds since 1970.

    None while its endpoint wants no more or is given up, or where the centre pays for it by itself; not
    before the pause is over where its circuit is open.
    """
    found: dict[str, float] = {}
    for merchant, open_until in _listening(connection, site).items():
        due_at = connection.execute(
            select(func.min(deliveries.c.due_at)).where(
                deliveries.c.site == site, deliveries.c.merchant == merchant, deliveries.c.state == QUEUED
            )
        ).scalar()
        if due_at is not None:
            found[merchant] = max(due_at, open_until or 0.0)
    return found


def _listening(connection: Connection, site: str) -> dict[str, float | None]:
    """Who listens, and until when its circuit is open."""
    mine = endpoints.c
    chosen = select(mine.merchant, mine.open_until).where(
        mine.site == site, mine.mode == standing.INFORM, mine.gone_at.is_(None), mine.disabled_at.is_(None)
    )
    return {row.merchant: row.open_until for row in connection.execute(chosen)}


def claim(connection: Connection, site: str, now: float, places: Places, lease_s: float) -> list[Job]:
    """Take up due deliveries as far as there are places, shared among the merchants.

    Nobody else gets them while the lease lasts.
    """
    due = [merchant for merchant, due_at in due_times(connection, site).items() if due_at <= now]
    listening = _listening(connection, site)

    def take(merchant: str, share: int) -> list[Job]:
        if listening[merchant] is None:
            return _due_of(connection, site, merchant, now, share)
        hold_for_probe(connection, site, merchant, now + lease_s)
        return [replace(job, probe=True) for job in _due_of(connection, site, merchant, now, 1)]

    jobs = places.shared(sorted(due), take)
    names = orjson.dumps([job.instruction for job in jobs]).decode()
    run(connection, LEASE, (now + lease_s, site, names))
    return jobs


def _due_of(connection: Connection, site: str, merchant: str, now: float, limit: int) -> list[Job]:
    due = (
        select(deliveries.c.instruction, deliveries.c.unit, deliveries.c.attempts, deliveries.c.ordering)
        .where(deliveries.c.site == site, deliveries.c.merchant == merchant, deliveries.c.state == QUEUED)
        .where(deliveries.c.due_at <= now)
        .order_by(deliveries.c.due_at, deliveries.c.leaf_seq)
        .limit(limit)
    )
    return [
        Job(
            instruction=row.instruction,
            merchant=merchant,
            unit=row.unit,
            ordering=row.ordering,
            attempts=row.attempts + 1,
        )
        for row in connection.execute(due)
    ]


def delivered(connection: Connection, site: str, answers: Sequence[tuple[Job, str]], at: str) -> None:
    """The refund systems have them, and answered so; each order's next may go."""
    by_answer: dict[str, list[str]] = {}
    for job, answer in answers:
        by_answer.setdefault(answer, []).append(job.instruction)
    for answer, names in by_answer.items():
        run(connection, DONE, (DELIVERED, answer, at, site, orjson.dumps(names).decode()))
    standing.told(connection, site, [(job.unit, job.instruction) for job, _ in answers], at)
    orders = orjson.dumps([job.ordering for job, _ in answers]).decode()
    for row in run(connection, HELD_UP, (site, orders, BEHIND)):  # mostly none: an order of one unit
        _let_next_go(connection, site, row[0])


def give_up(connection: Connection, site: str, job: Job, answer: str, at: str) -> None:
    """The schedule is at its end: it stays listed, and a person may send it again."""
    _set(connection, site, job, state=DEAD, answer=answer)
    raised = Raised(kind=CaseKind.UNDELIVERED, merchant=job.merchant, unit=job.unit, about=job.instruction)
    cases.raise_case(connection, site, raised, at)
    _let_next_go(connection, site, job.ordering)


def retry(connection: Connection, site: str, job: Job, answer: str, due_at: float, *, counts: bool) -> None:
    """Try again later; `counts` says whether this attempt is one of those of the schedule.

    Never back to none: whoever was asked once and gave no answer may have paid.
    """
    attempts = job.attempts if counts else max(1, job.attempts - 1)
    _set(connection, site, job, answer=answer, attempts=attempts, due_at=due_at)


def pause(connection: Connection, site: str, job: Job, answer: str, at: str) -> None:
    """The endpoint is gone: what is owed waits, uncounted, until it is set anew."""
    _set(connection, site, job, answer=answer, attempts=job.attempts - 1, due_at=0.0)
    endpoint_gone(connection, site, job.merchant, at)


def urls(connection: Connection, site: str) -> dict[str, str]:
    """Where each merchant's refund system listens."""
    chosen = select(endpoints.c.merchant, endpoints.c.url).where(endpoints.c.site == site)
    return {row.merchant: row.url for row in connection.execute(chosen)}


def _let_next_go(connection: Connection, site: str, ordering: str) -> None:
    """Let the order's next instruction go, unless another is on its way still: one that was sent again."""
    first = run(connection, FIRST_BEHIND, (site, ordering, BEHIND))
    if not first:
        return
    mine = (deliveries.c.site == site, deliveries.c.ordering == ordering)
    going = deliveries.c.state.in_((QUEUED, AWAITING))
    if connection.execute(select(deliveries.c.leaf_seq).where(*mine, going).limit(1)).first():
        return
    leaf_seq, needs_size = first[0]
    state = read_gate(connection, site).state(needs_size)
    this = (*mine, deliveries.c.leaf_seq == leaf_seq)
    connection.execute(update(deliveries).where(*this).values(state=state))


def take_back(connection: Connection, site: str, instruction: str) -> None:
    """A person reversed it: where it has not gone once it never goes, and what waits behind it may."""
    mine = (deliveries.c.site == site, deliveries.c.instruction == instruction)
    unsent = (*mine, deliveries.c.attempts == 0, deliveries.c.delivered_at.is_(None))
    ordering = connection.execute(select(deliveries.c.ordering).where(*unsent)).scalar()
    if ordering is not None:
        connection.execute(update(deliveries).where(*mine).values(state=DEAD, answer=standing.TAKEN_BACK))
        _let_next_go(connection, site, ordering)


def _set(connection: Connection, site: str, job: Job, **values: object) -> None:
    mine = (deliveries.c.site == site, deliveries.c.instruction == job.instruction)
    connection.execute(update(deliveries).where(*mine).values(**values))
