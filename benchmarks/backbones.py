"""Backbones beside each other: what each costs, how far its maps lie from the shipped one's, what it finds.

`python -m benchmarks.backbones [--quick] DATA FOLDER...` prints Markdown; quick: nothing is compared. DATA
holds the real sets that choices were made on; each FOLDER is a model folder (`models/training/README.md`
makes them). One thread, CPU time, the shipped comparison, 8 references, seeds 0 to 2, references and items
by the same backbone. The sets are thinned as in the table of levers, and no frozen one is touched.
"""

import json
import math
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean, median
from time import process_time
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read once, when NumPy is first imported

import cv2
import numpy as np

from models.backbone import MAPS, Backbone, load_backbone
from models.evaluation.folders import ObjectSet
from models.evaluation.memory import Memory, RememberingBackbone
from models.evaluation.methods import shipped
from models.evaluation.metrics import auroc
from models.evaluation.protocol import Measured, measure
from models.evaluation.rendered import all_pictures, object_set
from models.evaluation.set_run import LEVER_BAD_PER_KIND, LEVER_GOOD
from models.evaluation.sets import load_real
from models.evaluation.splits import draws, thinned
from models.framing import Size, see
from models.images import Pixels
from models.session import Tensor

ROOT = Path(__file__).resolve().parents[1]
RENDERED = ROOT / "datasets" / "rendered"
REAL = ("bottle", "filled_bottle", "magnetic_tile")
"""Sets that choices were made on."""
SHOTS, SEEDS = 8, 3
SIDES = (320, 640)
RUNS: Mapping[int, int] = {320: 25, 640: 9}
"""Timed runs at each side; every backbone takes its turn in each."""
COMPARED = MAPS[1:]
"""Maps that the comparison reads."""
PICTURES_PER_SET = 6
"""For the cosines."""
FASTER, MOST_LOST = 1.6, 0.005
"""What 8 bits must reach at both sides, and may lose of AUROC on any set, to be shipped."""
QUICK = "--quick"
MEMORY_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What was measured of one backbone."""

    name: str
    megabytes: float
    cpu_ms: Mapping[int, float]
    """By side."""
    cosine: Mapping[str, float]
    """By map; empty where the channels are others."""
    auroc: Mapping[str, float]
    """By set, mean over seeds; empty where nothing was compared."""

    @property
    def mean(self) -> float:
        """Over the sets."""
        return fmean(self.auroc.values()) if self.auroc else math.nan


def main(arguments: Sequence[str]) -> None:
    """Measure the shipped backbone and those of the folders, and print the table."""
    cv2.setNumThreads(1)
    quick = QUICK in arguments
    data, *folders = (Path(one) for one in arguments if one != QUICK)
    backbones = [load_backbone(threads=1), *(load_backbone(folder, threads=1) for folder in folders)]
    rows = measured(backbones, sets_of(data), quick=quick)
    for line in report(rows):
        sys.stdout.write(line + "\n")
    sys.stdout.write("\n" + json.dumps([as_object(row) for row in rows]) + "\n")


def measured(
    backbones: Sequence[Backbone], sets: Mapping[str, Sequence[ObjectSet]], *, quick: bool
) -> list[Row]:
    """All figures, in one run."""
    times = cpu_times(backbones)
    cosines = [cosines_of(backbones[0], one, sets) for one in backbones]
    areas = areas_of(backbones, {} if quick else sets)
    return [
        Row(
            name=one.version.name,
            megabytes=one.manifest.bytes / 1e6,
            cpu_ms=times[place],
            cosine=cosines[place],
            auroc=areas[place],
        )
        for place, one in enumerate(backbones)
    ]


def sets_of(data: Path) -> dict[str, list[ObjectSet]]:
    """Real sets by name, and the rendered objects that are kept for validation."""
    found = {name: [load_real(data, name)] for name in REAL}
    rows = all_pictures(RENDERED)
    kept = {name: of for name, of in rows.items() if of[0].split == "validation"}
    found["rendered"] = [object_set(RENDERED, name, of) for name, of in kept.items()]
    return {name: [part_of(goods) for goods in objects] for name, objects in found.items()}


def part_of(goods: ObjectSet) -> ObjectSet:
    """As much of a set as the table of levers takes; without masks, for only scores are asked for."""
    part = thinned(goods, per_kind=LEVER_BAD_PER_KIND, most_good=LEVER_GOOD)
    return replace(part, bad=tuple(replace(item, mask=None) for item in part.bad))


def cpu_times(backbones: Sequence[Backbone]) -> list[dict[int, float]]:
    """Median CPU milliseconds of all maps of one picture, by side; the backbones take turns."""
    found: list[dict[int, float]] = [{} for _ in backbones]
    for side in SIDES:
        pixels = np.random.default_rng(side).integers(0, 256, (side, side, 3), dtype=np.uint8)
        spent: list[list[float]] = [[] for _ in backbones]
        for _ in range(RUNS[side] + 1):
            for place, one in enumerate(backbones):
                began = process_time()
                one.maps(pixels)
                spent[place].append((process_time() - began) * 1e3)
        for place, times in enumerate(spent):
            found[place][side] = median(times[1:])
    return found


def cosines_of(base: Backbone, other: Backbone, sets: Mapping[str, Sequence[ObjectSet]]) -> dict[str, float]:
    """Mean cosine of the cells of each map to the shipped backbone's; empty where channels differ."""
    if base.manifest.outputs != other.manifest.outputs:
        return {}
    alike: dict[str, list[float]] = {name: [] for name in COMPARED}
    for pixels in some_pictures(sets):
        wanted, got = base.maps(pixels)[0], other.maps(pixels)[0]
        for name in COMPARED:
            alike[name].append(cosine(wanted[name], got[name]))
    return {name: fmean(values) for name, values in alike.items()}


