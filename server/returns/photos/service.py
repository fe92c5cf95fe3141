"""Rules of claim photos: a unit must name them, they are what they say, no file opens without the key."""

import hashlib
from collections.abc import AsyncIterator

from sqlalchemy import Connection

from server.errors import Erased, HashMismatch, NotFound, NotTaken, TooLarge
from server.returns.photos import repository
from server.returns.photos.repository import Photo
from server.returns.repository import KnownUnit
from server.returns.service import own_unit
from server.subjects.bound import keys_of
from server.subjects.keys import SubjectKeys

KINDS = (
    (b"\xff\xd8\xff", 0, "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", 0, "image/png"),
    (b"WEBP", 8, "image/webp"),
    (b"ftypheic", 4, "image/heic"),
)
"""First bytes, where they stand, and what it is."""


def media_type(content: bytes) -> str | None:
    """What kind of picture it is; None for anything else."""
    found = (kind for mark, at, kind in KINDS if content[at : at + len(mark)] == mark)
    return next(found, None)


def naming_unit(connection: Connection, site: str, merchant: str, unit: str, sha256: str) -> KnownUnit:
    """The merchant's unit that names this photo; raises NotFound, or Erased."""
    held = own_unit(connection, site, merchant, unit)
    if held.erased:
        raise Erased("the customer of this unit was erased: delete the photo")
    if sha256 not in held.message.photos:
        raise NotFound("the unit names no such photo: announce it with its `photos` first")
    return held


async def read_photo(chunks: AsyncIterator[bytes], length: int, sha256: str) -> bytes:
    """Read exactly the photo that the address names; raises TooLarge, NotTaken or HashMismatch."""
    content, digest = bytearray(), hashlib.sha256()
    async for chunk in chunks:
        if len(content) + len(chunk) > length:
            raise TooLarge(f"more bytes came than the {length} announced")
        digest.update(chunk)
        content += chunk
    if len(content) != length:
        raise NotTaken(f"{length} bytes were announced, {len(content)} came")
    if digest.hexdigest() != sha256:
        raise HashMismatch(f"the bytes have the hash {digest.hexdigest()}, the address says {sha256}")
    if media_type(bytes(content[:16])) is None:
        raise NotTaken("a claim photo is a JPEG, PNG, WebP or HEIC picture")
    return bytes(content)


def seal_photo(keys: SubjectKeys, subject: str, unit: str, sha256: str, content: bytes) -> bytes:
    """Seal a photo under its customer's key, for this unit alone."""
    return keys.seal(subject, content, _place(unit, sha256))


def open_photo(keys: SubjectKeys, photo: Photo, sealed: bytes) -> bytes:
    """The photo itself; raises Erased once its customer's key is gone."""
    content = keys.open(sealed, _place(photo.unit, photo.sha256))
    if content is None:
        raise Erased("this photo was erased with its customer")
    return content


def confirm(connection: Connection, site: str, photo: Photo, at: str) -> None:
    """Note a stored photo, unless its unit was erased or given to somebody else meanwhile."""
    held = naming_unit(connection, site, photo.merchant, photo.unit, photo.sha256)
    if held.subject != photo.subject or not keys_of(connection).holds(photo.subject):
        raise Erased("the customer of this unit is another one by now: send the photo again")
    repository.put_photo(connection, site, photo, at)


def _place(unit: str, sha256: str) -> str:
    return f"claim/{unit}/{sha256}"
