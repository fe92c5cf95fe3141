"""What each ledger entry says: one schema for the body of every type, and the id that goes with it.

The body is canonical JSON and stays for ever, so none of it may name a customer: personal values
appear as salted commitments only. Who acted stands in `by`, which is the label of an API key.
"""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    StringConstraints,
    model_serializer,
    model_validator,
)

from inspection.autonomy import Autonomy
from inspection.custody.canonical import canonical
from inspection.custody.leaf import EntryType
from inspection.custody.signing import key_id
from inspection.errors import BadMessage
from inspection.grades import Disposition, Grade, ReturnException
from inspection.messages.base import (
    Code,
    Count,
    Currency,
    Hex64,
    KeyId,
    Message,
    Name,
    Ppm,
    Sku,
    UnitId,
    Utc,
    View,
)
from inspection.messages.carrier import CarrierEventId
from inspection.messages.catalogue import Label
from inspection.messages.refund import Deductions, InstructionId, RefundOutcome
from inspection.messages.station import PublicKey
from inspection.parcels import Node
from inspection.record import InspectionRecord
from inspection.refund import RefundKind

Person = Annotated[str, StringConstraints(min_length=1, max_length=60)]
"""Who answers for it: the label of the API key that was used."""
TOKEN = re.compile(r"[A-Za-z0-9_.:/-]{1,80}")
Token = Annotated[str, StringConstraints(pattern=f"^{TOKEN.pattern}$")]
"""What tells one entry from the others of its type, chosen by whoever asks for it: the same is once."""
RecordId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}/[0-9a-f]{32}/[0-9]{1,16}$")]
FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_./-]{1,64}$")]
FieldPath = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_.]{1,64}$")]
Scalar = (
    Annotated[str, StringConstraints(max_length=64)]
    | bool
    | Annotated[int, Field(ge=-(2**53) + 1, le=2**53 - 1)]
    | None
)


class InstructionEntry(Message):
    """`RefundInstruction` as it stands in the ledger: the order only as the station's commitment."""

    v: Literal[1]
    id: InstructionId
    number: Annotated[int, Field(ge=1, le=9999)]
    merchant: Name
    site: Name
    unit: UnitId
    authorization: Label
    order_commitment: Hex64 | None
    kind: RefundKind
    target_total_minor: Count
    currency: Currency
    grade: Grade
    disposition: Disposition
    exception: ReturnException | None
    rule: Code
    reasons: Annotated[tuple[Code, ...], Field(max_length=6)]
    images: Annotated[tuple[Hex64, ...], Field(max_length=6)]
    issued_at: Utc
    deductions: Deductions = ()
    not_before: Utc | None = None
    replaces: InstructionId | None = None


class OutcomeEntry(RefundOutcome):
    """`RefundOutcome` with what the centre made of it; one without an instruction never comes this far."""

    instruction: InstructionId
    matches: bool
    target_total_minor: Count


class LogisticsEntry(Message):
    """A node of a parcel's way; its sign-off starts the clock of its units.

    The two later fields stand in the leaf only where they say something: a leaf from before them keeps its
    bytes.
    """

    merchant: Name
    parcel: Label
    event: Node
    at: Utc
    event_id: CarrierEventId | None = None
    """The carrier's own; None for the parcel's first sign-off, which stands under the parcel alone."""
    assumed: bool = False
    """True where no carrier said it: the parcel was seen here first."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.event != Node.SIGNED_OFF and self.event_id is None:
            raise ValueError("a carrier's event other than the first sign-off has the carrier's own id")
        if self.assumed and (self.event != Node.SIGNED_OFF or self.event_id is not None):
            raise ValueError("only a sign-off is assumed, and no carrier gave it an id")
        return self

    @model_serializer(mode="wrap")
    def _without_defaults(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = write(self)
        if self.event_id is None:
            written.pop("event_id", None)
        if not self.assumed:
            written.pop("assumed", None)
        return written


def _logistics_id(body: LogisticsEntry) -> str:
    """One per parcel for the sign-off and the assumed one; every other by the carrier's event."""
    place = f"parcel:{body.merchant}:{body.parcel}"
    event = body.event.value.replace("_", "-")
    if body.assumed:
        return f"{place}:{event}:assumed"
    return f"{place}:{event}" if body.event_id is None else f"{place}:{event}:id={body.event_id}"


class KeyRole(StrEnum):
    """What a key may sign from now on."""

    STATION = "station"
    LOG = "log"
    WITNESS = "witness"


class KeyAddEntry(Message):
    """A key is good from here on; for a log's own key the entry is receipted by the old one."""

    role: KeyRole = KeyRole.STATION
    station: Name | None = None
    """The station that holds it; None for a log's or a witness's key."""
    site: Name
    key: KeyId
    public_key: PublicKey
    name: Annotated[str, StringConstraints(pattern=r"^[!-*,-~]{1,96}$")] | None = None
    """Key name in signed notes (no blank, no plus); None for a station's."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.key != key_id(self.public_key):
            raise ValueError("the key id is not that of the public key")
        if (self.role == KeyRole.STATION) != (self.station is not None):
            raise ValueError("a station's key names its station, and no other does")
        return self


class KeyRevokeEntry(Message):
    """A key is good no longer: what it signed and the centre took before this entry stays good."""

    role: KeyRole = KeyRole.STATION
    station: Name | None = None
    site: Name
    key: KeyId
    reason: Code | None = None


class CorrectedField(Message):
    """One field of an entry's body: what it says, and what is right."""

    field: FieldPath
    was: Scalar
    becomes: Scalar


