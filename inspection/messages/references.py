"""Reference photos and banks: from whoever made them, through the centre, to the stations.

Files travel by the hash of their bytes; what belongs together is one `ReferenceSet` for each view of a
product. To the centre a bank is bytes: only who compares reads it.
"""

from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from inspection.messages.base import Count, Hex64, Message, Name, Sku, Utc, View

MIB = 1024 * 1024
MAX_BANK_BYTES = 64 * MIB
MAX_PHOTO_BYTES = 32 * MIB
MAX_PHOTOS = 64
PAGE = 100


class ReferenceBank(Message):
    """The bank's file, and the backbone whose numbers stand in it."""

    sha256: Hex64
    bytes: Annotated[int, Field(ge=1, le=MAX_BANK_BYTES)]
    backbone_sha256: Hex64


class ReferencePhoto(Message):
    """One good photo, as the camera sent it."""

    sha256: Hex64
    bytes: Annotated[int, Field(ge=1, le=MAX_PHOTO_BYTES)]


class ReferenceSet(Message):
    """`PUT /v1/references`: what one view of a product is compared with; without a bank it is withdrawn."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"properties": {"bank": {"type": "object"}}},
                {"properties": {"bank": {"type": "null"}, "photos": {"maxItems": 0}}},
            ]
        }
    )

    merchant: Name
    sku: Sku
    view: View
    bank: ReferenceBank | None
    photos: Annotated[
        tuple[ReferencePhoto, ...], Field(max_length=MAX_PHOTOS, json_schema_extra={"uniqueItems": True})
    ]

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.bank is None and self.photos:
            raise ValueError("photos without a bank compare nothing: a set that is withdrawn has neither")
        if len({photo.sha256 for photo in self.photos}) != len(self.photos):
            raise ValueError("a photo stands in it twice")
        return self


class PublishedReferences(Message):
    """A set as the centre announces it."""

    references: ReferenceSet
    version: Count
    """Milliseconds since 1970 of its publication, and above every version given out before."""
    published_at: Utc
    published_by: Annotated[str, Field(max_length=60)]
    """Label of the key."""


class ReferencePage(Message):
    """`GET /v1/references?after=VERSION`: the sets that stand now and are newer, by version."""

    newest: Count
    """Highest version ever given out and known; lower than before only after a restored backup."""
    more: bool
    """True when another page waits behind the last version of this one."""
    published: Annotated[tuple[PublishedReferences, ...], Field(max_length=PAGE)]


class ReferenceFileAnswer(Message):
    """`PUT /v1/reference-files/{merchant}/{sha256}`: the bytes are durable."""

    sha256: Hex64
    bytes: Count
    stored: bool
    """False when the centre held them already."""
