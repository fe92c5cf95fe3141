"""The tree as tiles of 256 hashes, and proofs made from them (C2SP tlog-tiles).

A tile of level 0 holds leaf hashes; each hash of a tile above is the root over one full tile below.
`TreeView` asks for the tiles that it needs through a function, so it reads rows, files or a server alike.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from struct import Struct

from inspection.custody.merkle import EMPTY_ROOT, HASH_BYTES, MAX_SIZE, node_hash
from inspection.errors import BadMessage, BadProof

HASHES = 256
"""Hashes in a full tile, and entries in a full bundle."""
HEIGHT = 8
"""Rows of the tree between two levels of tiles: 2 ** 8 == 256."""
MAX_LEVEL = 63
MAX_ENTRY_BYTES = 65_535
ENTRY_LENGTH = Struct(">H")
KEPT_TILES = 256
"""Tiles a view keeps hashed, about 40 kB each."""
TILE_PATH = re.compile(r"tile/(entries|[0-9]{1,2})/((?:x[0-9]{3}/)*)([0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")

TileReader = Callable[[int, int, int], bytes]
"""(level, index, width) -> `width` hashes of 32 bytes, one after another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TilePath:
    """Where a tile or a bundle stands below a log's prefix."""

    level: int | None
    """0..63; None for a bundle of entries."""
    index: int
    width: int
    """1..255 for a partial tile, 256 for a full one."""

    def to_text(self) -> str:
        """The path as served, such as `tile/0/x001/x234/067.p/12`."""
        name = "entries" if self.level is None else str(self.level)
        digits = f"{self.index:03d}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[start : start + 3] for start in range(0, len(digits), 3)]
        partial = "" if self.width == HASHES else f".p/{self.width}"
        return f"tile/{name}/{'/'.join(['x' + group for group in groups[:-1]] + groups[-1:])}{partial}"


def tile_path(level: int, index: int, width: int = HASHES) -> str:
    """Path of a tile of hashes."""
    return TilePath(level=level, index=index, width=width).to_text()


def entries_path(index: int, width: int = HASHES) -> str:
    """Path of a bundle of entries."""
    return TilePath(level=None, index=index, width=width).to_text()


def read_tile_path(path: str) -> TilePath:
    """Read a path below a log's prefix; raises BadMessage for any but the one spelling of a tile."""
    match = TILE_PATH.fullmatch(path)
    if match is None:
        raise BadMessage(f"{path[:80]!r} is no path of a tile")
    name, groups, last, width = match.groups()
    found = TilePath(
        level=None if name == "entries" else int(name),
        index=int(groups.replace("x", "").replace("/", "") + last),
        width=HASHES if width is None else int(width),
    )
    beyond = (found.level or 0) > MAX_LEVEL or found.index > MAX_SIZE // HASHES or found.width > HASHES
    if beyond or found.to_text() != path:
        raise BadMessage(f"{path[:80]!r} is no path of a tile")
    return found


def partial_width(level: int, index: int, size: int) -> int:
    """How many hashes tile (level, index) has in a tree of `size` leaves, 0..256."""
    return min(HASHES, max(0, (size >> HEIGHT * level) - index * HASHES))


def tiles_of(size: int) -> Iterator[TilePath]:
    """Every tile of hashes in a tree of `size` leaves, level by level; the last of a level may be partial."""
    level = 0
    while size >> HEIGHT * level:
        yield from _row_of(size >> HEIGHT * level, level)
        level += 1


def bundles_of(size: int) -> Iterator[TilePath]:
    """Every bundle of entries in a log of `size` entries; the last may be partial."""
    yield from _row_of(size, None)