class CorrectionEntry(Message):
    """An earlier entry is wrong in these fields; it stays as it is."""

    v: Literal[1] = 1
    corrects: Count
    """Index of the entry, of a type in CORRECTABLE."""
    corrected_id: Annotated[str, StringConstraints(min_length=1, max_length=160)]
    reason: Code
    changes: Annotated[tuple[CorrectedField, ...], Field(min_length=1, max_length=16)]
    by: Person


class ReversalEntry(Message):
    """An earlier entry no longer holds, as a whole."""

    v: Literal[1] = 1
    reverses: Count
    """Index of the entry, of a type in REVERSIBLE."""
    reversed_id: Annotated[str, StringConstraints(min_length=1, max_length=160)]
    reason: Code
    by: Person


class PolicyKind(StrEnum):
    """Which rules changed."""

    REFUND = "refund"
    """What is owed for which grade: `policy.json`."""
    TRUST = "trust"
    """Which witnesses must have seen the log: `trust.policy`."""
    RETENTION = "retention"
    """From which entry on bodies are shown."""


class PolicyEntry(Message):
    """Rules that hold from here on."""

    v: Literal[1] = 1
    kind: PolicyKind
    name: FileName
    sha256: Hex64 | None = None
    """Over the policy's canonical bytes; None for retention, which is the two fields below."""
    min_index: Count | None = None
    bodies_dropped: bool = False
    by: Person

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        retention = self.kind == PolicyKind.RETENTION
        if retention != (self.min_index is not None) or retention != (self.sha256 is None):
            raise ValueError("retention has a minimum index, every other policy a hash")
        return self


class ModelEntry(Message):
    """What the machine compares one view of a product with, from here on."""

    v: Literal[1] = 1
    event: Literal["published", "withdrawn"]
    version: Count
    merchant: Name
    sku: Sku
    view: View
    bank_sha256: Hex64 | None
    backbone_sha256: Hex64 | None
    photos: Annotated[int, Field(ge=0, le=64)]
    by: Person

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.event == "published") != (self.bank_sha256 is not None):
            raise ValueError("what is published has a bank, what is withdrawn has none")
        return self


class CalibrationEntry(Message):
    """A device of a station was measured: from here on its readings mean this."""

    v: Literal[1] = 1
    station: Name
    device: Name
    kind: Code
    sha256: Hex64
    """Of the calibration's file."""
    calibrated_at: Utc
    by: Person


class AutonomyEntry(Message):
    """How far the machine may decide alone, for one category and proposed grade."""

    v: Literal[1] = 1
    category: Name
    grade: Grade
    level: Autonomy
    threshold_ppm: Ppm
    reason: Code
    by: Person


class ApprovalKind(StrEnum):
    """What is approved."""

    OVERRIDE = "override"
    """Paying although the witnesses' quorum is missing: takes two persons."""
    HOLD = "hold"
    """A legal hold: nothing of the subject is erased while it lasts."""
    RELEASE = "release"
    """The end of a hold."""
    ALARM = "alarm"
    """An alarm was looked at and cleared."""
    REFUND = "refund"
    """A named person lets a refund go, or says what is owed: of one unit, or up to a limit."""
    STATEMENT = "statement"
    """Anything else that a person stands for, such as a new level of autonomy."""


TWO_PERSONS = frozenset({ApprovalKind.OVERRIDE})


class ApprovalEntry(Message):
    """Persons stand for it with their names."""

    v: Literal[1] = 1
    kind: ApprovalKind
    subject: Annotated[str, StringConstraints(pattern=r"^[!-~]{1,128}$")]
    """What it is about: an instruction, a hold, an alarm, a unit; never a customer."""
    covers: Annotated[tuple[Count, ...], Field(max_length=16)] = ()
    """Indexes of the entries that it is about."""
    reason: Annotated[str, StringConstraints(min_length=1, max_length=300)]
    by: Annotated[tuple[Person, ...], Field(min_length=1, max_length=4)]
    at: Utc

    @model_validator(mode="after")
    def _enough_persons(self) -> Self:
        if len(set(self.by)) != len(self.by):
            raise ValueError("a person stands in it twice")
        if self.kind in TWO_PERSONS and len(self.by) < 2:
            raise ValueError(f"{self.kind} takes two persons")
        return self


class AccessWhat(StrEnum):
    """What was read."""

    ENTRY = "entry"
    BUNDLE = "bundle"
    EXPORT = "export"
    EVIDENCE_PACK = "evidence-pack"
    IMAGE = "image"
    DISCLOSURE = "disclosure"


