"""Tiles, entry bundles and proofs, read for a published checkpoint: nothing unsigned ever leaves."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from inspection.custody.leaf import read_leaf
from inspection.custody.proof import TlogProof
from inspection.custody.tiles import HASHES, TilePath, partial_width, write_bundle
from server.db.ledger_tables import leaves
from server.errors import NotFound, Withheld
from server.ledger.checkpoints import Kept, any_between, newest, with_cosignatures
from server.ledger.standing import standing_of
from server.ledger.tree import tile_reader, tree_view


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """An entry and the proof of its place."""

    index: int
    leaf: bytes
    proof: TlogProof


def read_tile(connection: Connection, site: str, path: TilePath) -> bytes:
    """A tile of hashes; raises NotFound for one that no published checkpoint has."""
    if path.level is None:
        raise NotFound("entry bundles have a route of their own")
    _refuse_unpublished(connection, site, path.level, path.index, path.width)
    return tile_reader(connection, site)(path.level, path.index, path.width)


def read_entries(connection: Connection, site: str, path: TilePath) -> tuple[bytes, ...]:
    """The leaves of a bundle; raises NotFound for one of no published size, Withheld below the minimum."""
    _refuse_unpublished(connection, site, 0, path.index, path.width)
    start = path.index * HASHES
    return read_leaves(connection, site, start, start + path.width)


def bundle_of(entries: Sequence[bytes]) -> bytes:
    """Leaves as c2sp.org/tlog-tiles bundles them."""
    return write_bundle(entries)


def read_leaves(connection: Connection, site: str, start: int, stop: int) -> tuple[bytes, ...]:
    """Leaves from `start` on, before `stop`; raises Withheld where one is below the minimum index."""
    least = standing_of(connection, site).min_index
    if start < least:
        raise Withheld(f"entries below {least} are no longer shown; their proofs stay good")
    mine = (leaves.c.site == site, leaves.c.seq >= start, leaves.c.seq < stop)
    rows = connection.execute(select(leaves.c.leaf).where(*mine).order_by(leaves.c.seq)).scalars()
    return tuple(row for row in rows)


def prove(connection: Connection, site: str, kept: Kept, indexes: Sequence[int]) -> tuple[TlogProof, ...]:
    """Proofs of these entries to one checkpoint; raises NotFound for an index beyond it."""
    view, note = tree_view(connection, site, kept.size), with_cosignatures(connection, site, kept)
    beyond = [index for index in indexes if not 0 <= index < kept.size]
    if beyond:
        raise NotFound(f"entry {beyond[0]} is in no published checkpoint; the newest has {kept.size} entries")
    return tuple(
        TlogProof(index=index, hashes=view.inclusion(index), checkpoint=note, extra=None) for index in indexes
    )


def proven_entry(connection: Connection, site: str, kept: Kept, index: int) -> Proven:
    """One entry with its proof; raises NotFound or Withheld."""
    (proof,) = prove(connection, site, kept, (index,))
    (leaf,) = read_leaves(connection, site, index, index + 1)
    return Proven(index=index, leaf=leaf, proof=proof)


def merchant_of(leaf: bytes) -> str | None:
    """The merchant that an entry is about; None for keys, policies and whatever names none."""
    merchant = read_leaf(leaf).body.get("merchant")
    return merchant if isinstance(merchant, str) else None


def _refuse_unpublished(connection: Connection, site: str, level: int, index: int, width: int) -> None:
    """Raise NotFound unless some published tree has this tile with exactly this many hashes."""
    last = newest(connection, site)
    known = partial_width(level, index, last.size) if last else 0
    if width > known or (width < HASHES and not _was_the_edge(connection, site, level, index, width)):
        raise NotFound(f"no published checkpoint has {width} hashes in tile {level}/{index}")


def _was_the_edge(connection: Connection, site: str, level: int, index: int, width: int) -> bool:
    span = HASHES**level
    least = (index * HASHES + width) * span
    return any_between(connection, site, least, least + span - 1)
