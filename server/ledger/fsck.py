"""Check the whole ledger from its leaves up: hashes, chain, ids, every tile, the root of every checkpoint."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from inspection.custody.checkpoint import Checkpoint, read_checkpoint_text
from inspection.custody.leaf import GENESIS, read_leaf
from inspection.custody.merkle import leaf_hash, root_of
from inspection.custody.note import read_note
from inspection.custody.tiles import HASHES, TreeView, partial_width
from inspection.errors import DomainError
from server.db.ledger_tables import checkpoints, leaves, tiles
from server.ledger.log import Log
from server.ledger.tree import split

MOST_FAULTS = 50
Progress = Callable[[int], None]


@dataclass(slots=True, kw_only=True)
class Check:
    """What was seen, and what is wrong; each fault names the entry, tile or checkpoint."""

    faults: list[str] = field(default_factory=list)
    leaves: int = 0
    bodies: int = 0
    """Leaves whose body is there; of the others only the hash is checked."""
    tiles: int = 0
    checkpoints: int = 0

    def say(self, fault: str) -> None:
        """Note a fault; more than MOST_FAULTS are not listed."""
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(fault)


def fsck(connection: Connection, log: Log, progress: Progress = lambda _: None) -> Check:
    """Recompute everything that the ledger's tables say; reads, and changes nothing."""
    check, head = Check(), log.head(connection)
    rows = _rows(connection, log.site)
    levels = _recompute(rows, log, check, progress)
    if check.leaves != head.size:
        check.say(f"the head says {head.size} entries, there are {check.leaves}")
    last = levels[0][-1].hex() if levels and levels[0] else GENESIS
    if last != head.hash:
        check.say(f"the head says hash {head.hash}, entry {check.leaves - 1} has {last}")
    _compare_tiles(connection, log.site, levels, check)
    _compare_checkpoints(connection, log, levels, check)
    return check


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    seq: int
    id: str
    type: str
    leaf: bytes | None
    hash: bytes


def _rows(connection: Connection, site: str) -> Iterator[_Row]:
    columns = (leaves.c.seq, leaves.c.id, leaves.c.type, leaves.c.leaf, leaves.c.hash)
    chosen = select(*columns).where(leaves.c.site == site).order_by(leaves.c.seq)
    for row in connection.execution_options(yield_per=1024).execute(chosen):
        yield _Row(**row._mapping)


def _recompute(rows: Iterator[_Row], log: Log, check: Check, progress: Progress) -> list[list[bytes]]:
    """Check each row, and return the tree's levels of tiles: leaf hashes, roots of full tiles, and so on."""
    hashes: list[bytes] = []
    ids: set[str] = set()
    for row in rows:
        if row.seq != len(hashes):
            check.say(f"entry {len(hashes)} is missing: the next one is {row.seq}")
        if row.id in ids:
            check.say(f"entry {row.seq}: id {row.id} stands twice")
        ids.add(row.id)
        if row.leaf is not None:
            _check_body(row, hashes[-1].hex() if hashes else GENESIS, log, check)
        hashes.append(row.hash)
        check.leaves += 1
        if row.seq % 1024 == 0:
            progress(row.seq)
    levels = [hashes]
    while len(levels[-1]) >= HASHES:
        below = levels[-1]
        full = range(0, len(below) - len(below) % HASHES, HASHES)
        levels.append([root_of(below[at : at + HASHES]) for at in full])
    return levels


def _check_body(row: _Row, before: str, log: Log, check: Check) -> None:
    content = row.leaf or b""
    check.bodies += 1
    if leaf_hash(content) != row.hash:
        check.say(f"entry {row.seq}: its bytes have another hash than its row")
        return
    try:
        leaf = read_leaf(content)
    except DomainError as error:
        check.say(f"entry {row.seq}: {error}")
        return
    if leaf.prev != before:
        check.say(f"entry {row.seq}: it follows {leaf.prev}, the entry before it has {before}")
    said = (leaf.log, leaf.seq, leaf.id, leaf.type.value)
    if said != (log.origin, row.seq, row.id, row.type):
        check.say(f"entry {row.seq}: its row says {row.id} ({row.type}), its bytes {leaf.seq} {leaf.id}")


def _compare_tiles(connection: Connection, site: str, levels: list[list[bytes]], check: Check) -> None:
    size, found = len(levels[0]), {}
    for row in connection.execute(select(tiles).where(tiles.c.site == site)):
        found[row.level, row.idx] = row.hashes
    check.tiles = len(found)
    for level, hashes in enumerate(levels):
        for index in range(-(-len(hashes) // HASHES)):
            width = partial_width(level, index, size)
            if level == 0 and width < HASHES:
                continue  # the edge stands in the leaves
            kept = split(found.pop((level, index), b""))
            if kept != hashes[index * HASHES : index * HASHES + width]:
                check.say(f"tile {level}/{index}: it is not what its entries hash to")
    for level, index in found:
        check.say(f"tile {level}/{index}: no entry needs it")


def _compare_checkpoints(connection: Connection, log: Log, levels: list[list[bytes]], check: Check) -> None:
    def read(level: int, index: int, width: int) -> bytes:
        return b"".join(levels[level][index * HASHES : index * HASHES + width])

    view = TreeView(len(levels[0]), read)
    for row in connection.execute(select(checkpoints).where(checkpoints.c.site == log.site)):
        check.checkpoints += 1
        if row.size > view.size:
            check.say(f"checkpoint {row.size}: there are only {view.size} entries")
        elif view.root_at(row.size) != row.root:
            check.say(f"checkpoint {row.size}: its root is not that of the first {row.size} entries")
        if _signed(row.note) != Checkpoint(origin=log.origin, size=row.size, root=row.root):
            check.say(f"checkpoint {row.size}: its note says something else than its row")


def _signed(note: bytes) -> Checkpoint | None:
    try:
        return read_checkpoint_text(read_note(note).text)
    except DomainError:
        return None
