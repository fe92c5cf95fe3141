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
from models.images import Pixels
from models.reference import Bank, fit
from models.training.segmenter.pictures import Package, Rendered, references
from models.training.segmenter.samples import (
    Scene,
    compared_package_scenes,
    cropped_scene,
    keep,
    own_bank,
    package_scenes,
    read_rendered,
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
        scenes = compared_package_scenes(seeded(name), backbone, row, PACKAGE_SIZES[0], DRAWN_PER_PACKAGE)
        write(backbone, folder, name, scenes)
        progress(done + 1, len(rows))


def build_object(backbone: Backbone, rows: Sequence[Rendered], folder: Path) -> None:
    """Samples of one rendered object for training; good pictures are compared with half of the others."""
    folder.mkdir(parents=True, exist_ok=True)
    size = RENDERED_SIZES[0]
    good = {row.number: read_rendered(row, size)[0] for row in references(rows, rows[0].object)}
    everything = bank_of(backbone, good, rows[0].object)
    halves = [
        bank_of(backbone, {n: good[n] for n in good if n % 2 == side}, f"{rows[0].object}-{side}")
        for side in (0, 1)
    ]
    for row in rows:
        draw, name = seeded(row.object, row.number), f"{row.object}-{row.number:03d}"
        if (folder / f"{name}.done").exists():
            continue
        if row.number in good:
            scenes = rendered_scenes(draw, row, size, halves[1 - row.number % 2], drawn=DRAWN_PER_NEW)
        else:
            scenes = rendered_scenes(draw, row, size, everything)
        if row.number % CROPPED_EVERY == 0:
            scenes = chain(scenes, [cropped_scene(draw, row, RENDERED_SIZES[row.number % 2])])
        write(backbone, folder, name, scenes)


def bank_of(backbone: Backbone, good: Mapping[int, Pixels], name: str) -> Bank | None:
    """The bank of good pictures; of the same moved and relit where they are few; None of none."""
    if len(good) >= MIN_SHOTS:
        return fit(backbone.describe(list(good.values()))[0])
    return own_bank(seeded(name, "own"), backbone, list(good.values())) if good else None


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
