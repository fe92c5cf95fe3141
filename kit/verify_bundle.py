"""`regrade verify bundle`: is everything in a bundle of evidence proven, signed and untouched?

Each entry must stand in the log by its proof, and be signed by the station whose key is among the entries;
each opened field and each photo must be what the record commits to; an instruction must fit its verdict.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256

from inspection.custody.canonical import canonical
from inspection.custody.leaf import EntryType, Leaf
from inspection.custody.policy import Accepted, TrustPolicy, read_policy
from inspection.custody.proof import check_proof, read_proof
from inspection.custody.sealing import opens
from inspection.custody.signing import key_id
from inspection.errors import BadMessage, DomainError, QuorumMissing, WrongLog
from inspection.errors import BadProof as ProofFails
from inspection.messages.entries import InstructionEntry
from inspection.record import EvidenceItem, InspectionRecord
from kit.archive import Archive
from kit.bundle import Bundle, OpenedField, OpenedImage, ProvenEntry, read_bundle
from kit.content import Content
from kit.errors import NotABundle, Unreadable
from kit.export import line_of
from kit.remarks import CLOCK_SLACK_S
from kit.verify import MAX_PROBLEMS, Doubt, Report
from kit.walk import Problem, Rule

BUNDLE = "bundle.json"
FREE = frozenset({BUNDLE, "policy", "report.pdf", "verify.html", "regrade_verify.py"})
"""Parts of a pack that no entry covers: pages repeat what is proven, and prove nothing themselves."""
RULES: tuple[tuple[type[DomainError], Rule], ...] = (
    (QuorumMissing, Rule.QUORUM_MISSING),
    (WrongLog, Rule.OTHER_LOG),
    (ProofFails, Rule.BAD_PROOF),
    (BadMessage, Rule.BAD_PROOF),
    (DomainError, Rule.CHECKPOINT_SIGNATURE),
)
"""Which rule failed, by the error that says so; the first that fits."""


@dataclass(slots=True, kw_only=True)
class Proven:
    """Entries that are proven one by one, and what they say."""

    policy: TrustPolicy
    origin: str
    content: Content
    accepted: list[Accepted] = field(default_factory=list)
    _ids: set[str] = field(default_factory=set)

    @classmethod
    def begin(cls, policy: TrustPolicy, origin: str) -> "Proven":
        """Nothing is proven yet."""
        return cls(policy=policy, origin=origin, content=Content(origin=origin, records={}))

    def take(self, index: int, leaf: bytes, proof: bytes) -> Iterator[Problem]:
        """Check one entry; yields what is wrong with it."""
        try:
            read = read_proof(proof)
            accepted = check_proof(read, leaf, self.policy)
        except DomainError as error:
            rule = next(rule for kind, rule in RULES if isinstance(error, kind))
            yield Problem(rule=rule, index=index, detail=str(error))
            return
        self.accepted.append(accepted)
        yield from self._places(index, read.index, accepted)
        yield from self._says(index, leaf, accepted)

    def _places(self, index: int, proven: int, accepted: Accepted) -> Iterator[Problem]:
        if proven != index:
            yield Problem(rule=Rule.MISNUMBERED, index=index, detail=f"its proof is for entry {proven}")
        origin = accepted.checkpoint.origin
        if origin != self.origin:
            yield Problem(rule=Rule.OTHER_LOG, index=index, detail=f"it is proven in log {origin!r}")

    def _says(self, index: int, leaf: bytes, accepted: Accepted) -> Iterator[Problem]:
        line = line_of(leaf)
        if line.leaf is None:
            yield Problem(rule=Rule.UNREADABLE, index=index, detail=line.fault or "only its hash is here")
            return
        if line.leaf.seq != index:
            detail = f"it says index {line.leaf.seq}, its place is {index}"
            yield Problem(rule=Rule.MISNUMBERED, index=index, detail=detail)
        if line.leaf.id in self._ids:
            yield Problem(rule=Rule.DUPLICATE_ID, index=index, detail=f"{line.leaf.id} stands twice")
        self._ids.add(line.leaf.id)
        yield from (replace(each, line=None) for each in self.content.check(index, line))
        latest = max(self.content.times)
        for seen in accepted.cosigned:
            if latest > seen.at_s + CLOCK_SLACK_S:
                detail = f"witness {seen.name} saw it {latest - seen.at_s:.0f} s before it was recorded"
                yield Problem(rule=Rule.BACKDATED, index=index, detail=detail)

    def report(self, problems: list[Problem], doubts: Iterator[Doubt]) -> Report:
        """What was found, in the words of every verification."""
        last = self.accepted[-1] if self.accepted else None
        logs = [log.key.public_key for log in self.policy.logs]
        key = last.log.public_key if last else (logs[0] if logs else b"")
        return Report(
            origin=self.origin,
            size=last.checkpoint.size if last else 0,
            log_key=key_id(key),
            receipt_index=None,
            counts=self.content.counted(),
            problems=tuple(problems[:MAX_PROBLEMS]),
            doubts=tuple(doubts),
            cosigned=last.cosigned if last else (),
            fork_detectable=self.witnessed,
        )

    @property
    def witnessed(self) -> bool:
        """True when every entry's checkpoint was seen by enough witnesses."""
        return bool(self.accepted) and all(each.witnessed for each in self.accepted)


