"""Compare pictures of the bench with its calibration; runs in the worker thread."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from edge.bench import Hold
from inspection.evidence import BenchDrift
from inspection.journey import HoldReason
from inspection.readings import Frame
from models.errors import BadImage, ModelError

if TYPE_CHECKING:
    from models.bench.calibration import BenchCalibration

ACCEPTED_HOURS = 12.0
"""A shift: so long a supervisor's word stands for a drift."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewLight:
    """One calibrated view as it was last checked."""

    view: str
    calibrated_at: datetime
    mm_per_pixel: float
    brightness: float
    """Gain against the calibration."""
    drifts: tuple[BenchDrift, ...]
    accepted_by: str | None
    """Who took the drift as it is; None where nobody did, or there is none."""


LightAnswer = tuple[ViewLight, ...] | Hold


def check_light(references: Path, frames: Sequence[Frame], at: datetime) -> LightAnswer:
    """Every view beside its calibration; a hold names what cannot be taken as it is."""
    # imported here: OpenCV takes longer to load than all the rest of the station
    from models.bench.shelf import BenchShelf

    shelf = BenchShelf(references)
    checked: list[ViewLight] = []
    for frame in frames:
        try:
            calibration = shelf.read(frame.view)
            if calibration is None:
                continue  # taken away meanwhile
            said = shelf.acceptance(frame.view)
            stands = said is not None and said.holds(calibration, at, ACCEPTED_HOURS)
            checked.append(_beside(calibration, frame, said.by if said and stands else None))
        except BadImage as error:
            return Hold(reason=HoldReason.BENCH_COVERED, detail=f"{frame.view}:{error.fault.value}")
        except ModelError as error:
            return Hold(reason=HoldReason.BENCH_COVERED, detail=f"{frame.view}:{error.code}")
    return _hold(checked) or tuple(checked)


def _beside(calibration: "BenchCalibration", frame: Frame, accepted_by: str | None) -> ViewLight:
    from models.bench.drift import measure_drift

    drift = measure_drift(calibration, frame.content)
    return ViewLight(
        view=frame.view,
        calibrated_at=calibration.taken_at,
        mm_per_pixel=calibration.mm_per_pixel,
        brightness=drift.brightness,
        drifts=drift.found,
        accepted_by=accepted_by if drift.found else None,
    )


def _hold(checked: Sequence[ViewLight]) -> Hold | None:
    """What stops the bench; nobody can accept a bench that was not seen."""
    unseen = [f"{one.view}:{kind}" for one in checked for kind in one.drifts if kind == BenchDrift.NOT_SEEN]
    if unseen:
        return Hold(reason=HoldReason.BENCH_COVERED, detail=" ".join(unseen))
    found = [f"{one.view}:{kind}" for one in checked if one.accepted_by is None for kind in one.drifts]
    return Hold(reason=HoldReason.LIGHT_DRIFT, detail=" ".join(found)) if found else None
