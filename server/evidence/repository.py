"""Rows of durable ciphertexts, and the records that waited for them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.sqlite import insert

from inspection.messages.catalogue import UnitMessage
from server.db.ledger_tables import leaves
from server.db.refill_tables import refill_bare
from server.db.rows import find_rows
from server.db.tables import evidence, record_evidence, records, stations
from server.errors import Erased
from server.subjects.bound import keys_of
from server.subjects.personal import whole_unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A recorded verdict that nobody was told of yet."""

    seq: int
    leaf: bytes
    announced: UnitMessage
    """The unit as it stood when the verdict was recorded."""


def used_bytes(connection: Connection, site: str, station: str) -> int:
    """How many bytes the station has stored."""
    chosen = select(stations.c.evidence_bytes).where(stations.c.site == site, stations.c.id == station)
    return int(connection.execute(chosen).scalar() or 0)


def holds(connection: Connection, site: str, sha256: str) -> bool:
    """True when the ciphertext is durable here; raises Erased for one that must never come again."""
    chosen = select(evidence.c.erased_at).where(evidence.c.site == site, evidence.c.sha256 == sha256)
    found = connection.execute(chosen).first()
    if found is not None and found.erased_at is not None:
        raise Erased("this image was erased with its customer: delete it")
    return found is not None


def entomb(
    connection: Connection, site: str, hashes: Collection[str], station: str, at: str
) -> tuple[str, ...]:
    """Let these ciphertexts never be stored again; returns them, for their files to be removed."""
    named = tuple(dict.fromkeys(hashes))
    row = {"site": site, "bytes": 0, "station": station, "stored_at": at, "erased_at": at}
    if named:
        fresh = insert(evidence)
        erased_at = func.coalesce(evidence.c.erased_at, fresh.excluded.erased_at)
        set_ = {"erased_at": erased_at}
        connection.execute(
            fresh.on_conflict_do_update(index_elements=["site", "sha256"], set_=set_),
            [{**row, "sha256": each} for each in named],
        )
    return named


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
    """Records that named this ciphertext, lack no other, and were not told of yet.

    In steps, each by one index: SQLite's planner takes every `site` for rare and would scan the records.
    """
    naming = select(record_evidence.c.record).where(
        record_evidence.c.site == site, record_evidence.c.sha256 == sha256
    )
    return _untold(connection, site, set(connection.execute(naming).scalars()))


def complete_untold(connection: Connection, site: str) -> list[Waiting]:
    """Every record that lacks nothing and was not told of: after a restore, when its rows are back."""
    bare = select(refill_bare.c.seq).where(refill_bare.c.site == site)
    chosen = select(records.c.id).where(
        records.c.site == site, records.c.instructed.is_(None), records.c.leaf_seq.not_in(bare)
    )
    return _untold(connection, site, set(connection.execute(chosen).scalars()))


def _untold(connection: Connection, site: str, named: set[str]) -> list[Waiting]:
    told = (records.c.site == site, records.c.id.in_(named - _incomplete(connection, site, named)))
    columns = (records.c.leaf_seq, records.c.announced, records.c.personal)
    waiting = select(*columns).where(*told, records.c.instructed.is_(None))
    keys = keys_of(connection)
    announced = {
        row.leaf_seq: whole_unit(keys, row.announced, row.personal) for row in connection.execute(waiting)
    }
    chosen = select(leaves.c.seq, leaves.c.leaf).where(leaves.c.site == site, leaves.c.seq.in_(announced))
    rows = connection.execute(chosen.order_by(leaves.c.seq))
    return [Waiting(seq=row.seq, leaf=row.leaf, announced=announced[row.seq]) for row in rows]


def _incomplete(connection: Connection, site: str, named: set[str]) -> set[str]:
    """Which of these records lack an image."""
    chosen = select(record_evidence.c.record, record_evidence.c.sha256).where(
        record_evidence.c.site == site, record_evidence.c.record.in_(named)
    )
    pairs = connection.execute(chosen).all()
    held = held_evidence(connection, site, (pair.sha256 for pair in pairs))
    return {pair.record for pair in pairs if pair.sha256 not in held}


def held_evidence(connection: Connection, site: str, hashes: Iterable[str]) -> set[str]:
    """Which of these ciphertexts are durable here, or erased: none of them is waited for."""
    name = evidence.c.sha256
    return {row[0] for row in find_rows(connection, (name,), name, set(hashes), site=site)}
