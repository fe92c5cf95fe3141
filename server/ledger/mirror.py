"""A copy of the leaves on another disk: appended and on that disk before a checkpoint over them is shown.

Plain JSON lines, so that it can be read when everything else is gone. It holds what the ledger holds, and
neither keys nor anything personal: commitments only.
"""

import os
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import structlog

from inspection.custody.leaf import leaf_hash_hex
from server.errors import BadSettings
from server.ledger.checkpoints import Kept

SEGMENT = 65_536
"""Leaves in one file: what is read to find the end stays small."""
PAGE = 512
NOTES = "checkpoints"

ReadLines = Callable[[range], list[bytes]]
"""The leaves of a range of indexes, without their newlines."""


class Mirror:
    """Files `leaves-<first index>.jsonl` and `checkpoints/<size>` in one folder."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._torn: Path | None = None
        self.size = self._find_size()
        """How many leaves are here."""

    def append(self, lines: list[bytes]) -> None:
        """Write leaves behind the last one and bring them to the disk."""
        (self._directory / NOTES).mkdir(parents=True, exist_ok=True, mode=0o700)
        self._cut_off()
        while lines:
            room = SEGMENT - self.size % SEGMENT
            with self._segment(self.size).open("ab") as file:
                file.write(b"".join(line + b"\n" for line in lines[:room]))
                file.flush()
                os.fsync(file.fileno())
            self.size += len(lines[:room])
            lines = lines[room:]

    def set_aside(self, size: int) -> None:
        """Move the leaves from an index on into a file beside: they were never under a checkpoint.

        A crash between a commit and its checkpoint leaves them; a restored ledger may have gone on otherwise.
        """
        surplus = list(self.lines(size))
        with (self._directory / f"aside-{size:012d}-{len(surplus)}.jsonl").open("ab") as file:
            file.write(b"".join(line + b"\n" for line in surplus))
            file.flush()
            os.fsync(file.fileno())
        kept = list(self.lines(size - size % SEGMENT))[: size % SEGMENT]
        for path in self._directory.glob("leaves-*.jsonl"):
            if int(path.stem.partition("-")[2]) >= size - size % SEGMENT:
                path.unlink()
        self.size, self._torn = size - size % SEGMENT, None
        self.append(kept)

    def keep_note(self, size: int, note: bytes) -> None:
        """Keep a checkpoint beside the leaves that it is over."""
        with (self._directory / NOTES / str(size)).open("wb") as file:
            file.write(note)
            file.flush()
            os.fsync(file.fileno())

    def lines(self, start: int = 0) -> Iterator[bytes]:
        """The leaves from an index on."""
        at = start - start % SEGMENT
        while at < self.size:
            with self._segment(at).open("rb") as file:
                for seq, line in enumerate(file, start=at):
                    if start <= seq < self.size:
                        yield line.rstrip(b"\n")
            at += SEGMENT

    def notes(self) -> list[bytes]:
        """Every checkpoint that is kept here, the shortest first."""
        found = [path for path in (self._directory / NOTES).glob("*") if path.name.isdigit()]
        return [path.read_bytes() for path in sorted(found, key=lambda path: int(path.name))]

    def _segment(self, seq: int) -> Path:
        return self._directory / f"leaves-{seq - seq % SEGMENT:012d}.jsonl"

    def _find_size(self) -> int:
        """Count the whole lines of the last file."""
        found = sorted(self._directory.glob("leaves-*.jsonl"))
        if not found:
            return 0
        content = found[-1].read_bytes()
        self._torn = None if content.endswith(b"\n") else found[-1]
        return int(found[-1].stem.partition("-")[2]) + content.count(b"\n")

    def _cut_off(self) -> None:
        """Remove the line that a crash left unfinished; only who writes may."""
        if self._torn is not None:
            with self._torn.open("rb+") as file:
                file.truncate(file.read().rfind(b"\n") + 1)
            self._torn = None


def is_mirror(path: Path) -> bool:
    """Whether a folder holds a mirror."""
    return path.is_dir() and any(path.glob("leaves-*.jsonl"))


class MirrorKeeper:
    """Brings the mirror up to each checkpoint; a mirror that fails is said and holds nothing up."""

    def __init__(self, directory: Path, read: ReadLines) -> None:
        self._directory, self._read = directory, read
        self._mirror: Mirror | None = None
        self._logger = structlog.get_logger("server")

    def __call__(self, kept: Kept) -> None:
        """Copy what the checkpoint is over; runs in a thread, before the checkpoint is shown."""
        try:
            self._copy(kept)
        except Exception as error:  # whatever it is, checkpoints go on without the copy
            self._mirror = None
            self._logger.error("mirror.behind", size=kept.size, reason=str(error), exc_info=error)

    def _copy(self, kept: Kept) -> None:
        mirror = self._mirror or Mirror(self._directory)
        if self._mirror is None or mirror.size > kept.size:
            self._check(mirror, min(mirror.size, kept.size))
            self._mirror = mirror
        if mirror.size > kept.size:
            mirror.set_aside(kept.size)
        for start in range(mirror.size, kept.size, PAGE):
            mirror.append(self._read(range(start, min(start + PAGE, kept.size))))
        if mirror.size == kept.size:
            mirror.keep_note(kept.size, kept.note)

    def _check(self, mirror: Mirror, size: int) -> None:
        """Raise BadSettings unless both have the same leaf before `size`, with its body or without."""
        last = range(max(size - 1, 0), size)
        here = [_hash_of(line) for line in islice(mirror.lines(last.start), len(last))]
        if here != [_hash_of(line) for line in self._read(last)]:
            raise BadSettings(f"{self._directory} holds a copy of another ledger: name an empty folder")


def _hash_of(line: bytes) -> str:
    """The leaf hash, where a body was dropped or is withheld too: its line is the hash."""
    return line.strip(b'"').decode() if line.startswith(b'"') else leaf_hash_hex(line)
