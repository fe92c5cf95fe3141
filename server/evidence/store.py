"""A folder of immutable files, each named by the SHA-256 of its bytes.

A file appears under its name only whole and durable: written to a temporary file, hashed on the
way, fsynced, renamed, and its folder fsynced. What a crash leaves in `tmp/` is removed at the start.
"""

import hashlib
import os
import secrets
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from pathlib import Path

import anyio.to_thread

from server.disk import sync_folder
from server.errors import HashMismatch, NotTaken, TooLarge


class EvidenceStore:
    """Puts and finds files by hash."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._tmp = folder / "tmp"
        for each in (folder, self._tmp):
            each.mkdir(exist_ok=True, mode=0o700)
        for left in self._tmp.iterdir():
            left.unlink()

    def path(self, sha256: str) -> Path:
        """Where the file with this hash is, or would be."""
        return self._folder / sha256[:2] / sha256

    def holds(self, sha256: str) -> bool:
        """True when the file is there, whole."""
        return self.path(sha256).is_file()

    async def put(self, sha256: str, chunks: AsyncIterator[bytes], length: int) -> None:
        """Store a body of exactly `length` bytes whose hash is `sha256`.

        Raises TooLarge, NotTaken or HashMismatch; then nothing is kept.
        """
        temporary = self._tmp / secrets.token_hex(16)
        try:
            await _write(temporary, sha256, chunks, length)
            await anyio.to_thread.run_sync(self._keep, temporary, sha256)
        finally:
            with suppress(FileNotFoundError):
                temporary.unlink()

    def remove(self, sha256: str) -> None:
        """Delete a file for good; one that is gone already is fine."""
        target = self.path(sha256)
        if target.is_file():
            target.unlink(missing_ok=True)  # two may be at it
            sync_folder(target.parent)

    def remove_all(self, hashes: Iterable[str]) -> None:
        """Delete many files for good."""
        for sha256 in hashes:
            self.remove(sha256)

    def _keep(self, temporary: Path, sha256: str) -> None:
        target = self.path(sha256)
        fresh = not target.parent.is_dir()
        target.parent.mkdir(exist_ok=True, mode=0o700)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.rename(target)
        sync_folder(target.parent)
        if fresh:
            sync_folder(self._folder)


async def _write(path: Path, sha256: str, chunks: AsyncIterator[bytes], length: int) -> None:
    digest, seen = hashlib.sha256(), 0
    with path.open("xb") as file:
        async for chunk in chunks:
            seen += len(chunk)
            if seen > length:
                raise TooLarge(f"more bytes came than the {length} announced")
            digest.update(chunk)
            file.write(chunk)
    if seen != length:
        raise NotTaken(f"{length} bytes were announced, {seen} came")
    if digest.hexdigest() != sha256:
        raise HashMismatch(f"the bytes have the hash {digest.hexdigest()}, the address says {sha256}")
