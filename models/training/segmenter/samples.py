"""Samples: backbone maps, comparison and label of one picture, computed once and kept in a folder."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from inspection.findings import DefectKind as K
from models.backbone import MAPS, Backbone
from models.framing import Size, fit_to
from models.images import Pixels, decode
from models.learning import LearntView, learn_view
from models.looks import compare_looks, look_at, show, sizes_for
from models.recipe import DEFAULT
from models.segments import comparison_channels
from models.session import Tensor
from models.training.segmenter.drawing import PAINTERS, draw_defect, middle
from models.training.segmenter.labels import Label, label_of_mask, label_of_package, with_defect
from models.training.segmenter.light import moved, relit, some_crop
from models.training.segmenter.pictures import Package, Rendered

Half = NDArray[np.float16]

DRAWN_KINDS = tuple(kind for kind in PAINTERS for _ in range(1 if kind in (K.DEFORMATION, K.CREASE) else 2))
"""Creases and deformations stand in no rendered picture; they are drawn half as often, for few will ask."""


QUICKLY = (cv2.IMWRITE_PNG_COMPRESSION, 1)
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
    """A picture as a camera gives it, its label at the size that the network sees, and its references."""

    pixels: Pixels
    size: Size
    label: Label
    beside: LearntView | None = None


def sample_of(backbone: Backbone, scene: Scene) -> Sample:
    """Run the backbone and the comparison, by the same code as at run time."""
    heat = None
    maps: Mapping[str, Tensor]
    if scene.beside is None:
        maps = backbone.maps(fit_to(scene.pixels, scene.size))[0]
    else:
        looked = look_at(backbone, DEFAULT, show(png_of(scene.pixels), scene.beside.sizes))
        maps = looked.maps
        heat = compare_looks(DEFAULT, scene.beside.banks, looked.patches).heat
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


def png_of(pixels: Pixels) -> bytes:
    """A picture as a file: what is drawn goes the way of a camera's pictures, from the decoder on."""
    return bytes(cv2.imencode(".png", np.ascontiguousarray(pixels[:, :, ::-1]), QUICKLY)[1].tobytes())


def package_scenes(draw: Generator, package: Package, size: Size, count: int) -> Iterator[Scene]:
    """One intact scene, and `count` with a defect drawn on it."""
    whole = decode(package.path.read_bytes())
    for index in range(count + 1):
        part = some_crop(draw, *whole.shape[:2]).cut(whole) if index else whole
        scene = Scene(pixels=fit_to(part, size), size=size, label=label_of_package(size))
        item = middle(size.height, size.width)
        yield _finished(draw, _damaged(draw, scene, item) if index else scene)


def compared_package_scenes(
    draw: Generator, backbone: Backbone, package: Package, count: int
) -> Iterator[Scene]:
    """The same beside references: further shots of the same unit, drawn from the one picture."""
    pixels = decode(package.path.read_bytes())
    beside = own_good(draw, backbone, [pixels])
    item, size = middle(*pixels.shape[:2]), beside.sizes.whole
    for index in range(count + 1):
        scene = Scene(pixels=moved(draw, pixels), size=size, label=label_of_package(size), beside=beside)
        yield _finished(draw, _damaged(draw, scene, item) if index else scene)


def own_good(draw: Generator, backbone: Backbone, shots: Sequence[Pixels]) -> LearntView:
    """What OWN_SHOTS teach: the shots in turn, each moved and relit."""
    again = [relit(draw, moved(draw, shots[index % len(shots)])) for index in range(OWN_SHOTS)]
    return learn_view(backbone, DEFAULT, [png_of(pixels) for pixels in again])


def rendered_scenes(
    draw: Generator, row: Rendered, beside: LearntView | None, *, drawn: int = 0
) -> Iterator[Scene]:
    """The picture as it is beside its references, and relit; `drawn` more with a defect drawn on them."""
    pixels, mask = decode(row.picture.read_bytes()), read_mask(row)
    size = beside.sizes.whole if beside else sizes_for(mask.shape[0], mask.shape[1], DEFAULT).whole
    plain = Scene(pixels=pixels, size=size, label=label_of_mask(mask, size), beside=beside)
    yield plain
    if not drawn:
        yield _finished(draw, plain)
    for _ in range(drawn):
        yield _finished(draw, _damaged(draw, plain, mask >= 1))


def cropped_scene(draw: Generator, row: Rendered, size: Size) -> Scene:
    """A part of the picture, mirrored or not, without references; half of the good ones with a defect."""
    whole, mask = decode(row.picture.read_bytes()), read_mask(row)
    crop = some_crop(draw, *mask.shape)
    part = crop.cut(mask)
    scene = Scene(pixels=crop.cut(whole), size=size, label=label_of_mask(part, size))
    if row.grade == "new" and (part >= 1).any() and draw.random() < 0.5:
        scene = _damaged(draw, scene, part >= 1)
    return _finished(draw, scene)


def read_mask(row: Rendered) -> NDArray[np.uint8]:
    """The mask as it was rendered."""
    content = np.frombuffer(row.mask.read_bytes(), np.uint8)
    return np.asarray(cv2.imdecode(content, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)


def _damaged(draw: Generator, scene: Scene, item: NDArray[np.bool_]) -> Scene:
    """The scene with a defect drawn on its item; now and then with a second one."""
    for _ in range(1 if draw.random() < 0.75 else 2):
        kind = DRAWN_KINDS[int(draw.integers(0, len(DRAWN_KINDS)))]
        drawn = draw_defect(draw, scene.pixels, item, kind)
        label = with_defect(scene.label, kind, drawn.cover, scene.size)
        scene = replace(scene, pixels=drawn.pixels, label=label)
    return scene


def _finished(draw: Generator, scene: Scene) -> Scene:
    return replace(scene, pixels=relit(draw, scene.pixels))
