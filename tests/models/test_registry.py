"""What lies in the folders of models is all good, approved and named once, or nothing starts."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import regrade
from models.errors import ModelRefused
from models.heads import Head, Sight
from models.manifest import MANIFEST, MAX_MODEL_BYTES, ZOO, ModelKind
from models.registry import HEADS, check_models, load_heads, read_registry

SHIPPED = ZOO / "efficientnet-lite0"
Make = Callable[..., Path]


class NamedHead:
    """A head that finds nothing."""

    def __init__(self, folder: Path, threads: int) -> None:
        self.folder, self.threads = folder, threads

    @property
    def version(self) -> Any:
        return self.folder.name

    def find(self, sight: Sight) -> tuple[()]:
        return ()


def load_named(folder: Path, threads: int) -> Head:
    return NamedHead(folder, threads)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "own"
    folder.mkdir()
    return folder


@pytest.fixture
def make(own: Path) -> Make:
    """Put a model of its own beside the shipped ones: a small segmenter, with changes to its manifest."""

    def made(name: str = "scratches", content: bytes = b"network", **changes: object) -> Path:
        folder = own / name
        folder.mkdir()
        (folder / "head.onnx").write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        manifest: dict[str, object] = {
            "format": 1,
            "name": name,
            "kind": "segmenter",
            "file": "head.onnx",
            "sha256": digest,
            "bytes": len(content),
            "licence": "Apache-2.0",
            "source": ["models/training/segmenter"],
            "inputs": [{"name": "f8", "channels": 40, "stride": 8}],
            "outputs": {"logits": 3},
            "classes": ["scratch", "dent"],
            "requires": json.loads((SHIPPED / MANIFEST).read_text())["sha256"],
            "approval": {"by": "A. Person", "at": "2026-11-22T10:00:00Z", "sha256": digest},
        }
        (folder / MANIFEST).write_text(json.dumps(manifest | changes))
        return folder

    return made


@pytest.fixture
def run(own: Path) -> Callable[..., Result]:
    def invoke(*words: str) -> Result:
        return CliRunner(env={"COLUMNS": "240"}).invoke(regrade.front_door(), ["models", *words])

    return invoke


def test_the_shipped_models_are_good_approved_and_have_one_backbone() -> None:
    registry = read_registry([ZOO])
    assert registry.backbone().folder == SHIPPED
    assert load_heads(registry) is not None


def test_every_kind_with_a_loader_is_one_that_adds_findings() -> None:
    assert set(HEADS) <= {ModelKind.SEGMENTER, ModelKind.DETECTOR}


def test_a_head_is_loaded_by_its_kind_over_the_backbone_it_was_trained_on(make: Make, own: Path) -> None:
    folder = make()
    heads = load_heads(read_registry([ZOO, own]), threads=3, loaders={ModelKind.SEGMENTER: load_named})
    ours = [head for head in heads if isinstance(head, NamedHead) and head.folder == folder]
    assert [head.threads for head in ours] == [3]


def test_a_head_of_another_backbone_is_refused(make: Make, own: Path) -> None:
    make(requires="0" * 64)
    with pytest.raises(ModelRefused, match="trained on model 0000"):
        read_registry([ZOO, own])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sha256": "1" * 64}, "has hash"),
        ({"bytes": 8}, "has 7 bytes, published were 8"),
        ({"bytes": MAX_MODEL_BYTES + 1}, "bytes: Input should be less than"),
        ({"licence": ""}, "licence: String should"),
        ({"format": 9}, "format: Input should be 1"),
        ({"approval": None}, "scratches is not approved"),
        ({"approval": {"by": "x", "at": "2026-01-01T00:00:00Z", "sha256": "2" * 64}}, "is not approved"),
        ({"unheard_of": True}, "unheard_of: Extra inputs"),
        ({"file": "gone.onnx"}, "no model file at"),
        ({"name": "efficientnet-lite0"}, "two models are named efficientnet-lite0"),
    ],
)
def test_what_must_not_grade_refuses_the_start(
    make: Make, own: Path, changes: dict[str, object], said: str
) -> None:
    make(**changes)
    with pytest.raises(ModelRefused, match=said):
        read_registry([ZOO, own])


def test_a_model_cut_short_is_refused(make: Make, own: Path) -> None:
    path = make() / "head.onnx"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ModelRefused, match="has 6 bytes"):
        read_registry([ZOO, own])


def test_a_folder_without_a_manifest_is_no_model(make: Make, own: Path) -> None:
    (make() / MANIFEST).unlink()
    with pytest.raises(ModelRefused, match="no manifest"):
        read_registry([ZOO, own])
    with pytest.raises(ModelRefused, match="is no folder of models"):
        read_registry([ZOO, own / "nowhere"])


def test_folders_without_end_are_no_models(own: Path) -> None:
    for number in range(65):
        (own / f"m{number}").mkdir()
    with pytest.raises(ModelRefused, match="more than 64"):
        read_registry([own])


def test_a_model_that_is_not_approved_runs_only_where_that_was_asked_for(make: Make, own: Path) -> None:
    make(approval=None)
    registry = read_registry([ZOO, own], allow_unapproved=True)
    assert "scratches" in [each.name for each in registry.models]


def test_a_model_can_be_left_aside_by_its_name(make: Make, own: Path) -> None:
    make(sha256="1" * 64)
    registry = read_registry([ZOO, own], without=["scratches"])
    assert "scratches" not in [each.name for each in registry.models]
    with pytest.raises(ModelRefused, match="no model 'other'"):
        read_registry([ZOO, own], without=["other"])


def test_two_backbones_are_a_choice_that_nobody_made(own: Path) -> None:
    shutil.copytree(SHIPPED, own / "second")
    path = own / "second" / MANIFEST
    path.write_text(path.read_text().replace('"efficientnet-lite0"', '"second"'))
    with pytest.raises(ModelRefused, match="efficientnet-lite0, second"):
        read_registry([ZOO, own]).backbone()
    assert read_registry([ZOO, own], without=["efficientnet-lite0"]).backbone().name == "second"


def test_every_problem_is_said_and_not_only_the_first(
    make: Make, own: Path, run: Callable[..., Result]
) -> None:
    make("one", sha256="1" * 64)
    make("two", approval=None)
    make("three")
    assert [each.problem is None for each in check_models([ZOO, own])][-3:] == [False, True, False]
    result = run("check", "--models", str(own))
    assert result.exit_code == 1
    assert "one: model" in result.output
    assert "two: model two is not approved" in result.output
    assert "three: good" in result.output


def test_the_list_names_licence_approval_and_figures(
    make: Make, own: Path, run: Callable[..., Result]
) -> None:
    metric = {"value": 0.71, "low": 0.68, "high": 0.74, "set": "renders, held out", "date": "2026-11-22"}
    make(licence="AGPL-3.0-only", copyleft=True, metrics={"aupro": metric})
    shown = run("list", "--models", str(own)).output
    for text in ("scratches", "AGPL-3.0-only (copyleft)", "A. Person, 2026-11-22", "aupro 0.71 [0.68, 0.74]"):
        assert text in shown
    models = json.loads(run("list", "--models", str(own), "--json").stdout)["models"]
    assert [each["problem"] for each in models] == [None] * len(models)
    assert models[-1]["manifest"]["copyleft"] is True


def test_an_approval_is_of_one_file(make: Make, own: Path, run: Callable[..., Result]) -> None:
    folder = make(approval=None)
    assert run("check", "--models", str(own)).exit_code == 1
    result = run("approve", str(folder), "--by", "B. Person", "--note", "AUPRO .71 on held-out renders")
    assert "scratches" in result.output
    assert run("check", "--models", str(own)).exit_code == 0
    kept = json.loads((folder / MANIFEST).read_text())
    assert (kept["approval"]["by"], kept["approval"]["sha256"]) == ("B. Person", kept["sha256"])
    (folder / "head.onnx").write_bytes(b"another")
    assert run("approve", str(folder), "--by", "B", "--note", "x").exit_code == 1


def test_nobody_is_no_name(make: Make, run: Callable[..., Result]) -> None:
    result = run("approve", str(make(approval=None)), "--by", " ", "--note", "x")
    assert (result.exit_code, "needs a name" in result.stderr) == (1, True)
