"""What a station writes down: one inspection is one transaction, all of it or nothing.

Every function takes the open transaction; `edge.database` begins and ends it.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from edge import erasure, verdicts
from edge.tables import bench, boots, committed, events, evidence, outbox
from edge.vault import SealedImage
from inspection.confirmed import Confirmed
from inspection.errors import NotAllowed
from inspection.messages.base import read_time, time_text
from inspection.messages.uplink import SignedRecord
from inspection.record import InspectionRecord

KEEP_EVENTS = 20_000
"""Newest events kept; older ones are dropped with the daily tidying."""
DETAIL_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchEvent:
    """One step of the journey, for whoever asks later what happened."""

    at: datetime
    event: str
    state: str
    """State after the event."""
    unit: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """Everything that one inspection leaves behind."""

    record: InspectionRecord
    signed: SignedRecord
    sha256: str
    """Of the record's canonical bytes."""
    images: tuple[SealedImage, ...]
    events: tuple[BenchEvent, ...]
    at: datetime
    confirmed: Confirmed | None = None
    """What can be learnt from the verdict; None where nothing can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interrupted:
    """The item that lay on the bench when the program ended."""

    merchant: str
    unit: str
    since: str


def begin_boot(connection: Connection, boot: str, key: str, at: datetime) -> Interrupted | None:
    """Write down a new start of the program; returns what the last one left unfinished."""
    last = connection.execute(select(func.max(boots.c.seq))).scalar() or 0
    connection.execute(
        insert(boots).values(boot=boot, key=key, counter=0, started_at=time_text(at), seq=last + 1)
    )
    row = connection.execute(select(bench)).one_or_none()
    connection.execute(delete(bench))
    return Interrupted(merchant=row.merchant, unit=row.unit, since=row.since) if row else None


def first_start(connection: Connection) -> float:
    """When this journal began, in seconds since 1970; infinity for one that is new."""
    text = connection.execute(select(func.min(boots.c.started_at))).scalar()
    return read_time(text).timestamp() if text else math.inf


def begin_item(connection: Connection, boot: str, merchant: str, unit: str, at: datetime) -> None:
    """Write down that an item lies on the bench, so that a crash can be told."""
    row = {"slot": 1, "merchant": merchant, "unit": unit, "boot": boot, "since": time_text(at)}
    statement = upsert(bench).values(row)
    connection.execute(statement.on_conflict_do_update(index_elements=["slot"], set_=row))


def end_item(connection: Connection, boot: str, happened: Sequence[BenchEvent]) -> None:
    """Close an item without a record; its events are kept."""
    connection.execute(delete(bench))
    _add_events(connection, boot, happened)


def commit_inspection(connection: Connection, commit: Commit) -> int:
    """Write events, outbox, evidence, counter, committed unit and what is learnt from the verdict.

    Of a unit that was erased while it lay on the bench, only what holds no personal value.

    Returns the outbox row's id. Raises NotAllowed when the counter is not the next one of its boot.
    """
    device = commit.record.device
    _take_counter(connection, device.boot, device.counter)
    row_id = _add_outbox(connection, commit)
    _add_evidence(connection, row_id, commit.images)
    _add_committed(connection, commit)
    if commit.confirmed is not None:
        verdicts.keep(connection, commit.record.unit.inspection, commit.confirmed)
    if erasure.is_erased(connection, commit.record.unit.id):
        erasure.forget(connection, (commit.record.unit.id,))
    end_item(connection, device.boot, commit.events)
    return row_id


def next_counter(connection: Connection, boot: str) -> int:
    """The counter of the coming record of this boot."""
    return int(connection.execute(select(boots.c.counter).where(boots.c.boot == boot)).scalar_one()) + 1


def is_committed(connection: Connection, merchant: str, unit: str, inspection: int) -> bool:
    """True when this station has recorded that inspection of that unit."""
    wanted = (committed.c.merchant == merchant, committed.c.unit == unit)
    found = select(committed.c.unit).where(*wanted, committed.c.inspection >= inspection)
    return connection.execute(found).first() is not None


def known_counter(connection: Connection, boot: str) -> int | None:
    """Last counter that this journal used under a boot; None for a boot it does not know."""
    return connection.execute(select(boots.c.counter).where(boots.c.boot == boot)).scalar_one_or_none()


def drop_old_events(connection: Connection, keep: int = KEEP_EVENTS) -> None:
    """Keep the newest events only."""
    newest = connection.execute(select(func.max(events.c.id))).scalar() or 0
    connection.execute(delete(events).where(events.c.id <= newest - keep))


def _take_counter(connection: Connection, boot: str, counter: int) -> None:
    taken = update(boots).where(boots.c.boot == boot, boots.c.counter == counter - 1)
    if connection.execute(taken.values(counter=counter)).rowcount != 1:
        raise NotAllowed(f"{counter} is not the next counter of boot {boot}")


def _add_outbox(connection: Connection, commit: Commit) -> int:
    record, signed = commit.record, commit.signed
    row = {
        "record_id": record.id,
        "merchant": record.merchant,
        "unit": record.unit.id,
        "inspection": record.unit.inspection,
        "grade": record.verdict.grade.value,
        "disposition": record.verdict.disposition.value,
        "total_ms": record.timings.total_ms,
        "sha256": commit.sha256,
        "record": signed.record,
        "signature": signed.signature,
        "device_key": signed.device_key,
        "openings": json.dumps([opening.model_dump(mode="json") for opening in signed.openings]),
        "image_keys": json.dumps([key.model_dump(mode="json") for key in signed.image_keys]),
        "state": "queued",
        "queued_at": commit.at.timestamp(),
        "attempts": 0,
    }
    return int(connection.execute(insert(outbox).values(row).returning(outbox.c.id)).scalar_one())


def _add_evidence(connection: Connection, row_id: int, images: tuple[SealedImage, ...]) -> None:
    rows = [
        {
            "sha256": image.ciphertext_sha256,
            "outbox_id": row_id,
            "bytes": image.bytes,
            "media_type": image.media_type,
        }
        for image in images
    ]
    if rows:
        connection.execute(insert(evidence), rows)


def _add_committed(connection: Connection, commit: Commit) -> None:
    record = commit.record
    connection.execute(
        insert(committed).values(
            merchant=record.merchant,
            unit=record.unit.id,
            inspection=record.unit.inspection,
            record_id=record.id,
            at=commit.at.timestamp(),
        )
    )


def _add_events(connection: Connection, boot: str, happened: Sequence[BenchEvent]) -> None:
    rows = [
        {
            "boot": boot,
            "at": time_text(each.at),
            "event": each.event,
            "state": each.state,
            "unit": each.unit,
            "detail": each.detail and each.detail[:DETAIL_MAX],
        }
        for each in happened
    ]
    if rows:
        connection.execute(insert(events), rows)