def verify_bundle(content: bytes, photos: Mapping[str, bytes], policy: TrustPolicy | None) -> Report:
    """Check a bundle with the photos beside it, by file name; raises NotABundle.

    None for the policy takes the bundle's own, which shows only that the bundle fits itself.
    """
    bundle = read_bundle(content)
    proven = Proven.begin(policy or _own_policy(bundle), bundle.origin)
    problems = list(_entries(bundle, proven))
    records = proven.content.records or {}
    problems += _signers(proven, records)
    for opening in bundle.openings:
        problems += _opening(opening, records)
    for image in bundle.images:
        problems += _image(image, records, photos)
    return proven.report(problems, _doubts(bundle, proven, records, policy is None))


def verify_pack(archive: Archive, policy: TrustPolicy | None) -> Report:
    """Check the pack that a bundle lies in, and that nothing unproven lies beside it; raises NotABundle."""
    if BUNDLE not in archive.names:
        raise NotABundle(f"there is no {BUNDLE} in it")
    try:
        content = archive.read(BUNDLE)
        bundle = read_bundle(content)
        wanted = {image.file for image in bundle.images} & archive.names
        report = verify_bundle(content, {name: archive.read(name) for name in wanted}, policy)
        beside = list(_beside(archive, bundle))
    except (Unreadable, OSError) as error:
        raise NotABundle(str(error)) from error
    return replace(report, problems=(*report.problems, *beside)[:MAX_PROBLEMS])


def _own_policy(bundle: Bundle) -> TrustPolicy:
    try:
        return read_policy(bundle.policy.encode())
    except DomainError as error:
        raise NotABundle(f"the bundle's own policy: {error}") from error


def _entries(bundle: Bundle, proven: Proven) -> Iterator[Problem]:
    before = -1
    for entry in bundle.entries:
        if entry.index <= before:
            detail = f"it stands behind entry {before}"
            yield Problem(rule=Rule.SWAPPED, index=entry.index, detail=detail)
        before = entry.index
        yield from proven.take(entry.index, entry.leaf, entry.proof.encode())
        yield from _belongs(entry, bundle, proven)


def _belongs(entry: ProvenEntry, bundle: Bundle, proven: Proven) -> Iterator[Problem]:
    """What an entry says of the unit must be of this unit, and follow from what a station said."""
    leaf, records = line_of(entry.leaf).leaf, proven.content.records or {}
    if leaf is None:
        return
    if leaf.type == EntryType.VERDICT:
        record = records.get(leaf.id.removeprefix("verdict:"))
        if record and (record.merchant, record.unit.id) != (bundle.merchant, bundle.unit):
            yield Problem(rule=Rule.CONTRADICTION, index=entry.index, detail="it is of another unit")
    if leaf.type == EntryType.REFUND_INSTRUCTION and not _follows(leaf, records):
        yield Problem(rule=Rule.CONTRADICTION, index=entry.index, detail="it follows from no verdict here")


