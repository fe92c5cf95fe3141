"""Fills a folder with samples; each is written once, so that a stopped run goes on where it was."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.random import Generator

from models.backbone import Backbone
from models.calibration import MIN_SHOTS
from models.framing import Size
from models.images import decode
from models.learning import LearntView, learn_view
from models.recipe import DEFAULT
from models.training.segmenter.pictures import Package, Rendered, references
from models.training.segmenter.samples import (
    Scene,
    compared_package_scenes,
    cropped_scene,
    keep,
    own_good,
    package_scenes,
    rendered_scenes,
    sample_of,
)

Progress = Callable[[int, int], None]

PACKAGE_SIZES = (Size(height=320, width=320), Size(height=448, width=448))
RENDERED_SIZES = (Size(height=288, width=384), Size(height=384, width=512))
"""The size of run time, and a larger one, so that the network does not depend on one scale."""
DRAWN_PER_PACKAGE = 3
DRAWN_PER_NEW = 2
CROPPED_EVERY = 3


def build_packages(backbone: Backbone, rows: Sequence[Package], folder: Path, progress: Progress) -> None:
    """Samples of intact packages, with and without drawn defects."""
    folder.mkdir(parents=True, exist_ok=True)
    for done, row in enumerate(rows):
        name = f"{row.product}-{row.path.stem}"
        size = PACKAGE_SIZES[int(done % 4 == 3)]
        scenes = package_scenes(seeded(name), row, size, DRAWN_PER_PACKAGE)
        write(backbone, folder, name, scenes)
        progress(done + 1, len(rows))


def build_compared(backbone: Backbone, rows: Sequence[Package], folder: Path, progress: Progress) -> None:
    """Samples of intact packages beside references of themselves."""
    folder.mkdir(parents=True, exist_ok=True)
    for done, row in enumerate(rows):
        name = f"{row.product}-{row.path.stem}-compared"
        scenes = compared_package_scenes(seeded(name), backbone, row, DRAWN_PER_PACKAGE)
        write(backbone, folder, name, scenes)
        progress(done + 1, len(rows))


def build_object(backbone: Backbone, rows: Sequence[Rendered], folder: Path) -> None:
    """Samples of one rendered object for training; good pictures are compared with half of the others."""
    folder.mkdir(parents=True, exist_ok=True)
    name = rows[0].object
    if all((folder / f"{name}-{row.number:03d}.done").exists() for row in rows):
        return
    good = {row.number: row.picture.read_bytes() for row in references(rows, name)}
    everything = taught_by(backbone, good, name)
    halves = [
        taught_by(backbone, {n: good[n] for n in good if n % 2 == side}, f"{name}-{side}") for side in (0, 1)
    ]
    for row in rows:
        draw, stem = seeded(row.object, row.number), f"{name}-{row.number:03d}"
        if row.number in good:
            scenes = rendered_scenes(draw, row, halves[1 - row.number % 2], drawn=DRAWN_PER_NEW)
        else:
            scenes = rendered_scenes(draw, row, everything)
        if row.number % CROPPED_EVERY == 0:
            scenes = chain(scenes, [cropped_scene(draw, row, RENDERED_SIZES[row.number % 2])])
        write(backbone, folder, stem, scenes)


def taught_by(backbone: Backbone, good: Mapping[int, bytes], name: str) -> LearntView | None:
    """What good pictures teach; the same moved and relit where they are few; None of none."""
    if len(good) >= MIN_SHOTS:
        return learn_view(backbone, DEFAULT, list(good.values()))
    shots = [decode(content) for content in good.values()]
    return own_good(seeded(name, "own"), backbone, shots) if shots else None


def write(backbone: Backbone, folder: Path, name: str, scenes: Iterable[Scene]) -> None:
    """Write the scenes' samples as `name-0`, `name-1`...; skips a name that stands already."""
    last = folder / f"{name}.done"
    if last.exists():
        return
    for index, scene in enumerate(scenes):
        keep(folder, f"{name}-{index}", sample_of(backbone, scene))
    last.touch()


def seeded(*parts: object) -> Generator:
    """Chance that depends on the sample's name alone, so that samples may be made in any order."""
    return np.random.default_rng(crc32("/".join(map(str, parts)).encode()))


def samples_in(folders: Iterable[Path]) -> Iterator[Path]:
    """Every sample file, by folder and name."""
    for folder in folders:
        yield from sorted(folder.glob("*.npz"))
