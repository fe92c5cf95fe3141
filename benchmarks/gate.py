"""How often the quality gate refuses good pictures, and how often it refuses spoilt ones.

`python benchmarks/gate.py [FOLDER...]` prints one table in Markdown. A folder holds `<class>/*.jpg`
with a class `good`, pictures of one product in one view; `datasets/drawn` and `datasets/rendered` are always
measured. Eight good pictures of a product, spread over its list, are its references; all others must pass.
"""

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np

from inspection.evidence import ImageFault, ImageQuality
from models.bench.calibration import BenchCalibration
from models.bench.drift import light_changed
from models.bench.locating import Mask, difference, item_of
from models.bench.reading import CardReading
from models.framing import Size, see
from models.images import Pixels
from models.quality import Baseline, against_baseline, baseline_of, measure, with_faults

ROOT = Path(__file__).resolve().parents[1]
REFERENCES = 8
STEP = 3
"""Every third picture of a real set, every fourth spoilt one: the set's own variety is what matters."""
NO_CARD = CardReading(
    card="medium", width_mm=150.0, mm_per_pixel=1.0, corners=(), greys=(), edge_mm=1.0, tilt=1.0
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """Pictures of one product in one view."""

    good: list[Path]
    other: list[Path]
    bench: Path | None

    @property
    def references(self) -> list[Path]:
        """Evenly spread over the good ones."""
        return [self.good[number * len(self.good) // REFERENCES] for number in range(REFERENCES)]

    @property
    def others(self) -> list[Path]:
        """All that must pass."""
        return [path for path in (*self.good, *self.other) if path not in self.references]


def drawn() -> Iterator[Product]:
    """The drawn set, with its bench."""
    folder = ROOT / "datasets" / "drawn"
    for ware in ("bottle", "carton", "mug"):
        good = sorted((folder / ware / "good").glob("*.jpg"))
        other = [path for path in sorted((folder / ware).glob("*/*.jpg")) if path not in good]
        yield Product(good=good, other=other, bench=folder / "bench.jpg")


def rendered() -> Iterator[Product]:
    """The rendered training and validation products whose empty bench was rendered too."""
    folder = ROOT / "datasets" / "rendered"
    lines = (folder / "index.jsonl").read_text().splitlines() if (folder / "index.jsonl").exists() else []
    rows = [row for row in map(json.loads, lines) if row["split"] != "held_out"]
    for name in sorted({row["object"] for row in rows}):
        own = [row for row in rows if row["object"] == name]
        bench = folder / f"pictures/{own[0]['family']}/bench/rig{own[0]['rig']}.jpg"
        if bench.exists():
            good = sorted(folder / row["picture"] for row in own if row["grade"] == "new")
            other = sorted(folder / row["picture"] for row in own if row["grade"] != "new")
            yield Product(good=good, other=other, bench=bench)


def real(folder: Path) -> Iterator[Product]:
    """One product from a folder of photographs; no bench is known."""

    def pictures(below: Path) -> list[Path]:
        return sorted(path for path in below.iterdir() if path.suffix == ".jpg")

    good = pictures(folder / "good")
    other = [path for each in sorted(folder.iterdir()) if each.name != "good" for path in pictures(each)]
    yield Product(good=good[::STEP], other=other[::STEP], bench=None)


def calibration(bench: Path) -> BenchCalibration:
    """A calibration without a card: these sets have none, and the gate asks for none."""
    content = bench.read_bytes()
    height, width = see(content).shape[:2]
    return BenchCalibration(
        view="top", camera="c", taken_at=datetime.now(UTC), height=height, width=width, card=NO_CARD,
        sharpness=0.0, empty=content, sha256="0" * 64,
    )  # fmt: skip


class Gate:
    """One product's references, and the gate before it: the same calls as `models.gate.look`."""

    def __init__(self, product: Product) -> None:
        self._bench = calibration(product.bench) if product.bench else None
        pictures = [see(path.read_bytes()) for path in product.references]
        items = [self._item(picture)[0] for picture in pictures]
        self._of_item = all(item is not None for item in items)
        measured = [self._measured(*pair) for pair in zip(pictures, items, strict=True)]
        self._baseline: Baseline = baseline_of(measured, of_item=self._of_item)

    def faults(self, pixels: Pixels) -> tuple[ImageFault, ...]:
        """Why a picture would be taken again."""
        item, changed = self._item(pixels)
        if self._bench and item is None:
            return (ImageFault.EMPTY_BENCH,)
        quality = against_baseline(self._measured(pixels, item), self._baseline)
        return (with_faults(quality, ImageFault.LIGHT_CHANGED) if changed else quality).faults

    def _item(self, pixels: Pixels) -> tuple[Mask | None, bool]:
        if self._bench is None:
            return None, False
        found = difference(pixels, self._bench.empty_at(Size(height=pixels.shape[0], width=pixels.shape[1])))
        return item_of(pixels, found), light_changed(found.light)

    def _measured(self, pixels: Pixels, item: Mask | None) -> ImageQuality:
        return measure(pixels, item if self._of_item else None)


def blurred(pixels: Pixels) -> Pixels:
    """Out of focus."""
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), 3.0), dtype=np.uint8)


