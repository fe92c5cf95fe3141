"""Rows of reference files and of the versions that name them."""

from collections.abc import Iterable, Mapping

from sqlalchemy import ColumnElement, Connection, Row, delete, exists, func, select, update
from sqlalchemy.dialects.sqlite import insert

from inspection.messages.references import PublishedReferences, ReferenceSet
from server.db.tables import reference_files, reference_uses, reference_versions

Place = tuple[str, str, str]
"""Merchant, SKU, view."""


def place_of(references: ReferenceSet) -> Place:
    """What the versions of a set have in common."""
    return references.merchant, references.sku, references.view


def file_bytes(connection: Connection, site: str, merchant: str, hashes: Iterable[str]) -> Mapping[str, int]:
    """Length of each of these files that the merchant has stored."""
    mine = _files(site, merchant)
    chosen = select(reference_files.c.sha256, reference_files.c.bytes).where(
        *mine, reference_files.c.sha256.in_(set(hashes))
    )
    return {row.sha256: row.bytes for row in connection.execute(chosen)}


def used_bytes(connection: Connection, site: str, merchant: str) -> int:
    """How many bytes the merchant has stored."""
    chosen = select(func.coalesce(func.sum(reference_files.c.bytes), 0)).where(*_files(site, merchant))
    return int(connection.execute(chosen).scalar_one())


def add_file(connection: Connection, site: str, merchant: str, sha256: str, length: int, at: str) -> bool:
    """Note a file as durable; False when it was before, and then it counts as stored now."""
    row = {"site": site, "merchant": merchant, "sha256": sha256, "bytes": length, "stored_at": at}
    known = bool(file_bytes(connection, site, merchant, [sha256]))
    fresh = insert(reference_files).values(row)
    keys = ["site", "merchant", "sha256"]
    connection.execute(fresh.on_conflict_do_update(index_elements=keys, set_={"stored_at": at}))
    return not known


def newest(connection: Connection, site: str) -> int:
    """The highest version of the site; 0 before the first."""
    highest = func.coalesce(func.max(reference_versions.c.version), 0)
    return int(connection.execute(select(highest).where(reference_versions.c.site == site)).scalar_one())


def standing(connection: Connection, site: str, place: Place) -> PublishedReferences | None:
    """The set that stands for one view of a product."""
    chosen = select(reference_versions.c.body).where(
        *_versions(site, place), reference_versions.c.standing == 1
    )
    body = connection.execute(chosen).scalar()
    return None if body is None else PublishedReferences.read(body)


def count(connection: Connection, site: str, merchant: str) -> int:
    """How many views of products the merchant has published, withdrawn ones too."""
    chosen = select(func.count()).where(
        reference_versions.c.site == site,
        reference_versions.c.merchant == merchant,
        reference_versions.c.standing == 1,
    )
    return int(connection.execute(chosen).scalar_one())


def publish(connection: Connection, site: str, published: PublishedReferences) -> None:
    """Let a version stand in place of the one before."""
    references = published.references
    merchant, sku, view = place = place_of(references)
    connection.execute(update(reference_versions).where(*_versions(site, place)).values(standing=0))
    row = {"site": site, "version": published.version, "merchant": merchant, "sku": sku, "view": view}
    connection.execute(insert(reference_versions).values(row | {"body": published.to_json(), "standing": 1}))
    hashes = [photo.sha256 for photo in references.photos]
    hashes += [references.bank.sha256] if references.bank else []
    uses = [
        {"site": site, "version": published.version, "sha256": each, "merchant": merchant}
        for each in sorted(set(hashes))
    ]
    if uses:
        connection.execute(insert(reference_uses), uses)


def drop_old(connection: Connection, site: str, place: Place, kept: int) -> None:
    """Forget all versions of a view but the newest few; what they named is used by them no longer."""
    mine = _versions(site, place)
    oldest = select(reference_versions.c.version).where(*mine)
    oldest = oldest.order_by(reference_versions.c.version.desc()).offset(kept - 1).limit(1)
    version = connection.execute(oldest).scalar()
    if version is not None:
        connection.execute(delete(reference_versions).where(*mine, reference_versions.c.version < version))


def unused(connection: Connection, site: str, merchant: str, before: str) -> list[str]:
    """Files of a merchant that no version names, stored before a moment."""
    named = exists().where(
        reference_uses.c.site == site,
        reference_uses.c.merchant == merchant,
        reference_uses.c.sha256 == reference_files.c.sha256,
    )
    chosen = select(reference_files.c.sha256).where(
        *_files(site, merchant), reference_files.c.stored_at < before, ~named
    )
    return list(connection.execute(chosen).scalars())


def drop_file(connection: Connection, site: str, merchant: str, sha256: str) -> None:
    """Take a file off a merchant's account."""
    connection.execute(
        delete(reference_files).where(*_files(site, merchant), reference_files.c.sha256 == sha256)
    )


def owners(connection: Connection, site: str, sha256: str) -> set[str]:
    """The merchants that have stored a file."""
    chosen = select(reference_files.c.merchant).where(
        reference_files.c.site == site, reference_files.c.sha256 == sha256
    )
    return set(connection.execute(chosen).scalars())


def after(
    connection: Connection, site: str, version: int, merchant: str | None, limit: int
) -> list[PublishedReferences]:
    """The standing sets above a version, of one merchant or of all, by version."""
    table = reference_versions.c
    chosen = select(table.body).where(table.site == site, table.standing == 1, table.version > version)
    if merchant is not None:
        chosen = chosen.where(table.merchant == merchant)
    rows: Iterable[Row[tuple[bytes]]] = connection.execute(chosen.order_by(table.version).limit(limit))
    return [PublishedReferences.read(row.body) for row in rows]


def _files(site: str, merchant: str) -> tuple[ColumnElement[bool], ...]:
    return (reference_files.c.site == site, reference_files.c.merchant == merchant)


def _versions(site: str, place: Place) -> tuple[ColumnElement[bool], ...]:
    table = reference_versions.c
    merchant, sku, view = place
    return (table.site == site, table.merchant == merchant, table.sku == sku, table.view == view)
