"""The program's verifier, the one in the pack and the page in it come to one answer over every forgery."""

import importlib.util
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from inspection.custody.canonical import canonical
from inspection.custody.policy import read_policy
from kit.errors import KitError
from kit.evidence_pack import pack_bytes
from kit.pack.bundle import bundle_bytes
from kit.pack.case import EvidenceCase
from kit.verify_bundle import verify_bundle
from tests.kit.pack.cases import new_maker, usual
from tests.kit.pack.test_page import FORGERIES

Unpack = Callable[[bytes], Path]


@pytest.fixture
def unpack(tmp_path: Path) -> Unpack:
    """Write a pack to a folder, as whoever gets it does."""

    def write(content: bytes) -> Path:
        folder = tmp_path / "unpacked"
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            archive.extractall(folder)
        (tmp_path / "pack.zip").write_bytes(content)
        return folder

    return write


@pytest.fixture
def alone(unpack: Unpack, case: EvidenceCase) -> Iterator[ModuleType]:
    """The verifier out of the pack itself."""
    path = unpack(pack_bytes(case)) / "regrade_verify.py"
    spec = importlib.util.spec_from_file_location("regrade_verify_of_a_pack", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module


def accepts(case: EvidenceCase, content: bytes) -> bool:
    photos = {photo.file: photo.content for photo in case.photos}
    try:
        return verify_bundle(content, photos, read_policy(case.policy)).verified
    except KitError:
        return False


def accepts_alone(alone: ModuleType, folder: Path, content: bytes) -> bool:
    (folder / "bundle.json").write_bytes(content)
    words = [str(folder / "bundle.json"), "--policy", str(folder / "policy")]
    return bool(alone.main(words) == 0)


def test_a_true_pack_is_accepted_by_all(
    alone: ModuleType, witness: Ed25519PrivateKey, unpack: Unpack, case: EvidenceCase
) -> None:
    for true in (case, usual(new_maker()).case(witness)):
        folder = unpack(pack_bytes(true))
        assert accepts(true, bundle_bytes(true))
        assert accepts_alone(alone, folder, bundle_bytes(true))
        words = [str(folder.parent / "pack.zip"), "--policy", str(folder / "policy")]
        assert alone.main(words) == 0


BY_ITS_OWN_POLICY = {"another_quorum"}
"""Only who believes the bundle's own policy looks at it: the page does until it is given another."""


@pytest.mark.parametrize("name", sorted(FORGERIES.keys() - BY_ITS_OWN_POLICY))
def test_what_the_page_refuses_the_verifiers_refuse(
    alone: ModuleType, unpack: Unpack, case: EvidenceCase, name: str
) -> None:
    bundle = json.loads(bundle_bytes(case))
    FORGERIES[name][0](bundle)
    content = canonical(bundle)
    assert not accepts(case, content)
    assert not accepts_alone(alone, unpack(pack_bytes(case)), content)


def test_a_changed_photo_is_refused_by_the_verifier_in_the_pack(
    alone: ModuleType, unpack: Unpack, case: EvidenceCase
) -> None:
    folder = unpack(pack_bytes(case))
    photo = folder / case.photos[0].file
    photo.write_bytes(photo.read_bytes() + b"\x00")
    assert not accepts_alone(alone, folder, bundle_bytes(case))
