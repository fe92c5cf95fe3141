"""InspectionRecord: the statement that a station signs, in its final shape.

Its canonical bytes are what is signed, sent, hashed and kept; nothing ever re-serialises a
record that somebody signed. Personal fields appear only as salted commitments. The bounds are
chosen so that the largest legal record fits a leaf of 8 KiB.
"""

from enum import StrEnum
from functools import cached_property
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import Field, ValidationError, model_validator

from inspection.custody.canonical import canonical, parse_canonical, writes_to
from inspection.errors import BadMessage, UnknownVersion
from inspection.findings import DefectKind, Severity, Zone
from inspection.grades import Channel, Condition, Disposition, Grade, ReturnException
from inspection.messages.base import (
    Code,
    Count,
    Hex64,
    KeyId,
    Message,
    Name,
    Origin,
    Ppm,
    Sku,
    UnitId,
    Utc,
    View,
    sentence,
)
from inspection.returns import InspectionPurpose
from inspection.verdict import OverrideReason, VerdictKind

RECORD_VERSION = 1
MAX_FINDINGS = 32
MAX_EVIDENCE = 6

Index = Annotated[int, Field(ge=-1, le=255)]
Duration = Annotated[int, Field(ge=0, le=86_400_000)]
"""Milliseconds, a day at most."""
RegionRow = tuple[Ppm, Ppm, Ppm, Ppm]
Shares = tuple[Ppm, Ppm, Ppm]
"""New, used, damaged; they add up to 1,000,000."""


class FindingRow(NamedTuple):
    """A Finding as a row, to keep 32 of them small."""

    kind: DefectKind
    zone: Zone
    severity: Severity
    confidence_ppm: Ppm
    area_ppm: Ppm
    view: Index
    """Index into `evidence`."""
    source: Index
    """Index into `versions.models`; -1 is the inspector."""
    region_ppm: RegionRow | None
    """Left, top, width, height in ppm of the view."""


class FindingsFile(Message):
    """Stands in for more than 32 findings."""

    sha256: Hex64
    count: Annotated[int, Field(gt=MAX_FINDINGS, le=100_000)]


class DeviceCounter(Message):
    """Which station key, which start of the program, which record of that start."""

    key: KeyId
    boot: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    counter: Annotated[int, Field(ge=1, le=2**53 - 1)]


class Subject(Message):
    """What was inspected, for the how-many-eth time and why."""

    id: UnitId
    sku: Sku
    inspection: Annotated[int, Field(ge=1, le=999)]
    purpose: InspectionPurpose
    identified_by: Literal["rfid", "barcode", "person"]


class ProposalStatement(Message):
    """What the machine proposed, and whether the person saw it before deciding."""

    shown: bool
    grade: Grade
    condition: Condition | None
    disposition: Disposition
    channel: Channel
    rule: Code


class VerdictStatement(Message):
    """What was decided, by whom, by which rule."""

    kind: VerdictKind
    grade: Grade
    condition: Condition | None
    disposition: Disposition
    channel: Channel
    rule: Code
    reasons: Annotated[tuple[Code, ...], Field(max_length=6)]
    exception: ReturnException | None
    override_reason: OverrideReason | None
    role: Literal["inspector", "supervisor", "machine"]


class FileVersion(Message):
    """Name and hash of a policy, model or reference bank."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_./-]{1,32}$")]
    sha256: Hex64


class Versions(Message):
    """Everything that shaped the verdict."""

    program: Annotated[str, Field(pattern=r"^[0-9A-Za-z.+-]{1,16}$")]
    policy: FileVersion
    models: Annotated[tuple[FileVersion, ...], Field(max_length=3)]
    bank: FileVersion | None


class Timings(Message):
    """Milliseconds of each part of the item's way over the bench."""

    identify_ms: Duration
    capture_ms: Duration
    model_ms: Duration
    grade_ms: Duration
    person_ms: Duration
    total_ms: Duration


