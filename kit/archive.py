"""Read an archive of files, a zip or a folder alike: by name, bounded, and nothing outside of it."""

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from kit.errors import KitError, Unreadable

MAX_PART_BYTES = 64 * 1024 * 1024
"""No part but the lines of a log is longer: a photo, a page, a bundle of 256 entries."""
READ_AHEAD = 256 * 1024
DAMAGED = (zipfile.BadZipFile, EOFError, OSError)
"""What a zip says in the middle of a part that is read as a stream."""
UNREADABLE = (zipfile.BadZipFile, EOFError, ValueError, RuntimeError)
"""What a zip says of a part: damaged, a name that is no text, encrypted, or of a later version."""


class Archive(Protocol):
    """Files by name."""

    @property
    def names(self) -> frozenset[str]:
        """All of them, such as `tile/0/000`."""
        ...

    def read(self, name: str) -> bytes:
        """One file; raises Unreadable above MAX_PART_BYTES, or when it is damaged."""
        ...

    def open(self, name: str) -> BinaryIO:
        """One file as a stream that can go back to its beginning; the caller closes it."""
        ...

    def size(self, name: str) -> int:
        """Bytes of one file."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderArchive:
    """A folder; links are not followed out of it, because none are followed."""

    folder: Path
    names: frozenset[str]

    def read(self, name: str) -> bytes:
        """As `Archive.read`."""
        if self.size(name) > MAX_PART_BYTES:
            raise Unreadable(f"{name} is longer than {MAX_PART_BYTES} bytes")
        return (self.folder / name).read_bytes()

    def open(self, name: str) -> BinaryIO:
        """As `Archive.open`."""
        return (self.folder / name).open("rb")

    def size(self, name: str) -> int:
        """As `Archive.size`."""
        return (self.folder / name).stat().st_size


@dataclass(frozen=True, slots=True, kw_only=True)
class ZipArchive:
    """A zip whose parts are stored as they are: nothing grows when it is read."""

    file: zipfile.ZipFile
    names: frozenset[str] = field(default=frozenset())

    def read(self, name: str) -> bytes:
        """As `Archive.read`."""
        if self.size(name) > MAX_PART_BYTES:
            raise Unreadable(f"{name} is longer than {MAX_PART_BYTES} bytes")
        with _readable(name):
            return self.file.read(name)

    def open(self, name: str) -> BinaryIO:
        """As `Archive.open`."""
        with _readable(name):
            raw = cast(io.RawIOBase, self.file.open(name))
        return io.BufferedReader(raw, READ_AHEAD)  # a zip's own way of reading lines is slow

    def size(self, name: str) -> int:
        """As `Archive.size`."""
        return self.file.getinfo(name).file_size


@contextmanager
def open_archive(path: Path, wrong: type[KitError] = Unreadable) -> Iterator[Archive]:
    """Open a zip or a folder; raises `wrong` for what is neither, is packed, or has a name twice."""
    if path.is_dir():
        inside = (each for each in path.rglob("*") if each.is_file() and not each.is_symlink())
        names = frozenset(each.relative_to(path).as_posix() for each in inside)
        yield FolderArchive(folder=path, names=names)
        return
    with _opened(path, wrong) as file:
        names = _names(file, wrong)
        try:
            yield ZipArchive(file=file, names=names)
        except DAMAGED as error:
            raise wrong(f"{path} is damaged: {error}") from error


def _opened(path: Path, wrong: type[KitError]) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (OSError, *UNREADABLE) as error:
        raise wrong(f"{path} is no zip and no folder: {error}") from error


@contextmanager
def _readable(name: str) -> Iterator[None]:
    try:
        yield
    except UNREADABLE as error:
        raise Unreadable(f"{name} is damaged: {error}") from error


def _names(file: zipfile.ZipFile, wrong: type[KitError]) -> frozenset[str]:
    entries = file.infolist()
    names = frozenset(entry.filename for entry in entries)
    if len(names) != len(entries):
        raise wrong("a name stands twice in the zip: two programs could read two different files")
    packed = [entry.filename for entry in entries if entry.compress_type != zipfile.ZIP_STORED]
    if packed:
        raise wrong(f"{packed[0]} is compressed; the parts of an archive are stored as they are")
    return names
