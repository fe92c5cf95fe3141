"""A log written by Tessera, read by our code: 15 entries, every partial tile, 17 signed checkpoints."""

from pathlib import Path

import pytest

from inspection.custody.checkpoint import Checkpoint, open_checkpoint
from inspection.custody.merkle import leaf_hash, root_of, verify_consistency, verify_inclusion
from inspection.custody.note import read_vkey
from inspection.custody.tiles import TreeView, entries_path, read_bundle, tile_path, write_bundle

LOG = Path(__file__).parents[4] / "shared/vectors/ledger/tessera/testdata/log"
KEY = read_vkey("example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx")
SIZE = 15

pytestmark = pytest.mark.skipif(not LOG.exists(), reason="Tessera's log is not beside this checkout")


def checkpoint(name: str) -> Checkpoint:
    return open_checkpoint((LOG / name).read_bytes(), [KEY])


def entries() -> tuple[bytes, ...]:
    return read_bundle((LOG / entries_path(0, SIZE)).read_bytes(), SIZE)


def view(size: int) -> TreeView:
    return TreeView(size, lambda level, index, width: (LOG / tile_path(level, index, width)).read_bytes())


def test_every_checkpoint_is_signed_and_its_root_is_that_of_the_entries() -> None:
    leaves = [leaf_hash(entry) for entry in entries()]
    names = sorted(file.name for file in LOG.glob("checkpoint*"))
    assert len(names) == 17
    for name in names:
        found = checkpoint(name)
        assert found.root == root_of(leaves[: found.size])
        assert found.size == int(name.partition(".")[2] or SIZE)


@pytest.mark.parametrize("width", range(1, SIZE + 1))
def test_every_tile_and_bundle_is_byte_equal_to_ours(width: int) -> None:
    tile = b"".join(leaf_hash(entry) for entry in entries()[:width])
    assert (LOG / tile_path(0, 0, width)).read_bytes() == tile
    bundle = (LOG / entries_path(0, width)).read_bytes()
    assert read_bundle(bundle, width) == entries()[:width]
    assert write_bundle(entries()[:width]) == bundle


def test_proofs_made_from_its_tiles_lead_to_its_signed_roots() -> None:
    leaves = [leaf_hash(entry) for entry in entries()]
    for size in range(1, SIZE + 1):
        seen, root = view(size), checkpoint(f"checkpoint.{size}").root
        assert seen.root() == root
        for index in range(size):
            verify_inclusion(leaves[index], index, size, seen.inclusion(index), root)
            old = checkpoint(f"checkpoint.{index}").root
            verify_consistency(index, size, seen.consistency(index), old, root)
