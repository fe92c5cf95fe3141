"""What the console shows, read in one transaction: frozen, language-neutral, ready to be drawn."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from inspection.custody.leaf import GENESIS
from inspection.messages.base import read_time, time_text
from inspection.messages.station import Birth, Health
from server.console.standing import LedgerSeen, Trust, Witnessed, read_ledger
from server.console.today import Today, read_today
from server.db.ledger_tables import heads
from server.db.refund_tables import deliveries, instructions, outcomes
from server.db.tables import records, refusals, stations, units
from server.returns.repository import EXPECTED
from server.stations.hearing import presence_page
from server.stations.schemas import ShownEvent

SOON_S = 3600.0
MOST_UNITS = 16
MOST_VERDICTS = 14
MOST_REFUSED = 6
MOST_TAGS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class StationRow:
    """A station and what it said last."""

    id: str
    heard_s: float | None
    """Seconds since its last health; None when it has sent none."""
    health: Health | None
    stopped: bool = False
    """Whether it said that it ends, and nothing since."""
    program: str | None = None
    """Version, as its last birth says."""
    tags: tuple[ShownEvent, ...] = ()
    """What tags did there lately, newest first."""
    untold: int = 0
    """Events that it could not tell since its start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRow:
    """An expected unit."""

    id: str
    sku: str
    left_s: float | None
    """Seconds to its deadline, negative once it has passed; None without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictRow:
    """A recorded verdict."""

    unit: str
    sku: str
    station: str
    kind: str
    """How it came about: `confirm override autonomy escalate`."""
    grade: str
    disposition: str
    channel: str
    index: int
    recorded_at: str
    clock: str | None
    """`good`, or `uncertain`: its own time says nothing; None for older records."""
    told: bool
    """False while its images are on their way and the shop has not been told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRow:
    """A refused record."""

    station: str
    reason: str
    refused_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """One moment of one site."""

    ledger: LedgerSeen
    expected: int
    overdue: int
    due_soon: int
    inspected: int
    refused: int
    today: Today
    stations: tuple[StationRow, ...]
    queue: tuple[UnitRow, ...]
    verdicts: tuple[VerdictRow, ...]
    refusals: tuple[RefusedRow, ...]
    refunds: Mapping[str, int]
    """How many instructions are in each state: `queued behind delivered dead`, or what the shop
    answered: `settled held rejected mismatch`."""


def read_overview(
    connection: Connection, site: str, now: datetime, trust: Trust = Witnessed.NOBODY_ASKED
) -> Overview:
    """Read all of it; every list is bounded. `trust` names the witnesses."""
    head = connection.execute(select(heads.c.size, heads.c.head).where(heads.c.site == site)).first()
    waiting = units.c.site == site, units.c.state == EXPECTED
    soon = datetime.fromtimestamp(now.timestamp() + SOON_S, now.tzinfo)
    late = (*waiting, units.c.deadline <= time_text(now))
    near = (*waiting, units.c.deadline > time_text(now), units.c.deadline <= time_text(soon))
    size = head.size if head else 0
    return Overview(
        ledger=read_ledger(connection, site, (size, head.head if head else GENESIS), trust),
        expected=_count(connection, units, *waiting),
        overdue=_count(connection, units, *late),
        due_soon=_count(connection, units, *near),
        inspected=_count(connection, records, records.c.site == site),
        refused=_count(connection, refusals, refusals.c.site == site),
        today=read_today(connection, site, size, now),
        stations=_stations(connection, site, now),
        queue=_queue(connection, site, now),
        verdicts=_verdicts(connection, site),
        refusals=_refusals(connection, site),
        refunds=_refunds(connection, site),
    )


def _count(connection: Connection, table: object, *where: object) -> int:
    chosen = select(func.count()).select_from(table).where(*where)  # type: ignore[arg-type] # any table, any column
    return int(connection.execute(chosen).scalar_one())


def _stations(connection: Connection, site: str, now: datetime) -> tuple[StationRow, ...]:
    chosen = select(stations).where(stations.c.site == site).order_by(stations.c.id).limit(100)
    return tuple(_station(connection, site, row, now) for row in connection.execute(chosen).all())


def _station(connection: Connection, site: str, row: Any, now: datetime) -> StationRow:
    lately = presence_page(connection, site, row.id, MOST_TAGS, now)
    return StationRow(
        id=row.id,
        heard_s=(now - read_time(row.health_at)).total_seconds() if row.health_at else None,
        health=Health.read(row.health) if row.health else None,
        stopped=row.stopped_boot is not None,
        program=Birth.read(row.birth).program if row.birth else None,
        tags=lately.events,
        untold=lately.dropped,
    )


def _queue(connection: Connection, site: str, now: datetime) -> tuple[UnitRow, ...]:
    chosen = select(units.c.id, units.c.sku, units.c.deadline).where(
        units.c.site == site, units.c.state == EXPECTED
    )
    ordered = chosen.order_by(units.c.deadline.is_(None), units.c.deadline, units.c.id).limit(MOST_UNITS)
    return tuple(
        UnitRow(
            id=row.id,
            sku=row.sku,
            left_s=(read_time(row.deadline) - now).total_seconds() if row.deadline else None,
        )
        for row in connection.execute(ordered)
    )


def _verdicts(connection: Connection, site: str) -> tuple[VerdictRow, ...]:
    kept = records.c
    chosen = select(
        kept.unit, kept.sku, kept.station, kept.kind, kept.grade, kept.disposition, kept.channel,
        kept.leaf_seq.label("index"), kept.recorded_at, kept.clock,
        kept.instructed.is_not(None).label("told"),
    )  # fmt: skip
    latest = chosen.where(kept.site == site).order_by(kept.leaf_seq.desc()).limit(MOST_VERDICTS)
    return tuple(VerdictRow(**row._mapping) for row in connection.execute(latest))


def _refusals(connection: Connection, site: str) -> tuple[RefusedRow, ...]:
    chosen = select(refusals.c.station, refusals.c.reason, refusals.c.refused_at)
    latest = chosen.where(refusals.c.site == site).order_by(refusals.c.refused_at.desc()).limit(MOST_REFUSED)
    return tuple(RefusedRow(**row._mapping) for row in connection.execute(latest))


def _refunds(connection: Connection, site: str) -> dict[str, int]:
    """The newest answer of the shop counts; before it, how far the delivery has come."""
    newest = (
        select(outcomes.c.instruction, func.max(outcomes.c.leaf_seq).label("seq"))
        .where(outcomes.c.site == site)
        .group_by(outcomes.c.instruction)
        .subquery()
    )
    chosen = (
        select(deliveries.c.state, outcomes.c.status, outcomes.c.matches, func.count().label("many"))
        .join_from(instructions, deliveries, deliveries.c.instruction == instructions.c.id)
        .outerjoin(newest, newest.c.instruction == instructions.c.id)
        .outerjoin(outcomes, (outcomes.c.site == site) & (outcomes.c.leaf_seq == newest.c.seq))
        .where(instructions.c.site == site, deliveries.c.site == site)
        .group_by(deliveries.c.state, outcomes.c.status, outcomes.c.matches)
    )
    counted: dict[str, int] = {}
    for row in connection.execute(chosen):
        settled_otherwise = row.status == "settled" and not row.matches
        state = "mismatch" if settled_otherwise else row.status or row.state
        counted[state] = counted.get(state, 0) + row.many
    return counted
