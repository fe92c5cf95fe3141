"""Tiles, bundles, and proofs made from them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.custody.merkle import (
    EMPTY_ROOT,
    leaf_hash,
    node_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from inspection.custody.tiles import (
    HASHES,
    TilePath,
    TreeView,
    bundles_of,
    entries_path,
    partial_width,
    read_bundle,
    read_tile_path,
    tile_path,
    tiles_of,
    write_bundle,
)
from inspection.errors import BadMessage, BadProof

LEAVES = [leaf_hash(b"%d" % number) for number in range(1300)]


def read_from(leaves: list[bytes], level: int, index: int, width: int) -> bytes:
    """The tile by its definition: each hash is the root over 256 ** level leaves."""
    span = 256**level
    first = index * HASHES
    return b"".join(root_of(leaves[at * span : (at + 1) * span]) for at in range(first, first + width))


def view(size: int) -> TreeView:
    return TreeView(size, lambda level, index, width: read_from(LEAVES[:size], level, index, width))


def test_the_root_of_leaves_is_that_of_the_definition() -> None:
    a, b, c = LEAVES[:3]
    assert root_of([]) == EMPTY_ROOT
    assert root_of([a]) == a
    assert root_of([a, b, c]) == node_hash(node_hash(a, b), c)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 255, 256, 257, 511, 512, 769, 1300])
def test_a_view_has_the_root_of_its_leaves_and_of_every_earlier_size(size: int) -> None:
    seen = view(size)
    assert seen.root() == root_of(LEAVES[:size])
    for earlier in {0, size // 3, size // 2, max(0, size - 1)}:
        assert seen.root_at(earlier) == root_of(LEAVES[:earlier])


@given(st.data())
def test_every_inclusion_proof_of_a_view_verifies(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 1300))
    index = data.draw(st.integers(0, size - 1))
    verify_inclusion(LEAVES[index], index, size, view(size).inclusion(index), root_of(LEAVES[:size]))


@given(st.data())
def test_every_consistency_proof_of_a_view_verifies(data: st.DataObject) -> None:
    size = data.draw(st.integers(0, 1300))
    old = data.draw(st.integers(0, size))
    verify_consistency(old, size, view(size).consistency(old), root_of(LEAVES[:old]), root_of(LEAVES[:size]))


def test_all_proofs_of_small_trees_verify() -> None:
    for size in range(1, 40):
        seen = view(size)
        root = root_of(LEAVES[:size])
        for index in range(size):
            verify_inclusion(LEAVES[index], index, size, seen.inclusion(index), root)
            verify_consistency(index, size, seen.consistency(index), root_of(LEAVES[:index]), root)


@pytest.mark.parametrize("index", [-1, 5, 6])
def test_a_view_makes_no_proof_of_what_is_beyond_it(index: int) -> None:
    with pytest.raises(BadProof, match="beyond a tree of 5"):
        view(5).inclusion(index)
    with pytest.raises(BadProof):
        view(5).consistency(index if index != 5 else 6)
    with pytest.raises(BadProof):
        view(5).root_at(index if index != 5 else 6)


def test_a_tile_of_another_length_is_named() -> None:
    with pytest.raises(BadMessage, match=r"tile/0/000\.p/5 has 159 bytes, not 160"):
        TreeView(5, lambda level, index, width: bytes(width * 32 - 1)).root()


def test_a_view_keeps_a_tile_that_it_needs_again() -> None:
    asked: list[tuple[int, int]] = []

    def read(level: int, index: int, width: int) -> bytes:
        asked.append((level, index))
        return read_from(LEAVES, level, index, width)

    seen = TreeView(1300, read)
    for leaf in range(300):
        seen.inclusion(leaf)
    assert sorted(asked) == [(0, 0), (0, 1), (0, 5), (1, 0)]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (TilePath(level=0, index=0, width=256), "tile/0/000"),
        (TilePath(level=0, index=1234067, width=12), "tile/0/x001/x234/067.p/12"),
        (TilePath(level=63, index=1000, width=1), "tile/63/x001/000.p/1"),
        (TilePath(level=None, index=999, width=256), "tile/entries/999"),
        (TilePath(level=None, index=17, width=255), "tile/entries/017.p/255"),
    ],
)
def test_a_tile_has_one_path(path: TilePath, text: str) -> None:
    assert path.to_text() == text
    assert read_tile_path(text) == path
    written = entries_path(path.index, path.width)
    assert text == (written if path.level is None else tile_path(path.level, path.index, path.width))


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/0",
        "/tile/0/000",
        "tile/0/000/",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/0",
        "tile/0/x000/001",
        "tile/0/001/002",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/999",
        "tile/0/٠٠٠",
        "tile/entries/000\n",
        "tile/0/../000",
        "tile/0/" + "x999/" * 7 + "999",
    ],
)
def test_any_other_path_is_refused(path: str) -> None:
    with pytest.raises(BadMessage):
        read_tile_path(path)


def test_a_tree_of_70000_has_the_tiles_that_the_spec_says() -> None:
    tiles = list(tiles_of(70_000))
    assert len([tile for tile in tiles if tile.level == 0 and tile.width == 256]) == 273
    assert [tile.to_text() for tile in tiles if tile.width < 256] == [
        "tile/0/273.p/112",
        "tile/1/001.p/17",
        "tile/2/000.p/1",
    ]
    assert [tile.to_text() for tile in tiles_of(256)] == ["tile/0/000", "tile/1/000.p/1"]
    assert list(tiles_of(0)) == []
    assert [tile.to_text() for tile in bundles_of(257)] == ["tile/entries/000", "tile/entries/001.p/1"]


@given(st.integers(0, 2**40))
def test_the_tiles_of_a_tree_are_as_wide_as_asked_for_one_by_one(size: int) -> None:
    for level in range(6):
        last = (size >> 8 * level) // HASHES
        assert partial_width(level, last, size) == (size >> 8 * level) % HASHES
        assert partial_width(level, last + 1, size) == 0
        assert last == 0 or partial_width(level, last - 1, size) == HASHES


@given(st.lists(st.binary(max_size=80), max_size=20))
def test_a_bundle_comes_back_and_cut_anywhere_does_not(entries: list[bytes]) -> None:
    bundle = write_bundle(entries)
    assert read_bundle(bundle, len(entries)) == tuple(entries)
    for cut in range(len(bundle)):
        with pytest.raises(BadMessage):
            read_bundle(bundle[:cut], len(entries))
    with pytest.raises(BadMessage):
        read_bundle(bundle + b"\0\0", len(entries))


def test_an_entry_may_have_65535_bytes_and_no_more() -> None:
    assert read_bundle(write_bundle([bytes(65_535)]), 1) == (bytes(65_535),)
    with pytest.raises(BadMessage, match="65535"):
        write_bundle([bytes(65_536)])
