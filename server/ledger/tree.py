"""The Merkle tree over the leaves, kept as tiles in the transaction of the leaves that they hash.

c2sp.org/tlog-tiles: a tile holds 256 hashes; one of level 0 holds leaf hashes, one above holds the roots
of full tiles below it. Level 0 is stored only when full, because its last, partial tile is what
`leaves.hash` holds already; so an append costs no second copy of its hash, and the tree is touched once
in 256 leaves.
"""

from collections.abc import Sequence

from sqlalchemy import Connection

from inspection.custody.merkle import root_of
from inspection.custody.tiles import HASHES, TileReader, TreeView
from server.db.rows import run
from server.errors import LedgerBroken

HASH_BYTES = 32
# A proof asks for half a dozen tiles: composing the question takes longer than hashing what it brings.
TILE = "SELECT hashes FROM tiles WHERE site = ? AND level = ? AND idx = ?"
PUT = (
    "INSERT INTO tiles (site, level, idx, hashes) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (site, level, idx) DO UPDATE SET hashes = excluded.hashes"
)
LEAF_HASHES = "SELECT hash FROM leaves WHERE site = ? AND seq >= ? AND seq < ? ORDER BY seq"


def grow(connection: Connection, site: str, first: int, hashes: Sequence[bytes]) -> None:
    """Take up the hashes of the leaves from index `first` on, in order; their rows are written already."""
    for index in range(first // HASHES, (first + len(hashes)) // HASHES):
        start = index * HASHES
        before = _leaf_hashes(connection, site, start, first) if start < first else []
        full = [*before, *hashes[max(start - first, 0) : start + HASHES - first]]
        if len(full) != HASHES:
            raise LedgerBroken(f"tile {index} has {len(full)} of its {HASHES} leaf hashes")
        _put(connection, site, 0, index, b"".join(full))
        _rise(connection, site, 1, index, root_of(full))


def _rise(connection: Connection, site: str, level: int, place: int, root: bytes) -> None:
    """Add the root of a full tile to the tile above it, and go on up while that is full too."""
    index, before = place // HASHES, place % HASHES
    kept = (_stored(connection, site, level, index) or b"") if before else b""
    if len(kept) != before * HASH_BYTES:
        raise LedgerBroken(f"tile {level}/{index} holds {len(kept) // HASH_BYTES} hashes, not {before}")
    hashes = kept + root
    _put(connection, site, level, index, hashes)
    if before + 1 == HASHES:
        _rise(connection, site, level + 1, index, root_of(split(hashes)))


def tile_reader(connection: Connection, site: str) -> TileReader:
    """Read tiles of any width that the tree has; raises LedgerBroken for one that is not there."""

    def read(level: int, index: int, width: int) -> bytes:
        found = _stored(connection, site, level, index)
        if found is None and level == 0:
            start = index * HASHES
            found = b"".join(_leaf_hashes(connection, site, start, start + width))
        if found is None or len(found) < width * HASH_BYTES:
            raise LedgerBroken(f"tile {level}/{index} does not hold {width} hashes")
        return found[: width * HASH_BYTES]

    return read


def tree_view(connection: Connection, site: str, size: int) -> TreeView:
    """The tree over the first `size` leaves: its root and its proofs."""
    return TreeView(size, tile_reader(connection, site))


def split(hashes: bytes) -> list[bytes]:
    """A tile's bytes as hashes."""
    return [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]


def _leaf_hashes(connection: Connection, site: str, start: int, stop: int) -> list[bytes]:
    return [row[0] for row in run(connection, LEAF_HASHES, (site, start, stop))]


def _stored(connection: Connection, site: str, level: int, index: int) -> bytes | None:
    rows = run(connection, TILE, (site, level, index))
    return rows[0][0] if rows else None


def _put(connection: Connection, site: str, level: int, index: int, hashes: bytes) -> None:
    run(connection, PUT, (site, level, index, hashes))
