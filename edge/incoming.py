"""Files on their way here: one at a time, whole and of the right hash before anybody else sees them.

What has come stays in `<sha256>.part` when the line breaks or the process is killed, and the next try goes
on behind it. A file that is complete and of another hash is thrown away.
"""

import asyncio
import hashlib
import os
import shutil
from functools import partial
from pathlib import Path
from typing import BinaryIO

from edge.errors import DiskFull, WrongFile
from link.errors import Refused
from link.http import HttpLink

PIECE = 1024 * 1024


class Incoming:
    """The folder of what is on its way."""

    def __init__(self, folder: Path, *, least_free_bytes: int = 0) -> None:
        """`least_free_bytes` of the disk are left alone."""
        self._folder, self._least_free_bytes = folder, least_free_bytes

    async def fetch(self, link: HttpLink, path: str, *, sha256: str, length: int) -> Path:
        """Bring one file and return where it lies, durable.

        Raises LinkError (what came is kept), WrongFile, DiskFull. Other files on their way are forgotten.
        """
        part = self._folder / f"{sha256}.part"
        try:
            self._make_room(part, length)
            digest, start = await asyncio.to_thread(_so_far, part, length)
            with part.open("ab") as file:
                if start < length:
                    take = partial(_take, file, digest)
                    await link.download(path, take, length=length, start=start)
                await asyncio.to_thread(_sync, file)
        except Refused:  # what has come may not be a part of this file at all
            part.unlink(missing_ok=True)
            raise
        except OSError as error:
            raise DiskFull(f"{part.name} cannot be written: {error.strerror}") from error
        if digest.hexdigest() != sha256:
            part.unlink()
            raise WrongFile(f"{path} has the hash {digest.hexdigest()}")
        return part

    def _make_room(self, part: Path, length: int) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for other in self._folder.iterdir():
            if other != part:
                other.unlink()
        if shutil.disk_usage(self._folder).free - length < self._least_free_bytes:
            raise DiskFull(f"no room for a reference file of {length} bytes")


def _so_far(part: Path, length: int) -> tuple["hashlib._Hash", int]:
    """Hash and length of what has come before; a part that is too long is begun again."""
    digest, size = hashlib.sha256(), part.stat().st_size if part.exists() else 0
    if size > length:
        part.unlink()
        size = 0
    if size:
        with part.open("rb") as file:
            while piece := file.read(PIECE):
                digest.update(piece)
    return digest, size


def _take(file: BinaryIO, digest: "hashlib._Hash", piece: bytes) -> None:
    file.write(piece)
    digest.update(piece)


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def put_in_place(part: Path, target: Path) -> None:
    """Let a file that came appear under its name, whole and durable."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part.replace(target)
    handle = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256_of(path: Path) -> str | None:
    """Hash of a file; None where there is none."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(PIECE):
                digest.update(piece)
    except FileNotFoundError:
        return None
    return digest.hexdigest()