class ImageQualityStatement(Message):
    """What the quality gate measured, rounded."""

    sharpness: Annotated[int, Field(ge=0, le=99_999)]
    brightness: Annotated[int, Field(ge=0, le=255)]


class EvidenceItem(Message):
    """One encrypted image: the record binds its ciphertext, and its plaintext under a salt."""

    ciphertext_sha256: Hex64
    bytes: Annotated[int, Field(gt=0, le=64 * 1024 * 1024)]
    media_type: Literal["image/jpeg", "image/png"]
    plaintext_commitment: Hex64
    view: View
    captured_at: Utc
    quality: ImageQualityStatement


class ClockState(StrEnum):
    """Whether the device time may be used for deadlines and automatic decisions."""

    GOOD = "good"
    UNCERTAIN = "uncertain"


class Clock(Message):
    """The station's clock when the verdict was given."""

    state: ClockState
    device_time: Utc
    monotonic_ns: Count
    offset_ms: Annotated[int, Field(ge=-(10**12), le=10**12)] | None
    """Last known offset to the centre's clock; None before the first answer."""


class Personal(Message):
    """Salted commitments to what belongs to a person; None where there is nothing to say."""

    inspector: Hex64 | None
    order: Hex64 | None
    customer: Hex64 | None
    note: Hex64 | None
    tag: Hex64 | None


class InspectionRecord(Message):
    """The statement that is signed."""

    v: Literal[1]
    origin: Origin
    merchant: Name
    site: Name
    station: Name
    device: DeviceCounter
    unit: Subject
    findings: Annotated[tuple[FindingRow, ...], Field(max_length=MAX_FINDINGS)]
    findings_file: FindingsFile | None
    machine_ppm: Shares | None
    """Before the person; None where the machine could not grade."""
    final_ppm: Shares | None
    """After the person; None where the unit stays ungraded."""
    proposal: ProposalStatement | None
    verdict: VerdictStatement
    versions: Versions
    timings: Timings
    evidence: Annotated[tuple[EvidenceItem, ...], Field(max_length=MAX_EVIDENCE)]
    clock: Clock
    personal: Personal

    @model_validator(mode="after")
    def _shares_add_up(self) -> Self:
        for shares in (self.machine_ppm, self.final_ppm):
            if shares is not None and sum(shares) != 1_000_000:
                raise ValueError("the shares of the grades do not add up to 1000000 ppm")
        return self

    @model_validator(mode="after")
    def _findings_stand_in_one_place(self) -> Self:
        if self.findings and self.findings_file:
            raise ValueError("findings stand either in the record or in a findings file")
        return self

    @cached_property
    def id(self) -> str:
        """Unique for ever: key, boot and counter."""
        return f"{self.device.key}/{self.device.boot}/{self.device.counter}"

    def to_bytes(self) -> bytes:
        """The canonical bytes: what is signed."""
        return canonical(self.model_dump(mode="json"))


def read_record(content: bytes) -> InspectionRecord:
    """Read canonical bytes; raises BadMessage, or UnknownVersion for a version not in READERS.

    A record has no place for what has no canonical form, so one that writes back to the same bytes is
    canonical by that alone: only for another one is it worth the time to find out what is wrong with it.
    """
    try:
        record = InspectionRecord.model_validate_json(content)
        if writes_to(record.model_dump(mode="json"), content):
            return record
    except ValidationError:
        pass
    return _read_slowly(content)


def _read_slowly(content: bytes) -> InspectionRecord:
    value = parse_canonical(content)
    version = value.get("v")
    reader = READERS.get(version) if isinstance(version, int) else None
    if reader is None:
        raise UnknownVersion(f"record version {version!r}; this program reads {sorted(READERS)}")
    try:
        record = reader.model_validate_json(content)
    except ValidationError as error:
        raise BadMessage(sentence(error)) from error
    if record.to_bytes() != content:
        raise BadMessage("the record reads, but does not write back to the same bytes")
    return record


READERS: dict[int, type[InspectionRecord]] = {1: InspectionRecord}
"""The current version and, once there is one, the previous."""