def _row_of(count: int, level: int | None) -> Iterator[TilePath]:
    for index in range(-(-count // HASHES)):
        yield TilePath(level=level, index=index, width=min(HASHES, count - index * HASHES))


def write_bundle(entries: Iterable[bytes]) -> bytes:
    """Entries, each behind its length as a big-endian uint16; raises BadMessage above 65,535 bytes."""
    parts: list[bytes] = []
    for entry in entries:
        if len(entry) > MAX_ENTRY_BYTES:
            raise BadMessage(f"an entry may have {MAX_ENTRY_BYTES} bytes, this one has {len(entry)}")
        parts += (ENTRY_LENGTH.pack(len(entry)), entry)
    return b"".join(parts)


def read_bundle(content: bytes, width: int) -> tuple[bytes, ...]:
    """The `width` entries of a bundle; raises BadMessage when it holds fewer, more, or a piece of one."""
    entries: list[bytes] = []
    at = 0
    while at < len(content):
        start = at + ENTRY_LENGTH.size
        if start > len(content):
            raise BadMessage(f"the bundle ends inside the length of entry {len(entries)}")
        at = start + ENTRY_LENGTH.unpack_from(content, at)[0]
        if at > len(content):
            raise BadMessage(f"the bundle ends inside entry {len(entries)}")
        entries.append(content[start:at])
    if len(entries) != width:
        raise BadMessage(f"the bundle has {len(entries)} entries, not {width}")
    return tuple(entries)


class TreeView:
    """A tree of a fixed size, read from tiles; makes its root and proofs. For one thread at a time.

    It believes the tiles: who reads them from a stranger checks `root()` against a signed checkpoint.
    """

    def __init__(self, size: int, read: TileReader) -> None:
        if not 0 <= size <= MAX_SIZE:
            raise BadProof(f"no tree has {size} leaves")
        self.size = size
        self._read = read
        self._tiles: dict[tuple[int, int], list[list[bytes]]] = {}

    def root(self) -> bytes:
        """The root over all leaves."""
        return self.root_at(self.size)

    def root_at(self, size: int) -> bytes:
        """The root when the tree had `size` leaves; raises BadProof beyond this view."""
        self._check(size, self.size)
        return self._range(0, size) if size else EMPTY_ROOT

    def inclusion(self, index: int) -> tuple[bytes, ...]:
        """Proof that leaf `index` is in this tree, from its sibling up; raises BadProof beyond it."""
        self._check(index, self.size - 1)
        proof: list[bytes] = []
        start, end = 0, self.size
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                proof.append(self._range(middle, end))
                end = middle
            else:
                proof.append(self._range(start, middle))
                start = middle
        return tuple(reversed(proof))

    def consistency(self, old_size: int) -> tuple[bytes, ...]:
        """Proof that this tree continues its own first `old_size` leaves; empty for 0 and for all."""
        self._check(old_size, self.size)
        if old_size in (0, self.size):
            return ()
        proof: list[bytes] = []
        start, end = 0, self.size
        while end != old_size:
            middle = start + _split(end - start)
            if old_size <= middle:
                proof.append(self._range(middle, end))
                end = middle
            else:
                proof.append(self._range(start, middle))
                start = middle
        if start:  # an old tree that is one complete subtree is known to who asks
            proof.append(self._range(start, end))
        return tuple(reversed(proof))

    def _check(self, value: int, most: int) -> None:
        if not 0 <= value <= most:
            raise BadProof(f"{value} is beyond a tree of {self.size} leaves")

    def _range(self, start: int, end: int) -> bytes:
        """Root over leaves start..end, where `start` is a multiple of the range's rounded-up size."""
        found: bytes | None = None
        for height, index in reversed(list(_complete(start, end))):
            node = self._node(height, index)
            found = node if found is None else node_hash(node, found)
        if found is None:
            raise BadProof("a range without leaves has no hash")
        return found

    def _node(self, height: int, index: int) -> bytes:
        """Root over the complete subtree of 2 ** height leaves, the `index`-th of its height."""
        level, row = divmod(height, HEIGHT)
        per_tile = HASHES >> row
        return self._rows(level, index // per_tile)[row][index % per_tile]

    def _rows(self, level: int, index: int) -> list[list[bytes]]:
        key = (level, index)
        rows = self._tiles.pop(key, None)
        if rows is None:
            rows = _rows_over(self._hashes(level, index))
            if len(self._tiles) >= KEPT_TILES:
                del self._tiles[next(iter(self._tiles))]
        self._tiles[key] = rows  # the last in line is the last to go
        return rows

    def _hashes(self, level: int, index: int) -> list[bytes]:
        width = partial_width(level, index, self.size)
        content = self._read(level, index, width)
        if len(content) != width * HASH_BYTES:
            wanted = width * HASH_BYTES
            raise BadMessage(f"{tile_path(level, index, width)} has {len(content)} bytes, not {wanted}")
        return [content[at : at + HASH_BYTES] for at in range(0, len(content), HASH_BYTES)]


def _rows_over(hashes: list[bytes]) -> list[list[bytes]]:
    """The rows of nodes within a tile, from its hashes up; only complete nodes."""
    rows = [hashes]
    for _ in range(HEIGHT - 1):
        below = rows[-1]
        pairs = zip(below[::2], below[1::2], strict=False)
        rows.append([sha256(b"\x01" + left + right).digest() for left, right in pairs])
    return rows


def _split(count: int) -> int:
    """The largest power of two below `count`: how many leaves go left (RFC 6962, section 2.1)."""
    return 1 << (count - 1).bit_length() - 1


def _complete(start: int, end: int) -> Iterator[tuple[int, int]]:
    """Cut a range into complete subtrees, the largest first, as (height, index at that height)."""
    while start < end:
        height = (end - start).bit_length() - 1
        yield height, start >> height
        start += 1 << height
