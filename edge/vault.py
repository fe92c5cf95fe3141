"""Where images lie at the station: encrypted, named by the hash of their ciphertext.

An image is sealed once under a key of its own; that key is wrapped for the site at once and kept
only so. The plaintext never touches the disk. Order of a write: file, fsync, rename, fsync of the
folder; so a name in the folder always stands for whole bytes.
"""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from edge.errors import DiskFull
from inspection.custody.sealing import KEY_BYTES, NONCE_BYTES, SALT_BYTES, commit, seal_image, wrap_key
from inspection.messages.uplink import ImageKey
from inspection.readings import Frame

Random = Callable[[int], bytes]
"""`os.urandom` in a running station."""

MediaType = Literal["image/jpeg", "image/png"]
MEDIA_TYPES: dict[str, MediaType] = {"image/jpeg": "image/jpeg", "image/png": "image/png"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedImage:
    """One image on the disk, and what must travel for it."""

    ciphertext_sha256: str
    bytes: int
    """Length of the ciphertext."""
    media_type: MediaType
    plaintext_commitment: str
    """`commit(salt, sha256(image).hexdigest())`; the salt travels in `key`."""
    view: str
    captured_at: datetime
    key: ImageKey


class Vault:
    """The folder of encrypted images."""

    def __init__(self, folder: Path, site_public: bytes, random: Random) -> None:
        self._folder = folder
        self._site_public = site_public
        self._random = random
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def seal(self, frame: Frame) -> SealedImage:
        """Encrypt a frame and write it durably; raises DiskFull."""
        key, salt = self._random(KEY_BYTES), self._random(SALT_BYTES)
        sealed = seal_image(frame.content, key, self._random(NONCE_BYTES))
        digest = hashlib.sha256(sealed).hexdigest()
        self.put(digest, sealed)
        wrapped = wrap_key(key, self._site_public, digest)
        return SealedImage(
            ciphertext_sha256=digest,
            bytes=len(sealed),
            media_type=MEDIA_TYPES[frame.media_type],
            plaintext_commitment=commit(salt, hashlib.sha256(frame.content).hexdigest()),
            view=frame.view,
            captured_at=frame.captured_at,
            key=ImageKey(ciphertext_sha256=digest, wrapped=wrapped, salt=salt),
        )

    def put(self, digest: str, content: bytes) -> None:
        """Write bytes under their hash, durably; raises DiskFull."""
        path = self._path(digest)
        part = path.with_suffix(".part")
        try:
            self._make(path.parent)
            with part.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.rename(path)
            _sync_folder(path.parent)
        except OSError as error:
            with suppress(OSError):
                part.unlink()
            raise DiskFull(f"an image cannot be kept: {error.strerror}") from error

    def read(self, digest: str) -> bytes | None:
        """The ciphertext; None where the file is gone or holds other bytes.

        Raises DiskFull where it cannot be told: a disk that fails once has lost nothing.
        """
        try:
            content = self._path(digest).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise DiskFull(f"an image cannot be read: {error.strerror}") from error
        return content if hashlib.sha256(content).hexdigest() == digest else None

    def delete(self, digest: str) -> None:
        """Delete an image; one that is gone already is fine."""
        self._path(digest).unlink(missing_ok=True)

    def drop_orphans(self, known: Iterable[str], since: float = 0.0) -> int:
        """Delete what no journal row names: images of items that a crash interrupted.

        `since` is the journal's first start, in seconds since 1970: what is older belongs to the journal
        before it, which may hold records that the centre does not have.
        """
        kept = set(known)
        orphans = [path for path in self._files() if path.name not in kept and path.stat().st_mtime >= since]
        for path in orphans:
            path.unlink(missing_ok=True)
        return len(orphans)

    def free_bytes(self) -> int:
        """Room left on the disk."""
        return shutil.disk_usage(self._folder).free

    def _make(self, folder: Path) -> None:
        """A folder whose own name would not survive a power cut takes its files along."""
        if not folder.is_dir():
            folder.mkdir(exist_ok=True, mode=0o700)
            _sync_folder(self._folder)

    def _path(self, digest: str) -> Path:
        return self._folder / digest[:2] / digest

    def _files(self) -> Iterator[Path]:
        return (path for path in self._folder.glob("*/*") if path.is_file())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
