"""The typed defect segmenter: backbone maps and the comparison to Findings (`models.heads.Head`).

A light decoder over the shared backbone; the backbone does not run again. Its file holds the network and,
in its notes, how to read the answer: one hash stands for both.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from inspection.detector import VersionedFile
from inspection.findings import DefectKind as K
from inspection.findings import Finding, Region, Zone
from inspection.severity import severity_of
from models.errors import ModelFailed, ModelRefused
from models.heads import Sight
from models.manifest import ZOO, Manifest, ModelKind, load_model
from models.naming import WHOLE_PPM, kept_ppm
from models.segments import Segment, chances_of, comparison_channels, defect_map, item_cells, segments_of
from models.session import OnnxSession, Tensor

KINDS = (
    K.SCRATCH,
    K.DENT,
    K.CRACK,
    K.CHIP,
    K.STAIN,
    K.SMUDGE,
    K.TEAR,
    K.HOLE,
    K.CREASE,
    K.DEFORMATION,
    K.MISSING_PART,
    K.OPENED_SEAL,
)
"""What it names, in the order of its numbers, after bench and item."""
CLASSES = ("bench", "item", *KINDS)
STRIDE = 4
"""Pixels of the model's picture per cell of its answer."""
READING_KEY = "regrade.reading"
"""Note of the file that holds the `Reading` as JSON."""
WEAKEST_PPM = 50_000
"""Findings less likely than this are not told."""
MAX_FINDINGS = 8
"""Per view; the surest are kept. A record holds 32."""
COMPARISON = "comparison"

