"""What an evidence pack is made from: bytes of the ledger, proofs, and what may be shown beside them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from inspection.custody.leaf import Leaf, read_leaf

SUFFIX = {"image/jpeg": "jpg", "image/png": "png"}
"""File endings of the media types that a record may name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackEntry:
    """One ledger entry with its proof."""

    leaf: bytes
    """The leaf's own bytes."""
    proof: bytes
    """Text of a tlog-proof (c2sp.org/tlog-proof@v1) for exactly this leaf."""

    def read(self) -> Leaf:
        """The leaf; raises BadMessage or UnknownVersion."""
        return read_leaf(self.leaf)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackOpening:
    """Value and salt behind one commitment of a record."""

    record: str
    """Id of the record, `{key}/{boot}/{counter}`."""
    field: str
    """Name in `Personal`, such as `order`."""
    salt: bytes
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PackPhoto:
    """One photo in the clear, with what ties it to its record."""

    record: str
    view: str
    media_type: str
    ciphertext_sha256: str
    salt: bytes
    content: bytes
    """The image as the camera gave it."""

    @property
    def file(self) -> str:
        """Its name in the pack, such as `photos/top-0f3a91c2b4d5.jpg`."""
        return f"photos/{self.view}-{self.ciphertext_sha256[:12]}.{SUFFIX.get(self.media_type, 'bin')}"

    @property
    def sha256(self) -> str:
        """Of the plaintext, in hex: what the record commits to under the salt."""
        return sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceCase:
    """All of one unit."""

    origin: str
    """Name of the log."""
    unit: str
    merchant: str
    title: str
    """The product's name as the shop wrote it; empty where nobody knows."""
    made_at: str
    """UTC, `2026-01-31T08:00:00.000000Z`."""
    policy: bytes
    """Text of a tlog-policy: by which keys the proofs are believed."""
    entries: Sequence[PackEntry]
    """In the order of the ledger, all proven in the same tree."""
    openings: Sequence[PackOpening] = ()
    photos: Sequence[PackPhoto] = ()
    erased: frozenset[tuple[str, str]] = field(default=frozenset())
    """What can never be shown again: (record, ciphertext_sha256) of photos, (record, field) of values."""
    lost: frozenset[tuple[str, str]] = field(default=frozenset())
    """In the same form: what cannot be shown because its key was lost, and not destroyed on purpose."""
    masked: bool = True
    """Whether the pages hide what belongs to a person; values that are not given cannot be shown at all."""
