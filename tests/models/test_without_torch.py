"""What runs at a station imports neither torch nor ultralytics, even where both are installed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NEVER = ("torch", "torchvision", "ultralytics", "onnx")
TOLD = "import json, sys; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"

FRONT_DOOR = """
import regrade
try:
    regrade.front_door()(["--help"])
except SystemExit as ended:
    assert not ended.code
"""

PIPELINE = """
from datetime import UTC, datetime
from pathlib import Path
from inspection.evidence import Evidence
from inspection.readings import Frame
from models.backbone import load_backbone
from models.enrol import enrol
from models.manifest import ZOO
from models.pipeline import ReferencePipeline
from models.registry import load_heads, read_registry
from models.store import ReferenceStore
import models.yolo

photos = [path.read_bytes() for path in sorted(Path("{drawn}").glob("*.jpg"))[:6]]
backbone, store = load_backbone(threads=1), ReferenceStore(Path("references"))
load_heads(read_registry((ZOO,), allow_unapproved=True), threads=1)
enrol(store, backbone, sku="MUG", view="top", photos=photos[:5])
frame = Frame(
    view="top", camera="c", content=photos[5], media_type="image/jpeg", captured_at=datetime.now(UTC)
)
assert ReferencePipeline(backbone, store).detect("MUG", Evidence(frames=(frame,))).views
"""


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A place where all of them can be imported, so that an import would be seen."""
    for name in NEVER:
        (tmp_path / f"{name}.py").touch()
    return tmp_path


def modules_after(script: str, installed: Path) -> set[str]:
    """Top names of all modules that a fresh interpreter holds after the script."""
    path = os.pathsep.join((str(installed), str(ROOT)))
    done = subprocess.run(
        [sys.executable, "-c", script + "\n" + TOLD],
        cwd=installed,
        env={"PYTHONPATH": path, "PATH": os.environ["PATH"], "COLUMNS": "100"},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_an_import_would_be_seen(installed: Path) -> None:
    assert "torch" in modules_after("import torch", installed)


def test_the_front_door_opens_without_them(installed: Path) -> None:
    found = modules_after(FRONT_DOOR, installed)
    assert "regrade" in found
    assert found.isdisjoint(NEVER)


def test_an_item_is_looked_at_without_them(installed: Path) -> None:
    found = modules_after(PIPELINE.format(drawn=ROOT / "datasets/drawn/mug/good"), installed)
    assert "onnxruntime" in found
    assert found.isdisjoint(NEVER)
