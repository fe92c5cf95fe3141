"""One ledger entry as bytes: the leaf, with the previous leaf's hash inside it.

Because `prev` stands inside the hashed bytes, the chain and any tree over the leaves commit to
the same thing; there is no second path to believe. Leaf hash: RFC 6962, section 2.1.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from inspection.custody.canonical import canonical, parse_canonical
from inspection.custody.merkle import leaf_hash
from inspection.errors import BadMessage, UnknownVersion

LEAF_VERSION = 1
MAX_LEAF_BYTES = 8192
GENESIS = "0" * 64
"""`prev` of the first leaf."""


class EntryType(StrEnum):
    """What a leaf states."""

    VERDICT = "verdict"
    REFUND_INSTRUCTION = "refund.instruction"
    REFUND_OUTCOME = "refund.outcome"
    LOGISTICS = "logistics"
    KEY_ADD = "key.add"
    KEY_REVOKE = "key.revoke"
    CORRECTION = "correction"
    """Says what is wrong with an earlier entry, by its index; nothing is ever edited."""
    REVERSAL = "reversal"
    POLICY = "policy"
    MODEL = "model"
    CALIBRATION = "calibration"
    AUTONOMY = "autonomy"
    APPROVAL = "approval"
    ACCESS = "access"
    """Someone read entries that only a few may read."""
    ERASURE = "erasure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A ledger entry, read from its bytes."""

    log: str
    """Origin of the log, such as `centre.example/site/s1`."""
    seq: int
    prev: str
    """Leaf hash of seq - 1 in hex; GENESIS for the first."""
    type: EntryType
    id: str
    """Unique in the log: what makes an append idempotent."""
    recorded_at: str
    """When the centre appended it, UTC, `2026-01-31T08:00:00.000000Z`."""
    body: dict[str, Any]
    device: dict[str, str] | None = None
    """Key id and signature (base64) of the device that signed the body; None for the centre's own."""

    def to_bytes(self) -> bytes:
        """The canonical bytes; raises BadMessage above MAX_LEAF_BYTES."""
        content = canonical(
            {
                "v": LEAF_VERSION,
                "log": self.log,
                "seq": self.seq,
                "prev": self.prev,
                "type": self.type.value,
                "id": self.id,
                "recorded_at": self.recorded_at,
                "device": self.device,
                "body": self.body,
            }
        )
        if len(content) > MAX_LEAF_BYTES:
            raise BadMessage(f"a leaf may have {MAX_LEAF_BYTES} bytes, this one has {len(content)}")
        return content


TYPES = {kind.value: kind for kind in EntryType}
LEAF_FIELDS = {"v", "log", "seq", "prev", "type", "id", "recorded_at", "device", "body"}


def read_leaf(content: bytes) -> Leaf:
    """Read a leaf; raises BadMessage or UnknownVersion, never anything else."""
    value = read_fields(content)
    return Leaf(
        log=value["log"],
        seq=value["seq"],
        prev=value["prev"],
        type=TYPES[value["type"]],
        id=value["id"],
        recorded_at=value["recorded_at"],
        body=value["body"],
        device=value["device"],
    )


def read_fields(content: bytes) -> dict[str, Any]:
    """The checked fields of a leaf by name, at half the cost of `read_leaf`; raises as that does."""
    if len(content) > MAX_LEAF_BYTES:
        raise BadMessage(f"a leaf may have {MAX_LEAF_BYTES} bytes, this one has {len(content)}")
    value = parse_canonical(content)
    if value.get("v") != LEAF_VERSION:
        raise UnknownVersion(f"leaf version {value.get('v')!r}; this program reads {LEAF_VERSION}")
    if value.keys() != LEAF_FIELDS:
        raise BadMessage(f"leaf fields differ: {sorted(set(value) ^ LEAF_FIELDS)}")
    _check_fields(value)
    return value


def _check_fields(value: dict[str, Any]) -> None:
    texts = (value["log"], value["prev"], value["type"], value["id"], value["recorded_at"])
    well_typed = {*map(type, texts)} == {str} and isinstance(value["body"], dict)
    if not well_typed or type(value["seq"]) is not int or value["seq"] < 0:
        raise BadMessage("a leaf field has the wrong type")
    if value["type"] not in TYPES:
        raise BadMessage(f"unknown entry type {value['type']!r}")


def leaf_hash_hex(content: bytes) -> str:
    """RFC 6962 leaf hash in hex: how `prev` and the receipts write it."""
    return leaf_hash(content).hex()
