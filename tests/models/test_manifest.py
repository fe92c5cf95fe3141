"""A model is used only when it is byte for byte what was published."""

import json
import shutil
from pathlib import Path

import pytest

from models.errors import ModelRefused
from models.manifest import MAX_MODEL_BYTES, ZOO, load_model, read_manifest
from models.session import OnnxSession

SHIPPED = ZOO / "efficientnet-lite0"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED, tmp_path / "model"))


def change(folder: Path, **changes: object) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_every_model_of_the_zoo_is_what_its_manifest_says() -> None:
    folders = [path.parent for path in ZOO.glob("*/manifest.json")]
    assert folders
    for folder in folders:
        manifest, content = load_model(folder)
        assert len(content) == manifest.bytes <= MAX_MODEL_BYTES
        assert (folder / "CARD.md").is_file()


def test_the_export_was_compared_with_its_source_and_the_figure_is_kept() -> None:
    parity = read_manifest(SHIPPED).parity
    assert 0 < parity.max_abs_difference <= parity.limit <= 1e-4
    assert len(parity.sizes) >= 2
    assert parity.against.startswith("torch ")


def test_the_model_file_names_no_path_of_the_machine_that_made_it() -> None:
    _, content = load_model(SHIPPED)
    for trace in (b"/tmp", b"/home", b"/usr", b"site-packages", b".py"):
        assert trace not in content


def test_one_changed_byte_is_refused(copy: Path) -> None:
    path = copy / "model.onnx"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelRefused, match="hash"):
        load_model(copy)


def test_a_model_cut_short_is_refused(copy: Path) -> None:
    path = copy / "model.onnx"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ModelRefused, match="bytes"):
        load_model(copy)


@pytest.mark.parametrize("missing", ["model.onnx", "manifest.json"])
def test_a_missing_file_is_named(copy: Path, missing: str) -> None:
    (copy / missing).unlink()
    with pytest.raises(ModelRefused, match=missing):
        load_model(copy)


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 2},
        {"sha256": "short"},
        {"file": "../elsewhere.onnx"},
        {"bytes": MAX_MODEL_BYTES + 1},
        {"surprise": 1},
        {"parity": {"against": "torch", "max_abs_difference": 0.5, "limit": 1e-4, "sizes": []}},
    ],
)
def test_a_manifest_that_cannot_be_trusted_is_refused(copy: Path, changes: dict[str, object]) -> None:
    change(copy, **changes)
    with pytest.raises(ModelRefused):
        load_model(copy)


def test_bytes_that_are_no_model_are_refused_in_one_line() -> None:
    with pytest.raises(ModelRefused, match="cannot load") as caught:
        OnnxSession(b"not a model", input_name="image")
    assert "\n" not in str(caught.value)