def dimmed(pixels: Pixels) -> Pixels:
    """Half of the lamps off."""
    return np.asarray(pixels * 0.6, dtype=np.uint8)


def glaring(pixels: Pixels) -> Pixels:
    """A lamp's reflection in the middle."""
    height, width = pixels.shape[:2]
    light = np.zeros((height, width), np.float32)
    cv2.ellipse(light, (width // 2, height // 2), (width // 8, height // 9), 20, 0, 360, 400.0, -1)
    glow = cv2.GaussianBlur(light, (0, 0), 6.0)[:, :, None]
    return np.asarray(np.clip(pixels + glow, 0, 255), dtype=np.uint8)


def reached(pixels: Pixels) -> Pixels:
    """An arm from the lower border to the middle."""
    height, width = pixels.shape[:2]
    arm = pixels.copy()
    points = np.array([(0.55, 1.0), (0.75, 1.0), (0.66, 0.6), (0.56, 0.55)]) * (width, height)
    cv2.fillPoly(arm, [points.astype(np.int32)], (196, 148, 120), cv2.LINE_AA)
    noise = np.random.default_rng(1).normal(0, 4, pixels.shape)
    return np.asarray(np.where(arm != pixels, np.clip(arm + noise, 0, 255), pixels), dtype=np.uint8)


SPOILT: Mapping[ImageFault, Callable[[Pixels], Pixels]] = {
    ImageFault.BLURRED: blurred,
    ImageFault.GLARE: glaring,
    ImageFault.HAND_IN_VIEW: reached,
    ImageFault.LIGHT_CHANGED: dimmed,
    ImageFault.TOO_DARK: lambda pixels: np.asarray(pixels * 0.05, dtype=np.uint8),
}


def measured(name: str, products: Iterable[Product]) -> str:
    """One row of the table."""
    total, refused, spoilt, caught = 0, Counter[str](), Counter[str](), Counter[str]()
    for product in products:
        gate = Gate(product)
        for number, path in enumerate(product.others):
            pixels = see(path.read_bytes())
            total += 1
            faults = gate.faults(pixels)
            refused.update(fault.value for fault in faults)
            refused["any"] += bool(faults)
            if number % 4 == 0:
                for fault, spoil in SPOILT.items():
                    spoilt[fault] += 1
                    caught[fault] += bool(gate.faults(spoil(pixels)))
    why = (
        ", ".join(f"{fault} {count}" for fault, count in refused.items() if fault != "any" and count)
        or "none"
    )
    found = " | ".join(f"{100 * caught[fault] // max(1, spoilt[fault])} %" for fault in SPOILT)
    return f"| {name} | {total} | {refused['any']} | {why} | {found} |"


def main() -> None:
    """Print the table."""
    heads = " | ".join(f"spoilt: {fault.value}" for fault in SPOILT)
    print(f"| set | pictures | refused | why | {heads} |")
    print("|" + "---|" * (4 + len(SPOILT)))
    print(measured("drawn", drawn()))
    print(measured("rendered", rendered()))
    for folder in sys.argv[1:]:
        print(measured(Path(folder).name, real(Path(folder))), flush=True)


if __name__ == "__main__":
    main()
