"""Rows of claim photos."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects.sqlite import insert

from server.db.return_tables import claim_photos


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """A photo whose file is here."""

    unit: str
    sha256: str
    merchant: str
    subject: str
    """Pseudonym of the customer under whose key it is sealed."""
    sealed_sha256: str
    bytes: int
    """Of the photo itself."""


def find_photo(connection: Connection, site: str, unit: str, sha256: str) -> Photo | None:
    """A photo of a unit, where it is here and not erased."""
    columns = (claim_photos.c[name] for name in Photo.__slots__)
    mine = (claim_photos.c.site == site, claim_photos.c.unit == unit, claim_photos.c.sha256 == sha256)
    row = connection.execute(select(*columns).where(*mine, claim_photos.c.erased_at.is_(None))).first()
    return Photo(**row._mapping) if row is not None else None


def used_bytes(connection: Connection, site: str, merchant: str) -> int:
    """How many bytes a merchant's photos have."""
    mine = (claim_photos.c.site == site, claim_photos.c.merchant == merchant)
    return int(connection.execute(select(func.sum(claim_photos.c.bytes)).where(*mine)).scalar() or 0)


def put_photo(connection: Connection, site: str, photo: Photo, at: str) -> None:
    """Note a photo as stored; it takes the place of one that another customer had sent."""
    row = {name: getattr(photo, name) for name in Photo.__slots__}
    fresh = insert(claim_photos).values(site=site, stored_at=at, erased_at=None, **row)
    replaced = ("merchant", "subject", "sealed_sha256", "bytes", "stored_at", "erased_at")
    set_ = {name: fresh.excluded[name] for name in replaced}
    connection.execute(fresh.on_conflict_do_update(index_elements=["site", "unit", "sha256"], set_=set_))


def erased_files(connection: Connection, site: str) -> list[str]:
    """The files of erased photos."""
    chosen = select(claim_photos.c.sealed_sha256).where(
        claim_photos.c.site == site, claim_photos.c.erased_at.is_not(None)
    )
    return list(connection.execute(chosen).scalars())


def forget(connection: Connection, site: str, files: Sequence[str]) -> None:
    """Their files are gone: drop the rows."""
    mine = (claim_photos.c.site == site, claim_photos.c.sealed_sha256.in_(files))
    connection.execute(delete(claim_photos).where(*mine, claim_photos.c.erased_at.is_not(None)))
