"""Rows of people: which they are, what is under way for them, and how they are emptied."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select, update

from inspection.custody.canonical import canonical
from inspection.custody.leaf import read_leaf
from inspection.messages.catalogue import UnitMessage
from inspection.messages.entries import ErasedCounts, ErasureEntry
from server.db.changes import next_changes
from server.db.refill_tables import refill_bare, refill_waiting
from server.db.refund_tables import deliveries, endpoints, instructions
from server.db.return_tables import claim_photos
from server.db.subject_tables import erasures
from server.db.tables import evidence, openings, record_evidence, records, stations, units
from server.errors import NotFound
from server.evidence.repository import entomb
from server.refunds.gate import DEAD, DELIVERED
from server.refunds.told import forget
from server.returns.repository import CANCELLED, EXPECTED
from server.subjects.bound import keys_of
from server.subjects.personal import GONE, whole_unit
from server.subjects.schemas import ErasureRequest

RECORDED, ROWS_DROPPED, DONE = "recorded", "rows_dropped", "done"
"""The entry stands; key and rows are gone; files too, and the certificate is kept."""
NO_STATION = ""
"""Of an image that no station has stored."""
ERASURE = "erasure:"
"""Before the erasure's id, in place of a pseudonym."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """One erasure, done or under way."""

    id: str
    merchant: str
    subject: str
    state: str
    leaf_seq: int
    certificate: bytes | None


def subject_of(connection: Connection, site: str, wanted: ErasureRequest) -> str:
    """The pseudonym of whom the request names; raises NotFound for a unit nobody announced."""
    if wanted.customer is not None:
        return keys_of(connection).secrets.customer(wanted.merchant, wanted.customer)
    mine = (units.c.site == site, units.c.id == wanted.unit, units.c.merchant == wanted.merchant)
    found: str | None = connection.execute(select(units.c.subject).where(*mine)).scalar()
    if found is None:
        raise NotFound(f"no unit {wanted.unit} of merchant {wanted.merchant} was announced")
    if not found.startswith(ERASURE):
        return found
    before = (erasures.c.site == site, erasures.c.id == found.removeprefix(ERASURE))
    erased: str = connection.execute(select(erasures.c.subject).where(*before)).scalar_one()
    return erased


def units_of(connection: Connection, site: str, subject: str) -> tuple[str, ...]:
    """The units of a person that are not erased."""
    chosen = select(units.c.id).where(
        units.c.site == site, units.c.subject == subject, units.c.erased_at.is_(None)
    )
    return tuple(connection.execute(chosen.order_by(units.c.id)).scalars())


def inspected_units(connection: Connection, site: str, subject: str) -> tuple[str, ...]:
    """Units that were a person's when they were inspected, whoever they were announced for since."""
    chosen = select(records.c.unit).where(records.c.site == site, records.c.subject == subject)
    return tuple(connection.execute(chosen.distinct().order_by(records.c.unit)).scalars())


def customer_of(connection: Connection, site: str, subject: str) -> str | None:
    """A person's number, as the shop calls them; None where no row of theirs can be opened.

    Never from an erased unit: its row says `erased` in place of the number.
    """
    keys = keys_of(connection)
    announced = select(units.c.body, units.c.personal).where(
        units.c.site == site, units.c.subject == subject, units.c.erased_at.is_(None)
    )
    inspected = select(records.c.announced.label("body"), records.c.personal).where(
        records.c.site == site, records.c.subject == subject
    )
    for chosen in (announced, inspected):
        for row in connection.execute(chosen):
            if row.personal and keys.opens(row.personal):
                return whole_unit(keys, row.body, row.personal).customer
    return None


def counts(connection: Connection, site: str, subject: str) -> ErasedCounts:
    """How much is sealed under a person's key."""
    theirs = _records_of(site, subject)
    images = (record_evidence.c.site == site, record_evidence.c.record.in_(theirs))
    return ErasedCounts(
        units=_count(connection, units, units.c.site == site, units.c.subject == subject),
        records=_count(connection, records, records.c.site == site, records.c.subject == subject),
        openings=_count(connection, openings, openings.c.site == site, openings.c.subject == subject),
        images=_count(connection, record_evidence, *images),
    )


