"""Rules of references: files first, then the set that names them; versions only ever rise."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from inspection.custody.leaf import EntryType
from inspection.messages.base import time_text
from inspection.messages.entries import ModelEntry
from inspection.messages.references import PAGE, PublishedReferences, ReferencePage, ReferenceSet
from server.access import Scope
from server.catalogue.repository import has_merchant
from server.errors import Conflict, NotFound, QuotaUsed, StorageFailed
from server.evidence.store import EvidenceStore
from server.ledger.entries import entry_of
from server.ledger.log import Entry, Log
from server.references import repository

MOST_SETS = 50_000
"""Views of products that one merchant may publish: rows cost room too."""
UNUSED_FOR = timedelta(days=1)
"""A file that no version names stays so long: its set may be on the way, or a station to fetch it."""


def publish(
    connection: Connection, log: Log, store: EvidenceStore, wanted: ReferenceSet, by: str, now: datetime
) -> PublishedReferences:
    """Let a set stand, with a version above all others and an entry; the same set again changes nothing.

    Raises NotFound, Conflict for a file that is not stored, QuotaUsed.
    """
    site, place = log.site, repository.place_of(wanted)
    standing = repository.standing(connection, site, place)
    if standing is not None and standing.references == wanted:
        return standing
    if not has_merchant(connection, site, wanted.merchant):
        raise NotFound(f"no merchant {wanted.merchant} is served here; add it first")
    if standing is None and repository.count(connection, site, wanted.merchant) >= MOST_SETS:
        raise QuotaUsed(f"merchant {wanted.merchant} has published {MOST_SETS} views already")
    _check_files(connection, site, store, wanted)
    version = max(repository.newest(connection, site) + 1, int(now.timestamp() * 1000))
    published = PublishedReferences(references=wanted, version=version, published_at=now, published_by=by)
    repository.publish(connection, site, published)
    log.append(connection, _entry(published), time_text(now))
    return published


def _entry(published: PublishedReferences) -> Entry:
    """What the machine compares a view with, from here on."""
    what, bank = published.references, published.references.bank
    body = ModelEntry(
        event="published" if bank else "withdrawn",
        version=published.version,
        merchant=what.merchant,
        sku=what.sku,
        view=what.view,
        bank_sha256=bank.sha256 if bank else None,
        backbone_sha256=bank.backbone_sha256 if bank else None,
        photos=len(what.photos),
        by=published.published_by or Scope.REFERENCES.value,
    )
    return entry_of(EntryType.MODEL, body)


def tidy(
    connection: Connection,
    site: str,
    store: EvidenceStore,
    references: ReferenceSet,
    kept: int,
    now: datetime,
) -> int:
    """Drop old versions of a view, and the merchant's files that nothing names; returns how many went.

    The file goes before its row: a crash in between leaves a row, whose file is deleted again the next time.
    """
    repository.drop_old(connection, site, repository.place_of(references), kept)
    merchant = references.merchant
    gone = repository.unused(connection, site, merchant, time_text(now - UNUSED_FOR))
    for sha256 in gone:
        if repository.owners(connection, site, sha256) == {merchant}:
            store.path(sha256).unlink(missing_ok=True)
        repository.drop_file(connection, site, merchant, sha256)
    return len(gone)


def confirm(
    connection: Connection, site: str, store: EvidenceStore, merchant: str, sha256: str, length: int, at: str
) -> bool:
    """Note a file as durable; False when it was before; raises StorageFailed where it was tidied away."""
    if not store.holds(sha256):
        raise StorageFailed("the file went while it was noted: send it again")
    return repository.add_file(connection, site, merchant, sha256, length, at)


def page(connection: Connection, site: str, version: int, merchant: str | None) -> ReferencePage:
    """What stands above a version."""
    found = repository.after(connection, site, version, merchant, PAGE + 1)
    return ReferencePage(
        newest=repository.newest(connection, site), more=len(found) > PAGE, published=tuple(found[:PAGE])
    )


def _check_files(connection: Connection, site: str, store: EvidenceStore, wanted: ReferenceSet) -> None:
    """Raise Conflict unless every file that the set names is stored, with the length that it says."""
    named = {photo.sha256: photo.bytes for photo in wanted.photos}
    if wanted.bank is not None:
        named[wanted.bank.sha256] = wanted.bank.bytes
    stored = repository.file_bytes(connection, site, wanted.merchant, named)
    missing = [sha256 for sha256 in named if sha256 not in stored or not store.holds(sha256)]
    if missing:
        raise Conflict(
            f"{len(missing)} files of the set are not stored, such as {missing[0]}: send them first"
        )
    wrong = [sha256 for sha256, length in named.items() if stored[sha256] != length]
    if wrong:
        raise Conflict(f"file {wrong[0]} has {stored[wrong[0]]} bytes, the set says {named[wrong[0]]}")
