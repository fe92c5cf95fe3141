"""Regrade itself, timed as its peers are.

`quick`, `default` and `finer` are its way from bytes to findings: by the recipe without a finer picture, by
the one that ships, and by that with the finer picture in every view, whether it earns its time there or not.
`station` is all that a station runs: beside the findings, tag against sight and the printed codes. `yolo` is
its head on yolo11n at 640 pixels.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from math import inf
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.peers.timing import Step, contest, measure

SIDE = 640


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One way to look."""

    quick: bool = False
    always_finer: bool = False
    station: bool = False

    @property
    def recipe(self) -> Any:
        """What banks are made with."""
        from models.recipe import DEFAULT, QUICK

        return QUICK if self.quick else DEFAULT


VARIANTS = {
    "quick": Variant(quick=True),
    "default": Variant(),
    "finer": Variant(always_finer=True),
    "station": Variant(station=True),
}


def keep(name: str, folder: Path) -> None:
    """A store that knows the product in three views."""
    from models import learning
    from models.backbone import load_backbone
    from models.enrol import enrol
    from models.store import ReferenceStore

    variant = VARIANTS[name]
    if variant.always_finer:  # the worst case: no set of photos asks for it in all views
        learning.LEAST_GAIN = -inf
    backbone, store = load_backbone(), ReferenceStore(folder / name)
    for view in sorted((folder / "references").iterdir()):
        photos = [path.read_bytes() for path in sorted(view.glob("*.jpg"))]
        enrol(store, backbone, sku="bench", view=view.name, photos=photos, recipe=variant.recipe)


def look(name: str, folder: Path) -> dict[str, Any]:
    """Bytes of three views to a Detection.

    `around_the_models` holds what it takes against what its models take, without a thread, as a station of
    two cores works; `beside` is with a thread, against the same: one that slows the models must not count
    for them.
    """
    from models.backbone import load_backbone
    from models.manifest import ZOO
    from models.pipeline import ReferencePipeline
    from models.registry import load_heads, read_registry
    from models.store import ReferenceStore
    from models.watching import WatchfulDetector
    from models.working import AT_ONCE, one_thread

    backbone, heads = load_backbone(), load_heads(read_registry([ZOO]))
    evidence, store, variant = evidence_of(folder), ReferenceStore(folder / name), VARIANTS[name]

    def times(pool: Any) -> tuple[dict[str, Any], float]:
        pipeline = ReferencePipeline(backbone, store, heads=heads, pool=pool)
        detector = WatchfulDetector(pipeline, backbone, pool=pool) if variant.station else pipeline
        models: list[float] = []
        found = measure(lambda: models.append(detector.detect("bench", evidence).model_ms))
        return found, median(models[-found["runs"] :])

    found, model_ms = times(AT_ONCE)
    with one_thread() as pool:
        beside, _ = times(pool)
    shares = {
        "around_the_models": found["p50_ms"] / model_ms - 1.0,
        "beside": beside["p50_ms"] / model_ms - 1.0,
    }
    return found | {"models_ms": round(model_ms, 1)} | {key: round(each, 3) for key, each in shares.items()}


def evidence_of(folder: Path) -> Any:
    """The three frames, as cameras would send them."""
    from inspection.evidence import Evidence
    from inspection.readings import Frame

    now = datetime.now(UTC)
    frames = (
        Frame(
            view=path.stem,
            camera=path.stem,
            content=path.read_bytes(),
            media_type="image/jpeg",
            captured_at=now,
        )
        for path in sorted((folder / "views").glob("*.jpg"))
    )
    return Evidence(frames=tuple(frames))


def need_export(folder: Path) -> None:
    """The file comes from the contestant before."""
    if not (folder / "yolo11n.onnx").exists():
        raise SystemExit("it runs the file that ultralytics exports: make training")


def look_yolo(folder: Path) -> dict[str, Any]:
    """Bytes of three views to Findings by the YOLO head alone, over the file that ultralytics exported."""
    from models.heads import Sight
    from models.images import decode
    from models.manifest import Manifest, ModelInput, ModelKind
    from models.session import OnnxSession
    from models.yolo import YoloHead

    content = (folder / "yolo11n.onnx").read_bytes()
    manifest = Manifest(
        format=1,
        name="yolo11n",
        kind=ModelKind.DETECTOR,
        file="yolo11n.onnx",
        sha256=sha256(content).hexdigest(),
        bytes=len(content),
        licence="AGPL-3.0-only",
        copyleft=True,
        source=("random weights",),
        input=ModelInput(name="images", colour="RGB", mean=0, scale=255, multiple_of=32, size=(SIDE, SIDE)),
        outputs={"output0": 84},
        classes=tuple(f"missing:part-{number}" for number in range(80)),
    )
    head = YoloHead(manifest, OnnxSession(content, input_name="images"))
    contents = {path.stem: path.read_bytes() for path in sorted((folder / "views").glob("*.jpg"))}

    def once() -> None:
        for view, each in contents.items():
            pixels = decode(each, need_side=SIDE * 9 // 16)
            sight = Sight(view=view, pixels=pixels, maps={}, comparison=None, item=None, mm_per_pixel=None)
            head.find(sight)

    return measure(once)


STEPS: dict[str, Step] = {
    **{f"prepare-{name}": partial(keep, name) for name in VARIANTS},
    **{f"look-{name}": partial(look, name) for name in VARIANTS},
    "prepare-yolo": need_export,
    "look-yolo": look_yolo,
}

if __name__ == "__main__":
    contest(STEPS)
