"""The ring of what tags did at each station."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, delete, func, insert, or_, select

from inspection.messages.station import Presence
from server.db.tables import presence_batches as ring


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What is kept of a batch."""

    events: bytes
    dropped: int


def batch_digest(connection: Connection, site: str, batch: Presence) -> bytes | None:
    """The digest of the batch that was kept under this number; None where there is none."""
    chosen = select(ring.c.digest).where(*_of(site, batch.node), *_number(batch))
    found: bytes | None = connection.execute(chosen).scalar()
    return found


def is_behind(connection: Connection, site: str, batch: Presence, kept: int) -> bool:
    """Whether a batch may have been kept once, and has left a full ring since."""
    count, lowest = connection.execute(
        select(func.count(), func.min(ring.c.seq).filter(ring.c.boot == batch.boot)).where(
            *_of(site, batch.node)
        )
    ).one()
    return bool(count >= kept and lowest is not None and batch.seq < lowest)


def add_batch(
    connection: Connection, site: str, batch: Presence, digest: bytes, events: bytes, at: str
) -> None:
    """Keep a batch as the newest one."""
    newest = connection.execute(select(func.max(ring.c.ordinal)).where(*_of(site, batch.node))).scalar()
    row = {"site": site, "station": batch.node, "boot": batch.boot, "seq": batch.seq}
    row |= {"ordinal": (newest or 0) + 1, "digest": digest, "events": events, "dropped": batch.dropped}
    connection.execute(insert(ring).values(row | {"received_at": at}))


def trim(connection: Connection, site: str, station: str, kept: int, since: str) -> None:
    """Let the oldest batches go."""
    newest = select(func.max(ring.c.ordinal)).where(*_of(site, station)).scalar_subquery()
    old = or_(ring.c.ordinal <= newest - kept, ring.c.received_at < since)
    connection.execute(delete(ring).where(*_of(site, station), old))


def forget(connection: Connection, site: str, since: str) -> None:
    """Let what is older go, of every station: one that tells nothing more trims nothing itself."""
    connection.execute(delete(ring).where(ring.c.site == site, ring.c.received_at < since))


def newest_batches(
    connection: Connection, site: str, station: str, most: int, since: str
) -> tuple[Batch, ...]:
    """The newest batches, newest first."""
    chosen = select(ring.c.events, ring.c.dropped).where(*_of(site, station), ring.c.received_at >= since)
    rows = connection.execute(chosen.order_by(ring.c.ordinal.desc()).limit(most))
    return tuple(Batch(events=row.events, dropped=row.dropped) for row in rows)


def _of(site: str, station: str) -> tuple[ColumnElement[bool], ...]:
    return ring.c.site == site, ring.c.station == station


def _number(batch: Presence) -> tuple[ColumnElement[bool], ...]:
    return ring.c.boot == batch.boot, ring.c.seq == batch.seq