def some_pictures(sets: Mapping[str, Sequence[ObjectSet]]) -> Iterator[Pixels]:
    """Some pictures of each set, good and bad, at 320 x 320."""
    for objects in sets.values():
        items = [item for goods in objects for item in goods.items]
        for item in items[:: max(1, len(items) // PICTURES_PER_SET)][:PICTURES_PER_SET]:
            yield see(item.path.read_bytes(), Size(height=SIDES[0], width=SIDES[0]))


def cosine(wanted: Tensor, got: Tensor) -> float:
    """Mean over the cells of two CHW maps."""
    one, other = (part.reshape(len(part), -1).astype(np.float64) for part in (wanted, got))
    lengths = np.linalg.norm(one, axis=0) * np.linalg.norm(other, axis=0)
    return float(((one * other).sum(axis=0) / np.maximum(lengths, 1e-12)).mean())


def areas_of(
    backbones: Sequence[Backbone], sets: Mapping[str, Sequence[ObjectSet]]
) -> list[dict[str, float]]:
    """Image AUROC of the shipped comparison by set, mean over seeds and objects, for each backbone."""
    found: list[dict[str, float]] = [{} for _ in backbones]
    for name, objects in sets.items():
        areas: list[list[float]] = [[] for _ in backbones]
        for goods in objects:
            methods = [shipped(RememberingBackbone(one, Memory(MEMORY_BYTES))) for one in backbones]
            rows = measure(goods, draws(goods, shots=SHOTS, seeds=SEEDS), methods, told)
            for place, row in enumerate(rows):
                areas[place].append(area_of(row))
            said = ", ".join(f"{values[-1]:.4f}" for values in areas)
            sys.stderr.write(f"{datetime.now(UTC):%H:%M:%S} {goods.name}: {said}\n")
        for place, values in enumerate(areas):
            found[place][name] = fmean(values)
    return found


def area_of(row: Measured) -> float:
    """Mean AUROC over the seeds."""
    return fmean(
        float(auroc(seed.scores, row.bad[seed.places], np.ones((1, len(seed.places))))[0])
        for seed in row.seeds
    )


def told(what: str, done: int, of: int) -> None:
    """Progress on stderr."""
    if done % 20 == 0:
        sys.stderr.write(f"{datetime.now(UTC):%H:%M:%S} {what} {done} of {of}\n")


def within(base: Row, row: Row) -> bool:
    """Whether a smaller file keeps both bounds: as much faster at each side, as little lost on each set."""
    fast = all(base.cpu_ms[side] >= FASTER * row.cpu_ms[side] for side in SIDES)
    return fast and all(base.auroc[name] - row.auroc[name] <= MOST_LOST for name in base.auroc)


def report(rows: Sequence[Row]) -> Iterator[str]:
    """The Markdown of the table; the first row is the shipped backbone."""
    base, names = rows[0], list(rows[0].auroc)
    sides = " | ".join(f"CPU ms at {side}" for side in SIDES)
    yield f"| backbone | MB | {sides} | faster | {' | '.join(f'cosine {m}' for m in COMPARED)} | " + (
        f"{' | '.join(names)} | mean | bounds |"
    )
    yield "|---" * (5 + len(SIDES) + len(COMPARED) + len(names)) + "|"
    for row in rows:
        times = " | ".join(f"{row.cpu_ms[side]:.1f}" for side in SIDES)
        faster = " / ".join(f"{base.cpu_ms[side] / row.cpu_ms[side]:.2f}" for side in SIDES)
        cosines = " | ".join(f"{row.cosine[m]:.4f}" if row.cosine else "" for m in COMPARED)
        areas = " | ".join(f"{row.auroc[name]:.4f}" for name in names)
        kept = "" if row is base else "kept" if within(base, row) else "missed"
        yield f"| {row.name} | {row.megabytes:.1f} | {times} | {faster} | {cosines} | {areas} | " + (
            f"{row.mean:.4f} | {kept} |"
        )


def as_object(row: Row) -> dict[str, Any]:
    """A row as plain values."""
    return {
        "name": row.name,
        "cpu_ms": {str(side): round(ms, 2) for side, ms in row.cpu_ms.items()},
        "cosine": {name: round(value, 5) for name, value in row.cosine.items()},
        "auroc": {name: round(value, 5) for name, value in row.auroc.items()},
    }


if __name__ == "__main__":
    main(sys.argv[1:])
