"""The rows that belong to an entry which came back: what its append had written beside it.

Announcements are no entries. A verdict whose unit the restored database does not know stays bare until the
shop announces it again, and one whose station has not offered what travelled beside it stays bare too.
"""

import hashlib
from base64 import b64decode
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, Row, select

from inspection.custody.canonical import canonical
from inspection.custody.leaf import EntryType, Leaf, read_leaf
from inspection.messages.base import read_time
from inspection.messages.entries import InstructionEntry, KeyAddEntry, KeyRole, LogisticsEntry, OutcomeEntry
from inspection.messages.refund import RefundInstruction, RefundOutcome
from inspection.messages.uplink import ImageKey, Opening, SignedRecord
from inspection.parcels import Node
from inspection.record import InspectionRecord, read_record
from server.carriers.rows import rebuild_node
from server.db.ledger_tables import leaves
from server.db.tables import records
from server.ingest import repository as ingest
from server.ingest.checking import Checked
from server.ingest.schemas import record_sha256
from server.ledger.log import Place
from server.refunds import leaving, owing, settling
from server.refunds import repository as refunds
from server.refunds.issuing import images_of, told_of
from server.refunds.repository import Issued
from server.returns import repository as returns
from server.returns.repository import SignedOff
from server.stations import repository as stations
from server.subjects.bound import keys_of
from server.subjects.personal import whole_unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What travels beside a record and is no part of its leaf."""

    openings: tuple[Opening, ...] = ()
    image_keys: tuple[ImageKey, ...] = ()

    def to_text(self) -> str:
        """As it is kept until it is needed."""
        parts = {
            name: [each.model_dump(mode="json") for each in getattr(self, name)] for name in self.__slots__
        }
        return orjson.dumps(parts).decode()

    @classmethod
    def of(cls, text: str) -> "Beside":
        """Read what `to_text` wrote."""
        parts = orjson.loads(text)
        return cls(
            openings=tuple(Opening.read(orjson.dumps(each)) for each in parts["openings"]),
            image_keys=tuple(ImageKey.read(orjson.dumps(each)) for each in parts["image_keys"]),
        )


def rebuild(connection: Connection, site: str, content: bytes, beside: Beside | None, due_s: float) -> bool:
    """Write the rows of an entry that stands in the ledger again; False where some must wait."""
    leaf = read_leaf(content)
    match leaf.type:
        case EntryType.VERDICT:
            return _verdict(connection, site, leaf, content, beside)
        case EntryType.REFUND_INSTRUCTION:
            return _instruction(connection, site, leaf, content)
        case EntryType.REFUND_OUTCOME:
            _outcome(connection, site, leaf)
        case EntryType.LOGISTICS:
            _node(connection, site, leaf, due_s)
        case EntryType.APPROVAL:
            leaving.rebuild_case(connection, site, leaf)
        case EntryType.KEY_ADD:
            _key_added(connection, site, leaf)
        case EntryType.KEY_REVOKE:
            stations.revoke_keys(connection, site, str(leaf.body["station"]), leaf.recorded_at)
    return True


def _verdict(connection: Connection, site: str, leaf: Leaf, content: bytes, beside: Beside | None) -> bool:
    record = read_record(canonical(leaf.body))
    note_start(connection, site, record)
    unit = returns.find_units(connection, site, [record.unit.id]).get(record.unit.id)
    if unit is None:
        return False
    signed, erased = _signed(leaf, beside or Beside()), unit.erased or unit.subject is None
    if not _has_row(connection, site, record.id):
        # of an erased unit the images are buried by name, of any other their keys come with what is beside
        bare = record if erased else record.model_copy(update={"evidence": ()})
        checked = Checked(
            submission="", sha256=record_sha256(signed.record), signed=signed, record=bare, fault=None
        )
        pairs = [(checked, Place(seq=leaf.seq, leaf=content))]
        ingest.add_records(connection, site, pairs, {unit.id: unit}, leaf.recorded_at)
        ingest.close_units(connection, site, [record])
    if beside is None:
        return erased or not _has_beside(record)
    ingest.add_beside(connection, site, record, signed, unit)
    return True


def _has_beside(record: InspectionRecord) -> bool:
    """Whether anything travels beside a record: keys of its images, openings of its commitments."""
    return bool(record.evidence) or bool(record.personal.model_dump(exclude_none=True))


def _signed(leaf: Leaf, beside: Beside) -> SignedRecord:
    device = leaf.device or {}
    return SignedRecord(
        device_key=device["key"],
        record=canonical(leaf.body),
        signature=b64decode(device["signature"]),
        openings=beside.openings,
        image_keys=beside.image_keys,
    )


def note_start(connection: Connection, site: str, record: InspectionRecord) -> None:
    """Remember the start of the program and its counter, as the append had."""
    key, device = record.device.key, record.device
    known = ingest.boots_of(connection, site, key, {device.boot})
    if device.boot not in known.known:
        known.newest, known.ordinal, known.counter = device.boot, known.ordinal + 1, 0
    if device.boot == known.newest and device.counter > known.counter:
        known.touched[device.boot] = (known.ordinal, device.counter)
        ingest.put_boots(connection, site, {key: known})


def _has_row(connection: Connection, site: str, record: str) -> bool:
    chosen = select(records.c.id).where(records.c.site == site, records.c.id == record)
    return connection.execute(chosen).first() is not None


def _instruction(connection: Connection, site: str, leaf: Leaf, content: bytes) -> bool:
    """The instruction follows from a verdict of its unit before it: from the one whose words it repeats."""
    entry = InstructionEntry.read(canonical(leaf.body))
    if refunds.find_instruction(connection, site, entry.id) is not None:
        return True
    found = _verdict_behind(connection, site, leaf.seq, entry)
    if found is None:
        return False
    row, record = found
    unit = whole_unit(keys_of(connection), row.announced, row.personal)
    told = {name: getattr(entry, name) for name in RefundInstruction.model_fields if name != "order"}
    issued = Issued(
        instruction=RefundInstruction(**told, order=unit.order),
        record=record,
        verdict_seq=row.leaf_seq,
        unit=unit,
    )
    refunds.add_instructions(connection, site, [issued], [Place(seq=leaf.seq, leaf=content)])
    refunds.mark_instructed(connection, site, {row.id: entry.id})
    owing.owe(connection, site, [told_of(connection, issued)], read_time(leaf.recorded_at))
    refunds.note_settled(connection, site, entry.unit)  # it may have waited for longer than its outcome
    return True


def _verdict_behind(
    connection: Connection, site: str, seq: int, entry: InstructionEntry
) -> tuple[Row[Any], InspectionRecord] | None:
    """The newest untold record of the unit that the instruction fits; else the newest that it fits.

    Not simply the newest: a verdict whose images came late is told behind a later one, or before it. One
    that was told already is behind a later instruction where a person decided about its refund.
    """
    mine = (records.c.site == site, records.c.unit == entry.unit, records.c.leaf_seq < seq)
    same = (leaves.c.site == records.c.site) & (leaves.c.seq == records.c.leaf_seq)
    chosen = select(records, leaves.c.leaf).join(leaves, same).where(*mine)
    order = (records.c.instructed.is_not(None), records.c.leaf_seq.desc())
    for row in connection.execute(chosen.order_by(*order)).all():
        record = read_record(canonical(read_leaf(row.leaf).body)) if row.leaf is not None else None
        if record is not None and _fits(entry, record):
            return row, record
    return None


def _fits(entry: InstructionEntry, record: InspectionRecord) -> bool:
    """Whether an instruction repeats what this record says; no two records have one salt, or one image."""
    verdict = record.verdict
    return (
        entry.order_commitment == record.personal.order
        and entry.images == images_of(record)
        and (entry.grade, entry.disposition, entry.exception)
        == (verdict.grade, verdict.disposition, verdict.exception)
    )


def _outcome(connection: Connection, site: str, leaf: Leaf) -> None:
    content = canonical(leaf.body)
    entry = OutcomeEntry.read(content)
    if refunds.find_outcome(connection, site, entry.merchant, entry.id) is None:
        outcome = RefundOutcome(**{name: getattr(entry, name) for name in RefundOutcome.model_fields})
        digest = hashlib.sha256(content).hexdigest()
        refunds.add_outcome(connection, site, outcome, digest, entry.matches, leaf.seq)
        told = refunds.find_instruction(connection, site, entry.instruction)
        if told is not None:
            settling.apply(connection, site, outcome, told, leaf.recorded_at)


def _node(connection: Connection, site: str, leaf: Leaf, due_s: float) -> None:
    entry = LogisticsEntry.read(canonical(leaf.body))
    if entry.event is Node.SIGNED_OFF:
        came = SignedOff(at=entry.at, assumed=entry.assumed)
        returns.note_sign_off(connection, site, entry.merchant, entry.parcel, came, due_s)
    rebuild_node(connection, site, entry, leaf.seq, leaf.recorded_at)


def _key_added(connection: Connection, site: str, leaf: Leaf) -> None:
    entry = KeyAddEntry.read(canonical(leaf.body))
    if entry.role != KeyRole.STATION or entry.station is None:
        return
    at = leaf.recorded_at
    stations.add_station(connection, site, entry.station, at)
    if stations.add_key(connection, site, entry.key, entry.station, entry.public_key, at):
        stations.close_keys(connection, site, entry.station, entry.key, at)
