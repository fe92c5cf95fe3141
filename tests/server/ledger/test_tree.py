"""The tree beside the leaves: whatever is appended, tiles and proofs are those of RFC 6962."""

from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Connection, delete, select, text, update

from inspection.custody.leaf import EntryType
from inspection.custody.merkle import EMPTY_ROOT, leaf_hash, root_of, verify_consistency, verify_inclusion
from inspection.custody.tiles import HASHES, partial_width
from server.db.engine import writing_engine
from server.db.ledger_tables import leaves, tiles
from server.db.migrate import alembic_config, migrate
from server.errors import LedgerBroken
from server.ledger.log import Entry, Log
from server.ledger.tree import grow, split, tile_reader, tree_view

AT = "2026-05-04T12:00:00.000000Z"
SIZE = 256 * 3 + 17


def fill(connection: Connection, batches: list[int]) -> list[bytes]:
    """Append in batches of these sizes; returns the leaf hashes."""
    log, done = Log("s1", "centre.test/site/s1"), 0
    for count in batches:
        entries = [Entry(type=EntryType.LOGISTICS, id=f"e{n}", body=b"{}") for n in range(done, done + count)]
        log.append_all(connection, tuple(entries), AT)
        done += count
    found = connection.execute(select(leaves.c.leaf).order_by(leaves.c.seq)).scalars()
    return [leaf_hash(leaf) for leaf in found if leaf is not None]


@pytest.mark.parametrize("batches", [[1] * 40, [255, 1, 1], [256], [257], [100, 600, 73], [SIZE]])
def test_the_root_is_that_of_the_leaves_however_they_came(connection: Connection, batches: list[int]) -> None:
    hashes = fill(connection, batches)
    for size in {0, 1, len(hashes) // 2, len(hashes)}:
        assert tree_view(connection, "s1", size).root() == root_of(hashes[:size])


def test_every_leaf_and_every_earlier_size_is_proven(connection: Connection) -> None:
    hashes = fill(connection, [300, SIZE - 300])
    view, root = tree_view(connection, "s1", SIZE), root_of(hashes)
    for index in (0, 1, 255, 256, 511, 767, 768, SIZE - 1):
        verify_inclusion(hashes[index], index, SIZE, view.inclusion(index), root)
    for old in (1, 255, 256, 257, 512, 700, SIZE):
        verify_consistency(old, SIZE, view.consistency(old), root_of(hashes[:old]), root)


def test_an_upper_level_holds_the_roots_of_full_tiles_and_fills_too(
    connection: Connection,
) -> None:
    made = [bytes([number % 251]) * 32 for number in range(HASHES)]
    for level_zero in range(HASHES):
        grow(connection, "s1", level_zero * HASHES, made)
    read = tile_reader(connection, "s1")
    assert split(read(1, 0, HASHES)) == [root_of(made)] * HASHES
    assert read(2, 0, 1) == root_of([root_of(made)] * HASHES)
    assert tree_view(connection, "s1", HASHES**2).root() == read(2, 0, 1)


def test_the_tiles_of_a_size_are_as_wide_as_the_standard_says(connection: Connection) -> None:
    fill(connection, [SIZE])
    read = tile_reader(connection, "s1")
    assert [partial_width(0, n, SIZE) for n in range(4)] == [256, 256, 256, 17]
    assert len(read(0, 3, 17)) == 17 * 32
    assert len(read(1, 0, partial_width(1, 0, SIZE))) == 3 * 32
    with pytest.raises(LedgerBroken):
        read(0, 3, 18)
    with pytest.raises(LedgerBroken):
        read(1, 0, 4)


def test_a_tree_that_lost_a_hash_is_not_grown_over_the_gap(connection: Connection) -> None:
    fill(connection, [200])
    connection.execute(delete(leaves).where(leaves.c.seq == 7))
    with pytest.raises(LedgerBroken, match="255 of its 256"):
        fill(connection, [])
        grow(connection, "s1", 200, [b"\1" * 32] * 56)


def test_an_upper_tile_that_was_cut_is_not_grown(connection: Connection) -> None:
    fill(connection, [600])
    connection.execute(update(tiles).where(tiles.c.level == 1).values(hashes=b"\1" * 32))
    with pytest.raises(LedgerBroken, match="holds 1 hashes, not 2"):
        grow(connection, "s1", 512, [b"\1" * 32] * 256)


def test_an_empty_log_has_the_root_of_nothing(connection: Connection) -> None:
    assert tree_view(connection, "s1", 0).root() == EMPTY_ROOT


def test_a_database_of_the_version_before_gets_its_tree(tmp_path: Path) -> None:
    engine = writing_engine(tmp_path / "old.sqlite")
    bodies = [b'{"n":%d}' % number for number in range(300)]
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "v0002")
        old = "INSERT INTO leaves VALUES ('s1', :seq, :id, 'logistics', :leaf, :hash, :at)"
        rows = [
            {"seq": n, "id": f"e{n}", "leaf": body, "hash": leaf_hash(body).hex(), "at": AT}
            for n, body in enumerate(bodies)
        ]
        connection.execute(text(old), rows)
        last = {"size": len(rows), "head": rows[-1]["hash"]}
        connection.execute(text("INSERT INTO heads VALUES ('s1', :size, :head)"), last)
    migrate(engine)
    with engine.begin() as connection:
        kept = connection.execute(select(leaves.c.leaf).order_by(leaves.c.seq)).scalars()
        assert list(kept) == bodies
        assert tree_view(connection, "s1", 300).root() == root_of([leaf_hash(body) for body in bodies])
        assert Log("s1", "centre.test/site/s1").check(connection).size == 300
    engine.dispose()
