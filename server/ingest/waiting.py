"""Rows of records that are held because they are from the future, and of numbers that were passed over."""

from collections.abc import Iterable

from sqlalchemy import Connection, delete
from sqlalchemy.dialects.sqlite import insert

from server.db.rows import find_rows
from server.db.tables import counter_gaps, held_records
from server.ingest.judging import Passed


def held_of(connection: Connection, site: str, stations: Iterable[str]) -> dict[str, dict[str, str]]:
    """The records that are held, by station: id to the hash of the bytes that were seen then."""
    mine = held_records.c
    found: dict[str, dict[str, str]] = {}
    rows = find_rows(connection, (mine.station, mine.record, mine.sha256), mine.station, stations, site=site)
    for station, record, sha256 in rows:
        found.setdefault(station, {})[record] = sha256
    return found


def add_held(connection: Connection, site: str, station: str, held: dict[str, str], at: str) -> None:
    """Hold records, id to hash; one that is held already stays as it is."""
    rows = [
        {"site": site, "record": id, "sha256": sha256, "station": station, "held_at": at}
        for id, sha256 in held.items()
    ]
    if rows:
        connection.execute(insert(held_records).on_conflict_do_nothing(), rows)


def drop_held(connection: Connection, site: str, ids: list[str]) -> None:
    """Hold these no longer: they were recorded or refused."""
    if ids:
        gone = held_records.c.record.in_(ids)
        connection.execute(delete(held_records).where(held_records.c.site == site, gone))


def add_passed(connection: Connection, site: str, station: str, passed: list[Passed], at: str) -> None:
    """Keep what a batch passed over."""
    rows = [
        {
            "site": site,
            "key": each.key,
            "boot": each.boot,
            "first": each.first,
            "last": each.last,
            "station": station,
            "found_at": at,
        }
        for each in passed
    ]
    if rows:
        connection.execute(insert(counter_gaps).on_conflict_do_nothing(), rows)
