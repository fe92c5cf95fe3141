"""Rows of durable ciphertexts, and the records that waited for them."""

from dataclasses import dataclass

from sqlalchemy import Connection, exists, select, update
from sqlalchemy.dialects.sqlite import insert

from server.db.tables import evidence, leaves, record_evidence, records, stations


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A recorded verdict that nobody was told of yet."""

    seq: int
    leaf: bytes


def used_bytes(connection: Connection, site: str, station: str) -> int:
    """How much a station has stored."""
    chosen = select(stations.c.evidence_bytes).where(stations.c.site == site, stations.c.id == station)
    return int(connection.execute(chosen).scalar() or 0)


def holds(connection: Connection, site: str, sha256: str) -> bool:
    """True when the ciphertext is durable here."""
    chosen = select(evidence.c.sha256).where(evidence.c.site == site, evidence.c.sha256 == sha256)
    return connection.execute(chosen).first() is not None


def add(connection: Connection, site: str, sha256: str, length: int, station: str, at: str) -> bool:
    """Note a ciphertext as durable, on its station's account; False when it was before."""
    row = {"site": site, "sha256": sha256, "bytes": length, "station": station, "stored_at": at}
    fresh = connection.execute(insert(evidence).values(row).on_conflict_do_nothing()).rowcount == 1
    if fresh:
        mine = (stations.c.site == site, stations.c.id == station)
        used = stations.c.evidence_bytes + length
        connection.execute(update(stations).where(*mine).values(evidence_bytes=used))
    return fresh


def completed_by(connection: Connection, site: str, sha256: str) -> list[Waiting]:
    """Records that named this ciphertext, lack no other, and were not told of yet."""
    mine = record_evidence.alias("mine")
    missing = exists().where(
        record_evidence.c.site == site,
        record_evidence.c.record == records.c.id,
        ~exists().where(evidence.c.site == site, evidence.c.sha256 == record_evidence.c.sha256),
    )
    chosen = (
        select(leaves.c.seq, leaves.c.leaf)
        .join_from(mine, records, (records.c.site == mine.c.site) & (records.c.id == mine.c.record))
        .join(leaves, (leaves.c.site == records.c.site) & (leaves.c.seq == records.c.leaf_seq))
        .where(mine.c.site == site, mine.c.sha256 == sha256, records.c.instructed.is_(None), ~missing)
    )
    rows = connection.execute(chosen.order_by(leaves.c.seq))
    return [Waiting(seq=row.seq, leaf=row.leaf) for row in rows]
