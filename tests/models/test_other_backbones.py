"""Another backbone than the shipped one: everything reads its channels from the manifest."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import regrade
from inspection.evidence import Evidence
from models.backbone import Backbone, load_backbone
from models.bankfile import read_bank
from models.enrol import build_bank, enrol
from models.errors import ModelRefused
from models.gallery import signature_length
from models.manifest import MANIFEST, ZOO
from models.partlist import mark_part
from models.partrows import PartRow
from models.pipeline import ReferencePipeline
from models.registry import read_registry
from models.store import BANK_FILE, ReferenceStore
from models.watching import WatchfulDetector

FIXTURE = Path(__file__).parent / "fixtures" / "backbone.onnx"
DRAWN = Path(__file__).parents[2] / "datasets" / "drawn"
CHANNELS = {"f4": 5, "f8": 7, "f16": 9, "f32": 11, "embedding": 13}
SHIPPED = ("efficientnet-lite0", "defect-segmenter")
Drawn = Callable[..., list[bytes]]
Look = Callable[..., Evidence]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site's own model folder with the tiny backbone, approved."""
    place, content = tmp_path_factory.mktemp("models") / "tiny", FIXTURE.read_bytes()
    place.mkdir()
    (place / "model.onnx").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    said = json.loads((ZOO / "efficientnet-lite0" / MANIFEST).read_text())
    said |= {"name": "tiny", "sha256": digest, "bytes": len(content), "outputs": CHANNELS}
    said["approval"] |= {"sha256": digest}
    (place / MANIFEST).write_text(json.dumps(said))
    return place


@pytest.fixture(scope="module")
def tiny(folder: Path) -> Backbone:
    return load_backbone(folder, threads=1)


def test_an_item_is_enrolled_and_looked_at_through_another_backbone(
    tiny: Backbone, tmp_path: Path, drawn: Drawn, seen: Look
) -> None:
    store = ReferenceStore(tmp_path)
    for ware in ("mug", "carton"):
        enrol(store, tiny, sku=ware, view="top", photos=drawn(ware, "good", 1, 8))
    mark_part(
        store,
        "mug",
        "top",
        PartRow(name="handle", left_ppm=560_000, top_ppm=280_000, width_ppm=240_000, height_ppm=420_000),
    )
    build_bank(store, tiny, sku="mug", view="top")
    detector = WatchfulDetector(ReferencePipeline(tiny, store), tiny)
    good = detector.detect("mug", seen(top=drawn("mug", "good", 21)[0]))
    broken = detector.detect("mug", seen(top=drawn("mug", "damaged_handle")[0]))
    assert [model.name for model in good.models] == ["tiny"]
    assert (good.faults, broken.faults) == ((), ())
    assert all(view.score > 0 and view.limit > 0 for view in (*good.views, *broken.views))
    assert len(good.views) == len(broken.views) == 1, "random filters see, though they tell nothing apart"


def test_a_bank_has_the_lengths_of_its_backbone(tiny: Backbone, tmp_path: Path, drawn: Drawn) -> None:
    store = ReferenceStore(tmp_path)
    enrol(store, tiny, sku="mug", view="top", photos=drawn("mug", "good", 1, 4))
    header = read_bank((tmp_path / "default" / "mug" / "top" / BANK_FILE).read_bytes()).header
    assert [shapes[0] for shapes in header.shapes][:4] == [(7 + 9,), (9,), (11,), (9,)]
    assert header.signature_length == signature_length(13)
    assert header.backbone_sha256 == tiny.version.sha256


def test_a_station_runs_it_with_the_shipped_ones_aside(folder: Path) -> None:
    assert read_registry([ZOO, folder.parent], without=SHIPPED).backbone().name == "tiny"
    with pytest.raises(ModelRefused, match="defect-segmenter was trained on model"):
        read_registry([ZOO, folder.parent], without=["efficientnet-lite0"])


def test_a_model_that_is_no_backbone_is_refused_as_one() -> None:
    with pytest.raises(ModelRefused, match="defect-segmenter is no backbone"):
        load_backbone(ZOO / "defect-segmenter")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """One command in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def invoke(*args: str | Path) -> Result:
        return CliRunner(env={"COLUMNS": "160"}).invoke(regrade.front_door(), [str(arg) for arg in args])

    return invoke


def test_the_commands_take_the_backbone_that_the_stations_run(
    run: Callable[..., Result], folder: Path
) -> None:
    photos = sorted((DRAWN / "mug" / "good").glob("*.jpg"))[:6]
    own = ("--backbone", folder)
    assert run("references", "add", "MUG", *photos, *own).exit_code == 0
    marked = run("references", "part", "MUG", "handle", "--box", "56,28,24,42", *own)
    assert marked.exit_code == 0, marked.output
    assert run("references", "card", "MUG", *own).exit_code == 0
    aside = [word for name in SHIPPED for word in ("--aside", name)]
    graded = run("grade", photos[0], "--sku", "MUG", "--json", "--models", folder.parent, *aside)
    assert [model["name"] for model in json.loads(graded.stdout)["models"]] == ["tiny"]
    with_the_shipped = run("grade", photos[0], "--sku", "MUG")
    assert with_the_shipped.exit_code == 1
