"""Retention: from which entry on bodies are shown, raised by rule and never lowered (c2sp.org/tlog-tiles).

Hashes stay for ever, so every proof stays good; what is withheld is the reading of bodies, and only when
asked for are they dropped too. Nothing is withheld without a policy, nothing that is younger than the
policy says, nothing that a hold covers and nothing that money still depends on.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, or_, select, update
from sqlalchemy.dialects.sqlite import insert

from inspection.custody.leaf import EntryType
from inspection.messages.base import time_text
from inspection.messages.entries import PolicyEntry, PolicyKind
from server.db.ledger_tables import leaves, ledger_state
from server.db.refund_tables import deliveries, endpoints, instructions
from server.db.tables import records
from server.db.writer import Writer
from server.errors import RetentionRefused
from server.ledger.entries import entry_of
from server.ledger.log import Log
from server.ledger.standing import standing_of
from server.refunds.gate import DEAD, DELIVERED
from server.refunds.told import forget
from server.subjects.holds import first_held_index

NAME = "retention"
KEYS = (EntryType.KEY_ADD, EntryType.KEY_REVOKE)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetainFrom:
    """What somebody asks for: an index, or a moment before which nothing is to be shown."""

    index: int | None = None
    before: datetime | None = None
    drop_bodies: bool = False
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What limits how far it may go; indexes of the first entry that must stay shown."""

    now_at: int
    """The minimum index as it stands."""
    old_enough: int
    """The first entry that is younger than the policy's days."""
    held: int | None
    """The first entry that a hold covers."""
    owed: int | None
    """The first verdict of which a shop has still to be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retained:
    """What became of it."""

    min_index: int
    dropped: int
    """Bodies that are gone for good."""


async def retain_in(
    writer: Writer, log: Log, wanted: RetainFrom, days: int | None, now: datetime
) -> Retained:
    """Raise the minimum index; where bodies go, the database is rewritten without them.

    That is done although none was left to drop: a crash may have come between the two.
    """
    done = await writer.submit(lambda c: retain(c, log, wanted, days, now))
    if wanted.drop_bodies:
        await writer.rewrite()
    return done


def check_bounds(index: int, bounds: Bounds) -> None:
    """Raise RetentionRefused, with the entry that is in the way, unless bodies below `index` may go. Pure."""
    if index < bounds.now_at:
        raise RetentionRefused(f"entries below {bounds.now_at} are withheld already; that is never undone")
    if bounds.held is not None and index > bounds.held:
        raise RetentionRefused(f"entry {bounds.held} is under a legal hold: go no further than --index it")
    if bounds.owed is not None and index > bounds.owed:
        raise RetentionRefused(f"of entry {bounds.owed} the shop has still to be told: go no further")
    if index > bounds.old_enough:
        raise RetentionRefused(f"entry {bounds.old_enough} is younger than the retention policy says")


def retain(connection: Connection, log: Log, wanted: RetainFrom, days: int | None, now: datetime) -> Retained:
    """Raise the minimum index, state it in the ledger, and drop bodies where that was asked for.

    Raises RetentionRefused, naming what is in the way. Asking for the same again changes nothing.
    """
    if days is None:
        raise RetentionRefused("no retention policy is set (`retention_days`): nothing may be withheld")
    site, size = log.site, log.head(connection).size
    index = _index(connection, site, wanted)
    old_enough = min(_first_since(connection, site, now - timedelta(days=days)), max(size - 1, 0))
    bounds = Bounds(
        now_at=standing_of(connection, site).min_index,
        old_enough=old_enough,
        held=first_held_index(connection, site),
        owed=_first_owed(connection, site),
    )
    check_bounds(index, bounds)
    _state(connection, log, index, wanted, now)
    _raise_to(connection, site, index, time_text(now))
    return Retained(min_index=index, dropped=_drop(connection, site, index) if wanted.drop_bodies else 0)


def _index(connection: Connection, site: str, wanted: RetainFrom) -> int:
    if (wanted.index is None) == (wanted.before is None):
        raise RetentionRefused("say either an index or a date")
    if wanted.before is not None:
        return _first_since(connection, site, wanted.before)
    return wanted.index or 0


def _first_since(connection: Connection, site: str, moment: datetime) -> int:
    """Index of the first entry that was recorded at or after a moment; the size where none was.

    Where the centre's clock was set back, more is kept rather than less.
    """
    mine = (leaves.c.site == site, leaves.c.recorded_at >= time_text(moment))
    first: int | None = connection.execute(select(func.min(leaves.c.seq)).where(*mine)).scalar()
    if first is not None:
        return first
    every = select(func.count()).select_from(leaves).where(leaves.c.site == site)
    return int(connection.execute(every).scalar_one())


def _first_owed(connection: Connection, site: str) -> int | None:
    untold = select(func.min(records.c.leaf_seq)).where(
        records.c.site == site, records.c.instructed.is_(None)
    )
    under_way = select(func.min(instructions.c.verdict_seq)).join(
        deliveries,
        (deliveries.c.site == instructions.c.site) & (deliveries.c.instruction == instructions.c.id),
    )
    under_way = under_way.where(
        instructions.c.site == site,
        deliveries.c.state.not_in((DELIVERED, DEAD)),
        deliveries.c.merchant.in_(select(endpoints.c.merchant).where(endpoints.c.site == site)),
    )
    found = (connection.execute(each).scalar() for each in (untold, under_way))
    return min((int(index) for index in found if index is not None), default=None)


def _state(connection: Connection, log: Log, index: int, wanted: RetainFrom, now: datetime) -> None:
    body = PolicyEntry(
        kind=PolicyKind.RETENTION,
        name=NAME,
        min_index=index,
        bodies_dropped=wanted.drop_bodies,
        by=wanted.by,
    )
    token = f"{NAME}-{index}{'-dropped' if wanted.drop_bodies else ''}"
    log.append(connection, entry_of(EntryType.POLICY, body, token), time_text(now))


def _raise_to(connection: Connection, site: str, index: int, at: str) -> None:
    standing = standing_of(connection, site)
    fresh = insert(ledger_state).values(
        site=site, state=standing.state.value, reason=standing.reason, min_index=index, changed_at=at
    )
    raised = {"min_index": index, "changed_at": at}
    connection.execute(fresh.on_conflict_do_update(index_elements=["site"], set_=raised))


def _drop(connection: Connection, site: str, index: int) -> int:
    """Drop bodies, also in what shops were sent, but no station's key: later verdicts are checked by it."""
    old = (leaves.c.site == site, leaves.c.seq < index, leaves.c.leaf.is_not(None))
    dropped = update(leaves).where(*old, leaves.c.type.not_in(KEYS)).values(leaf=None)
    forget(connection, site, or_(instructions.c.verdict_seq < index, instructions.c.leaf_seq < index))
    return connection.execute(dropped).rowcount
