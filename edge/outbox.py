"""The queue towards the centre: what waits, what was receipted, what was refused.

A row leaves `queued` only for a signed receipt or a signed refusal that `edge.uplink` checked.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from edge.tables import committed, evidence, held, outbox
from inspection.messages.uplink import (
    LONGEST_HOLD_S,
    ImageKey,
    Opening,
    ReceiptMessage,
    RefusalMessage,
    SignedRecord,
)

REFUSED_SHOWN = 20
Settlement = ReceiptMessage | RefusalMessage
"""What ends a record's waiting, once it is checked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """A record that waits for its receipt."""

    id: int
    unit: str
    signed: SignedRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingImage:
    """An image that the centre does not hold yet, as far as we know."""

    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploaded:
    """How one upload ended."""

    sha256: str
    confirmed: bool = False
    """The centre says that it holds the image durably."""
    lost: bool = False
    """The file is gone before it could be sent: said, counted, not tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A receipt that is still held, and what travelled beside its record."""

    receipt: ReceiptMessage
    openings: tuple[Opening, ...]
    image_keys: tuple[ImageKey, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """How full the outbox is."""

    queued: int
    oldest_at: float | None
    """Seconds since 1970; None for an empty queue."""
    refused: int
    pending_images: int
    evidence_bytes: int
    """Images on this disk."""
    held: int = 0
    """Of those queued, how many the centre sent back to wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recent:
    """One committed record, for the strip on the page."""

    unit: str
    grade: str
    disposition: str
    ledger_index: int | None
    seconds: float
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRow:
    """One record that the centre will never take."""

    unit: str
    reason: str
    detail: str


def due(connection: Connection, limit: int, now_s: float) -> tuple[Queued, ...]:
    """The oldest queued records, in the order of their counters, without those that must wait."""
    waiting = outbox.c.id.not_in(select(held.c.outbox_id).where(*_waits(now_s)))
    rows = connection.execute(
        select(outbox).where(outbox.c.state == "queued", waiting).order_by(outbox.c.id).limit(limit)
    )
    return tuple(_queued(row) for row in rows)


def hold(connection: Connection, waits: Sequence[tuple[int, int]], now_s: float) -> None:
    """Send these again no sooner than in so many seconds; they stay queued."""
    rows = [{"outbox_id": row_id, "until": now_s + seconds} for row_id, seconds in waits]
    if rows:
        fresh = insert(held)
        later = {"until": fresh.excluded.until}
        connection.execute(fresh.on_conflict_do_update(index_elements=["outbox_id"], set_=later), rows)


def next_due_s(connection: Connection, now_s: float) -> float | None:
    """In how many seconds the first record that waits is to be sent again; None where none waits."""
    first: float | None = connection.execute(select(func.min(held.c.until)).where(*_waits(now_s))).scalar()
    return None if first is None else first - now_s


def _waits(now_s: float) -> tuple[ColumnElement[bool], ...]:
    """A wait that ends later than any that is given was written before the clock was set back: it is over."""
    return held.c.until > now_s, held.c.until <= now_s + LONGEST_HOLD_S


def images_of(connection: Connection, row_ids: list[int]) -> tuple[PendingImage, ...]:
    """Images of these records that are not confirmed yet."""
    return _images(connection, evidence.c.outbox_id.in_(row_ids))


def images_left_behind(connection: Connection, limit: int) -> tuple[PendingImage, ...]:
    """Images of receipted records that the centre still misses, oldest first."""
    settled = select(outbox.c.id).where(outbox.c.state == "delivered")
    return _images(connection, evidence.c.outbox_id.in_(settled), limit)


def note_uploads(connection: Connection, uploads: Sequence[Uploaded], at: float) -> None:
    """Write down which images the centre holds durably, and which are gone before it could."""
    confirmed = [each.sha256 for each in uploads if each.confirmed]
    lost = [each.sha256 for each in uploads if each.lost]
    known = update(evidence).where(evidence.c.sha256.in_(confirmed))
    connection.execute(known.values(uploaded=True, confirmed_at=at))
    connection.execute(update(evidence).where(evidence.c.sha256.in_(lost)).values(lost=True))


def settle(connection: Connection, answers: Sequence[tuple[int, Settlement]], at: float) -> None:
    """Keep checked answers, each for the record in its row."""
    connection.execute(delete(held).where(held.c.outbox_id.in_([row_id for row_id, _ in answers])))
    for row_id, answer in answers:
        if isinstance(answer, ReceiptMessage):
            settle_receipt(connection, row_id, answer, at)
        else:
            settle_refusal(connection, row_id, answer, at)


def settle_receipt(connection: Connection, row_id: int, receipt: ReceiptMessage, at: float) -> None:
    """Keep a checked receipt; images that it names as missing are to be sent again."""
    values = {
        "state": "delivered",
        "receipt": receipt.model_dump_json(),
        "ledger_index": receipt.index,
        "settled_at": at,
    }
    connection.execute(update(outbox).where(outbox.c.id == row_id).values(values))
    missing = evidence.c.sha256.in_(receipt.evidence_pending)
    connection.execute(update(evidence).where(missing).values(uploaded=False, confirmed_at=None))


def settle_refusal(connection: Connection, row_id: int, refusal: RefusalMessage, at: float) -> None:
    """Keep a checked refusal; the record leaves the queue for the list on the bench.

    The unit may be inspected again here: what was refused is no inspection.
    """
    values = {"state": "refused", "refusal": refusal.model_dump_json(), "settled_at": at}
    record_id = select(outbox.c.record_id).where(outbox.c.id == row_id).scalar_subquery()
    connection.execute(delete(committed).where(committed.c.record_id == record_id))
    connection.execute(update(outbox).where(outbox.c.id == row_id).values(values))


def receipts(connection: Connection, after: int, limit: int) -> tuple[Kept, ...]:
    """Receipts of entries behind an index of the ledger, in its order."""
    wanted = select(outbox).where(outbox.c.state == "delivered", outbox.c.ledger_index > after)
    rows = connection.execute(wanted.order_by(outbox.c.ledger_index).limit(limit))
    return tuple(
        Kept(receipt=ReceiptMessage.read(row.receipt), openings=_openings(row), image_keys=_image_keys(row))
        for row in rows
    )


def newest_receipt(connection: Connection) -> int:
    """The highest index of the ledger that a receipt here names; -1 without one."""
    chosen = select(func.max(outbox.c.ledger_index)).where(outbox.c.state == "delivered")
    found: int | None = connection.execute(chosen).scalar()
    return -1 if found is None else found


def send_again(connection: Connection, sha256s: Sequence[str]) -> None:
    """The centre does not hold these images after all."""
    missing = evidence.c.sha256.in_(sha256s) & ~evidence.c.deleted
    connection.execute(update(evidence).where(missing).values(uploaded=False, confirmed_at=None))


def count_attempt(connection: Connection, row_ids: list[int]) -> None:
    """One more try without an answer that settles."""
    tried = update(outbox).where(outbox.c.id.in_(row_ids))
    connection.execute(tried.values(attempts=outbox.c.attempts + 1))


def depth(connection: Connection) -> Depth:
    """Count the queue and the disk."""
    by_state = select(outbox.c.state, func.count()).group_by(outbox.c.state)
    counts = {row[0]: int(row[1]) for row in connection.execute(by_state)}
    oldest = connection.execute(select(func.min(outbox.c.queued_at)).where(outbox.c.state == "queued"))
    kept = select(func.coalesce(func.sum(evidence.c.bytes), 0)).where(~evidence.c.deleted)
    missing = ~evidence.c.uploaded & ~evidence.c.lost & ~evidence.c.deleted
    waiting = select(func.count()).select_from(evidence).where(missing)
    return Depth(
        queued=counts.get("queued", 0),
        oldest_at=oldest.scalar(),
        refused=counts.get("refused", 0),
        held=connection.execute(select(func.count()).select_from(held)).scalar_one(),
        pending_images=connection.execute(waiting).scalar_one(),
        evidence_bytes=connection.execute(kept).scalar_one(),
    )


def recent(connection: Connection, limit: int = 5) -> tuple[Recent, ...]:
    """The last committed records, newest first."""
    rows = connection.execute(select(outbox).order_by(outbox.c.id.desc()).limit(limit))
    return tuple(
        Recent(
            unit=row.unit,
            grade=row.grade,
            disposition=row.disposition,
            ledger_index=row.ledger_index,
            seconds=row.total_ms / 1000,
            state=row.state,
        )
        for row in rows
    )


def refused(connection: Connection, limit: int = REFUSED_SHOWN) -> tuple[RefusedRow, ...]:
    """The refused records, newest first."""
    wanted = select(outbox.c.unit, outbox.c.refusal).where(outbox.c.state == "refused")
    rows = connection.execute(wanted.order_by(outbox.c.id.desc()).limit(limit)).all()
    read = [(row.unit, RefusalMessage.read(row.refusal)) for row in rows]
    return tuple(RefusedRow(unit=unit, reason=said.reason.value, detail=said.detail) for unit, said in read)


def deletable_images(
    connection: Connection,
    before: float,
    refused_before: float = 0.0,
    pressed: bool = False,
    limit: int = 200,
) -> tuple[str, ...]:
    """Images that may leave this disk, the longest confirmed first.

    Of receipted records those that the centre has confirmed before a moment; of refused ones all that were
    refused before another, and where room runs short (`pressed`) those that the centre holds.
    """
    delivered = select(outbox.c.id).where(outbox.c.state == "delivered")
    refused = select(outbox.c.id).where(outbox.c.state == "refused")
    old = refused.where(outbox.c.settled_at < refused_before)
    may_go = evidence.c.outbox_id.in_(old) | (
        evidence.c.uploaded & (evidence.c.confirmed_at < before) & evidence.c.outbox_id.in_(delivered)
    )
    if pressed:
        may_go |= evidence.c.uploaded & evidence.c.outbox_id.in_(refused)
    found = select(evidence.c.sha256).where(~evidence.c.deleted & may_go)
    return tuple(connection.execute(found.order_by(evidence.c.confirmed_at).limit(limit)).scalars())


def mark_deleted(connection: Connection, sha256s: tuple[str, ...]) -> None:
    """These files were deleted from the disk."""
    connection.execute(update(evidence).where(evidence.c.sha256.in_(sha256s)).values(deleted=True))


def drop_settled(connection: Connection, before: float) -> int:
    """Forget what was receipted or refused before a moment, once none of its images is left here."""
    kept = select(evidence.c.outbox_id).where(~evidence.c.deleted & ~evidence.c.lost)
    old = (outbox.c.state != "queued") & (outbox.c.settled_at < before) & outbox.c.id.not_in(kept)
    gone = select(outbox.c.id).where(old)
    connection.execute(delete(evidence).where(evidence.c.outbox_id.in_(gone)))
    connection.execute(delete(committed).where(committed.c.at < before))
    return connection.execute(delete(outbox).where(old)).rowcount


def all_images(connection: Connection) -> tuple[str, ...]:
    """Every image that a row names: what the vault must keep."""
    return tuple(connection.execute(select(evidence.c.sha256)).scalars())


def _images(connection: Connection, which: Any, limit: int = 1000) -> tuple[PendingImage, ...]:
    wanted = which & ~evidence.c.uploaded & ~evidence.c.lost
    rows = connection.execute(
        select(evidence.c.sha256, evidence.c.bytes).where(wanted).order_by(evidence.c.outbox_id).limit(limit)
    )
    return tuple(PendingImage(sha256=row.sha256, bytes=row.bytes) for row in rows)


def _queued(row: Row[Any]) -> Queued:
    signed = SignedRecord(
        device_key=row.device_key,
        record=row.record,
        signature=row.signature,
        openings=_openings(row),
        image_keys=_image_keys(row),
    )
    return Queued(id=row.id, unit=row.unit, signed=signed)


def _openings(row: Row[Any]) -> tuple[Opening, ...]:
    return tuple(Opening.model_validate_json(json.dumps(each)) for each in json.loads(row.openings))


def _image_keys(row: Row[Any]) -> tuple[ImageKey, ...]:
    return tuple(ImageKey.model_validate_json(json.dumps(each)) for each in json.loads(row.image_keys))