def _follows(leaf: Leaf, records: Mapping[str, InspectionRecord]) -> bool:
    try:
        told = InstructionEntry.read(canonical(leaf.body))
    except BadMessage:
        return True  # that is another rule's business
    return any(instruction_fits(told, record) for record in records.values())


def instruction_fits(told: InstructionEntry, record: InspectionRecord) -> bool:
    """True when all that an instruction says of a unit stands in this record."""
    verdict = record.verdict
    shown = {image.ciphertext_sha256 for image in record.evidence}
    pairs = (
        (told.merchant, record.merchant),
        (told.site, record.site),
        (told.unit, record.unit.id),
        (told.grade, verdict.grade),
        (told.disposition, verdict.disposition),
        (told.exception, verdict.exception),
        (told.order_commitment, record.personal.order),
    )
    return all(said == proven for said, proven in pairs) and set(told.images) <= shown


def _signers(proven: Proven, records: Mapping[str, InspectionRecord]) -> Iterator[Problem]:
    if not records:
        yield Problem(rule=Rule.BAD_RECORD, detail="no verdict in it can be read")
    if proven.content.counts["unchecked"]:
        detail = "a verdict is here without the entry that adds its station's key"
        yield Problem(rule=Rule.DEVICE_KEY, detail=detail)


def _opening(opening: OpenedField, records: Mapping[str, InspectionRecord]) -> Iterator[Problem]:
    record = records.get(opening.record)
    committed = getattr(record.personal, opening.field) if record else None
    if committed is None or not opens(committed, opening.salt, opening.value):
        detail = f"{opening.field} of record {opening.record} is another value"
        yield Problem(rule=Rule.OPENING, detail=detail)


def _image(
    image: OpenedImage, records: Mapping[str, InspectionRecord], photos: Mapping[str, bytes]
) -> Iterator[Problem]:
    record, content = records.get(image.record), photos.get(image.file)
    item = _evidence(image, record) if record else None
    if content is None:
        yield Problem(rule=Rule.PHOTO, detail=f"{image.file} is not there")
    elif item is None:
        yield Problem(rule=Rule.PHOTO, detail=f"{image.file} is of no image that its record names")
    elif sha256(content).hexdigest() != image.sha256:
        yield Problem(rule=Rule.PHOTO, detail=f"{image.file} is not the photo that was taken")
    elif not opens(item.plaintext_commitment, image.salt, image.sha256):
        yield Problem(rule=Rule.PHOTO, detail=f"{image.file} is not the one that its record commits to")


def _evidence(image: OpenedImage, record: InspectionRecord) -> EvidenceItem | None:
    named = (image.ciphertext_sha256, image.view, image.media_type)
    for item in record.evidence:
        if (item.ciphertext_sha256, item.view, item.media_type) == named:
            return item
    return None


def _beside(archive: Archive, bundle: Bundle) -> Iterator[Problem]:
    copies = {f"leaves/{entry.index}.json": entry.leaf for entry in bundle.entries}
    copies |= {f"proofs/{entry.index}.tlog-proof": entry.proof.encode() for entry in bundle.entries}
    for name, content in copies.items():
        if name not in archive.names or archive.read(name) != content:
            yield Problem(rule=Rule.TILE, detail=f"{name} is missing, or not what the bundle says")
    for name in sorted(archive.names - FREE - copies.keys() - {image.file for image in bundle.images}):
        yield Problem(rule=Rule.STRAY, detail=f"{name} belongs to no entry")


def _doubts(
    bundle: Bundle, proven: Proven, records: Mapping[str, InspectionRecord], own: bool
) -> Iterator[Doubt]:
    if own:
        yield Doubt.OWN_KEY
    if not proven.witnessed:
        yield from (Doubt.REWRITTEN, Doubt.FORKED)
    yield Doubt.CUT
    committed = [value for record in records.values() for value in vars(record.personal).values() if value]
    images = [item for record in records.values() for item in record.evidence]
    if len(bundle.openings) < len(committed) or len(bundle.images) < len(images):
        yield Doubt.RETAINED
    yield from (Doubt.OMITTED, Doubt.FALSE_INPUT)
