"""Proofs that were touched anywhere prove nothing any more."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.custody.merkle import (
    EMPTY_ROOT,
    MAX_SIZE,
    leaf_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from inspection.custody.tiles import TreeView
from inspection.errors import BadProof

MOST = 300
LEAVES = [leaf_hash(b"%d" % number) for number in range(MOST)]
ROOTS = [root_of(LEAVES[:size]) for size in range(MOST + 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inclusion:
    """A true statement that a leaf stands in a tree."""

    index: int
    size: int
    proof: tuple[bytes, ...]

    def check(self, proof: Sequence[bytes]) -> None:
        verify_inclusion(LEAVES[self.index], self.index, self.size, proof, ROOTS[self.size])


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """A true statement that a tree continues another."""

    old: int
    new: int
    proof: tuple[bytes, ...]

    def check(self, proof: Sequence[bytes]) -> None:
        verify_consistency(self.old, self.new, proof, ROOTS[self.old], ROOTS[self.new])


def view(size: int) -> TreeView:
    return TreeView(size, lambda level, index, width: b"".join(hashes(size, level)[index * 256 :][:width]))


def hashes(size: int, level: int) -> list[bytes]:
    span = 256**level
    return [root_of(LEAVES[at : at + span]) for at in range(0, size // span * span, span)]


@st.composite
def inclusions(draw: st.DrawFn) -> Inclusion:
    size = draw(st.integers(1, MOST))
    index = draw(st.integers(0, size - 1))
    return Inclusion(index=index, size=size, proof=view(size).inclusion(index))


@st.composite
def growths(draw: st.DrawFn) -> Growth:
    new = draw(st.integers(2, MOST))
    old = draw(st.integers(1, new - 1))
    return Growth(old=old, new=new, proof=view(new).consistency(old))


def flipped(content: bytes, bit: int) -> bytes:
    at, mask = divmod(bit % (8 * len(content)), 8)
    return content[:at] + bytes([content[at] ^ 1 << mask]) + content[at + 1 :]


@given(inclusions() | growths(), st.data())
def test_a_proof_with_one_bit_flipped_is_refused(true: Inclusion | Growth, data: st.DataObject) -> None:
    true.check(true.proof)
    for at in range(len(true.proof)):
        changed = list(true.proof)
        changed[at] = flipped(changed[at], data.draw(st.integers(0, 255)))
        with pytest.raises(BadProof, match="does not lead to"):
            true.check(changed)


@given(inclusions() | growths(), st.data())
def test_a_proof_with_a_hash_more_or_less_or_moved_is_refused(
    true: Inclusion | Growth, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(true.proof)))
    wrong = [(*true.proof[:at], LEAVES[0], *true.proof[at:])]
    if true.proof:
        wrong += [true.proof[:-1], true.proof[1:], (*true.proof, true.proof[-1])]
    if len(true.proof) > 1:
        wrong.append(tuple(reversed(true.proof)))
    for proof in wrong:
        with pytest.raises(BadProof):
            true.check(proof)


@given(inclusions() | growths(), st.integers(0, 64).filter(lambda length: length != 32))
def test_a_hash_of_another_length_is_refused(true: Inclusion | Growth, length: int) -> None:
    with pytest.raises(BadProof, match="32 bytes"):
        true.check((*true.proof, bytes(length)))


@given(inclusions(), st.integers(0, 255))
def test_another_leaf_or_root_is_refused(true: Inclusion, bit: int) -> None:
    leaf, root = LEAVES[true.index], ROOTS[true.size]
    with pytest.raises(BadProof):
        verify_inclusion(flipped(leaf, bit), true.index, true.size, true.proof, root)
    with pytest.raises(BadProof):
        verify_inclusion(leaf, true.index, true.size, true.proof, flipped(root, bit))


@given(inclusions(), st.data())
def test_a_proof_serves_for_no_other_index_and_no_other_checkpoint(
    true: Inclusion, data: st.DataObject
) -> None:
    leaf = LEAVES[true.index]
    index = data.draw(st.integers(-2, MOST + 2).filter(lambda other: other != true.index))
    with pytest.raises(BadProof):
        verify_inclusion(leaf, index, true.size, true.proof, ROOTS[true.size])
    size = data.draw(st.integers(0, MOST).filter(lambda other: other != true.size))
    with pytest.raises(BadProof):
        verify_inclusion(leaf, true.index, size, true.proof, ROOTS[size])


@given(growths(), st.data())
def test_a_consistency_proof_serves_for_no_other_checkpoints(true: Growth, data: st.DataObject) -> None:
    sizes = st.integers(0, MOST)
    old = data.draw(sizes.filter(lambda other: other not in (0, true.old)))
    new = data.draw(sizes.filter(lambda other: other != true.new))
    for first, second in ((old, true.new), (true.old, new), (true.new, true.old)):
        if true.proof or first != second:
            with pytest.raises(BadProof):
                verify_consistency(first, second, true.proof, ROOTS[first], ROOTS[second])


@given(growths(), st.integers(0, 255))
def test_a_rewritten_tree_continues_nothing(true: Growth, bit: int) -> None:
    for old, new in ((flipped(ROOTS[true.old], bit), ROOTS[true.new]), (ROOTS[true.old], EMPTY_ROOT)):
        with pytest.raises(BadProof):
            verify_consistency(true.old, true.new, true.proof, old, new)


def test_a_leaf_is_never_taken_for_a_node() -> None:
    inside = LEAVES[0] + LEAVES[1]
    assert leaf_hash(inside) != root_of(LEAVES[:2])
    with pytest.raises(BadProof):
        verify_inclusion(leaf_hash(inside), 0, 1, (), ROOTS[2])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (-1, 1), (1, 1), (0, -1), (0, MAX_SIZE + 1)])
def test_a_tree_has_no_leaf_outside_itself(index: int, size: int) -> None:
    with pytest.raises(BadProof, match="no leaf"):
        verify_inclusion(LEAVES[0], index, size, (), LEAVES[0])


@pytest.mark.parametrize(("old", "new"), [(-1, 1), (2, 1), (1, MAX_SIZE + 1)])
def test_a_tree_cannot_shrink(old: int, new: int) -> None:
    with pytest.raises(BadProof, match="cannot continue"):
        verify_consistency(old, new, (), LEAVES[0], LEAVES[0])


def test_the_deepest_tree_is_checked_without_trouble() -> None:
    with pytest.raises(BadProof, match="fewer hashes"):
        verify_inclusion(LEAVES[0], MAX_SIZE - 1, MAX_SIZE, LEAVES[:5], LEAVES[0])
    with pytest.raises(BadProof, match="more hashes"):
        verify_inclusion(LEAVES[0], 0, MAX_SIZE, LEAVES[:64], LEAVES[0])
