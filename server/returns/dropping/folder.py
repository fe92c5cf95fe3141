"""The folder of one merchant: what lies in it, and how a file moves through it.

Every step goes by the folder's handle and a bare name, never by a path; links are not followed, and what is
no regular file is not touched. A file moves by rename: `taken/` while it is read, then `done/` or `refused/`.
"""

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

MOST_WAITING = 1000
"""Names that are looked at in one folder at a time."""
LONGEST_NAME = 150
SUFFIX = ".csv"
TAKEN, DONE, REFUSED = "taken", "done", "refused"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A file as it lies there; the same twice is a file that nobody writes any more."""

    name: str
    inode: int
    bytes: int
    changed_ns: int

    @property
    def token(self) -> str:
        """Tells files of one name apart where nothing better is known."""
        return hashlib.sha256(f"{self.bytes}/{self.changed_ns}".encode()).hexdigest()[:12]


class DropFolder:
    """One merchant's folder, open; close it after use."""

    def __init__(self, root: int, name: str) -> None:
        """Open the folder and make the three inside it; raises OSError, for a link too."""
        self._own = os.open(name, _FOLDER, dir_fd=root)
        self._inner: dict[str, int] = {}
        try:
            for inner in (TAKEN, DONE, REFUSED):
                with suppress(FileExistsError):
                    os.mkdir(inner, 0o700, dir_fd=self._own)
                self._inner[inner] = os.open(inner, _FOLDER, dir_fd=self._own)
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """Give the handles back."""
        for handle in (*self._inner.values(), self._own):
            os.close(handle)

    def waiting(self) -> list[Waiting]:
        """The files that wait, at most MOST_WAITING + 1."""
        return list(_files(self._own, MOST_WAITING + 1))

    def taken(self) -> list[Waiting]:
        """The files that are being read."""
        return list(_files(self._inner[TAKEN], MOST_WAITING))

    def take(self, name: str) -> bool:
        """Take a waiting file; False while one of its name is being read."""
        if _stands(self._inner[TAKEN], name):
            return False
        os.rename(name, name, src_dir_fd=self._own, dst_dir_fd=self._inner[TAKEN])
        self._sync(TAKEN)
        return True

    def open(self, name: str) -> int:
        """Open a taken file; raises OSError for what is no regular file."""
        handle = os.open(name, _FILE, dir_fd=self._inner[TAKEN])
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise OSError(f"{name!r} is no regular file")
        return handle

    def end(self, name: str, kind: str, token: str) -> str:
        """Move a taken file to `done` or `refused`, under a name that no other content has; returns it."""
        ended = f"{token}-{name}"
        os.rename(name, ended, src_dir_fd=self._inner[TAKEN], dst_dir_fd=self._inner[kind])
        self._sync(kind)
        return ended

    def write(self, kind: str, name: str) -> int:
        """A handle for a file beside an ended one, under another name until `settle`."""
        return os.open(
            f".{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600, dir_fd=self._inner[kind]
        )

    def settle(self, kind: str, name: str) -> None:
        """Give what was written its name."""
        os.rename(f".{name}", name, src_dir_fd=self._inner[kind], dst_dir_fd=self._inner[kind])
        self._sync(kind)

    def sweep(self, before: float) -> int:
        """Delete files that ended before a moment (seconds of the epoch); returns how many."""
        gone = 0
        for kind in (DONE, REFUSED):
            handle = self._inner[kind]
            for entry in os.scandir(handle):
                if (
                    entry.is_file(follow_symlinks=False)
                    and entry.stat(follow_symlinks=False).st_ctime < before
                ):
                    os.unlink(entry.name, dir_fd=handle)
                    gone += 1
        return gone

    def _sync(self, kind: str) -> None:
        for handle in (self._own, self._inner[kind]):
            os.fsync(handle)


def is_name(name: str) -> bool:
    """Whether a file of this name is looked at: visible, printable, short, and a table by its end."""
    short = len(os.fsencode(name)) <= LONGEST_NAME
    plain = name.isprintable() and "/" not in name and not name.startswith(".")
    return short and plain and name.lower().endswith(SUFFIX)


def _files(handle: int, most: int) -> Iterator[Waiting]:
    seen = 0
    with os.scandir(handle) as entries:
        for entry in entries:
            if not is_name(entry.name) or not entry.is_file(follow_symlinks=False):
                continue
            with suppress(FileNotFoundError):  # taken away meanwhile
                found = entry.stat(follow_symlinks=False)
                yield Waiting(
                    name=entry.name, inode=found.st_ino, bytes=found.st_size, changed_ns=found.st_mtime_ns
                )
                seen += 1
            if seen >= most:
                return


def _stands(handle: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=handle, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True
