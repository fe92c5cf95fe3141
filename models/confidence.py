"""Calibrated shares at run time: from the share of the proposed grade to how often it was right.

One monotone map per category and proposed grade, fitted on confirmed verdicts (`models/training/shares.py`).
The proposed grade gets the mapped share, the other two divide the rest as they did before.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from inspection.detector import VersionedFile
from inspection.grades import Grade, GradeShares
from models.errors import ModelRefused
from models.manifest import ModelKind, Sha256, load_model

WHOLE = 1_000_000
MAX_BYTES = 8 * 1024 * 1024

Ppm = Annotated[int, Field(ge=0, le=WHOLE)]
Number = Annotated[float, Field(allow_inf_nan=False, ge=-1e4, le=1e4)]


class ShareMap(BaseModel):
    """One map: a line on the logit (Platt), or steps joined by lines (isotonic)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    category: str
    proposed: Grade
    items: Annotated[int, Field(ge=1)]
    """Confirmed verdicts that it was fitted on."""
    method: Literal["platt", "isotonic"]
    slope: Annotated[Number, Field(ge=0)] = 1.0
    intercept: Number = 0.0
    knots: Annotated[tuple[tuple[Ppm, Ppm], ...], Field(max_length=4_096)] = ()
    """(share, how often right), both rising."""
    ece_before: Annotated[float, Field(ge=0, le=1)]
    """Expected calibration error on items and days that the map had not seen, without it."""
    ece_after: Annotated[float, Field(ge=0, le=1)]

    @model_validator(mode="after")
    def _rises(self) -> Self:
        places, heights = ([knot[side] for knot in self.knots] for side in (0, 1))
        if places != sorted(set(places)) or heights != sorted(heights):
            raise ValueError("a calibration must rise")
        if self.proposed == Grade.UNGRADED or (self.method == "isotonic") != bool(self.knots):
            raise ValueError("a calibration has a grade, and knots exactly when it is isotonic")
        return self

    def right_ppm(self, share_ppm: int) -> int:
        """How often a proposal of this share was right."""
        if self.method == "isotonic":
            return between(self.knots, share_ppm)
        share = max(1, min(WHOLE - 1, share_ppm)) / WHOLE
        value = self.slope * math.log(share / (1 - share)) + self.intercept
        return round(WHOLE / (1 + math.exp(-max(-60.0, min(60.0, value)))))


class CalibrationFile(BaseModel):
    """What a calibration's file holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1]
    head: Sha256 | None
    """The condition head whose shares it was fitted on; None for those of the fixed map."""
    maps: Annotated[tuple[ShareMap, ...], Field(max_length=256)]
    fitted_days: Annotated[tuple[str, ...], Field(max_length=4_000)]
    fitted_items: Annotated[tuple[str, ...], Field(max_length=200_000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareCalibration:
    """Calibrations ready to be applied."""

    file: CalibrationFile
    version: VersionedFile

    def apply(self, category: str, proposed: Grade, shares: GradeShares) -> GradeShares | None:
        """The calibrated shares; None where there is no map of this category and grade."""
        for one in self.file.maps:
            if (one.category, one.proposed) == (category, proposed):
                return rescaled(shares, proposed, one.right_ppm(shares.of(proposed)))
        return None


def between(knots: Sequence[tuple[int, int]], share_ppm: int) -> int:
    """The height over a place: a line between two knots, level beyond the ends."""
    at = bisect_right(knots, share_ppm, key=lambda knot: knot[0])
    if at == 0:
        return knots[0][1]
    if at == len(knots):
        return knots[-1][1]
    (left, low), (right, high) = knots[at - 1], knots[at]
    return low + (high - low) * (share_ppm - left) // (right - left)


def rescaled(shares: GradeShares, proposed: Grade, right_ppm: int) -> GradeShares:
    """The shares with another one for the proposed grade; the others keep their proportion."""
    rest, before = WHOLE - right_ppm, WHOLE - shares.of(proposed)
    others = [grade for grade in (Grade.NEW, Grade.USED, Grade.DAMAGED) if grade != proposed]
    first = rest // 2 if before == 0 else rest * shares.of(others[0]) // before
    values = {proposed: right_ppm, others[0]: first, others[1]: rest - first}
    return GradeShares(new=values[Grade.NEW], used=values[Grade.USED], damaged=values[Grade.DAMAGED])


def load_calibration(folder: Path) -> ShareCalibration:
    """Read a calibration's folder; raises ModelRefused when it is not what was published."""
    manifest, content = load_model(folder)
    if manifest.kind is not ModelKind.CALIBRATION or len(content) > MAX_BYTES:
        raise ModelRefused(f"model {folder} is no calibration")
    try:
        file = CalibrationFile.model_validate_json(content)
    except ValidationError as error:
        raise ModelRefused(f"model {folder}: {error.errors()[0]['msg']}") from error
    return ShareCalibration(file=file, version=manifest.version)
