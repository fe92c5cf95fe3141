"""The Merkle tree of a log that streams by: its root at any size, and its tiles as they fill up.

Kept are the O(log n) complete subtrees on the right edge and one unfinished tile per level, so a million
entries need no more memory than a thousand. RFC 6962, section 2.1; tiles as in C2SP tlog-tiles.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from inspection.custody.merkle import EMPTY_ROOT, HASH_BYTES, node_hash, root_of
from inspection.custody.tiles import HASHES, HEIGHT

TILE_BYTES = HASHES * HASH_BYTES
TileSink = Callable[[int, int, bytes], None]
"""Told level, index and content of each tile: the full ones at once, the partial ones at the end."""


def _ignore(level: int, index: int, content: bytes) -> None:
    """Take no interest in tiles."""


@dataclass(slots=True, kw_only=True)
class GrowingTree:
    """Takes leaf hashes in their order."""

    wanted: frozenset[int] = frozenset()
    """Sizes at which the root is noted."""
    on_tile: TileSink = _ignore
    size: int = 0
    roots: dict[int, bytes] = field(default_factory=dict)
    """Size -> root, for the wanted sizes that were reached."""
    _edge: list[bytes] = field(default_factory=list)
    """Complete subtrees from left to right, each smaller than the one before."""
    _levels: list[bytearray] = field(default_factory=list)
    _cut: frozenset[int] = frozenset()
    """Tiles of leaf hashes with a wanted size inside."""

    def __post_init__(self) -> None:
        self._cut = frozenset(size // HASHES for size in self.wanted if size % HASHES)
        if 0 in self.wanted:
            self.roots[0] = EMPTY_ROOT

    def add(self, leaf_hash: bytes) -> None:
        """Take the hash of the next leaf, 32 bytes."""
        self._to_tile(0, leaf_hash)
        self._join(leaf_hash, 0)

    def add_all(self, leaf_hashes: Iterable[bytes]) -> None:
        """Take several in their order."""
        for leaf_hash in leaf_hashes:
            self.add(leaf_hash)

    def add_tile(self, leaf_hashes: Sequence[bytes]) -> None:
        """Take the hashes of a tile from its beginning on; a full one with no wanted size inside at once."""
        if len(leaf_hashes) < HASHES or self.size // HASHES in self._cut:
            self.add_all(leaf_hashes)
            return
        self.on_tile(0, self.size // HASHES, b"".join(leaf_hashes))
        self._join(root_of(leaf_hashes), HEIGHT)

    def root(self) -> bytes:
        """The root over all leaves so far."""
        if not self._edge:
            return EMPTY_ROOT
        found = self._edge[-1]
        for left in reversed(self._edge[:-1]):
            found = node_hash(left, found)
        return found

    def finish(self) -> None:
        """Hand out the partial tiles; nothing may be added after that."""
        for level, content in enumerate(self._levels):
            if content:
                self.on_tile(level, (self.size >> HEIGHT * level) // HASHES, bytes(content))

    def _join(self, node: bytes, height: int) -> None:
        """Put a complete subtree to the right edge, and join what has become complete."""
        joined, behind = height, self.size >> height
        while True:
            if height and height % HEIGHT == 0:
                self._to_tile(height // HEIGHT, node)
            if not behind & 1:
                break
            node = sha256(b"\x01" + self._edge.pop() + node).digest()
            behind, height = behind >> 1, height + 1
        self._edge.append(node)
        self.size += 1 << joined
        if self.size in self.wanted:
            self.roots[self.size] = self.root()

    def _to_tile(self, level: int, node: bytes) -> None:
        while level >= len(self._levels):
            self._levels.append(bytearray())
        tile = self._levels[level]
        tile += node
        if len(tile) == TILE_BYTES:
            # the leaf being added is not counted yet: of full tiles, this is the last one
            self.on_tile(level, (self.size >> HEIGHT * level) // HASHES, bytes(tile))
            tile.clear()
