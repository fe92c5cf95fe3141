"""bundle.json as a schema: entries of one unit with their proofs, and what may be opened of them."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from inspection.custody.canonical import canonical
from inspection.errors import BadMessage
from inspection.messages.base import Base64, Count, Hex64, Message, Name, Origin, UnitId, View
from inspection.messages.entries import RecordId
from kit.errors import NotABundle

MAX_BUNDLE_BYTES = 8 * 1024 * 1024
MAX_ENTRIES = 1000
Salt = Annotated[Base64, Field(min_length=32, max_length=32)]
PhotoName = Annotated[str, StringConstraints(pattern=r"^photos/[A-Za-z0-9_-]{1,64}\.[a-z]{1,4}$")]


class ProvenEntry(Message):
    """One ledger entry and its proof."""

    index: Count
    leaf: Base64
    proof: str
    """Text of a tlog-proof."""


class OpenedField(Message):
    """Salt and value behind a commitment of a record."""

    record: RecordId
    field: Literal["inspector", "order", "customer", "note", "tag"]
    salt: Salt
    value: str


class OpenedImage(Message):
    """A photo in the clear, and what ties it to its record."""

    record: RecordId
    view: View
    file: PhotoName
    media_type: Literal["image/jpeg", "image/png"]
    sha256: Hex64
    """Of the file's bytes."""
    ciphertext_sha256: Hex64
    salt: Salt


class Bundle(Message):
    """The whole file."""

    v: Literal[1]
    kind: Literal["regrade-evidence"]
    origin: Origin
    unit: UnitId
    merchant: Name
    made_at: str
    """No signature covers it."""
    policy: str
    """Text of a tlog-policy, as the centre goes by it; who checks should have one of their own."""
    entries: Annotated[tuple[ProvenEntry, ...], Field(max_length=MAX_ENTRIES)]
    """In the log's order."""
    openings: tuple[OpenedField, ...]
    images: tuple[OpenedImage, ...]


def read_bundle(content: bytes) -> Bundle:
    """Read a bundle, which has one spelling; raises NotABundle."""
    if len(content) > MAX_BUNDLE_BYTES:
        raise NotABundle(f"a bundle may have {MAX_BUNDLE_BYTES} bytes, this one has {len(content)}")
    try:
        bundle = Bundle.read(content)
        written = canonical(bundle.model_dump(mode="json"))
    except BadMessage as error:
        raise NotABundle(f"no bundle of evidence: {error}") from error
    if written != content:
        raise NotABundle("a bundle of evidence, but not in its canonical form")
    return bundle