def unit_with_open_refund(connection: Connection, site: str, subject: str) -> str | None:
    """A unit of the person of which the shop has still to be told something; None where there is none.

    What waits for a shop that has no endpoint waits for nothing: it reads its instructions itself.
    """
    untold = select(records.c.unit).where(
        records.c.site == site, records.c.subject == subject, records.c.instructed.is_(None)
    )
    told_to = select(endpoints.c.merchant).where(endpoints.c.site == site)
    under_way = select(deliveries.c.unit).join(
        instructions,
        (instructions.c.site == deliveries.c.site) & (instructions.c.id == deliveries.c.instruction),
    )
    under_way = under_way.where(
        deliveries.c.site == site,
        instructions.c.record.in_(_records_of(site, subject)),
        deliveries.c.state.not_in((DELIVERED, DEAD)),
        deliveries.c.merchant.in_(told_to),
    )
    found: str | None = connection.execute(untold.union(under_way).limit(1)).scalar()
    return found


def mark_units(connection: Connection, site: str, chosen: Sequence[str], at: str) -> None:
    """Mark units as erased: stations hear of it, and what arrives for them is kept without openings."""
    numbers = next_changes(connection, site, len(chosen))
    for unit, number in zip(chosen, numbers, strict=True):
        mine = update(units).where(units.c.site == site, units.c.id == unit)
        connection.execute(mine.values(erased_at=at, changed=number))
        expected = mine.where(units.c.state == EXPECTED)
        connection.execute(expected.values(state=CANCELLED))


def empty_rows(connection: Connection, site: str, erasure: Erasure, at: str) -> None:
    """Overwrite all that was sealed under a person's key, and mark the images for removal.

    Units that were announced since the decision lost the same key: they are emptied with the others.
    """
    subject = erasure.subject
    mark_units(connection, site, units_of(connection, site, subject), at)
    theirs = list(connection.execute(_records_of(site, subject)).scalars())
    _bury_images(connection, site, theirs, at)
    images = (record_evidence.c.site == site, record_evidence.c.record.in_(theirs))
    connection.execute(update(record_evidence).where(*images).values(wrapped_key=GONE, salt=GONE))
    said = (openings.c.site == site, openings.c.subject == subject)
    connection.execute(update(openings).where(*said).values(sealed=GONE, subject=None))
    told = (instructions.c.site == site, instructions.c.record.in_(theirs))
    connection.execute(update(instructions).where(*told).values(personal=GONE))
    forget(connection, site, instructions.c.record.in_(theirs))
    for table, name in ((records, "announced"), (units, "body")):
        _empty(connection, site, table, name, subject)
    closed = update(units).where(units.c.site == site, units.c.subject == subject)
    values = {"personal": GONE, "parcel": None, "subject": ERASURE + erasure.id}
    names = dict.fromkeys(("epc", "order_name", "serial_name", "payment_name"))
    connection.execute(closed.values(values | names))
    sent = update(claim_photos).where(claim_photos.c.site == site, claim_photos.c.subject == subject)
    connection.execute(sent.values(subject="", erased_at=at))
    for table in (refill_waiting, refill_bare):  # anybody's may be among it: stations offer it again
        connection.execute(update(table).where(table.c.site == site).values(beside=None))
    recorded = update(records).where(records.c.site == site, records.c.subject == subject)
    connection.execute(recorded.values(personal=GONE, subject=None))


def _empty(connection: Connection, site: str, table: Any, name: str, subject: str) -> None:
    """Take the parcel out of announcements: a carrier's number leads to whoever sent it."""
    mine = (table.c.site == site, table.c.subject == subject)
    for row in connection.execute(select(table.c.id, table.c[name].label("said")).where(*mine)).all():
        bare = UnitMessage.read(row.said).model_copy(update={"parcel": None}).to_json()
        changed = update(table).where(table.c.site == site, table.c.id == row.id)
        connection.execute(changed.values({name: bare}))


