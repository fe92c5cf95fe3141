"""Rows of stations, their keys, codes and boots, and of inspectors."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Row, delete, select, update
from sqlalchemy.dialects.sqlite import insert

from inspection.messages.station import InspectorMessage
from server.db.changes import next_changes
from server.db.tables import boots, enrolment_codes, inspectors, station_keys, station_starts, stations
from server.subjects.bound import keys_of
from server.subjects.personal import part_inspector

STARTS_KEPT = 200
AnyRow = Row[tuple[object, ...]]


def add_code(connection: Connection, site: str, code_hash: str, station: str, expires_at: str) -> None:
    """Keep the hash of a fresh enrolment code."""
    connection.execute(
        insert(enrolment_codes).values(site=site, hash=code_hash, station=station, expires_at=expires_at)
    )


def use_code(connection: Connection, site: str, code_hash: str, at: str) -> str | None:
    """Use a code up and return its station; None when it is unknown, used or too old."""
    good = (
        enrolment_codes.c.site == site,
        enrolment_codes.c.hash == code_hash,
        enrolment_codes.c.used_at.is_(None),
        enrolment_codes.c.expires_at > at,
    )
    used = update(enrolment_codes).where(*good).values(used_at=at).returning(enrolment_codes.c.station)
    station: str | None = connection.execute(used).scalar()
    return station


def add_station(connection: Connection, site: str, station: str, at: str) -> None:
    """Add a station; enrolling again keeps what is known of it."""
    row = {"site": site, "id": station, "enrolled_at": at, "evidence_bytes": 0, "refusals": 0}
    fresh = insert(stations).values(row)
    connection.execute(fresh.on_conflict_do_update(index_elements=["site", "id"], set_={"enrolled_at": at}))


def add_key(connection: Connection, site: str, key: str, station: str, public_key: bytes, at: str) -> bool:
    """Add a station's key; False when it is known already, of whatever station."""
    row = {"site": site, "key": key, "station": station, "public_key": public_key, "added_at": at}
    return connection.execute(insert(station_keys).values(row).on_conflict_do_nothing()).rowcount == 1


def close_keys(connection: Connection, site: str, station: str, but: str, at: str) -> None:
    """Let every key of a station but one begin no new start; what it signed under a known one stays good."""
    others = (
        station_keys.c.site == site,
        station_keys.c.station == station,
        station_keys.c.key != but,
        station_keys.c.closed_at.is_(None),
    )
    connection.execute(update(station_keys).where(*others).values(closed_at=at))


def find_keys(connection: Connection, site: str, keys: set[str]) -> Sequence[AnyRow]:
    """Station keys by id, those that are known."""
    chosen = select(station_keys).where(station_keys.c.site == site, station_keys.c.key.in_(keys))
    return connection.execute(chosen).all()


def newest_key(connection: Connection, site: str, station: str) -> str | None:
    """The key that a station enrolled last, if it is still good."""
    chosen = select(station_keys.c.key).where(
        station_keys.c.site == site,
        station_keys.c.station == station,
        station_keys.c.closed_at.is_(None),
        station_keys.c.revoked_at.is_(None),
    )
    found: str | None = connection.execute(chosen).scalar()
    return found


def revoke_keys(connection: Connection, site: str, station: str, at: str) -> list[str]:
    """Revoke every key of a station; returns those that were good until now."""
    mine = (
        station_keys.c.site == site,
        station_keys.c.station == station,
        station_keys.c.revoked_at.is_(None),
    )
    done = update(station_keys).where(*mine).values(revoked_at=at).returning(station_keys.c.key)
    return sorted(connection.execute(done).scalars())


def newest_boot(connection: Connection, site: str, key: str) -> tuple[str, int] | None:
    """The last start of the program under this key, and its last recorded counter."""
    chosen = select(boots.c.boot, boots.c.counter).where(boots.c.site == site, boots.c.key == key)
    row = connection.execute(chosen.order_by(boots.c.ordinal.desc()).limit(1)).first()
    return (row.boot, row.counter) if row else None


def set_health(connection: Connection, site: str, station: str, health: bytes, at: str) -> None:
    """Keep a station's latest health."""
    mine = (stations.c.site == site, stations.c.id == station)
    connection.execute(update(stations).where(*mine).values(health=health, health_at=at))


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a station has said of itself last."""

    birth: bytes | None
    health: bytes | None
    stopped_boot: str | None


def said_of(connection: Connection, site: str, station: str) -> Said:
    """Read it; nothing where the station has said nothing."""
    mine = (stations.c.site == site, stations.c.id == station)
    chosen = select(stations.c.birth, stations.c.health, stations.c.stopped_boot).where(*mine)
    row = connection.execute(chosen).first()
    return Said(**row._mapping) if row else Said(birth=None, health=None, stopped_boot=None)


def set_birth(connection: Connection, site: str, station: str, birth: bytes) -> None:
    """Keep a station's latest birth."""
    mine = (stations.c.site == site, stations.c.id == station)
    connection.execute(update(stations).where(*mine).values(birth=birth))


def set_stopped(connection: Connection, site: str, station: str, boot: str | None, at: str | None) -> None:
    """Note which start has ended in order; None for one that runs."""
    mine = (stations.c.site == site, stations.c.id == station)
    connection.execute(update(stations).where(*mine).values(stopped_boot=boot, stopped_at=at))


def note_start(connection: Connection, site: str, station: str, boot: str, at: str) -> bool:
    """Note which start of a station speaks; False for one that is older than the newest.

    The last STARTS_KEPT are kept: enough to know a copy that was set aside for a while.
    """
    mine = (station_starts.c.site == site, station_starts.c.station == station)
    newest = connection.execute(
        select(station_starts.c.boot, station_starts.c.ordinal)
        .where(*mine)
        .order_by(station_starts.c.ordinal.desc())
        .limit(1)
    ).first()
    if newest is not None and newest.boot == boot:
        return True
    ordinal = newest.ordinal + 1 if newest is not None else 1
    row = {"site": site, "station": station, "boot": boot, "ordinal": ordinal, "seen_at": at}
    fresh = connection.execute(insert(station_starts).values(row).on_conflict_do_nothing()).rowcount == 1
    old = station_starts.c.ordinal <= ordinal - STARTS_KEPT
    connection.execute(delete(station_starts).where(*mine, old))
    return fresh


def put_inspector(connection: Connection, site: str, inspector: InspectorMessage) -> None:
    """Add or replace an inspector; every station hears of it."""
    (number,) = next_changes(connection, site, 1)
    parted = part_inspector(keys_of(connection), inspector)
    row = {"site": site, "id": inspector.id, "changed": number}
    row |= {"body": parted.body, "personal": parted.personal}
    fresh = insert(inspectors).values(row)
    set_ = {name: fresh.excluded[name] for name in ("body", "personal", "changed")}
    connection.execute(fresh.on_conflict_do_update(index_elements=["site", "id"], set_=set_))
