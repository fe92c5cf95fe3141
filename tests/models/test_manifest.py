"""A model is used only when it is byte for byte what was published."""

import json
import shutil
from pathlib import Path

import pytest

from models.errors import ModelRefused
from models.manifest import MAX_MANIFEST_BYTES, MAX_MODEL_BYTES, ZOO, load_model, read_manifest
from models.session import OnnxSession

SHIPPED = ZOO / "efficientnet-lite0"
MAX_SHIPPED_BYTES = 20 * 1024 * 1024
APPROVAL: dict[str, object] = {
    "by": "A. Person",
    "at": "2026-11-22T00:00:00Z",
    "sha256": "09e63ddb50b7d5c7dde099a605aec2e4cf226253c6b91ec4a51392fb50d24a9e",
}
TRAINED = {"name": "renders", "sha256": "0" * 64, "licence": "CC-BY-4.0", "pictures": 400}
SEGMENTER: dict[str, object] = {
    "kind": "segmenter",
    "input": None,
    "inputs": [
        {"name": "f8", "channels": 40, "stride": 8},
        {"name": "distance", "channels": 1, "stride": 8, "source": "comparison"},
    ],
    "classes": ["scratch", "dent"],
    "outputs": {"logits": 3},
    "requires": "09e63ddb50b7d5c7dde099a605aec2e4cf226253c6b91ec4a51392fb50d24a9e",
    "trained_on": [TRAINED],
    "metrics": {"aupro": {"value": 0.71, "set": "renders, held-out items", "date": "2026-11-22"}},
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED, tmp_path / "model"))


def change(folder: Path, **changes: object) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_every_model_of_the_zoo_is_what_its_manifest_says() -> None:
    folders = [path.parent for path in ZOO.glob("*/manifest.json")]
    assert len(folders) >= 2
    for folder in folders:
        manifest, content = load_model(folder)
        assert len(content) == manifest.bytes <= MAX_SHIPPED_BYTES
        assert manifest.approved
        assert (folder / "CARD.md").is_file()


def test_the_export_was_compared_with_its_source_and_the_figure_is_kept() -> None:
    parity = read_manifest(SHIPPED).parity
    assert parity is not None
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
        {"parity": None},
        {"licence": ""},
        {"licence": " "},
        {"licence": "AGPL-3.0-only"},
        {"kind": "oracle"},
        {"input": None},
        {"source": []},
        {"classes": ["dent", "dent"]},
        {"approval": APPROVAL | {"by": ""}},
        {"approval": APPROVAL | {"at": "2026-11-22T00:00:00"}},
        SEGMENTER | {"requires": None},
        {"trained_on": [TRAINED | {"licence": ""}]},
        {"metrics": {"auroc": {"value": "NaN", "set": "bottle", "date": "2026-11-22"}}},
    ],
)
def test_a_manifest_that_cannot_be_trusted_is_refused(copy: Path, changes: dict[str, object]) -> None:
    change(copy, **changes)
    with pytest.raises(ModelRefused):
        load_model(copy)


def test_a_head_names_its_inputs_its_classes_and_the_backbone_it_was_trained_on(copy: Path) -> None:
    change(copy, **SEGMENTER)
    manifest = read_manifest(copy)
    assert [(each.name, each.channels, each.stride) for each in manifest.inputs] == [
        ("f8", 40, 8),
        ("distance", 1, 8),
    ]
    assert manifest.requires == read_manifest(SHIPPED).sha256
    with pytest.raises(ModelRefused, match="takes no picture"):
        manifest.picture  # noqa: B018


def test_the_approval_of_another_file_is_worth_nothing(copy: Path) -> None:
    change(copy, approval=APPROVAL | {"sha256": "0" * 64})
    assert not read_manifest(copy).approved
    change(copy, approval=APPROVAL)
    assert read_manifest(copy).approved


def test_a_copyleft_licence_must_be_marked(copy: Path) -> None:
    change(copy, kind="detector", licence="AGPL-3.0-only", copyleft=True)
    assert read_manifest(copy).copyleft


def test_a_manifest_says_which_field_is_wrong(copy: Path) -> None:
    change(copy, surprise=1)
    with pytest.raises(ModelRefused, match="surprise: Extra inputs"):
        read_manifest(copy)


def test_a_manifest_of_a_hundred_megabytes_is_not_read(copy: Path) -> None:
    with (copy / "manifest.json").open("r+b") as stream:
        stream.truncate(100 * 1024 * 1024)
    with pytest.raises(ModelRefused, match=f"more than {MAX_MANIFEST_BYTES // 1024} KiB"):
        read_manifest(copy)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe{}", b"[" * 200_000])
def test_a_manifest_that_is_no_json_object_is_refused(copy: Path, content: bytes) -> None:
    (copy / "manifest.json").write_bytes(content)
    with pytest.raises(ModelRefused, match="manifest"):
        read_manifest(copy)


def test_bytes_that_are_no_model_are_refused_in_one_line() -> None:
    with pytest.raises(ModelRefused, match="cannot load") as caught:
        OnnxSession(b"not a model", input_name="image")
    assert "\n" not in str(caught.value)
