"""What can be said of a submission from its own bytes and the station's key: pure, and done in parallel."""

from collections.abc import Sequence
from dataclasses import dataclass

from inspection.custody.receipt import submission_sha256
from inspection.custody.sealing import opens
from inspection.custody.signing import Domain, verify
from inspection.errors import BadMessage, BadSignature, UnknownVersion
from inspection.messages.uplink import Opening, RefusalReason, SignedRecord
from inspection.record import InspectionRecord, read_record
from server.ingest.schemas import Submission, Unreadable, record_sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why a record is refused."""

    reason: RefusalReason
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StationKey:
    """A station's key as the centre knows it."""

    key: str
    station: str
    public_key: bytes
    closed: bool
    """The station was enrolled again: this key begins no new start."""
    revoked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A submission and what its bytes said."""

    submission: str
    """SHA-256 over all that was sent, and by whom: what a replay is recognised and a refusal bound by."""
    sha256: str
    signed: SignedRecord | None
    record: InspectionRecord | None
    fault: Fault | None


def check(submission: Submission, keys: dict[str, StationKey], station: str) -> Checked:
    """Check key, signature, form and openings, in this order; never raises. `station` is who sends it."""
    if isinstance(submission, Unreadable):
        return _unreadable(submission, station)
    record, fault = _read(submission, keys.get(submission.device_key))
    return Checked(
        submission=submission.submission_sha256(station),
        sha256=record_sha256(submission.record),
        signed=submission,
        record=record,
        fault=fault,
    )


def _unreadable(submission: Unreadable, station: str) -> Checked:
    return Checked(
        submission=submission_sha256(station, submission.content),
        sha256=record_sha256(submission.record),
        signed=None,
        record=None,
        fault=Fault(reason=RefusalReason.BAD_MESSAGE, detail=submission.detail),
    )


def _read(signed: SignedRecord, key: StationKey | None) -> tuple[InspectionRecord | None, Fault | None]:
    if key is None:
        detail = f"key {signed.device_key} is not enrolled here; enrol the station"
        return None, Fault(reason=RefusalReason.UNKNOWN_KEY, detail=detail)
    try:
        verify(key.public_key, Domain.RECORD, signed.record, signed.signature)
        record = read_record(signed.record)
    except BadSignature as error:
        return None, Fault(reason=RefusalReason.BAD_SIGNATURE, detail=str(error))
    except UnknownVersion as error:
        return None, Fault(reason=RefusalReason.UPGRADE, detail=str(error))
    except BadMessage as error:
        return None, Fault(reason=RefusalReason.BAD_MESSAGE, detail=str(error))
    return record, _misfit(signed, record)


def _misfit(signed: SignedRecord, record: InspectionRecord) -> Fault | None:
    """What travels beside a record must belong to it."""
    if record.device.key != signed.device_key:
        return Fault(reason=RefusalReason.OTHER_STATION, detail="the record names another key than signed it")
    field = misopened(record, signed.openings)
    if field is not None:
        detail = f"the opening of {field} does not fit its commitment"
        return Fault(reason=RefusalReason.BAD_MESSAGE, detail=detail)
    return None


def misopened(record: InspectionRecord, openings: Sequence[Opening]) -> str | None:
    """The first field whose opening does not fit the record's commitment; None where all do."""
    for opening in openings:
        commitment = getattr(record.personal, opening.field)
        if commitment is None or not opens(commitment, opening.salt, opening.value):
            return opening.field
    return None
