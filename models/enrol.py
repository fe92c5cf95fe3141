"""Good photos in, a bank out: how a SKU becomes known."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from models.backbone import Backbone, Patches
from models.bankfile import BankHeader, arrays_of, write_bank
from models.bench.calibration import BenchCalibration
from models.calibration import MIN_SHOTS
from models.errors import BadImage
from models.framing import Size, see
from models.gate import measured_item
from models.images import Pixels
from models.quality import Baseline, baseline_of, measure
from models.reference import Bank, fit
from models.store import Photo, ReferenceStore

Progress = Callable[[int, int], None]
"""Called with (done, total)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """What adding photos did."""

    added: int
    already_known: int
    """Photos whose bytes were there before; a photo counts once."""
    shots: int
    """Photos of the view now."""
    bank_sha256: str | None
    """None while the view has fewer than MIN_SHOTS photos: nothing is compared then."""


def enrol(
    store: ReferenceStore,
    backbone: Backbone,
    *,
    sku: str,
    view: str,
    photos: Sequence[bytes],
    progress: Progress = lambda done, total: None,
) -> Enrolment:
    """Add good photos to a view and build its bank again.

    Raises BadImage when a photo cannot be used (before any is stored), TooManyReferences, BadName.
    """
    known = {photo.sha256 for photo in store.photos(sku, view)}
    fresh = {hashlib.sha256(content).hexdigest(): content for content in photos}
    fresh = {key: content for key, content in fresh.items() if key not in known}
    for number, content in enumerate(fresh.values(), start=1):
        check_photo(content)
        progress(number, 2 * len(fresh))
    for content in fresh.values():
        store.add_photo(sku, view, content)
    sha256 = build_bank(
        store, backbone, sku=sku, view=view, progress=lambda done, total: progress(total + done, 2 * total)
    )
    return Enrolment(
        added=len(fresh),
        already_known=len(photos) - len(fresh),
        shots=store.count(sku, view),
        bank_sha256=sha256,
    )


def check_photo(content: bytes) -> None:
    """Raise BadImage for a photo that the gate would send back."""
    quality = measure(see(content))
    if quality.faults:
        fault = quality.faults[0]
        raise BadImage(fault, f"the photo is {fault.value.replace('_', ' ')}")


def build_bank(
    store: ReferenceStore,
    backbone: Backbone,
    *,
    sku: str,
    view: str,
    progress: Progress = lambda done, total: None,
) -> str | None:
    """Make a view's bank from its photos; None, and no bank, with fewer than MIN_SHOTS."""
    photos = store.photos(sku, view)
    if len(photos) < MIN_SHOTS:
        store.drop_bank(sku, view)
        return None
    size, pictures = prepare(photos)
    shots: list[Patches] = []
    for number, picture in enumerate(pictures, start=1):
        shots += backbone.describe([picture])[0]
        progress(number, len(pictures))
    bank = fit(shots)
    baseline = baseline_by(pictures, store.calibration(view))
    header = describe(store.merchant, sku, view, backbone, photos, size, bank, baseline)
    content = write_bank(header, bank)
    store.write_bank(sku, view, content)
    return hashlib.sha256(content).hexdigest()


def prepare(photos: Sequence[Photo]) -> tuple[Size, list[Pixels]]:
    """All photos at one size, which the first one's shape decides."""
    height, width = see(photos[0].content).shape[:2]
    size = Size(height=height, width=width)
    return size, [see(photo.content, size) for photo in photos]


def baseline_by(pictures: Sequence[Pixels], calibration: BenchCalibration | None) -> Baseline:
    """What the gate compares with: measured on the item where the bench tells it apart in every photo."""
    items = [measured_item(picture, calibration) for picture in pictures]
    of_item = all(item is not None for item in items)
    pairs = zip(pictures, items if of_item else [None] * len(items), strict=True)
    return baseline_of([measure(picture, item) for picture, item in pairs], of_item=of_item)


def describe(
    merchant: str,
    sku: str,
    view: str,
    backbone: Backbone,
    photos: Sequence[Photo],
    size: Size,
    bank: Bank,
    baseline: Baseline,
) -> BankHeader:
    """The header of a view's bank."""
    mean, spread, vectors, noise = (array.shape for array in arrays_of(bank))
    return BankHeader(
        merchant=merchant,
        sku=sku,
        view=view,
        backbone_sha256=backbone.version.sha256,
        photos=tuple(photo.sha256 for photo in photos),
        height=size.height,
        width=size.width,
        **asdict(baseline),
        leave_one_out=bank.leave_one_out,
        shapes=(mean, spread, vectors, noise),
    )
