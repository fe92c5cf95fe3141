"""One unit: its item with defects of the wanted sizes, its picture and its mask."""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from datasets.rendered import scene as stage
from datasets.rendered.calm import calm
from datasets.rendered.defects import APPLY, crush, mask_value
from datasets.rendered.errors import NoSuchSize
from datasets.rendered.families import carton, drink, garment, mug, phone
from datasets.rendered.item import Item
from datasets.rendered.light import rig_of
from datasets.rendered.plan import Product, Unit, Wish
from inspection.findings import DefectKind as K
from inspection.findings import Zone
from inspection.severity import severity_of

BUILDS = {
    "carton": carton.build,
    "phone": phone.build,
    "can_or_bottle": drink.build,
    "garment": garment.build,
    "mug": mug.build,
}
QUALITY = 92
LEAST_PIXELS = 60
"""Smaller defects are not visible enough to be graded."""
TRIES = 18
ITEM_AREA = {"carton": 3.4, "phone": 3.6, "can_or_bottle": 1.7, "garment": 4.6, "mug": 1.9}
"""Rough visible area, square decimetres: the first guess of a defect's size."""
LINES = (K.SCRATCH, K.CRACK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What the mask says."""

    mask: NDArray[np.uint8]
    defects: tuple[dict[str, Any], ...]
    item_px: int


def shares(mask: NDArray[np.uint8], wishes: tuple[Wish, ...]) -> tuple[int, ...]:
    """Return each wanted kind's share of the item, ppm."""
    item = max(1, int((mask > 0).sum()))
    return tuple(round(int((mask == mask_value(wish.kind)).sum()) * 1_000_000 / item) for wish in wishes)


def first_size(family: str, wish: Wish) -> float:
    """Return a radius (or a line's length) that should give the wanted share."""
    area = ITEM_AREA[family] * math.sqrt(wish.low_ppm * wish.high_ppm) / 1e6
    if wish.kind in LINES:
        return area / 0.02
    return 0.5 if wish.kind is K.OPENED_SEAL else math.sqrt(area / math.pi) * 1.1


def damaged(unit: Unit, clean: Item, sizes: list[float], attempt: int) -> Item:
    """Return the unit's item with its defects at the given sizes; `clean` stays as it is."""
    item = replace(clean, canvas=clean.canvas.copy(), parts=list(clean.parts))
    for place, (wish, size) in enumerate(zip(unit.wishes, sizes, strict=True)):
        apply = crush if wish.kind is K.DENT and wish.zone is Zone.EDGE else APPLY[wish.kind]
        seed = unit.seed * 10 + place + 1_000 * (attempt // 3)
        apply(item, item.canvas, size, seed % 2_000_000_000, mask_value(wish.kind))
    return item


def wanted(unit: Unit) -> list[float]:
    """Return the share that each defect is steered to, ppm: small ones as often as large ones."""
    dice = Random(unit.seed)  # noqa: S311
    spans = [(math.log(wish.low_ppm * 1.08), math.log(wish.high_ppm * 0.92)) for wish in unit.wishes]
    return [math.exp(dice.uniform(low, high)) for low, high in spans]


def nearer(wish: Wish, size: float, target: float, share: int) -> float:
    """Return a size that should bring the measured share nearer to its target."""
    ratio = target / max(share, 200)
    return size * min(2.5, max(0.4, ratio if wish.kind in LINES else math.sqrt(ratio)))


def build(unit: Unit, scratch: Path) -> tuple[Any, Truth]:
    """Return the scene and the truth of a unit, its defects as large as wanted."""
    targets = wanted(unit)
    sizes = [first_size(unit.product.family, wish) for wish in unit.wishes]
    clean = BUILDS[unit.product.family](unit.product.number, unit.product.seed, unit.seed)
    for attempt in range(TRIES):
        item = damaged(unit, clean, sizes, attempt)
        scene, holders = placed(unit, item)
        mask = mask_of(scene, holders, item, unit, scratch)
        found = shares(mask, unit.wishes)
        if all(_fits(wish, share, mask) for wish, share in zip(unit.wishes, found, strict=True)):
            dress(holders, item)
            return scene, _truth(unit, mask, found)
        sizes = [nearer(*each) for each in zip(unit.wishes, sizes, targets, found, strict=True)]
    raise NoSuchSize(f"{unit.stem}: wanted {unit.wishes}, got {found}")


def _fits(wish: Wish, share: int, mask: NDArray[np.uint8]) -> bool:
    pixels = int((mask == mask_value(wish.kind)).sum())
    return wish.low_ppm <= share <= wish.high_ppm and pixels >= LEAST_PIXELS


def _truth(unit: Unit, mask: NDArray[np.uint8], found: tuple[int, ...]) -> Truth:
    defects = tuple(_defect(wish, share) for wish, share in zip(unit.wishes, found, strict=True))
    return Truth(mask=mask, defects=defects, item_px=int((mask > 0).sum()))


def _defect(wish: Wish, share: int) -> dict[str, Any]:
    severity = severity_of(wish.kind, share)
    return {
        "kind": wish.kind.value,
        "zone": wish.zone.value,
        "severity": severity.value,
        "area_ppm": share,
    }


Holders = list[tuple[Any, Any]]
"""Blender objects, each with its Part, or with None for the skin."""


def placed(unit: Unit, item: Item) -> tuple[Any, Holders]:
    """Return a scene with bench, lamps, camera and the item in this unit's pose."""
    dice = Random(unit.seed + 7)  # noqa: S311
    scene = lit_scene(unit.product, item, dice)
    turn = math.radians(dice.uniform(-3, 3))
    shift = (dice.uniform(-0.04, 0.04), dice.uniform(-0.04, 0.04), 0.0)
    holders: Holders = [(stage.add_mesh(scene, item.skin.mesh(item.canvas.pushes), "skin"), None)]
    for part in item.parts:
        if part.role != "bared" or _lost(item):
            holders.append((stage.add_mesh(scene, stage.part_mesh(part), part.patch.name), part))
    for holder, _ in holders:
        holder.rotation_euler, holder.location = (0, 0, turn), shift
    return scene, holders


def lit_scene(product: Product, item: Item, dice: Random) -> Any:
    """Return a scene without an item: bench, lamps and camera."""
    scene = stage.fresh()
    stage.light_up(scene, rig_of(product.rig), dice.uniform(0.94, 1.06), product.seed)
    stage.add_camera(scene, item)
    return scene


def _lost(item: Item) -> bool:
    return not any(part.role == "lost" for part in item.parts)


def mask_of(scene: Any, holders: Holders, item: Item, unit: Unit, scratch: Path) -> NDArray[np.uint8]:
    """Render and return the exact mask."""
    missing = mask_value(K.MISSING_PART)
    for holder, part in holders:
        value = missing if part is not None and part.role == "bared" else 1
        material = stage.mask_material(item) if part is None else stage.flat_material(value)
        holder.data.materials.clear()
        holder.data.materials.append(material)
    bench = next(o for o in scene.objects if "bench" in o)
    own = bench.data.materials[0]
    bench.data.materials[0] = stage.flat_material(0)
    path = scratch / "mask.png"
    stage.render(scene, path, unit.seed, exact=True)
    bench.data.materials[0] = own
    return np.asarray(Image.open(path).convert("L"))


def dress(holders: Holders, item: Item) -> None:
    """Give every object its true material."""
    for holder, part in holders:
        material = stage.skin_material(item) if part is None else stage.part_material(part)
        holder.data.materials[0] = material


def picture(scene: Any, seed: int, scratch: Path, target: Path) -> None:
    """Render the picture and keep it as JPEG."""
    path = scratch / "picture.png"
    stage.render(scene, path, seed, exact=False)
    target.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(calm(np.asarray(Image.open(path).convert("RGB")))).save(target, quality=QUALITY)


def empty_bench(family: str, product: Product, scratch: Path, target: Path) -> None:
    """Render the bench of a family's camera under a rig."""
    item = BUILDS[family](product.number, product.seed, product.seed)
    scene = lit_scene(product, item, Random(product.seed))  # noqa: S311
    picture(scene, product.seed, scratch, target)