def _bury_images(connection: Connection, site: str, theirs: list[str], at: str) -> None:
    """Also those that never came: they must not be stored one day."""
    mine = (record_evidence.c.site == site, record_evidence.c.record.in_(theirs))
    hashes = set(connection.execute(select(record_evidence.c.sha256).where(*mine)).scalars())
    others = select(record_evidence.c.sha256).where(
        record_evidence.c.site == site,
        record_evidence.c.sha256.in_(hashes),
        record_evidence.c.record.not_in(theirs),
    )
    only_theirs = hashes - set(connection.execute(others).scalars())
    entomb(connection, site, sorted(only_theirs), NO_STATION, at)


def erased_images(connection: Connection, site: str) -> dict[str, int]:
    """Every erased ciphertext, with its bytes on a station's account.

    Also those of no bytes: an upload that ended before its row was written has left a file.
    """
    chosen = select(evidence.c.sha256, evidence.c.bytes).where(
        evidence.c.site == site, evidence.c.erased_at.is_not(None)
    )
    return {row.sha256: row.bytes for row in connection.execute(chosen)}


def note_removed(connection: Connection, site: str, removed: Sequence[str]) -> None:
    """The files are gone: they count to no station's share any more."""
    mine = (evidence.c.site == site, evidence.c.sha256.in_(removed))
    sizes = select(evidence.c.station, func.sum(evidence.c.bytes).label("bytes")).where(*mine)
    for row in connection.execute(sizes.group_by(evidence.c.station)).all():
        used = stations.c.evidence_bytes - row.bytes
        changed = update(stations).where(stations.c.site == site, stations.c.id == row.station)
        connection.execute(changed.values(evidence_bytes=func.max(used, 0)))
    connection.execute(update(evidence).where(*mine).values(bytes=0))


def add_erasure(
    connection: Connection, site: str, erasure: Erasure, entry: ErasureEntry, requested_at: str
) -> Erasure:
    """Keep an erasure whose entry was just appended."""
    row = {name: getattr(erasure, name) for name in Erasure.__slots__}
    row |= {"site": site, "reason": entry.reason, "by": entry.by, "requested_at": requested_at}
    connection.execute(insert(erasures).values(row))
    return erasure


def newest_erasure(connection: Connection, site: str, subject: str) -> Erasure | None:
    """The last erasure of a person."""
    mine = (erasures.c.site == site, erasures.c.subject == subject)
    row = connection.execute(_erasures().where(*mine).order_by(erasures.c.leaf_seq.desc())).first()
    return Erasure(**row._mapping) if row is not None else None


def find_erasure(connection: Connection, site: str, erasure: str) -> Erasure | None:
    """An erasure by its id."""
    row = connection.execute(_erasures().where(erasures.c.site == site, erasures.c.id == erasure)).first()
    return Erasure(**row._mapping) if row is not None else None


def unfinished(connection: Connection, site: str) -> tuple[Erasure, ...]:
    """Erasures that a crash interrupted."""
    chosen = _erasures().where(erasures.c.site == site, erasures.c.state != DONE)
    rows = connection.execute(chosen.order_by(erasures.c.leaf_seq))
    return tuple(Erasure(**row._mapping) for row in rows)


def set_state(connection: Connection, site: str, erasure: str, state: str) -> None:
    """Note how far an erasure is."""
    mine = (erasures.c.site == site, erasures.c.id == erasure)
    connection.execute(update(erasures).where(*mine).values(state=state))


def keep_certificate(connection: Connection, site: str, erasure: str, content: bytes) -> Erasure:
    """Keep the certificate, once: one that is there already stays."""
    mine = (erasures.c.site == site, erasures.c.id == erasure)
    fresh = update(erasures).where(*mine, erasures.c.certificate.is_(None))
    connection.execute(fresh.values(certificate=content, state=DONE))
    return Erasure(**connection.execute(_erasures().where(*mine)).one()._mapping)


def entry_of(leaf: bytes) -> ErasureEntry:
    """What the ledger says of an erasure."""
    return ErasureEntry.read(canonical(read_leaf(leaf).body))


def _erasures() -> Select[Any]:
    return select(*(erasures.c[name] for name in Erasure.__slots__))


def _records_of(site: str, subject: str) -> Select[Any]:
    return select(records.c.id).where(records.c.site == site, records.c.subject == subject)


def _count(connection: Connection, table: Any, *where: Any) -> int:
    return int(connection.execute(select(func.count()).select_from(table).where(*where)).scalar_one())