class AccessEntry(Message):
    """Somebody read what is not public."""

    v: Literal[1] = 1
    by: Person
    scope: Code
    """Of the key: auditor, console, shop."""
    what: AccessWhat
    first: Count | None = None
    """Indexes of the entries that were read, both ends included."""
    last: Count | None = None
    unit: UnitId | None = None
    record: RecordId | None = None
    field: Literal["inspector", "order", "customer", "note", "tag"] | None = None
    """The one field that was disclosed."""
    recipient: Annotated[str, StringConstraints(min_length=1, max_length=60)] | None = None
    """To whom it was given on."""
    reason: Code | None = None
    at: Utc


class ErasedCounts(Message):
    """How much became unreadable with the subject's key."""

    units: Count
    records: Count
    openings: Count
    images: Count


class ErasureEntry(Message):
    """The key of one data subject was destroyed; no personal value stands here."""

    v: Literal[1] = 1
    kind: Literal["customer", "inspector", "unit"]
    subject_commitment: Hex64
    """HMAC-SHA256 of the subject under a salt that only the certificate holds."""
    reason: Code
    counts: ErasedCounts
    by: Person
    requested_at: Utc


ENTRY_BODIES: Mapping[EntryType, type[Message]] = MappingProxyType(
    {
        EntryType.VERDICT: InspectionRecord,
        EntryType.CORRECTION: CorrectionEntry,
        EntryType.REVERSAL: ReversalEntry,
        EntryType.REFUND_INSTRUCTION: InstructionEntry,
        EntryType.REFUND_OUTCOME: OutcomeEntry,
        EntryType.LOGISTICS: LogisticsEntry,
        EntryType.KEY_ADD: KeyAddEntry,
        EntryType.KEY_REVOKE: KeyRevokeEntry,
        EntryType.POLICY: PolicyEntry,
        EntryType.MODEL: ModelEntry,
        EntryType.CALIBRATION: CalibrationEntry,
        EntryType.AUTONOMY: AutonomyEntry,
        EntryType.APPROVAL: ApprovalEntry,
        EntryType.ACCESS: AccessEntry,
        EntryType.ERASURE: ErasureEntry,
    }
)
"""Entry type -> schema of its body."""

CORRECTABLE = frozenset(
    {
        EntryType.VERDICT,
        EntryType.REFUND_OUTCOME,
        EntryType.LOGISTICS,
        EntryType.CALIBRATION,
        EntryType.AUTONOMY,
        EntryType.CORRECTION,
    }
)
"""What may be wrong in a field. A wrong instruction is replaced by the next number, never corrected."""
REVERSIBLE = frozenset(
    {
        EntryType.REFUND_INSTRUCTION,
        EntryType.REFUND_OUTCOME,
        EntryType.CORRECTION,
        EntryType.CALIBRATION,
        EntryType.AUTONOMY,
        EntryType.APPROVAL,
    }
)
"""What may cease to hold as a whole. A verdict is overruled by the unit's next inspection."""

DERIVED_IDS: Mapping[EntryType, Callable[[Any], str]] = MappingProxyType(
    {
        EntryType.VERDICT: lambda body: f"verdict:{body.id}",
        EntryType.REFUND_INSTRUCTION: lambda body: f"instruction:{body.id}",
        EntryType.REFUND_OUTCOME: lambda body: f"outcome:{body.merchant}:{body.id}",
        EntryType.LOGISTICS: _logistics_id,
        EntryType.KEY_ADD: lambda body: f"key:{body.key}",
        EntryType.KEY_REVOKE: lambda body: f"revoke:{body.key}",
        EntryType.MODEL: lambda body: f"model:{body.version}",
    }
)
"""Types whose id follows from the body; every other type has `<type>:<token>`."""


def check_body(type: EntryType, content: bytes) -> Message:
    """Read the body of an entry; raises BadMessage that names the type and the field."""
    try:
        return ENTRY_BODIES[type].read(content)
    except BadMessage as error:
        raise BadMessage(f"body of a {type.value} entry: {error}") from error


def body_bytes(body: Message) -> bytes:
    """Canonical bytes of a body, as they stand in the leaf."""
    return canonical(body.model_dump(mode="json"))


def entry_id(type: EntryType, body: Message, token: str = "") -> str:
    """The id of an entry: from its body, or `<type>:<token>`; raises BadMessage for a bad token."""
    derived = DERIVED_IDS.get(type)
    if derived is not None:
        return derived(body)
    if TOKEN.fullmatch(token) is None:
        raise BadMessage(f"the token of a {type.value} entry must match {TOKEN.pattern}")
    return f"{type.value}:{token}"


def check_id(type: EntryType, id: str, body: Message) -> None:
    """Raise BadMessage unless the id is one that `entry_id` gives for this body."""
    derived = DERIVED_IDS.get(type)  # asked for here as well: a log's audit comes by a million times
    wanted = derived(body) if derived else entry_id(type, body, id.removeprefix(f"{type.value}:"))
    if id != wanted:
        raise BadMessage(f"the id of the {type.value} entry should be {wanted}, not {id[:160]}")
