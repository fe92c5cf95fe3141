"""The record in full: everything that shaped the verdict, personal fields only as commitments."""

import hashlib
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.item import Item
from edge.vault import Random, SealedImage
from inspection.custody.canonical import canonical
from inspection.custody.sealing import SALT_BYTES, commit
from inspection.custody.signing import Domain, sign
from inspection.detector import VersionedFile, bounded_versions
from inspection.evidence import ImageQuality
from inspection.findings import Finding
from inspection.grades import GradeShares
from inspection.messages.station import Enrolment, InspectorMessage
from inspection.messages.uplink import MAX_RECORD_BYTES, Opening, SignedRecord
from inspection.policy import Policy
from inspection.record import (
    MAX_FINDINGS,
    Clock,
    DeviceCounter,
    EvidenceItem,
    FileVersion,
    FindingRow,
    FindingsFile,
    ImageQualityStatement,
    InspectionRecord,
    Personal,
    ProposalStatement,
    Subject,
    Timings,
    VerdictStatement,
    Versions,
)
from inspection.verdict import Proposal, Verdict

NAME_MAX = 32
LONGEST_MS = 86_400_000
"""An item may lie on the bench over a weekend; a record says a day then."""
SHARPNESS_MAX = 99_999
NO_QUALITY = ImageQuality(sharpness=0.0, brightness=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What all records of one start have in common."""

    enrolment: Enrolment
    key_id: str
    boot: str
    program: str
    policy: FileVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """One item whose verdict stands and whose images are sealed."""

    item: Item
    verdict: Verdict
    person: InspectorMessage
    images: tuple[SealedImage, ...]
    counter: int
    clock: Clock
    total_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A record, its canonical bytes' hash, the wire envelope, and the findings file where one is needed."""

    record: InspectionRecord
    sha256: str
    envelope: SignedRecord
    findings_file: bytes | None


def policy_version(policy: Policy) -> FileVersion:
    """Name and hash of a policy."""
    digest = hashlib.sha256(canonical(policy.to_wire())).hexdigest()
    return FileVersion(name=policy.id[:NAME_MAX], sha256=digest)


def sign_record(key: Ed25519PrivateKey, desk: Desk, ready: Ready, random: Random) -> Signed:
    """Build, bound and sign the record of one item."""
    openings = _openings(ready, random)
    rows = _finding_rows(ready)
    file = canonical([list(row) for row in rows]) if len(rows) > MAX_FINDINGS else None
    record = build_record(desk, ready, rows, openings, file)
    if file is None and len(record.to_bytes()) > MAX_RECORD_BYTES:
        file = canonical([list(row) for row in rows])
        record = build_record(desk, ready, rows, openings, file)
    content = record.to_bytes()
    envelope = SignedRecord(
        device_key=desk.key_id,
        record=content,
        signature=sign(key, Domain.RECORD, content),
        openings=openings,
        image_keys=tuple(image.key for image in ready.images),
    )
    digest = hashlib.sha256(content).hexdigest()
    return Signed(record=record, sha256=digest, envelope=envelope, findings_file=file)


def build_record(
    desk: Desk,
    ready: Ready,
    rows: tuple[FindingRow, ...],
    openings: tuple[Opening, ...],
    file: bytes | None = None,
) -> InspectionRecord:
    """Put the statement together; with a findings file the record holds only its hash and count."""
    item, expected = ready.item, ready.item.expected
    findings_file = None
    if file is not None:
        findings_file = FindingsFile(sha256=hashlib.sha256(file).hexdigest(), count=len(rows))
    return InspectionRecord(
        v=1,
        origin=desk.enrolment.origin,
        merchant=expected.merchant,
        site=desk.enrolment.site,
        station=desk.enrolment.station,
        device=DeviceCounter(key=desk.key_id, boot=desk.boot, counter=ready.counter),
        unit=Subject(
            id=item.unit_id,
            sku=expected.product.sku,
            inspection=expected.inspection,
            purpose=expected.purpose,
            identified_by=item.identified_by,
        ),
        findings=() if file is not None else rows,
        findings_file=findings_file,
        machine_ppm=_shares(item.proposal.grading.shares) if item.proposal else None,
        final_ppm=_shares(ready.verdict.shares),
        proposal=_proposal(item.proposal),
        verdict=verdict_statement(ready.verdict),
        versions=_versions(desk, item),
        timings=_timings(ready),
        evidence=_evidence(ready),
        clock=ready.clock,
        personal=_personal(openings),
    )


def _finding_rows(ready: Ready) -> tuple[FindingRow, ...]:
    item = ready.item
    findings = item.proposal.grading.findings if item.proposal else ()
    views = {image.view: index for index, image in enumerate(ready.images)}
    names = [model.name for model in item.detection.models] if item.detection else []
    return tuple(_finding_row(finding, views, names) for finding in findings)


def _finding_row(finding: Finding, views: dict[str, int], models: list[str]) -> FindingRow:
    region = finding.region
    box = (region.left_ppm, region.top_ppm, region.width_ppm, region.height_ppm) if region else None
    return FindingRow(
        kind=finding.kind,
        zone=finding.zone,
        severity=finding.severity,
        confidence_ppm=finding.confidence_ppm,
        area_ppm=finding.area_ppm,
        view=views.get(finding.view, -1),
        source=_source(finding.source, models),
        region_ppm=box,
    )


def _source(source: str, models: list[str]) -> int:
    """Index of the model that said so; a method that no file is named after ran on the first one."""
    if source in models:
        return models.index(source)
    return -1 if source in ("inspector", "supervisor") or not models else 0


def _shares(shares: GradeShares | None) -> tuple[int, int, int] | None:
    return (shares.new, shares.used, shares.damaged) if shares else None


def _proposal(proposal: Proposal | None) -> ProposalStatement | None:
    if proposal is None:
        return None
    return ProposalStatement(
        shown=True,
        grade=proposal.grading.grade,
        condition=proposal.grading.condition,
        disposition=proposal.decision.disposition,
        channel=proposal.decision.channel,
        rule=proposal.decision.rule.value,
    )


def verdict_statement(verdict: Verdict) -> VerdictStatement:
    """The verdict as a record states it."""
    return VerdictStatement(
        kind=verdict.kind,
        grade=verdict.grade,
        condition=verdict.condition,
        disposition=verdict.disposition,
        channel=verdict.channel,
        rule=verdict.rule.value,
        reasons=verdict.reason_codes,
        exception=verdict.exception,
        override_reason=verdict.override_reason,
        role=verdict.decided_by.value,
    )


def _versions(desk: Desk, item: Item) -> Versions:
    detection = item.detection
    return Versions(
        program=desk.program,
        policy=desk.policy,
        models=tuple(_file(model) for model in bounded_versions(detection.models)) if detection else (),
        bank=_file(detection.bank) if detection and detection.bank else None,
    )


def _file(version: VersionedFile) -> FileVersion:
    return FileVersion(name=version.name[-NAME_MAX:], sha256=version.sha256)


def _timings(ready: Ready) -> Timings:
    spent = ready.item.spent
    return Timings(
        identify_ms=min(LONGEST_MS, spent.identify_ms),
        capture_ms=min(LONGEST_MS, spent.capture_ms),
        model_ms=min(LONGEST_MS, spent.model_ms),
        grade_ms=min(LONGEST_MS, spent.grade_ms),
        person_ms=min(LONGEST_MS, spent.person_ms),
        total_ms=min(LONGEST_MS, ready.total_ms),
    )


def _evidence(ready: Ready) -> tuple[EvidenceItem, ...]:
    detection = ready.item.detection
    quality = detection.quality if detection else {}
    return tuple(_evidence_item(image, quality.get(image.view, NO_QUALITY)) for image in ready.images)


def _evidence_item(image: SealedImage, quality: ImageQuality) -> EvidenceItem:
    return EvidenceItem(
        ciphertext_sha256=image.ciphertext_sha256,
        bytes=image.bytes,
        media_type=image.media_type,
        plaintext_commitment=image.plaintext_commitment,
        view=image.view,
        captured_at=image.captured_at,
        quality=ImageQualityStatement(
            sharpness=min(SHARPNESS_MAX, max(0, round(quality.sharpness))),
            brightness=min(255, max(0, round(quality.brightness))),
        ),
    )


def _openings(ready: Ready, random: Random) -> tuple[Opening, ...]:
    unit, item = ready.item.expected.unit, ready.item
    said: dict[Any, str | None] = {
        "inspector": ready.person.id,
        "order": unit.order,
        "customer": ready.item.expected.customer,
        "tag": item.epc.hex() if item.epc else None,
    }
    return tuple(
        Opening(field=field, salt=random(SALT_BYTES), value=value)
        for field, value in said.items()
        if value is not None
    )


def _personal(openings: tuple[Opening, ...]) -> Personal:
    said: dict[str, str | None] = {opening.field: commit(opening.salt, opening.value) for opening in openings}
    return Personal(**{field: said.get(field) for field in Personal.model_fields})
