"""Erasures, holds and disclosures on the wire."""

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from inspection.messages.base import Base64, Code, Count, Hex64, KeyId, Message, Name, UnitId, Utc, one_of
from inspection.messages.catalogue import Label
from inspection.messages.entries import ErasedCounts, Person, RecordId
from inspection.messages.uplink import Salt, Signature

HoldReason = Annotated[str, Field(min_length=1, max_length=300)]
Token = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


class ErasureRequest(Message):
    """`POST /v1/subjects/erasures`: whom to erase, by their number at the shop or by one of their units."""

    model_config = ConfigDict(json_schema_extra=one_of("customer", "unit"))

    merchant: Name
    customer: Label | None = None
    unit: UnitId | None = None
    reason: Code
    by: Person | None = None
    """Who answers for it; None: whoever the API key belongs to."""

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if (self.customer is None) == (self.unit is None):
            raise ValueError("name either the customer or one of their units")
        return self


class Certificate(Message):
    """What is signed: that a person's key was destroyed, and how long a backup may still hold it."""

    v: Literal[1] = 1
    kind: Literal["regrade-erasure"] = "regrade-erasure"
    origin: str
    erasure: Token
    merchant: Name
    subject_commitment: Hex64
    """As in the ledger's entry: HMAC-SHA256 of [merchant, customer] under the salt of the answer."""
    counts: ErasedCounts
    reason: Code
    by: Person
    requested_at: Utc
    erased_at: Utc
    entry_index: Count
    entry_hash: Hex64
    """RFC 6962 leaf hash of the ledger's entry."""
    key_backup_days: Count
    no_key_after: Utc
    """From then on no backup of the key store holds the key, where `backup-keys` runs daily: an old copy goes
    at the run after its last day."""


class ErasureAnswer(Message):
    """An erasure that is done: the signed certificate, and what of it only the asker is given."""

    certificate: Base64
    """Canonical JSON of a `Certificate`: what the signature covers."""
    log_key: KeyId
    signature: Signature
    salt: Salt
    """Opens `subject_commitment`; neither the ledger nor the centre's database holds it."""
    text: dict[str, str]
    """The certificate in words, by language."""


class HoldRequest(Message):
    """`POST /v1/holds`: nothing of it may be erased, and its leaves stay."""

    model_config = ConfigDict(json_schema_extra=one_of("unit", "customer", least=0))

    merchant: Name
    unit: UnitId | None = None
    customer: Label | None = None
    reason: HoldReason
    by: Person | None = None

    @model_validator(mode="after")
    def _names_at_most_one(self) -> Self:
        if self.unit is not None and self.customer is not None:
            raise ValueError("a hold is on a merchant, on one unit or on one customer")
        return self


class ReleaseRequest(Message):
    """`POST /v1/holds/{id}/release`."""

    reason: HoldReason
    by: Person | None = None


class HoldRow(Message):
    """A hold as it is listed; whose customer it is on is known to the shop alone."""

    id: Token
    scope: Literal["merchant", "unit", "subject"]
    merchant: Name
    unit: str | None
    reason: str
    by: str
    at: str
    released_at: str | None
    released_by: str | None


class HoldList(Message):
    """`GET /v1/holds`."""

    holds: tuple[HoldRow, ...]


class DisclosureRequest(Message):
    """`POST /v1/records/{id}/disclosures`: one field, to one recipient, for a reason."""

    field: Literal["inspector", "order", "customer", "note", "tag"]
    to: Annotated[str, Field(min_length=1, max_length=60)]
    reason: Code


class Disclosure(Message):
    """One opened field, and all that proves it."""

    record: RecordId
    field: Literal["inspector", "order", "customer", "note", "tag"]
    salt: Salt
    value: str
    entry_index: Count
    """Where the record stands in the ledger."""
    proof: str
    """c2sp.org/tlog-proof@v1 of that entry."""
    bundle: Base64
    """`bundle.json` with this one opening: what `regrade verify bundle` reads."""
