"""Station to centre: signed records up; receipts, refusals or holds down."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from inspection.custody.canonical import canonical
from inspection.custody.receipt import MAX_DETAIL, Receipt, Refusal, submission_sha256
from inspection.messages.base import Base64, Code, Count, Hex64, KeyId, Message, Origin

MAX_BATCH = 64
MAX_RECORD_BYTES = 7660
"""A record leaves room for the leaf's own fields within 8 KiB."""
Signature = Annotated[Base64, Field(min_length=64, max_length=64)]
Salt = Annotated[Base64, Field(min_length=32, max_length=32)]


class RefusalReason(StrEnum):
    """Why the centre will never record these bytes."""

    UNKNOWN_KEY = "unknown_key"
    REVOKED_KEY = "revoked_key"
    BAD_SIGNATURE = "bad_signature"
    BAD_MESSAGE = "bad_message"
    UPGRADE = "upgrade"
    OTHER_LOG = "other_log"
    OTHER_STATION = "other_station"
    COUNTER_REUSED = "counter_reused"
    COUNTER_BACKWARDS = "counter_backwards"
    UNKNOWN_UNIT = "unknown_unit"
    OTHER_SKU = "other_sku"
    DUPLICATE_INSPECTION = "duplicate_inspection"
    OTHER_INSPECTION = "other_inspection"
    TIME_AHEAD = "time_ahead"
    IMAGE_KEYS_MISSING = "image_keys_missing"


class Opening(Message):
    """Salt and value behind one commitment of a record: kept apart from it, so that it can be erased."""

    field: Literal["inspector", "order", "customer", "note", "tag"]
    salt: Salt
    value: Annotated[str, Field(max_length=500)]


class ImageKey(Message):
    """The key of one image, wrapped for the site, and the salt of its plaintext commitment."""

    ciphertext_sha256: Hex64
    wrapped: Annotated[Base64, Field(min_length=48, max_length=256)]
    salt: Salt


class SignedRecord(Message):
    """A record's canonical bytes, the signature over them, and what travels beside them."""

    device_key: KeyId
    record: Annotated[Base64, Field(min_length=2, max_length=MAX_RECORD_BYTES)]
    signature: Signature
    openings: Annotated[tuple[Opening, ...], Field(max_length=5)]
    image_keys: Annotated[tuple[ImageKey, ...], Field(max_length=6)]

    def submission_sha256(self, station: str) -> str:
        """The name under which this is refused when `station` sends it."""
        return submission_sha256(station, canonical(self.model_dump(mode="json")))


class RecordBatch(Message):
    """`POST /v1/records`."""

    records: Annotated[tuple[SignedRecord, ...], Field(min_length=1, max_length=MAX_BATCH)]


class ReceiptMessage(Message):
    """A receipt on the wire, and what of it is still open."""

    kind: Literal["receipt"] = "receipt"
    origin: Origin
    index: Count
    leaf: Annotated[Base64, Field(max_length=8192)]
    log_key: KeyId
    signature: Signature
    evidence_pending: tuple[Hex64, ...] = ()
    """Ciphertexts that the centre does not hold yet: nothing is told to the shop before it does."""

    @classmethod
    def of(cls, receipt: Receipt, evidence_pending: tuple[str, ...] = ()) -> "ReceiptMessage":
        """Wrap a receipt for the wire."""
        fields = {name: getattr(receipt, name) for name in Receipt.__slots__}
        return cls(**fields, evidence_pending=evidence_pending)

    def receipt(self) -> Receipt:
        """The receipt inside, unchecked."""
        return Receipt(**{name: getattr(self, name) for name in Receipt.__slots__})


class RefusalMessage(Message):
    """A refusal on the wire."""

    kind: Literal["refusal"] = "refusal"
    origin: Origin
    record_sha256: Hex64
    submission_sha256: Hex64
    reason: RefusalReason
    detail: Annotated[str, Field(max_length=MAX_DETAIL)]
    refused_at: Annotated[str, Field(max_length=32)]
    log_key: KeyId
    signature: Signature

    @classmethod
    def of(cls, refusal: Refusal) -> "RefusalMessage":
        """Wrap a refusal for the wire."""
        fields = {name: getattr(refusal, name) for name in Refusal.__slots__}
        return cls(**{**fields, "reason": RefusalReason(refusal.reason)})

    def refusal(self) -> Refusal:
        """The refusal inside, unchecked."""
        fields = {name: getattr(self, name) for name in Refusal.__slots__}
        return Refusal(**{**fields, "reason": self.reason.value})


LONGEST_HOLD_S = 3600


class HeldMessage(Message):
    """Neither yes nor no: the record is from the future, and is to be sent again. Nothing is signed."""

    kind: Literal["held"] = "held"
    submission_sha256: Hex64
    reason: Literal["time_ahead"]
    retry_after_s: Annotated[int, Field(ge=1, le=LONGEST_HOLD_S)]
    """After this, or in an hour where its time comes later than that."""


Answer = Annotated[ReceiptMessage | RefusalMessage | HeldMessage, Field(discriminator="kind")]


class BatchAnswer(Message):
    """One receipt, refusal or hold for each record of the batch, in its order."""

    results: Annotated[tuple[Answer, ...], Field(max_length=MAX_BATCH)]


class EvidenceAnswer(Message):
    """`PUT /v1/evidence/{ciphertext_sha256}`: the bytes are durable."""

    ciphertext_sha256: Hex64
    bytes: Count
    stored: bool
    """False when the centre held them already."""


class RefillItem(Message):
    """An entry that the centre may have lost, and what travelled beside its record."""

    receipt: ReceiptMessage
    openings: Annotated[tuple[Opening, ...], Field(max_length=5)] = ()
    image_keys: Annotated[tuple[ImageKey, ...], Field(max_length=6)] = ()


class RefillBatch(Message):
    """`POST /v1/ledger/refill`: receipts of the log, offered back to it in the order of their indexes."""

    items: Annotated[tuple[RefillItem, ...], Field(min_length=1, max_length=MAX_BATCH)]


class RefillAnswer(Message):
    """What became of the receipts that were offered."""

    appended: Count
    """Entries that stand in the ledger again, byte for byte."""
    waiting: Count
    """Entries that wait until those before them are back."""
    known: Count
    """Entries that were there already."""
    ledger_size: Count
    state: Code
    """Of the ledger: open, recovering or frozen."""
    evidence_pending: Annotated[tuple[Hex64, ...], Field(max_length=6 * MAX_BATCH)] = ()
    """Ciphertexts of these records that the centre does not hold: to be sent again."""


class LogKeys(Message):
    """`GET /v1/log/keys`: entries of the log's new keys, each receipted by the key before it."""

    keys: Annotated[tuple[ReceiptMessage, ...], Field(max_length=100)]
