"""A station whose models are not what was published and approved does not start, and says why."""

import hashlib
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

import regrade
from edge.config import StationConfig
from edge.identity import write_identity
from edge.looking import Detectors, read_models
from inspection.evidence import Evidence
from inspection.grading import grade
from inspection.readings import Frame
from models.answers import graded_object, unpriced
from models.errors import ModelRefused
from models.features import GRADES
from models.manifest import MANIFEST, ZOO

if TYPE_CHECKING:
    from tests.edge.world import World

SHIPPED = ZOO / "efficientnet-lite0"
ALL_SHIPPED = ("efficientnet-lite0", "defect-segmenter")
DRAWN = Path(__file__).parents[2] / "datasets" / "drawn" / "bottle"
NO_NETWORK = b"no network at all"
SETTINGS = """
centre = "http://127.0.0.1:9"
port = 0
models = "models"
models_aside = {aside}
allow_unapproved = {unapproved}
"""


def put_model(folder: Path, **changes: object) -> None:
    """A backbone of the station's own, whose bytes are no network."""
    target = folder / "models" / "own"
    target.mkdir(parents=True)
    (target / "model.onnx").write_bytes(NO_NETWORK)
    digest = hashlib.sha256(NO_NETWORK).hexdigest()
    approval = {"by": "A. Person", "at": "2026-11-22T10:00:00Z", "sha256": digest}
    manifest = json.loads((SHIPPED / MANIFEST).read_text()) | {"name": "own", "sha256": digest}
    manifest |= {"bytes": len(NO_NETWORK), "approval": approval} | changes
    (target / MANIFEST).write_text(json.dumps(manifest))


def put_calibration(folder: Path, *maps: dict[str, object]) -> Path:
    """A calibration of the station's own; returns its folder."""
    target = folder / "models" / "share-calibration"
    target.mkdir(parents=True)
    file: dict[str, object] = {"format": 1, "head": None, "maps": maps, "fitted_days": (), "fitted_items": ()}
    content = json.dumps(file).encode()
    manifest = {"format": 1, "name": "share-calibration", "kind": "calibration", "file": "calibration.json"}
    manifest |= {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    (target / "calibration.json").write_bytes(content)
    (target / MANIFEST).write_text(json.dumps(manifest | {"licence": "Apache-2.0", "source": ["this site"]}))
    return target


def start(folder: Path, world: "World", *aside: str, unapproved: bool = False) -> tuple[int, str]:
    """Run the station's process until it ends; exit code and what it said on stderr."""
    write_identity(folder, world.station_key, world.enrolment)
    settings = SETTINGS.format(aside=json.dumps(list(aside)), unapproved=json.dumps(unapproved))
    (folder / "station.toml").write_text(settings)
    command = (sys.executable, "-m", "regrade", "station", "run", "--no-page", "--dir", str(folder))
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=240, cwd=Path(__file__).parents[2], check=False
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sha256": "1" * 64, "approval": None}, "has hash"),
        ({"approval": None}, "model own is not approved"),
    ],
)
def test_a_model_that_must_not_grade_ends_the_start_with_a_sentence(
    tmp_path: Path, world: "World", changes: dict[str, object], said: str
) -> None:
    put_model(tmp_path, **changes)
    code, stderr = start(tmp_path, world, *ALL_SHIPPED)
    assert code == 1, stderr
    assert said in stderr
    assert "(model_refused)" in stderr
    assert "Traceback" not in stderr


def test_a_model_that_the_runtime_does_not_take_ends_the_station(tmp_path: Path, world: "World") -> None:
    put_model(tmp_path, approval=None)
    code, stderr = start(tmp_path, world, *ALL_SHIPPED, unapproved=True)
    assert code == 1, stderr
    assert "cannot load the model" in stderr
    assert "Traceback" not in stderr


def test_a_head_that_cannot_be_loaded_ends_the_station_too(tmp_path: Path, world: "World") -> None:
    put_model(
        tmp_path,
        kind="segmenter",
        input=None,
        inputs=[{"name": "f8", "channels": 40, "stride": 8}],
        classes=["scratch"],
        requires=json.loads((SHIPPED / MANIFEST).read_text())["sha256"],
    )
    code, stderr = start(tmp_path, world)
    assert code == 1, stderr
    assert "(model_refused)" in stderr
    assert "Traceback" not in stderr


def test_a_model_left_aside_is_not_asked(tmp_path: Path) -> None:
    put_model(tmp_path, sha256="1" * 64)
    config = StationConfig(centre="http://127.0.0.1:9", models=tmp_path / "models", models_aside=("own",))
    assert read_models(config).backbone().folder == SHIPPED


def test_a_station_without_a_backbone_does_not_start() -> None:
    config = StationConfig(centre="http://127.0.0.1:9", models_aside=ALL_SHIPPED)
    with pytest.raises(ModelRefused, match="exactly one backbone"):
        Detectors(Path("references"), read_models(config), 1)


def test_what_is_changed_after_the_start_waits_for_the_next_one(tmp_path: Path) -> None:
    folder = put_calibration(tmp_path)
    config = StationConfig(centre="http://127.0.0.1:9", models=tmp_path / "models", allow_unapproved=True)
    detectors = Detectors(tmp_path / "references", read_models(config), 1)
    detectors.warm_up()
    (folder / "calibration.json").write_bytes(b"approved by nobody")
    assert detectors.detector_for("north") is not detectors.detector_for("south")


def test_the_command_line_grades_as_the_station_does(
    tmp_path: Path, made_references: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    half = {"items": 100, "method": "isotonic", "knots": [[0, 500_000]], "ece_before": 0, "ece_after": 0}
    put_calibration(tmp_path, *({**half, "category": "tableware", "proposed": one} for one in GRADES))
    config = StationConfig(centre="http://127.0.0.1:9", models=tmp_path / "models", allow_unapproved=True)
    picture = DRAWN / "damaged_crack" / "001.jpg"
    frame = Frame(
        view="top",
        camera="cam",
        content=picture.read_bytes(),
        media_type="image/jpeg",
        captured_at=datetime(2026, 5, 4, tzinfo=UTC),
    )
    detector = Detectors(made_references, read_models(config), 2).detector_for("north")
    seen = detector.detect("MUG-1", Evidence(frames=(frame,)))
    wanted = graded_object("MUG-1", seen, grade(unpriced("north", "MUG-1", "tableware"), seen), {})
    monkeypatch.chdir(tmp_path)
    asked = ("grade", picture, "--sku", "MUG-1", "--category", "tableware", "--merchant", "north", "--json")
    more = ("--store", made_references, "--models", "models", "--allow-unapproved")
    done = CliRunner().invoke(regrade.front_door(), [str(word) for word in (*asked, *more)])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert {**said, "model_ms": 0, "total_ms": 0} == {**wanted, "model_ms": 0, "total_ms": 0}
    assert said["models"][-1]["name"] == "share-calibration"
    assert said["shares_ppm"][said["grade"]] == 500_000
