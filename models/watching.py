"""Sees what the comparison does not: another product under the tag, a part that is gone, a printed code.

Wraps the pipeline and works on what it has seen, so the backbone runs once. Only the boxes of
marked parts are described again, from the camera's own pixels.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from time import perf_counter

from inspection.detector import Detection, OtherProduct
from inspection.evidence import Evidence
from inspection.findings import Finding
from inspection.readings import Frame
from models.backbone import EMBEDDING, Backbone, Matrix
from models.codes import SeenCode, codes_in
from models.gallery import Gallery, fit_gallery, signature
from models.heads import Sight
from models.images import decode
from models.parts import missing_parts
from models.pipeline import Examined, ReferencePipeline
from models.store import Stamp
from models.working import AT_ONCE

MAX_PRINTED = 8
"""Codes of one unit that are told."""

Galleries = Mapping[str, Gallery]
"""By view."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Known:
    """The galleries of one state of the references."""

    stamps: Mapping[tuple[str, str], Stamp]
    """Of the banks behind them."""
    galleries: Galleries


class WatchfulDetector:
    """Implements `inspection.detector.Detector` around a pipeline.

    One inspection at a time, like the pipeline.
    """

    def __init__(self, pipeline: ReferencePipeline, backbone: Backbone, *, pool: Executor = AT_ONCE) -> None:
        """`pool`: where codes are read while the model sees the same picture."""
        self._pool = pool
        self._pipeline = pipeline
        self._backbone = backbone
        self._known: Known | None = None

    def detect(self, sku: str, evidence: Evidence) -> Detection:
        """What the pipeline says, and what else is seen; raises what the pipeline raises."""
        return self.examine(sku, evidence).detection

    def examine(self, sku: str, evidence: Evidence) -> Examined:
        """As `detect`, with the maps."""
        read: dict[str, Future[tuple[SeenCode, ...]]] = {}

        def passed(frame: Frame) -> None:
            read[frame.view] = self._pool.submit(codes_of, frame.content)

        examined = self._pipeline.examine(sku, evidence, passed=passed)
        began = perf_counter()
        detection = replace(
            examined.detection,
            findings=examined.detection.findings + tuple(self._missing(examined, evidence)),
            lookalikes=tuple(lookalikes(self.galleries(), sku, examined.sights)),
            printed=tuple(printed({view: reading.result() for view, reading in read.items()})),
        )
        total_ms = detection.total_ms + (perf_counter() - began) * 1000.0
        return replace(examined, detection=replace(detection, total_ms=total_ms))

    def galleries(self) -> Galleries:
        """The galleries of all products by view; fitted again when a bank has changed."""
        stamps = self._pipeline.stamps()
        if self._known is None or self._known.stamps != stamps:
            self._known = Known(stamps=stamps, galleries=fit_galleries(self._pipeline.signatures()))
        return self._known.galleries

    def _missing(self, examined: Examined, evidence: Evidence) -> list[Finding]:
        """The parts that are gone, looked for in the camera's own pixels, one view after another."""
        contents = {frame.view: frame.content for frame in evidence.frames}
        parts = {view: bank.parts for view, bank in examined.banks.items() if bank.parts}
        return [
            finding
            for view in (sight.view for sight in examined.sights if sight.view in parts)
            for finding in missing_parts(self._backbone, parts[view], view, decode(contents[view]))
        ]


def fit_galleries(signatures: Mapping[tuple[str, str], Matrix]) -> Galleries:
    """One gallery for each view that shows two products or more, of (SKU, view) -> photos x length."""
    by_view: dict[str, dict[str, Matrix]] = {}
    for (sku, view), rows in signatures.items():
        by_view.setdefault(view, {})[sku] = rows
    fitted = {view: fit_gallery(products) for view, products in by_view.items()}
    return {view: gallery for view, gallery in fitted.items() if gallery is not None}


def lookalikes(galleries: Galleries, sku: str, sights: Sequence[Sight]) -> list[OtherProduct]:
    """The views that clearly resemble another product than `sku`."""
    found = []
    for sight in sights:
        gallery = galleries.get(sight.view)
        row = signature(sight.maps[EMBEDDING], sight.pixels)
        seen = gallery.resemblance(sku, row) if gallery else None
        if seen is not None and seen.differs:
            found.append(OtherProduct(view=sight.view, found=seen.nearest))
    return found


def codes_of(content: bytes) -> tuple[SeenCode, ...]:
    """The codes of a camera's picture that has passed the gate.

    In colour: of 248 pictures the reader misread two by the lightness that OpenCV makes, which takes half
    the time to decode, and none by that which it makes itself.
    """
    return codes_in(decode(content))


def printed(read: Mapping[str, Sequence[SeenCode]]) -> list[OtherProduct]:
    """The GTINs of the codes on the item, by view."""
    seen = [
        OtherProduct(view=view, found=one.code.gtin)
        for view, codes in read.items()
        for one in codes
        if one.code.gtin is not None
    ]
    return seen[:MAX_PRINTED]