Finite = Annotated[float, Field(allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]


class Curve(BaseModel):
    """Loudness of a segment to the chance that it is what it is called, fitted on validation pictures."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    slope: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    offset: Finite
    quiet: Share
    """Chance from which a segment counts where nothing differs: good pictures reached it in at most 1 %."""

    def chance(self, loudness: float) -> float:
        """0..1."""
        return 1 / (1 + math.exp(-(self.slope * logit(loudness) + self.offset)))

    def loudness(self, chance: float) -> float:
        """The loudness that has a chance."""
        return 1 / (1 + math.exp(-(logit(chance) - self.offset) / self.slope))


def logit(chance: float) -> float:
    """Log odds of a chance, kept off 0 and 1."""
    kept = min(max(chance, 1e-4), 1 - 1e-4)
    return math.log(kept / (1 - kept))


class Reading(BaseModel):
    """How the network's answer becomes findings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    compared: Curve
    """For views with references."""
    confirmed: Curve
    """Of these, where the comparison finds a difference too."""
    alone: Curve
    """For views without."""
    areas: Mapping[K, Annotated[float, Field(gt=0, le=10)]]
    """True area over expected area, per kind."""


class Segmenter:
    """Implements `models.heads.Head`."""

    def __init__(self, manifest: Manifest, session: OnnxSession) -> None:
        """Raises ModelRefused when the file is no segmenter of these classes, or says not how to read it."""
        if manifest.kind is not ModelKind.SEGMENTER or manifest.classes != tuple(map(str, CLASSES)):
            raise ModelRefused(f"model {manifest.name} is no segmenter of the classes that are known here")
        self._manifest = manifest
        self._session = session
        self.reading = reading_of(manifest.name, session.notes)

    @property
    def version(self) -> VersionedFile:
        """Name and hash of the model file."""
        return self._manifest.version

    def chances(self, sight: Sight) -> Tensor:
        """Probability of each class per cell: classes x rows x columns at stride 4; raises ModelFailed."""
        maps = [each.name for each in self._manifest.inputs if each.name != COMPARISON]
        fed = {name: self._map(sight, name) for name in maps}
        rows, columns = fed["f8"].shape[2:]
        heat = None if sight.comparison is None else sight.comparison.heat
        if heat is not None and not np.isfinite(heat).all():
            raise ModelFailed("the comparison holds values that are not numbers")
        fed[COMPARISON] = comparison_channels(heat, rows, columns)[None]
        (logits,) = self._session.run_named(fed, ["logits"])
        if logits.shape[1] != len(CLASSES):
            raise ModelFailed(
                f"the segmenter answered {logits.shape[1]} classes, {len(CLASSES)} were published"
            )
        return chances_of(logits[0])

    def anomaly(self, sight: Sight) -> tuple[Tensor, float]:
        """Map of the defect probability at stride 4, and its largest value: the segmenter as a detector."""
        found = defect_map(self.chances(sight))
        return found, float(found.max())

    def find(self, sight: Sight) -> Sequence[Finding]:
        """Findings of one view, weak ones too, the surest first; raises ModelFailed."""
        chances = self.chances(sight)
        item = item_size(sight, chances)
        found = [self._finding(sight, segment, chances, item) for segment in segments_of(chances, KINDS)]
        told = [finding for finding in found if finding.confidence_ppm >= WEAKEST_PPM]
        return sorted(told, key=lambda finding: -finding.confidence_ppm)[:MAX_FINDINGS]

    def quiet_ppm(self, sight: Sight) -> int:
        """Confidence from which a finding counts where nothing differs."""
        return kept_ppm(self.curve(sight).quiet)

    def confirmed_ppm(self, finding: Finding) -> int:
        """Confidence of one of its findings where the comparison finds a difference too."""
        loudness = self.reading.compared.loudness(finding.confidence_ppm / WHOLE_PPM)
        return kept_ppm(self.reading.confirmed.chance(loudness))

    def curve(self, sight: Sight) -> Curve:
        """The fit for views with or without references."""
        return self.reading.alone if sight.comparison is None else self.reading.compared

    def _map(self, sight: Sight, name: str) -> Tensor:
        published = next(each for each in self._manifest.inputs if each.name == name)
        found = sight.maps.get(name)
        if found is None or found.ndim != 3 or found.shape[0] != published.channels:
            shape = "nothing" if found is None else f"shape {found.shape}"
            raise ModelFailed(f"map {name} is {shape}, {published.channels} channels were published")
        if not np.isfinite(found).all():
            raise ModelFailed(f"map {name} holds values that are not numbers")
        return np.ascontiguousarray(found[None], dtype=np.float32)

    def _finding(self, sight: Sight, segment: Segment, chances: Tensor, item: float) -> Finding:
        rows, columns = chances.shape[1:]
        cells = segment.cells * self.reading.areas.get(segment.kind, 1.0)
        chance = self.curve(sight).chance(segment.loudness)
        return Finding(
            kind=segment.kind,
            zone=Zone.ANY,
            severity=severity_of(segment.kind, round(min(1.0, cells / item) * WHOLE_PPM)),
            confidence_ppm=kept_ppm(chance),
            view=sight.view,
            area_ppm=round(min(1.0, cells / (rows * columns)) * WHOLE_PPM),
            source=self.version.name,
            region=region_of(segment, rows, columns),
        )


def item_size(sight: Sight, chances: Tensor) -> float:
    """The item in cells: where it was located, else by the network's own class."""
    if sight.item is None or not sight.item.any():
        return item_cells(chances)
    rows, columns = chances.shape[1:]
    located = cv2.resize(sight.item.astype(np.float32), (columns, rows), interpolation=cv2.INTER_AREA)
    return max(1.0, float(located.sum(dtype=np.float64)))


def region_of(segment: Segment, rows: int, columns: int) -> Region:
    """The segment's box in millionths of the view."""
    return Region(
        left_ppm=segment.left * WHOLE_PPM // columns,
        top_ppm=segment.top * WHOLE_PPM // rows,
        width_ppm=segment.width * WHOLE_PPM // columns,
        height_ppm=segment.height * WHOLE_PPM // rows,
    )


def reading_of(name: str, notes: Mapping[str, str]) -> Reading:
    """The reading in a file's notes; raises ModelRefused without a good one."""
    try:
        return Reading.model_validate_json(notes[READING_KEY])
    except KeyError as error:
        raise ModelRefused(f"model {name} does not say how its answer is read") from error
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"])) or "the whole"
        raise ModelRefused(f"model {name}: reading: {where}: {error.errors()[0]['msg']}") from error


def load_segmenter(folder: Path = ZOO / "defect-segmenter", threads: int = 2) -> Segmenter:
    """The shipped segmenter, or a site's own; raises ModelRefused when it is not what was published."""
    manifest, content = load_model(folder)
    return Segmenter(manifest, OnnxSession(content, input_name="f4", threads=threads))
