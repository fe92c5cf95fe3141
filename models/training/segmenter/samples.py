"""Samples: backbone maps, comparison and label of one picture, computed once and kept in a folder."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from inspection.findings import DefectKind as K
from models.backbone import MAPS, Backbone, pool
from models.framing import Size, fit_to
from models.images import Pixels, decode
from models.reference import Bank, compare, fit
from models.segments import comparison_channels
from models.training.segmenter.drawing import PAINTERS, draw_defect, middle
from models.training.segmenter.labels import Label, label_of_mask, label_of_package, with_defect
from models.training.segmenter.light import moved, relit, some_crop
from models.training.segmenter.pictures import Package, Rendered

Half = NDArray[np.float16]

DRAWN_KINDS = tuple(kind for kind in PAINTERS for _ in range(1 if kind in (K.DEFORMATION, K.CREASE) else 2))
"""Creases and deformations stand in no rendered picture; they are drawn half as often, for few will ask."""


OWN_SHOTS = 6
"""References that are made of too few pictures by moving and relighting them."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """What the network sees of one picture, and what it should say."""

    maps: Mapping[str, Half]
    """By name of the backbone's output, C x rows x columns."""
    comparison: Half
    """2 x rows x columns, as `models.segments.comparison_channels`."""
    label: Label


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene:
    """A picture at the network's size, with its label and its references."""

    pixels: Pixels
    label: Label
    bank: Bank | None


def sample_of(backbone: Backbone, scene: Scene) -> Sample:
    """Run the backbone and the comparison, by the same code as at run time."""
    maps, _ = backbone.maps(scene.pixels)
    heat = None
    if scene.bank is not None:
        heat = compare(scene.bank, pool(maps["f8"], maps["f16"])).heat
    return Sample(
        maps={name: maps[name].astype(np.float16) for name in MAPS},
        comparison=comparison_channels(heat, *maps["f8"].shape[1:]).astype(np.float16),
        label=scene.label,
    )


def keep(folder: Path, name: str, sample: Sample) -> None:
    """Write one sample."""
    arrays: dict[str, Any] = {"label": sample.label, "comparison": sample.comparison, **sample.maps}
    np.savez(folder / f"{name}.npz", **arrays)


def kept(path: Path) -> Sample:
    """Read one sample."""
    with np.load(path) as file:
        return Sample(
            maps={name: file[name] for name in MAPS}, comparison=file["comparison"], label=file["label"]
        )


def package_scenes(draw: Generator, package: Package, size: Size, count: int) -> Iterator[Scene]:
    """One intact scene, and `count` with a defect drawn on it."""
    whole = decode(package.path.read_bytes())
    for index in range(count + 1):
        part = some_crop(draw, *whole.shape[:2]).cut(whole) if index else whole
        pixels = fit_to(part, size)
        scene = Scene(pixels=pixels, label=label_of_package(size), bank=None)
        item = middle(size.height, size.width)
        yield _finished(draw, _damaged(draw, scene, item, size) if index else scene)


def compared_package_scenes(
    draw: Generator, backbone: Backbone, package: Package, size: Size, count: int
) -> Iterator[Scene]:
    """The same beside references: further shots of the same unit, drawn from the one picture."""
    pixels = fit_to(decode(package.path.read_bytes()), size)
    bank = own_bank(draw, backbone, [pixels])
    item = middle(size.height, size.width)
    for index in range(count + 1):
        scene = Scene(pixels=moved(draw, pixels), label=label_of_package(size), bank=bank)
        yield _finished(draw, _damaged(draw, scene, item, size) if index else scene)


def own_bank(draw: Generator, backbone: Backbone, shots: Sequence[Pixels]) -> Bank:
    """A bank of OWN_SHOTS: the shots in turn, each moved and relit."""
    again = [relit(draw, moved(draw, shots[index % len(shots)])) for index in range(OWN_SHOTS)]
    return fit(backbone.describe(again)[0])


def rendered_scenes(
    draw: Generator, row: Rendered, size: Size, bank: Bank | None, *, drawn: int = 0
) -> Iterator[Scene]:
    """The picture as it is, beside its references; good ones also relit, with defects drawn on them."""
    pixels, mask = read_rendered(row, size)
    plain = Scene(pixels=pixels, label=label_of_mask(mask, size), bank=bank)
    yield plain
    item = _at(mask, size) >= 1
    for _ in range(drawn):
        yield _finished(draw, _damaged(draw, plain, item, size))


def cropped_scene(draw: Generator, row: Rendered, size: Size) -> Scene:
    """A part of the picture, mirrored or not, without references; half of the good ones with a defect."""
    whole, mask = decode(row.picture.read_bytes()), read_mask(row)
    crop = some_crop(draw, *mask.shape)
    part = crop.cut(mask)
    scene = Scene(pixels=fit_to(crop.cut(whole), size), label=label_of_mask(part, size), bank=None)
    item = _at(part, size) >= 1
    if row.grade == "new" and item.any() and draw.random() < 0.5:
        scene = _damaged(draw, scene, item, size)
    return _finished(draw, scene)


def read_rendered(row: Rendered, size: Size) -> tuple[Pixels, NDArray[np.uint8]]:
    """Picture at the network's size, and the mask at its own."""
    return fit_to(decode(row.picture.read_bytes()), size), read_mask(row)


def read_mask(row: Rendered) -> NDArray[np.uint8]:
    """The mask as it was rendered."""
    content = np.frombuffer(row.mask.read_bytes(), np.uint8)
    return np.asarray(cv2.imdecode(content, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)


def _damaged(draw: Generator, scene: Scene, item: NDArray[np.bool_], size: Size) -> Scene:
    """The scene with a drawn defect; now and then with a second one."""
    for _ in range(1 if draw.random() < 0.75 else 2):
        kind = DRAWN_KINDS[int(draw.integers(0, len(DRAWN_KINDS)))]
        drawn = draw_defect(draw, scene.pixels, item, kind)
        label = with_defect(scene.label, kind, drawn.cover, size)
        scene = Scene(pixels=drawn.pixels, label=label, bank=scene.bank)
    return scene


def _finished(draw: Generator, scene: Scene) -> Scene:
    return Scene(pixels=relit(draw, scene.pixels), label=scene.label, bank=scene.bank)


def _at(mask: NDArray[np.uint8], size: Size) -> NDArray[np.uint8]:
    """A mask at the network's size; its values are names and are never mixed."""
    return np.asarray(
        cv2.resize(mask, (size.width, size.height), interpolation=cv2.INTER_NEAREST), dtype=np.uint8
    )
