"""Regrade itself, timed as its peers are.

`default` and `plain` are its pipeline by the recipe that banks are made with and with all levers off,
`yolo` is its head on yolo11n at 640 pixels.
"""

from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.peers.timing import Step, contest, measure

SIDE = 640


def enrol_default(folder: Path) -> None:
    """Banks by the recipe that ships."""
    from models.recipe import DEFAULT

    keep(folder, "default", DEFAULT)


def enrol_plain(folder: Path) -> None:
    """Banks with all levers off."""
    from models.recipe import PLAIN

    keep(folder, "plain", PLAIN)


def keep(folder: Path, name: str, recipe: Any) -> None:
    """A store that knows the product in three views."""
    from models.backbone import load_backbone
    from models.enrol import enrol
    from models.store import ReferenceStore

    backbone, store = load_backbone(), ReferenceStore(folder / name)
    for view in sorted((folder / "references").iterdir()):
        photos = [path.read_bytes() for path in sorted(view.glob("*.jpg"))]
        enrol(store, backbone, sku="bench", view=view.name, photos=photos, recipe=recipe)


def look_default(folder: Path) -> dict[str, Any]:
    """By the recipe that ships."""
    from models.recipe import DEFAULT

    return detect(folder, "default", DEFAULT)


def look_plain(folder: Path) -> dict[str, Any]:
    """One look at the whole picture, the floor."""
    from models.recipe import PLAIN

    return detect(folder, "plain", PLAIN)


def detect(folder: Path, name: str, recipe: Any) -> dict[str, Any]:
    """Bytes of three views to a Detection by all that a station runs: heads, tag against sight, codes.

    `around_the_models` holds what a station takes against what its models take while nothing runs beside
    them: a thread that slows them down must not count for their own time. `in_turn` is without a thread.
    """
    from models.backbone import load_backbone
    from models.manifest import ZOO
    from models.pipeline import ReferencePipeline
    from models.registry import load_heads, read_registry
    from models.store import ReferenceStore
    from models.watching import WatchfulDetector, codes_of
    from models.working import AT_ONCE, beside_the_model

    backbone, heads = load_backbone(), load_heads(read_registry([ZOO]))
    evidence, store = evidence_of(folder), ReferenceStore(folder / name)

    def times(pool: Any) -> tuple[dict[str, Any], float]:
        pipeline = ReferencePipeline(backbone, store, heads=heads, recipe=recipe, pool=pool)
        detector = WatchfulDetector(pipeline, backbone, pool=pool)
        models: list[float] = []
        found = measure(lambda: models.append(detector.detect("bench", evidence).model_ms))
        return found, median(models[-found["runs"] :])

    with beside_the_model() as pool:
        found, _ = times(pool)
    in_turn, model_ms = times(AT_ONCE)
    codes_ms = measure(lambda: [codes_of(frame.content) for frame in evidence.frames])["p50_ms"]
    shares = {
        "around_the_models": found["p50_ms"] / model_ms - 1.0,
        "in_turn": in_turn["p50_ms"] / model_ms - 1.0,
        "codes": codes_ms / model_ms,
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
    "prepare-default": enrol_default,
    "prepare-plain": enrol_plain,
    "prepare-yolo": need_export,
    "look-default": look_default,
    "look-plain": look_plain,
    "look-yolo": look_yolo,
}

if __name__ == "__main__":
    contest(STEPS)
