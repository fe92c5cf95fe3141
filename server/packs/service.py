"""Rules of evidence packs: what is gathered, what a caller may see of it, in which tree it is proven."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from inspection.custody.canonical import canonical
from inspection.custody.leaf import EntryType, read_leaf
from inspection.custody.policy import TrustPolicy, without_addresses, write_policy
from inspection.custody.sealing import opens
from inspection.record import InspectionRecord, read_record
from kit.pack.case import EvidenceCase, PackEntry, PackOpening
from server.access import Caller, Scope
from server.errors import NotFound
from server.evidence.store import EvidenceStore
from server.keys import ServerKeys
from server.ledger.checkpoints import Kept
from server.ledger.proofs import prove
from server.packs import repository
from server.packs.photos import photos_of
from server.returns.repository import KnownUnit, find_units
from server.subjects.opening import Opened, opened

SHOP_FIELDS = frozenset({"order", "customer", "note", "tag"})
"""What belongs to a shop's own customer; who inspected is none of its business."""
ALL_FIELDS = SHOP_FIELDS | {"inspector"}


def fields_for(caller: Caller, *, full: bool) -> frozenset[str]:
    """Which personal fields a caller gets to see; none in a masked pack."""
    if not full:
        return frozenset()
    return SHOP_FIELDS if caller.scope == Scope.SHOP else ALL_FIELDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """All that the database holds of a unit."""

    unit: KnownUnit
    title: str
    entries: tuple[PackEntry, ...]
    records: tuple[InspectionRecord, ...]
    opened: tuple[Opened, ...]
    """In the order of `records`."""


def find_unit(connection: Connection, site: str, caller: Caller, unit: str) -> KnownUnit:
    """The unit, if the caller may see it; raises NotFound, for another merchant's too."""
    held = find_units(connection, site, [unit]).get(unit)
    if held is None or caller.merchant not in (None, held.merchant):
        raise NotFound(f"no unit {unit[:64]!r} was announced")
    return held


def indexes_of(connection: Connection, site: str, unit: KnownUnit) -> list[int]:
    """Where its entries stand; raises NotFound before its first verdict."""
    indexes = repository.entry_indexes(connection, site, unit)
    if not indexes:
        raise NotFound(f"unit {unit.id} has no verdict yet: there is nothing to prove")
    return indexes


def gather(
    connection: Connection, site: str, unit: KnownUnit, indexes: Sequence[int], kept: Kept
) -> Gathered:
    """Read a unit's entries with their proofs, and what can still be opened; raises Withheld."""
    proofs = prove(connection, site, kept, indexes)
    leaves = repository.bodies(connection, site, indexes)
    records = tuple(record for leaf in leaves if (record := _record(leaf)) is not None)
    return Gathered(
        unit=unit,
        title=repository.product_title(connection, site, unit),
        entries=tuple(
            PackEntry(leaf=leaf, proof=proof.to_bytes()) for leaf, proof in zip(leaves, proofs, strict=True)
        ),
        records=records,
        opened=tuple(opened(connection, site, record.id) for record in records),
    )


def _record(leaf: bytes) -> InspectionRecord | None:
    read = read_leaf(leaf)
    return read_record(canonical(read.body)) if read.type == EntryType.VERDICT else None


def build(
    gathered: Gathered,
    fields: frozenset[str],
    store: EvidenceStore,
    keys: ServerKeys,
    trust: TrustPolicy,
    made_at: str,
) -> bytes:
    """The zip; reads and decrypts the photos, so it is done in a thread."""
    pairs = list(zip(gathered.records, gathered.opened, strict=True))
    photos = [photo for record, each in pairs for photo in photos_of(store, keys.sealing, record, each)]
    case = EvidenceCase(
        origin=gathered.records[0].origin,
        unit=gathered.unit.id,
        merchant=gathered.unit.merchant,
        title=gathered.title,
        made_at=made_at,
        policy=write_policy(without_addresses(trust)),
        entries=gathered.entries,
        openings=[opening for record, each in pairs for opening in _openings(record, each, fields)],
        photos=photos,
        erased=_named(pairs, lambda each: (*each.erased_fields, *each.erased_images)),
        lost=_named(pairs, lambda each: (*each.lost_fields, *each.lost_images)),
        masked=not fields,
    )
    from kit.evidence_pack import pack_bytes  # draws: a centre that starts again need not wait for that

    return pack_bytes(case)


def _openings(record: InspectionRecord, opened: Opened, fields: frozenset[str]) -> list[PackOpening]:
    """What may be shown and is what was committed to."""
    return [
        PackOpening(record=record.id, field=each.field, salt=each.salt, value=each.value)
        for each in opened.fields
        if each.field in fields and opens(getattr(record.personal, each.field) or "", each.salt, each.value)
    ]


def _named(
    pairs: Sequence[tuple[InspectionRecord, Opened]], which: Callable[[Opened], tuple[str, ...]]
) -> frozenset[tuple[str, str]]:
    return frozenset((record.id, name) for record, each in pairs for name in which(each))
