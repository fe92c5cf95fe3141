"""The Merkle tree of RFC 6962, section 2.1, with SHA-256: hashes of leaves and nodes, and proofs checked.

Proofs are made in `tiles.py`; here they are only checked, by the algorithms of RFC 9162, sections
2.1.3.2 and 2.1.4.2. All hashes are 32 raw bytes, and a hash of any other length is refused by name.
"""

from collections.abc import Sequence
from hashlib import sha256

from inspection.errors import BadProof

HASH_BYTES = 32
MAX_SIZE = 2**63 - 1
"""Most leaves a tree may claim: what a signed 64-bit number holds, so that every reader can count them."""
MAX_HASHES = 63
"""No proof in a tree of MAX_SIZE leaves is longer; the witness protocol allows no more either."""
EMPTY_ROOT = sha256(b"").digest()
"""Root of the tree without leaves."""


def leaf_hash(content: bytes) -> bytes:
    """SHA-256(0x00 || leaf): the prefix keeps a leaf from being taken for a node."""
    return sha256(b"\x00" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right) over two hashes."""
    return sha256(b"\x01" + left + right).digest()


def root_of(leaf_hashes: Sequence[bytes]) -> bytes:
    """The root over all leaf hashes, O(n); EMPTY_ROOT for none."""
    if not leaf_hashes:
        return EMPTY_ROOT
    row = list(leaf_hashes)
    while len(row) > 1:
        pairs = zip(row[::2], row[1::2], strict=False)
        row = [node_hash(left, right) for left, right in pairs] + row[len(row) & ~1 :]
    return row[0]


def verify_inclusion(leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Raise BadProof unless the leaf stands at `index` of the tree of `size` leaves under `root`.

    `proof` goes from the leaf's sibling up to the root's child.
    """
    _check_hashes(leaf_hash, root, *proof)
    if not 0 <= index < size <= MAX_SIZE:
        raise BadProof(f"no leaf {index} in a tree of {size} leaves")
    if _root_over_leaf(leaf_hash, index, size, proof) != root:
        raise BadProof(f"the inclusion proof of leaf {index} does not lead to the root of {size} leaves")


def _root_over_leaf(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    node, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise BadProof(f"the inclusion proof of leaf {index} has more hashes than a tree of {size} needs")
        if node & 1 or node == last:
            found = node_hash(sibling, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        node, last = node >> 1, last >> 1
    if last:
        raise BadProof(f"the inclusion proof of leaf {index} has fewer hashes than a tree of {size} needs")
    return found


def verify_consistency(
    old_size: int, new_size: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes
) -> None:
    """Raise BadProof unless the tree of `old_size` leaves is the beginning of the one of `new_size`.

    Equal sizes need an empty proof and equal roots. From size 0 the proof is empty too, as the witness
    protocol asks: every tree begins with the empty one, so this says nothing about `new_root`.
    """
    _check_hashes(old_root, new_root, *proof)
    if not 0 <= old_size <= new_size <= MAX_SIZE:
        raise BadProof(f"a tree of {new_size} leaves cannot continue one of {old_size}")
    if 0 < old_size < new_size:
        _verify_growth(old_size, new_size, proof, old_root, new_root)
        return
    if proof:
        raise BadProof(f"a consistency proof from {old_size} to {new_size} leaves has no hashes")
    if old_size == new_size and old_root != new_root:
        raise BadProof(f"two different roots for one size, {new_size} leaves")
    if old_size == 0 and old_root != EMPTY_ROOT:
        raise BadProof("the root of no leaves is not that of the empty tree")


def _verify_growth(old_size: int, new_size: int, proof: Sequence[bytes], old: bytes, new: bytes) -> None:
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    # An old tree that is one complete subtree is itself the first node of the path.
    path = list(proof) if node else [old, *proof]
    if not path:
        raise BadProof(f"the consistency proof from {old_size} to {new_size} leaves is empty")
    found_old, found_new = _roots_over_path(node, last, path)
    if found_old != old:
        raise BadProof(f"the consistency proof does not lead to the old root of {old_size} leaves")
    if found_new != new:
        raise BadProof(f"the consistency proof does not lead to the new root of {new_size} leaves")


def _roots_over_path(node: int, last: int, path: Sequence[bytes]) -> tuple[bytes, bytes]:
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise BadProof("the consistency proof has more hashes than the two sizes need")
        if node & 1 or node == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        node, last = node >> 1, last >> 1
    if last:
        raise BadProof("the consistency proof has fewer hashes than the two sizes need")
    return old, new


def _check_hashes(*hashes: bytes) -> None:
    for found in hashes:
        if len(found) != HASH_BYTES:
            raise BadProof(f"a hash has {HASH_BYTES} bytes, this one has {len(found)}")
