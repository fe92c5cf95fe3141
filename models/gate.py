"""One frame through the quality gate: either pixels that may be compared, or the reason why not."""

from dataclasses import dataclass, replace

from inspection.evidence import ImageFault, ImageQuality
from inspection.readings import Frame
from models.bankfile import ViewBank
from models.errors import BadImage
from models.framing import Size, fit_to, see
from models.images import Pixels
from models.quality import against_baseline, measure, shows_nothing


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """One frame after the gate."""

    view: str
    quality: ImageQuality
    pixels: Pixels | None
    """None when the frame must be taken again."""


def look(frame: Frame, bank: ViewBank | None, bench: bytes | None) -> Seen:
    """Decode and measure a frame at the size of the view's bank, if there is one."""
    size = Size(height=bank.header.height, width=bank.header.width) if bank else None
    try:
        pixels = see(frame.content, size)
    except BadImage as bad:
        return refused(frame.view, bad.fault)
    quality = measure(pixels)
    if bench is not None and _is_bench(pixels, bench):
        # an empty bench looks blurred beside an item: the reason that helps comes first, and alone
        quality = replace(quality, faults=(ImageFault.EMPTY_BENCH,))
    elif bank:
        quality = against_baseline(quality, bank.baseline)
    return Seen(view=frame.view, quality=quality, pixels=None if quality.faults else pixels)


def refused(view: str, fault: ImageFault) -> Seen:
    """A frame of which nothing could be measured."""
    return Seen(view=view, quality=ImageQuality(sharpness=0.0, brightness=0.0, faults=(fault,)), pixels=None)


def _is_bench(pixels: Pixels, bench: bytes) -> bool:
    size = Size(height=pixels.shape[0], width=pixels.shape[1])
    try:
        return shows_nothing(pixels, fit_to(see(bench), size))
    except BadImage:
        return False  # a broken picture of the bench must not stop the grading
