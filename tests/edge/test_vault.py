"""Images lie encrypted, under the hash of what lies there."""

import hashlib
import os
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from edge.errors import DiskFull
from edge.vault import Vault
from inspection.custody.sealing import open_image, opens, unwrap_key

if TYPE_CHECKING:
    from tests.edge.world import World


def test_what_is_sealed_is_opened_by_the_site_alone(vault: Vault, world: "World", site: ModuleType) -> None:
    picture = site.frame(b"\xff\xd8\xff" + bytes(1000))
    sealed = vault.seal(picture)
    ciphertext = vault.read(sealed.ciphertext_sha256)
    assert ciphertext is not None
    assert picture.content not in ciphertext
    key = unwrap_key(sealed.key.wrapped, world.sealing_key, sealed.ciphertext_sha256)
    assert open_image(ciphertext, key) == picture.content
    digest = hashlib.sha256(picture.content).hexdigest()
    assert opens(sealed.plaintext_commitment, sealed.key.salt, digest)


def test_the_same_picture_never_looks_the_same_twice(vault: Vault, site: ModuleType) -> None:
    first, second = vault.seal(site.frame()), vault.seal(site.frame())
    assert first.ciphertext_sha256 != second.ciphertext_sha256


def test_damaged_bytes_are_not_handed_out(vault: Vault, site: ModuleType, tmp_path: Path) -> None:
    sealed = vault.seal(site.frame())
    [path] = (tmp_path / "evidence").glob("*/*")
    path.write_bytes(b"other bytes")
    assert vault.read(sealed.ciphertext_sha256) is None


def test_an_image_that_cannot_be_read_is_not_taken_for_gone(
    vault: Vault, site: ModuleType, tmp_path: Path
) -> None:
    sealed = vault.seal(site.frame())
    [path] = (tmp_path / "evidence").glob("*/*")
    path.unlink()
    path.symlink_to(path)
    with pytest.raises(DiskFull, match="cannot be read"):
        vault.read(sealed.ciphertext_sha256)


def test_the_name_of_a_new_folder_is_made_durable_too(
    vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    fsync = os.fsync

    def noting(handle: int) -> None:
        synced.append(Path(f"/proc/self/fd/{handle}").readlink().name)
        fsync(handle)

    monkeypatch.setattr(os, "fsync", noting)
    first, second = "ab" + "0" * 62, "ab" + "1" * 62
    vault.put(first, b"one")
    vault.put(second, b"two")
    assert synced == ["evidence", f"{first}.part", "ab", f"{second}.part", "ab"]


def test_images_that_no_record_names_are_dropped(vault: Vault, site: ModuleType) -> None:
    kept, orphan = vault.seal(site.frame()), vault.seal(site.frame())
    assert vault.drop_orphans([kept.ciphertext_sha256]) == 1
    assert vault.read(kept.ciphertext_sha256) is not None
    assert vault.read(orphan.ciphertext_sha256) is None


def test_a_folder_that_takes_nothing_is_a_full_disk(vault: Vault, site: ModuleType, tmp_path: Path) -> None:
    for number in range(256):
        (tmp_path / "evidence" / f"{number:02x}").write_text("a file stands where a folder should")
    with pytest.raises(DiskFull):
        vault.seal(site.frame())
