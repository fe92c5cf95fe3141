"""Another item under the tag: how often sight notices it, and how often it is wrong about the right one."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.backbone import Backbone, Matrix
from models.errors import BadImage, NoGoodPictures
from models.framing import see
from models.gallery import MIN_PRODUCTS, Gallery, fit_gallery, signature

TAGS = 200
Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductPictures:
    """The pictures of one product."""

    good: tuple[Path, ...]
    """References are drawn from these."""
    others: tuple[Path, ...] = ()
    """Used and damaged ones: only looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Swaps:
    """Counts over one draw of references."""

    products: int
    caught: int
    """Tags of TAGS that hung on another product and were noticed."""
    tags: int
    alarms: int
    """Right items that raised an alert."""
    right: int


def swap_tags(
    backbone: Backbone, products: Mapping[str, ProductPictures], *, shots: int, seeds: int, progress: Tell
) -> list[Swaps]:
    """One count per seed; raises NoGoodPictures with fewer than two products of more than `shots` photos."""
    usable = {name: found for name, found in products.items() if len(found.good) > shots}
    if len(usable) < MIN_PRODUCTS:
        raise NoGoodPictures(f"{len(usable)} products have more than {shots} good pictures, 2 are needed")
    signed = sign_all(backbone, usable, progress)
    return [swap_once(usable, signed, shots, seed) for seed in range(seeds)]


def sign_all(
    backbone: Backbone, products: Mapping[str, ProductPictures], progress: Tell
) -> dict[Path, Matrix]:
    """The signature of every picture that can be read."""
    paths = [path for found in products.values() for path in (*found.good, *found.others)]
    signed: dict[Path, Matrix] = {}
    for number, path in enumerate(paths, start=1):
        try:
            pixels = see(path.read_bytes())
        except BadImage:
            continue  # the quality gate refuses it before anything is compared
        signed[path] = signature(backbone.embed([pixels])[0], pixels)
        progress(number, len(paths))
    return signed


def swap_once(
    products: Mapping[str, ProductPictures], signed: Mapping[Path, Matrix], shots: int, seed: int
) -> Swaps:
    """Draw references, look at every other picture under its own tag, and at TAGS of them under another's."""
    rng = random.Random(seed)  # noqa: S311 - a draw that can be repeated
    chosen = {
        name: rng.sample(sorted(path for path in found.good if path in signed), shots)
        for name, found in products.items()
    }
    gallery = fit_gallery({name: np.stack([signed[p] for p in paths]) for name, paths in chosen.items()})
    if gallery is None:
        raise NoGoodPictures("no product can be told from another")
    tested = [
        (name, path)
        for name, found in products.items()
        for path in (*found.good, *found.others)
        if path in signed and path not in chosen[name]
    ]
    swapped = rng.sample(tested, min(TAGS, len(tested)))
    names = sorted(products)
    wrong = [(rng.choice([other for other in names if other != name]), path) for name, path in swapped]
    return Swaps(
        products=len(products),
        caught=noticed(gallery, signed, wrong),
        tags=len(wrong),
        alarms=noticed(gallery, signed, tested),
        right=len(tested),
    )


def noticed(gallery: Gallery, signed: Mapping[Path, Matrix], under: Sequence[tuple[str, Path]]) -> int:
    """How many of (product on the tag, picture) raise an alert."""
    seen = (gallery.resemblance(name, signed[path]) for name, path in under)
    return sum(one.differs for one in seen if one is not None)
