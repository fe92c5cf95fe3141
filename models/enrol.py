"""Good photos in, a bank out: how a SKU becomes known."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from models.backbone import EMBEDDING, Backbone, Matrix
from models.bankfile import BankHeader, shapes_of, write_bank
from models.bench.calibration import BenchCalibration
from models.calibration import MIN_SHOTS
from models.errors import BadImage
from models.framing import see
from models.gallery import signature
from models.gate import measured_item
from models.images import Pixels, decode
from models.learning import LearntView, Progress, learn_view
from models.partlist import read_parts
from models.partrows import fitted
from models.parts import PartBank, fit_parts
from models.quality import Baseline, baseline_of, measure
from models.recipe import DEFAULT, Recipe
from models.store import Photo, ReferenceStore


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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Learnt:
    """What the good photos of a view taught."""

    recipe: Recipe
    view: LearntView
    signatures: Matrix
    """photos x length."""
    parts: Sequence[PartBank]
    baseline: Baseline


def enrol(
    store: ReferenceStore,
    backbone: Backbone,
    *,
    sku: str,
    view: str,
    photos: Sequence[bytes],
    progress: Progress = lambda done, total: None,
    recipe: Recipe | None = None,
) -> Enrolment:
    """Add good photos to a view and build its bank again; without a recipe, by that of the bank before.

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
        store,
        backbone,
        sku=sku,
        view=view,
        progress=lambda done, total: progress(total + done, 2 * total),
        recipe=recipe,
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
    recipe: Recipe | None = None,
) -> str | None:
    """Make a view's bank from its photos; None, and no bank, with fewer than MIN_SHOTS.

    Without a recipe it is made by that of the bank before, or by the one that ships.
    """
    recipe = recipe or store.recipe(sku, view) or DEFAULT
    photos = store.photos(sku, view)
    if len(photos) < MIN_SHOTS:
        store.drop_bank(sku, view)
        return None
    view_learnt = learn_view(backbone, recipe, [photo.content for photo in photos], progress)
    pairs = zip(view_learnt.looked, view_learnt.pictures, strict=True)
    signatures = np.stack([signature(one.maps[EMBEDDING], picture) for one, picture in pairs])
    learnt = Learnt(
        recipe=recipe,
        view=view_learnt,
        signatures=signatures,
        parts=learn_parts(store, backbone, sku, view, photos),
        baseline=baseline_by(view_learnt.pictures, store.calibration(view)),
    )
    header = describe(store.merchant, sku, view, backbone, photos, learnt)
    content = write_bank(header, view_learnt.banks, signatures, learnt.parts)
    store.write_bank(sku, view, content)
    return hashlib.sha256(content).hexdigest()


def learn_parts(
    store: ReferenceStore, backbone: Backbone, sku: str, view: str, photos: Sequence[Photo]
) -> list[PartBank]:
    """What the marked parts look like, from the cameras' own pixels; raises BadParts."""
    marked = [row.part for row in read_parts(store, sku, view)]
    return fit_parts(backbone, marked, [decode(photo.content) for photo in photos] if marked else [])


def baseline_by(pictures: Sequence[Pixels], calibration: BenchCalibration | None) -> Baseline:
    """What the gate compares with: measured on the item where the bench tells it apart in every photo."""
    items = [measured_item(picture, calibration) for picture in pictures]
    of_item = all(item is not None for item in items)
    pairs = zip(pictures, items if of_item else [None] * len(items), strict=True)
    return baseline_of([measure(picture, item) for picture, item in pairs], of_item=of_item)


def describe(
    merchant: str, sku: str, view: str, backbone: Backbone, photos: Sequence[Photo], learnt: Learnt
) -> BankHeader:
    """The header of a view's bank."""
    sizes, banks, parts = learnt.view.sizes, learnt.view.banks, learnt.parts
    return BankHeader(
        merchant=merchant,
        sku=sku,
        view=view,
        backbone_sha256=backbone.version.sha256,
        recipe=learnt.recipe,
        photos=tuple(photo.sha256 for photo in photos),
        height=sizes.whole.height,
        width=sizes.whole.width,
        finer=(sizes.finer.height, sizes.finer.width) if sizes.finer else None,
        **asdict(learnt.baseline),
        leave_one_out=banks.leave_one_out,
        shapes=tuple(shapes_of(one) for one in banks.looks),
        signature_length=learnt.signatures.shape[1],
        parts=tuple(fitted(part) for part in parts),
        part_length=parts[0].rows.shape[1] if parts else 1,
    )
