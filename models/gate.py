"""One frame through the quality gate: either pixels that may be compared, or the reason why not."""

from dataclasses import dataclass, replace

from inspection.evidence import ImageFault, ImageQuality
from inspection.readings import Frame
from models.bankfile import ViewBank
from models.bench.calibration import BenchCalibration
from models.bench.drift import light_changed
from models.bench.locating import Mask, difference, item_of
from models.errors import BadImage
from models.framing import Size, fit_to, see
from models.images import Pixels
from models.looks import Shown, show
from models.quality import against_baseline, measure, moved, shows_nothing, with_faults


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """One frame after the gate."""

    view: str
    quality: ImageQuality
    shown: Shown | None
    """None when the frame must be taken again."""
    item: Mask | None = None
    """Where the item lies in the whole picture; None on a bench without calibration, or where nothing is."""
    mm_per_pixel: float | None = None
    """Scale of the whole picture in the plane of the light card; None where the bench is not calibrated."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Beside:
    """What the calibrated bench says of a frame."""

    item: Mask | None
    light_changed: bool


def look(
    frame: Frame,
    bank: ViewBank | None,
    bench: bytes | None,
    *,
    calibration: BenchCalibration | None = None,
    before: Frame | None = None,
) -> Seen:
    """Decode and measure a frame at the sizes of the view's bank, if there is one.

    `bench`: picture of the empty bench where it is not calibrated. `before`: an earlier frame of the same
    view; then the gate also sees whether something moved.
    """
    try:
        shown = _shown(frame.content, bank)
    except BadImage as bad:
        return refused(frame.view, bad.fault)
    pixels = shown.whole
    beside = _beside(pixels, calibration) if calibration else None
    is_bench = beside.item is None if beside else _is_bench(pixels, bench)
    quality = _measured(pixels, bank, beside, is_bench)
    if before is not None and not is_bench and _moved(pixels, before):
        quality = with_faults(quality, ImageFault.MOVED)
    return Seen(
        view=frame.view,
        quality=quality,
        shown=None if quality.faults else shown,
        item=beside.item if beside else None,
        mm_per_pixel=calibration.mm_per_pixel_at(_size(pixels)) if calibration else None,
    )


def _shown(content: bytes, bank: ViewBank | None) -> Shown:
    if bank is not None:
        return show(content, bank.header.sizes)
    whole = see(content)
    return Shown(whole=whole, finer=whole)


def refused(view: str, fault: ImageFault) -> Seen:
    """A frame of which nothing could be measured."""
    return Seen(view=view, quality=ImageQuality(sharpness=0.0, brightness=0.0, faults=(fault,)), shown=None)


def measured_item(pixels: Pixels, calibration: BenchCalibration | None) -> Mask | None:
    """The item of a reference photo, by which its baseline is measured."""
    beside = _beside(pixels, calibration) if calibration else None
    return beside.item if beside else None


def _beside(pixels: Pixels, calibration: BenchCalibration) -> Beside | None:
    """Compare with the calibrated bench; None where the frame shows too little of it to say anything."""
    found = difference(pixels, calibration.empty_at(_size(pixels)))
    if not found.light.tells:
        return None
    return Beside(item=item_of(pixels, found), light_changed=light_changed(found.light))


def _measured(pixels: Pixels, bank: ViewBank | None, beside: Beside | None, is_bench: bool) -> ImageQuality:
    if is_bench:
        # an empty bench looks blurred beside an item: the reason that helps comes first, and alone
        return replace(measure(pixels), faults=(ImageFault.EMPTY_BENCH,))
    by_item = bank is None or bank.baseline.of_item
    quality = measure(pixels, beside.item if beside and by_item else None)
    if bank and (beside is not None or not bank.baseline.of_item):
        quality = against_baseline(quality, bank.baseline)
    changed = beside is not None and beside.light_changed
    return with_faults(quality, ImageFault.LIGHT_CHANGED) if changed else quality


def _moved(pixels: Pixels, before: Frame) -> bool:
    try:
        return moved(pixels, fit_to(see(before.content), _size(pixels)))
    except BadImage:
        return False  # the frame before is not the one that is graded


def _is_bench(pixels: Pixels, bench: bytes | None) -> bool:
    try:
        return bench is not None and shows_nothing(pixels, fit_to(see(bench), _size(pixels)))
    except BadImage:
        return False  # a broken picture of the bench must not stop the grading


def _size(pixels: Pixels) -> Size:
    return Size(height=pixels.shape[0], width=pixels.shape[1])
