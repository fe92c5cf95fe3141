"""A disk in memory whose power can go, under SQLite's own file calls (a VFS of apsw's).

What is written and not synced lies in the cache. When the power goes, each of those writes may be there,
may be missing, may be there in part or as rubbish, and in any order: more than a real disk would do to us.
What a sync has returned for is there. A name is there once the file was synced.
"""

from dataclasses import dataclass, field
from random import Random
from typing import Any

import apsw

SECTOR = 512
NO_SUCH_FILE = 5898
"""SQLITE_IOERR_DELETE_NOENT"""
POWERSAFE_OVERWRITE = 0x1000
"""SQLITE_IOCAP_POWERSAFE_OVERWRITE, which SQLite assumes of every disk under Linux."""


class PowerLost(OSError):
    """The power is off: nothing is written or read any more."""


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes on their way to the platters."""

    offset: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Cut:
    """A file made shorter."""

    size: int


Change = Write | Cut


def apply(content: bytearray, change: Change) -> None:
    """Make one change."""
    if isinstance(change, Cut):
        del content[change.size :]
        return
    content.extend(bytes(max(0, change.offset - len(content))))
    content[change.offset : change.offset + len(change.content)] = change.content


@dataclass(slots=True)
class Stored:
    """One file: what is on the platters, what a reader sees, and what lies between them."""

    durable: bytearray = field(default_factory=bytearray)
    seen: bytearray = field(default_factory=bytearray)
    pending: list[Change] = field(default_factory=list)
    named: bool = False

    def change(self, change: Change) -> None:
        """Change what is seen; the platters hear of it with the next sync."""
        apply(self.seen, change)
        self.pending.append(change)

    def sync(self) -> None:
        """Everything so far is on the platters, and the name in its folder."""
        self.durable[:] = self.seen
        self.pending.clear()
        self.named = True

    def after(self, dice: Random) -> "Stored":
        """What is found when the power is back."""
        content = bytearray(self.durable)
        for change in survivors(self.pending, dice):
            apply(content, change)
        return Stored(durable=content, seen=bytearray(content), named=True)


def survivors(pending: list[Change], dice: Random) -> list[Change]:
    """Which changes reached the platters, in which order: one of four ways to lose power."""
    way = dice.choice(("none", "all", "the first", "some"))
    if way in ("none", "all"):
        return list(pending) if way == "all" else []
    if way == "the first":
        reached = pending[: dice.randint(0, len(pending))]
        return reached[:-1] + [piece for last in reached[-1:] for piece in torn(last, dice)]
    pieces = [piece for change in pending for piece in torn(change, dice)]
    dice.shuffle(pieces)
    return pieces


def torn(change: Change, dice: Random) -> list[Change]:
    """The sectors of a write that arrived, now and then one as rubbish."""
    if isinstance(change, Cut):
        return [change] if dice.random() < 0.5 else []
    pieces: list[Change] = []
    for start in range(0, len(change.content), SECTOR):
        piece, fate = change.content[start : start + SECTOR], dice.random()
        if fate < 0.5:
            pieces.append(Write(change.offset + start, piece))
        elif fate < 0.55:
            pieces.append(Write(change.offset + start, dice.randbytes(len(piece))))
    return pieces


@dataclass(slots=True)
class Disk:
    """Files by name, and how many more writes and syncs there is power for (None: enough)."""

    files: dict[str, Stored] = field(default_factory=dict)
    power: int | None = None
    spent: int = 0

    @property
    def off(self) -> bool:
        """Whether the power is gone."""
        return self.power is not None and self.spent > self.power

    def spend(self) -> None:
        """One write or sync; raises PowerLost in the middle of the last."""
        self.spent += 1
        self.check()

    def check(self) -> None:
        """Raise PowerLost when it is off."""
        if self.off:
            raise PowerLost("the power is off")

    def after(self, dice: Random) -> "Disk":
        """The disk when the power is back."""
        kept = {name: each for name, each in self.files.items() if each.named or dice.random() < 0.5}
        return Disk({name: each.after(dice) for name, each in kept.items()})

    def copy(self) -> "Disk":
        """The same files, all of them synced."""
        return Disk(
            {
                name: Stored(bytearray(each.seen), bytearray(each.seen), named=True)
                for name, each in self.files.items()
            }
        )


class DiskFile:
    """An open file, as SQLite calls it."""

    def __init__(self, disk: Disk, stored: Stored) -> None:
        self._disk = disk
        self._stored = stored

    def excepthook(self, *_: object) -> None:
        """SQLite is told by the result; nobody else needs to be."""

    def xRead(self, amount: int, offset: int) -> bytes:
        self._disk.check()
        return bytes(self._stored.seen[offset : offset + amount])

    def xWrite(self, content: bytes, offset: int) -> None:
        self._disk.check()
        self._stored.change(Write(offset, bytes(content)))
        self._disk.spend()

    def xTruncate(self, size: int) -> None:
        self._disk.check()
        self._stored.change(Cut(size))
        self._disk.spend()

    def xSync(self, _: int) -> None:
        self._disk.spend()
        self._stored.sync()

    def xFileSize(self) -> int:
        self._disk.check()
        return len(self._stored.seen)

    def xDeviceCharacteristics(self) -> int:
        return POWERSAFE_OVERWRITE

    def xSectorSize(self) -> int:
        return SECTOR

    def xCheckReservedLock(self) -> bool:
        return False

    def xFileControl(self, *_: int) -> bool:
        return False

    def xLock(self, _: int) -> None: ...

    def xUnlock(self, _: int) -> None: ...

    def xClose(self) -> None: ...


class DiskVfs(apsw.VFS):
    """SQLite's way to a disk; there is one connection at a time, so locks say yes."""

    def __init__(self, name: str, disk: Disk) -> None:
        self.name = name
        self.disk = disk
        super().__init__(name, "")

    def excepthook(self, *_: object) -> bool:
        """As with a file."""
        return True

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> Any:
        self.disk.check()
        path = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        flags[1] = flags[0]
        return DiskFile(self.disk, self.disk.files.setdefault(path, Stored()))

    def xAccess(self, path: str, _: int) -> bool:
        return path in self.disk.files

    def xFullPathname(self, path: str) -> str:
        return path

    def xDelete(self, path: str, _: bool) -> None:
        self.disk.spend()
        if self.disk.files.pop(path, None) is None:
            raise apsw.exception_for(NO_SUCH_FILE)
