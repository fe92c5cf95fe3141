"""Where calibrations lie: beside the references, one file per view of the bench, for all merchants.

    <references>/.bench/<view>.rgbench      the calibration
    <references>/.bench/<view>.accepted     a drift that a supervisor took as it is

    8 bytes   magic "RGBENCH\\x01": the last byte is the format version
    4 bytes   length of the header, big-endian
    header    JSON: view, camera, time, size, card, sharpness, hash of the pictures
    picture   the empty bench as the camera sent it
    32 bytes  SHA-256 of everything before

Files appear whole: they are written beside and renamed.
"""

import hashlib
import os
from datetime import datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from models.bench.calibration import BenchCalibration
from models.bench.places import ACCEPTED, ENDING, FOLDER, calibrated_views
from models.bench.reading import CardReading
from models.errors import BadName, CalibrationRefused
from models.images import MAX_BYTES
from models.manifest import Sha256

MAGIC = b"RGBENCH\x01"
MAX_HEADER_BYTES = 16 * 1024
MAX_FILE_BYTES = MAX_BYTES + MAX_HEADER_BYTES + 64
HASH_BYTES = 32
MAX_NAME = 128

Stamp = tuple[int, int, int]


class Header(BaseModel):
    """What a calibration's file says before the picture."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    view: str
    camera: str
    taken_at: AwareDatetime
    height: Annotated[int, Field(ge=32, le=20_000)]
    width: Annotated[int, Field(ge=32, le=20_000)]
    card: CardReading
    sharpness: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    sha256: Sha256


class Acceptance(BaseModel):
    """Somebody took a drift as it is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    calibration: Sha256
    """SHA-256 of the calibration that it was measured against."""
    at: AwareDatetime
    by: Annotated[str, Field(min_length=1, max_length=64)]

    def holds(self, calibration: BenchCalibration, at: datetime, hours: float) -> bool:
        """Whether it still stands for this calibration."""
        age_s = (at - self.at).total_seconds()
        return self.calibration == calibration.sha256 and 0 <= age_s < hours * 3600.0


class BenchShelf:
    """The calibrations of one station. One process writes; any number may read."""

    def __init__(self, references: Path) -> None:
        """`references` is the folder of all references and need not exist yet."""
        self._references, self._folder = references, references / FOLDER
        self._known: dict[str, tuple[Stamp, BenchCalibration]] = {}

    def views(self) -> list[str]:
        """Every calibrated view, sorted."""
        return calibrated_views(self._references)

    def read(self, view: str) -> BenchCalibration | None:
        """The calibration of a view, None where there is none; raises CalibrationRefused."""
        path = self._path(view, ENDING)
        try:
            status = path.stat()
        except FileNotFoundError:
            self._known.pop(view, None)
            return None
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        known = self._known.get(view)
        if known is None or known[0] != stamp:
            self._known[view] = known = (stamp, _loaded(path, view))
        return known[1]

    def write(self, calibration: BenchCalibration) -> None:
        """Put a calibration in place of the old one; a drift that was accepted before stands no more."""
        self._put(self._path(calibration.view, ENDING), as_bytes(calibration))

    def accept(self, calibration: BenchCalibration, *, at: datetime, by: str) -> None:
        """Take the drift from a calibration as it is; raises BadName for a name that cannot be kept."""
        try:
            said = Acceptance(calibration=calibration.sha256, at=at, by=by)
        except ValidationError as error:
            raise BadName(f"{by[:40]!r} is no name: 1 to 64 characters") from error
        self._put(self._path(calibration.view, ACCEPTED), said.model_dump_json().encode())

    def acceptance(self, view: str) -> Acceptance | None:
        """Who took a drift last; None where nobody did, or the note cannot be read."""
        try:
            return Acceptance.model_validate_json(self._path(view, ACCEPTED).read_bytes())
        except (OSError, ValidationError):
            return None  # an acceptance that cannot be read is none: the lock stays

    def _path(self, view: str, ending: str) -> Path:
        name = quote(view, safe="")
        if not view.strip() or len(name) > MAX_NAME or not view.isprintable() or name.startswith("."):
            raise BadName(f"{view[:40]!r} cannot name a view")
        return self._folder / f"{name}{ending}"

    def _put(self, path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.{os.getpid()}.new")
        with beside.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)


def as_bytes(calibration: BenchCalibration) -> bytes:
    """The bytes of the file; the same calibration gives the same bytes."""
    header = Header.model_validate({name: getattr(calibration, name) for name in Header.model_fields})
    text = header.model_dump_json().encode()
    body = MAGIC + len(text).to_bytes(4, "big") + text + calibration.empty
    return body + hashlib.sha256(body).digest()


def from_bytes(content: bytes) -> BenchCalibration:
    """Parse and check a calibration's file; raises CalibrationRefused."""
    if not content.startswith(MAGIC):
        raise CalibrationRefused("the file is no calibration of this version: calibrate the bench again")
    body, stored = content[:-HASH_BYTES], content[-HASH_BYTES:]
    if hashlib.sha256(body).digest() != stored:
        raise CalibrationRefused("the bench's calibration is cut short or altered: calibrate the bench again")
    start = len(MAGIC) + 4
    length = int.from_bytes(body[len(MAGIC) : start], "big")
    if length > MAX_HEADER_BYTES:
        raise CalibrationRefused(
            "the header of the bench's calibration is too long: calibrate the bench again"
        )
    try:
        header = Header.model_validate_json(body[start : start + length])
    except ValidationError as error:
        reason = error.errors()[0]["msg"]
        raise CalibrationRefused(f"the bench's calibration: {reason}: calibrate the bench again") from error
    return BenchCalibration(
        **{name: getattr(header, name) for name in Header.model_fields},
        empty=body[start + length :],
    )


def _loaded(path: Path, view: str) -> BenchCalibration:
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise CalibrationRefused(f"the calibration {path.name} cannot be read: {error.strerror}") from error
    if len(content) > MAX_FILE_BYTES:
        raise CalibrationRefused(f"the calibration {path.name} is too large: calibrate the bench again")
    found = from_bytes(content)
    if found.view != view:
        raise CalibrationRefused(
            f"the calibration is of the view {found.view!r}, not {view!r}: calibrate again"
        )
    return found
