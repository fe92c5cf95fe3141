"""`regrade verify export`: an archive of a log, every part of it computed anew and compared.

The lines are read once. On the way the tree over them grows, and each tile, each bundle of entries and
each kept checkpoint is compared with what it must be; whatever else lies in the archive is named.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from inspection.custody.tiles import HASHES, entries_path, tile_path, write_bundle
from kit.archive import Archive
from kit.archive_writer import CHECKPOINT, CHECKPOINTS, LINES, POLICY
from kit.basis import Basis
from kit.errors import NotAnExport, Unreadable
from kit.export import Header
from kit.verify import MAX_PROBLEMS, Progress, Report, verify_log
from kit.walk import Problem, Rule


@dataclass(slots=True, kw_only=True)
class Parts:
    """The parts of an archive beside its lines, ticked off one by one."""

    archive: Archive
    found: list[Problem] = field(default_factory=list)
    _ticked: set[str] = field(default_factory=set)
    _bundle: list[bytes] = field(default_factory=list)
    _complete: bool = True
    _lines: int = 0

    def checkpoints(self) -> Iterator[tuple[str, bytes]]:
        """Name and content of every kept checkpoint."""
        for name in sorted(self.archive.names):
            if name.startswith(CHECKPOINTS):
                yield name, self.archive.read(name)

    def bundle(self, entries: list[bytes], complete: bool) -> None:
        """Take the next bundle of entries and compare it; the last, which is not full, at the end."""
        self._lines += len(entries)
        self._bundle, self._complete = entries, complete
        if len(entries) == HASHES:
            self._close_bundle()

    def tile(self, level: int, index: int, content: bytes) -> None:
        """Compare a tile with what it must be."""
        first = None if level else index * HASHES
        self._compare(tile_path(level, index, len(content) // 32), content, first)

    def problems(self, header: Header) -> Iterator[Problem]:
        """What did not fit, once all lines are read."""
        self._close_bundle()
        self._compare(CHECKPOINT, header.checkpoint)
        yield from self.found
        stray = self.archive.names - self._ticked - {LINES, POLICY}
        misnamed = (name for name in stray if not name.startswith(CHECKPOINTS))
        for name in islice(sorted(misnamed), MAX_PROBLEMS):
            yield Problem(rule=Rule.STRAY, detail=f"{name} belongs to no part of a log")

    def _close_bundle(self) -> None:
        width, complete, entries = len(self._bundle), self._complete, self._bundle
        self._bundle, self._complete = [], True
        if entries and complete and all(len(entry) <= 0xFFFF for entry in entries):
            index = (self._lines - 1) // HASHES
            self._compare(entries_path(index, width), write_bundle(entries), index * HASHES)

    def _compare(self, name: str, wanted: bytes, first: int | None = None) -> None:
        """`first` is the first entry that the part is made of, where it is made of entries."""
        self._ticked.add(name)
        if len(self.found) >= MAX_PROBLEMS:
            return
        if name not in self.archive.names:
            self.found.append(Problem(rule=Rule.TILE, detail=f"{name} is missing"))
        elif self.archive.size(name) != len(wanted) or self.archive.read(name) != wanted:
            detail = f"{name} is not what the entries make it"
            self.found.append(Problem(rule=Rule.TILE, index=first, detail=detail))


def verify_export(
    archive: Archive, basis: Basis, progress: Progress | None = None, *, thorough: bool = True
) -> Report:
    """Check a whole archive; raises NotAnExport when it has no lines, or a part is damaged."""
    if LINES not in archive.names:
        raise NotAnExport(f"there is no {LINES} in it")
    parts = Parts(archive=archive)
    try:
        _check_names(archive, parts)
        with archive.open(LINES) as file:
            return verify_log(file, None, None, progress, basis=basis, beside=parts, thorough=thorough)
    except (Unreadable, OSError, EOFError) as error:
        raise NotAnExport(str(error)) from error


def _check_names(archive: Archive, parts: Parts) -> None:
    """A kept checkpoint lies under the size that it states."""
    for name, note in parts.checkpoints():
        second = note.split(b"\n", 2)[1:2]
        if second != [name.removeprefix(CHECKPOINTS).encode()]:
            detail = f"{name} is not the checkpoint of that size"
            parts.found.append(Problem(rule=Rule.TILE, detail=detail))
