"""Rows of records, their evidence and openings, and of refusals: read and written a batch at a time."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.sqlite import insert

from inspection.messages.base import read_time
from inspection.messages.uplink import Opening, SignedRecord
from inspection.record import InspectionRecord
from server.db.changes import next_changes
from server.db.rows import find_rows, insert_rows, run
from server.db.tables import (
    boots,
    openings,
    record_evidence,
    records,
    refusals,
    station_keys,
    stations,
)
from server.evidence.repository import entomb
from server.ingest import waiting
from server.ingest.checking import Checked, StationKey
from server.ingest.judging import MOST_HELD, Books, Boots, KeptRefusal, clock_of, keys_by_image
from server.ledger.log import Place
from server.returns.repository import INSPECTED, KnownUnit, find_units
from server.subjects.bound import keys_of
from server.subjects.keys import SubjectKeys
from server.subjects.personal import ERASED, GONE, seal_image_key, seal_opening

CLOSE = (
    "UPDATE units SET state = ?1, inspection = json_extract(?2, '$.\"' || id || '\"[0]'), "
    "changed = json_extract(?2, '$.\"' || id || '\"[1]') "
    "WHERE site = ?3 AND id IN (SELECT key FROM json_each(?2)) "
    "AND inspection <= json_extract(?2, '$.\"' || id || '\"[0]')"
)
NEWEST_BOOT = (
    "SELECT boot, ordinal, counter FROM boots WHERE site = ? AND key = ? ORDER BY ordinal DESC LIMIT 1"
)
PUT_BOOT = (
    "INSERT INTO boots (site, key, boot, ordinal, counter) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT (site, key, boot) DO UPDATE SET counter = excluded.counter"
)
Rows = list[dict[str, Any]]


def find_keys(connection: Connection, site: str, keys: Iterable[str]) -> dict[str, StationKey]:
    """Station keys by id, those that are known."""
    mine = station_keys.c
    wanted = (mine.key, mine.station, mine.public_key, mine.closed_at, mine.revoked_at)
    return {
        row[0]: StationKey(
            key=row[0],
            station=row[1],
            public_key=row[2],
            closed=row[3] is not None,
            revoked=row[4] is not None,
        )
        for row in find_rows(connection, wanted, mine.key, set(keys), site=site)
    }


def open_books(
    connection: Connection, site: str, batches: Sequence[tuple[str, Sequence[Checked]]]
) -> list[Books]:
    """Read what the centre knows that bears on batches, each with its station: each once.

    What they may all change is one and the same in all of them, so that each is judged by what was taken of
    those before it.
    """
    sent = [checked for _, batch in batches for checked in batch]
    found = [each.record for each in sent if each.record is not None]
    keys = find_keys(connection, site, (each.signed.device_key for each in sent if each.signed))
    recorded = _recorded(connection, site, [record.id for record in found])
    units = find_units(connection, site, (record.unit.id for record in found))
    inspected = _inspected(connection, site, [record.unit.id for record in found])
    boots = _boots(connection, site, found)
    held = waiting.held_of(connection, site, [station for station, _ in batches])
    return [
        Books(
            keys=keys,
            refusals=_refusals(connection, site, station, [each.submission for each in batch]),
            recorded=recorded,
            units=units,
            inspected=inspected,
            boots=boots,
            held=held.get(station, {}),
            room_to_hold=MOST_HELD - len(held.get(station, {})),
        )
        for station, batch in batches
    ]


def _refusals(
    connection: Connection, site: str, station: str, submissions: list[str]
) -> dict[str, KeptRefusal]:
    mine = refusals.c
    wanted = (mine.submission, mine.reason, mine.detail, mine.refused_at)
    rows = find_rows(connection, wanted, mine.submission, submissions, site=site, station=station)
    return {row[0]: KeptRefusal(reason=row[1], detail=row[2], refused_at=row[3]) for row in rows}


def _recorded(connection: Connection, site: str, ids: list[str]) -> dict[str, str]:
    return dict(find_rows(connection, (records.c.id, records.c.sha256), records.c.id, ids, site=site))


def _inspected(connection: Connection, site: str, units: list[str]) -> set[tuple[str, int]]:
    wanted = (records.c.unit, records.c.inspection)
    return {
        (unit, number) for unit, number in find_rows(connection, wanted, records.c.unit, units, site=site)
    }


def _boots(connection: Connection, site: str, found: list[InspectionRecord]) -> dict[str, Boots]:
    named: dict[str, set[str]] = {}
    for record in found:
        named.setdefault(record.device.key, set()).add(record.device.boot)
    return {key: boots_of(connection, site, key, wanted) for key, wanted in named.items()}


def boots_of(connection: Connection, site: str, key: str, wanted: set[str]) -> Boots:
    """The starts of one key: the newest, and those of `wanted` that are known."""
    newest = run(connection, NEWEST_BOOT, (site, key))
    found = find_rows(connection, (boots.c.boot,), boots.c.boot, wanted, site=site, key=key)
    boot, ordinal, counter = newest[0] if newest else (None, 0, 0)
    return Boots(newest=boot, ordinal=ordinal, counter=counter, known={row[0] for row in found})


def add_records(
    connection: Connection,
    site: str,
    taken: Sequence[tuple[Checked, Place]],
    announced: Mapping[str, KnownUnit],
    recorded_at: str,
) -> tuple[str, ...]:
    """Write the rows of records whose leaves were just appended, each with its unit as announced now.

    Of an erased unit nothing personal is kept, whatever travelled beside its record; returns the
    ciphertexts whose files are to be removed for it.
    """
    rows: Rows = []
    images: Rows = []
    sealed: Rows = []
    buried: list[str] = []
    keys, now = keys_of(connection), read_time(recorded_at)
    for checked, place in taken:
        record, signed = checked.record, checked.signed
        if record is None or signed is None:
            continue
        unit = announced[record.unit.id]
        row = _record_row(site, record, checked.sha256, place, now)
        rows.append({**row, **_announced(unit), "recorded_at": recorded_at})
        if unit.erased or unit.subject is None:
            images += _image_tombs(site, record)
            sealed += _opening_tombs(site, record)
            buried += entomb(connection, site, _image_names(record), record.station, recorded_at)
        else:
            images += _image_rows(keys, site, record, signed, unit.subject)
            sealed += [_opening_row(keys, site, record.id, each, unit.subject) for each in signed.openings]
    insert_rows(connection, records, rows)
    insert_rows(connection, record_evidence, images)
    insert_rows(connection, openings, sealed, or_ignore=True)
    return tuple(buried)


def add_beside(
    connection: Connection, site: str, record: InspectionRecord, signed: SignedRecord, unit: KnownUnit
) -> None:
    """Write what travelled beside a record whose row is there; what is there already stays.

    Of an erased unit nothing is kept. A key that does not come leaves its image without a row.
    """
    if unit.erased or unit.subject is None:
        return
    keys, given = keys_of(connection), keys_by_image(signed)
    shown = tuple(item for item in record.evidence if item.ciphertext_sha256 in given)
    known = record.model_copy(update={"evidence": shown})
    images = _image_rows(keys, site, known, signed, unit.subject)
    sealed = [_opening_row(keys, site, record.id, each, unit.subject) for each in signed.openings]
    insert_rows(connection, record_evidence, images, or_ignore=True)
    insert_rows(connection, openings, sealed, or_ignore=True)


def _record_row(
    site: str, record: InspectionRecord, sha256: str, place: Place, now: datetime
) -> dict[str, Any]:
    verdict = record.verdict
    return {
        "site": site,
        "id": record.id,
        "leaf_seq": place.seq,
        "sha256": sha256,
        "merchant": record.merchant,
        "unit": record.unit.id,
        "inspection": record.unit.inspection,
        "sku": record.unit.sku,
        "station": record.station,
        "kind": verdict.kind.value,
        "grade": verdict.grade.value,
        "disposition": verdict.disposition.value,
        "channel": verdict.channel.value,
        "clock": clock_of(record, now).value,
    }


def _announced(unit: KnownUnit) -> dict[str, Any]:
    """The unit as it stands now: sealed already, so its bytes are only carried over."""
    erased = unit.erased
    return {
        "announced": unit.body,
        "personal": GONE if erased else unit.personal,
        "subject": None if erased else unit.subject,
        "instructed": ERASED if erased else None,
    }


def _image_names(record: InspectionRecord) -> list[str]:
    return list(dict.fromkeys(item.ciphertext_sha256 for item in record.evidence))


def _image_rows(
    keys: SubjectKeys, site: str, record: InspectionRecord, signed: SignedRecord, subject: str
) -> Rows:
    given, rows = keys_by_image(signed), []
    for name in _image_names(record):
        wrapped, salt = seal_image_key(keys, record.id, given[name], subject)
        rows.append({"site": site, "record": record.id, "sha256": name, "wrapped_key": wrapped, "salt": salt})
    return rows


def _image_tombs(site: str, record: InspectionRecord) -> Rows:
    return [
        {"site": site, "record": record.id, "sha256": name, "wrapped_key": GONE, "salt": GONE}
        for name in _image_names(record)
    ]


def _opening_row(
    keys: SubjectKeys, site: str, record: str, opening: Opening, customer: str
) -> dict[str, Any]:
    """An opening under its person's key: the inspector's under the inspector's, all else the customer's."""
    inspector = opening.field == "inspector"
    subject = keys.secrets.inspector(opening.value) if inspector else customer
    sealed = seal_opening(keys, record, opening, subject)
    return {"site": site, "record": record, "field": opening.field, "sealed": sealed, "subject": subject}


def _opening_tombs(site: str, record: InspectionRecord) -> Rows:
    said = record.personal.model_dump(exclude_none=True)
    row = {"site": site, "record": record.id, "sealed": GONE, "subject": None}
    return [{**row, "field": field} for field in said]


def put_boots(connection: Connection, site: str, known: dict[str, Boots]) -> None:
    """Keep the last counter of each start that a batch named, and which one is the newest."""
    for key, each in known.items():
        for boot, (ordinal, counter) in each.touched.items():
            run(connection, PUT_BOOT, (site, key, boot, ordinal, counter))


def close_units(connection: Connection, site: str, inspected: Sequence[InspectionRecord]) -> None:
    """Take inspected units off the worklist."""
    numbers = next_changes(connection, site, len(inspected))
    told = {
        record.unit.id: (record.unit.inspection, number)
        for record, number in zip(inspected, numbers, strict=True)
    }
    run(connection, CLOSE, (INSPECTED, orjson.dumps(told).decode(), site))


def room_for_refusals(connection: Connection, site: str, station: str, most: int) -> int:
    """How many more refusals are kept for this station."""
    chosen = select(stations.c.refusals).where(stations.c.site == site, stations.c.id == station)
    kept: int = connection.execute(chosen).scalar_one()
    return max(0, most - kept)


def add_refusals(
    connection: Connection, site: str, station: str, refused: Sequence[tuple[Checked, KeptRefusal]]
) -> None:
    """Keep refusals, and count them to their station."""
    rows = [
        {
            "site": site,
            "station": station,
            "submission": checked.submission,
            "record_sha256": checked.sha256,
            "reason": kept.reason,
            "detail": kept.detail,
            "refused_at": kept.refused_at,
            "record": checked.record.id if checked.record else None,
        }
        for checked, kept in refused
    ]
    if not rows:
        return
    connection.execute(insert(refusals).on_conflict_do_nothing(), rows)
    mine = (stations.c.site == site, stations.c.id == station)
    connection.execute(update(stations).where(*mine).values(refusals=stations.c.refusals + len(rows)))
