"""What a pack says of itself holds before `regrade verify bundle` and before the one file inside it."""

import zipfile
from pathlib import Path

import pytest

from inspection.custody.policy import read_policy
from kit.archive import open_archive
from kit.archive_writer import write_zip
from kit.errors import NotABundle
from kit.evidence_pack import pack_bytes
from kit.pack.case import EvidenceCase
from kit.verify import Report
from kit.verify_bundle import verify_pack
from tests.kit.judges import standalone_module


@pytest.fixture
def pack(case: EvidenceCase, tmp_path: Path) -> Path:
    (tmp_path / "pack.zip").write_bytes(pack_bytes(case))
    (tmp_path / "policy").write_bytes(case.policy)
    return tmp_path / "pack.zip"


def verified(pack: Path) -> Report:
    with open_archive(pack, NotABundle) as archive:
        return verify_pack(archive, read_policy((pack.parent / "policy").read_bytes()))


def alone(pack: Path) -> int:
    code: int = standalone_module().main([str(pack), "--policy", str(pack.parent / "policy")])
    return code


def parts(pack: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(pack) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_pack_is_verified_with_all_that_lies_in_it(pack: Path) -> None:
    assert verified(pack).problems == ()
    assert alone(pack) == 0


def test_the_one_file_lies_in_the_pack(pack: Path) -> None:
    assert parts(pack)["regrade_verify.py"] == Path(standalone_module().__file__ or "").read_bytes()


@pytest.mark.parametrize("kind", ["photos/", "leaves/", "proofs/"])
def test_a_changed_part_is_found(pack: Path, kind: str) -> None:
    files = parts(pack)
    name = next(each for each in files if each.startswith(kind))
    files[name] += b"\n"
    with pack.open("wb") as out:
        write_zip(out, ((each, (content,)) for each, content in files.items()))
    assert name in verified(pack).problems[0].detail
    assert alone(pack) == 1
