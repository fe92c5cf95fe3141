"""Files that must last: the old content or the new one, whatever happens between."""

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from inspection.custody.note import note_key
from server.disk import replace_file
from server.keys import make_keys, replace_log_key
from server.ledger.trust import FILE_NAME, name_log, write_first_policy

ORIGIN = "centre.test/site/s1"


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The inodes that were brought to the disk, in order."""
    found: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda handle: found.append(os.fstat(handle).st_ino))
    return found


def test_a_new_key_of_the_log_is_on_the_disk_before_it_signs(tmp_path: Path, synced: list[int]) -> None:
    keys = make_keys(tmp_path)
    synced.clear()
    replace_log_key(tmp_path, Ed25519PrivateKey.generate(), keys.log)
    assert synced == [(tmp_path / "keys.json").stat().st_ino, tmp_path.stat().st_ino]


def test_a_fault_while_a_key_is_named_leaves_the_policy_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys, fresh = make_keys(tmp_path), note_key(ORIGIN, Ed25519PrivateKey.generate())
    write_first_policy(tmp_path, ORIGIN, keys.log_public)
    path = tmp_path / FILE_NAME
    before = path.read_bytes()
    path.chmod(0o640)
    with monkeypatch.context() as patched, pytest.raises(OSError, match="full"):
        patched.setattr(os, "fsync", full)
        name_log(tmp_path, fresh)
    assert path.read_bytes() == before
    name_log(tmp_path, fresh)
    assert f"log {fresh.to_text()}\n".encode() in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o640


def full(handle: int) -> None:
    raise OSError("the disk is full")


def test_what_a_crash_left_behind_passes_on_neither_bytes_nor_rights(tmp_path: Path) -> None:
    (tmp_path / "a.fresh").write_bytes(b"a longer one than what follows")
    (tmp_path / "a.fresh").chmod(0o644)
    replace_file(tmp_path / "a.txt", b"short")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_bytes() == b"short"
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o600
