"""One field of one record is told to somebody: its value and salt, the proof, and who asked, in the ledger.

The answer is a bundle that `regrade verify bundle` checks: the verdict's entry, what became of its station's
key, and the single opening. Nothing else of the record is opened by it.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from sqlalchemy import Connection, select

from inspection.custody.canonical import canonical
from inspection.custody.leaf import EntryType
from inspection.custody.policy import without_addresses, write_policy
from inspection.messages.entries import AccessEntry, AccessWhat
from inspection.messages.uplink import Opening
from kit.bundle import Bundle, OpenedField, ProvenEntry
from server.access import Caller
from server.centre import Centre
from server.db.ledger_tables import leaves
from server.db.tables import records
from server.errors import Erased, NotFound, Withheld
from server.ledger.checkpoints import Kept
from server.ledger.entries import entry_of, key_ids
from server.ledger.proofs import prove
from server.ledger.reading import proven_in
from server.ledger.standing import standing_of
from server.subjects.opening import opened
from server.subjects.schemas import Disclosure, DisclosureRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The one opening that was asked for, and where its record stands."""

    record: str
    merchant: str
    unit: str
    index: int
    entries: tuple[int, ...]
    """It, and its station's key: added, and revoked; in the ledger's order."""
    opening: Opening


async def disclose(centre: Centre, caller: Caller, record: str, wanted: DisclosureRequest) -> Disclosure:
    """Open one field; the entry that states it is durable before the value is answered.

    Raises NotFound, Erased, Withheld, NotWitnessed, TooOften, LedgerRecovering or LedgerFrozen.
    """
    centre.readers.take(caller)
    found = await centre.reader.run(lambda c: find(c, centre.site, record, wanted.field))
    kept, now = await proven_in(centre, found.entries[-1]), centre.clock()
    entries = await centre.reader.run(lambda c: proven(c, centre.site, found, kept))
    entry = entry_of(EntryType.ACCESS, _access(caller, found, wanted, now), uuid4().hex)
    await centre.sequencer.append(entry)
    bundle = Bundle(
        v=1,
        kind="regrade-evidence",
        origin=centre.log.origin,
        unit=found.unit,
        merchant=found.merchant,
        made_at=centre.now(),
        policy=write_policy(without_addresses(centre.trust)).decode(),
        entries=entries,
        openings=(_field(found),),
        images=(),
    )
    return Disclosure(
        record=found.record,
        field=wanted.field,
        salt=found.opening.salt,
        value=found.opening.value,
        entry_index=found.index,
        proof=next(each.proof for each in entries if each.index == found.index),
        bundle=canonical(bundle.model_dump(mode="json")),
    )


def find(connection: Connection, site: str, record: str, field: str) -> Found:
    """The opening of one field; raises NotFound where there is none, Erased where there was one."""
    chosen = select(records.c.merchant, records.c.unit, records.c.leaf_seq)
    row = connection.execute(chosen.where(records.c.site == site, records.c.id == record)).first()
    if row is None:
        raise NotFound(f"no record {record[:100]!r} stands here")
    said = opened(connection, site, record)
    opening = said.field(field)
    if opening is None and field in said.erased_fields:
        raise Erased(f"the {field} of this record was erased with its person")
    if opening is None and field in said.lost_fields:
        raise NotFound(f"the key of this record's {field} was lost with the key store: restore its backup")
    if opening is None:
        raise NotFound(f"this record says nothing of its {field}, or never gave it to us")
    return Found(
        record=record,
        merchant=row.merchant,
        unit=row.unit,
        index=row.leaf_seq,
        entries=_entries(connection, site, record, row.leaf_seq),
        opening=opening,
    )


def _entries(connection: Connection, site: str, record: str, index: int) -> tuple[int, ...]:
    keys = leaves.c.id.in_(key_ids([record.partition("/")[0]]))
    chosen = select(leaves.c.seq).where(leaves.c.site == site, keys | (leaves.c.seq == index))
    return tuple(connection.execute(chosen.order_by(leaves.c.seq)).scalars())


def proven(connection: Connection, site: str, found: Found, kept: Kept) -> tuple[ProvenEntry, ...]:
    """Its entries with their proofs; raises Withheld below the minimum index."""
    chosen = select(leaves.c.seq, leaves.c.leaf).where(leaves.c.site == site)
    named = chosen.where(leaves.c.seq.in_(found.entries))
    rows = connection.execute(named.order_by(leaves.c.seq)).all()
    least = standing_of(connection, site).min_index
    if found.index < least or any(row.leaf is None for row in rows):
        raise Withheld(f"entry {found.index} is no longer shown; its proof stays good")
    proofs = prove(connection, site, kept, [row.seq for row in rows])
    return tuple(
        ProvenEntry(index=row.seq, leaf=row.leaf, proof=proof.to_bytes().decode())
        for row, proof in zip(rows, proofs, strict=True)
    )


def _access(caller: Caller, found: Found, wanted: DisclosureRequest, now: datetime) -> AccessEntry:
    return AccessEntry(
        by=caller.label or caller.scope.value,
        scope=caller.scope.value,
        what=AccessWhat.DISCLOSURE,
        unit=found.unit,
        record=found.record,
        field=wanted.field,
        recipient=wanted.to,
        reason=wanted.reason,
        at=now,
    )


def _field(found: Found) -> OpenedField:
    said = found.opening
    return OpenedField(record=found.record, field=said.field, salt=said.salt, value=said.value)
