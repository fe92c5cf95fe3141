"""What of a record's commitments can still be opened: its fields and the keys of its images.

Where the customer was erased, both come back empty and named: the proofs go on verifying without them. What
cannot be opened because the key store was lost is named apart: its backup would bring it back.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from inspection.messages.uplink import ImageKey, Opening
from server.db.tables import openings, record_evidence
from server.subjects.bound import keys_of
from server.subjects.personal import open_image_key, open_opening


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The openings of one record, by what they open."""

    record: str
    fields: tuple[Opening, ...]
    """Salt and value behind each commitment that can be opened."""
    erased_fields: tuple[str, ...]
    images: tuple[ImageKey, ...]
    """The key of each image, wrapped for the site's sealing key, and the salt of its commitment."""
    erased_images: tuple[str, ...]
    """Ciphertext hashes of images whose keys are destroyed."""
    lost_fields: tuple[str, ...] = ()
    """Fields whose person's key is not in the key store, though nobody destroyed it."""
    lost_images: tuple[str, ...] = ()
    """Ciphertext hashes of such images."""

    def field(self, name: str) -> Opening | None:
        """The opening of one field; None where it was erased or never given."""
        return next((each for each in self.fields if each.field == name), None)


def opened(connection: Connection, site: str, record: str) -> Opened:
    """Open what a record (by id) committed to; empty for a record that is not there."""
    keys = keys_of(connection)
    rows = connection.execute(
        select(openings.c.field, openings.c.sealed)
        .where(openings.c.site == site, openings.c.record == record)
        .order_by(openings.c.field)
    ).all()
    fields = {row.field: open_opening(keys, record, row.field, row.sealed) for row in rows}
    pictures = connection.execute(
        select(record_evidence.c.sha256, record_evidence.c.wrapped_key, record_evidence.c.salt)
        .where(record_evidence.c.site == site, record_evidence.c.record == record)
        .order_by(record_evidence.c.sha256)
    ).all()
    images = {
        row.sha256: open_image_key(keys, record, row.sha256, (row.wrapped_key, row.salt)) for row in pictures
    }
    shut = {row.field: row.sealed for row in rows if fields[row.field] is None}
    dark = {row.sha256: row.wrapped_key for row in pictures if images[row.sha256] is None}
    return Opened(
        record=record,
        fields=tuple(each for each in fields.values() if each is not None),
        erased_fields=tuple(name for name, sealed in shut.items() if keys.is_erased(sealed)),
        images=tuple(each for each in images.values() if each is not None),
        erased_images=tuple(name for name, sealed in dark.items() if keys.is_erased(sealed)),
        lost_fields=tuple(name for name, sealed in shut.items() if not keys.is_erased(sealed)),
        lost_images=tuple(name for name, sealed in dark.items() if not keys.is_erased(sealed)),
    )
