"""The proof vectors of transparency-dev/merkle, every file judged; where we decide otherwise stands here.

| case | theirs | ours | why |
|---|---|---|---|
| a hash of any length but 32 bytes, none included | refused but once | refused | SHA-256 |
| equal sizes, equal roots, no proof | accepted | accepted | nothing was added |
| the same with roots of 12 bytes (OTHERWISE) | accepted | refused | first row |
| equal sizes, no proof, different roots | refused | refused | a fork |
| equal sizes and a proof with hashes | refused | refused | a proof has one spelling |
| from size 0, no proof, old root of the empty tree | refused as useless | accepted | see below |
| from size 0 with hashes, or another old root | refused | refused | the empty tree has one root |
| from size 0 to size 0 with another root | refused | refused | the empty tree has one root |

A witness that has seen nothing is asked from size 0 without a proof (tlog-witness); accepting that proves
nothing of the new root, and claims nothing.

Subtrees: a proof that starts at leaf 0 is an ordinary one, so those files are judged too. We make and read
no subtrees that start elsewhere (they are for Merkle Tree Certificates): those files are counted only.
"""

import json
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inspection.custody.merkle import EMPTY_ROOT, leaf_hash, verify_consistency, verify_inclusion
from inspection.errors import BadProof

VECTORS = Path(__file__).parents[4] / "shared/vectors/ledger/transparency-dev-merkle/testdata"
OTHERWISE = {"consistency/additional/sizes-are-equal-one-and-proof-is-empty.json"}
"""The one file where our answer differs from theirs."""

Case = dict[str, Any]

pytestmark = pytest.mark.skipif(not VECTORS.exists(), reason="Merkle vectors are not beside this checkout")


def cases(kind: str) -> dict[str, Case]:
    files = sorted((VECTORS / kind).rglob("*.json"))
    return {str(file.relative_to(VECTORS)): json.loads(file.read_text()) for file in files}


def hashes(case: Case) -> list[bytes]:
    return [b64decode(text) for text in case["proof"] or []]


def include(case: Case) -> None:
    leaf, root = b64decode(case["leafHash"]), b64decode(case["root"])
    size = case["treeSize"] if "treeSize" in case else case["end"]
    verify_inclusion(leaf, case["leafIdx"], size, hashes(case), root)


def continue_(case: Case) -> None:
    old, new = (case["size1"], case["size2"]) if "size1" in case else (case["end"], case["size"])
    verify_consistency(old, new, hashes(case), b64decode(case["root1"]), b64decode(case["root2"]))


def is_refused(verify: Callable[[Case], None], case: Case) -> bool:
    try:
        verify(case)
    except BadProof:
        return True
    return False


@pytest.mark.parametrize(
    ("kind", "verify", "files", "judged"),
    [
        ("inclusion", include, 67, 67),
        ("consistency", continue_, 71, 71),
        ("subtreeinclusion", include, 165, 81),
        ("subtreeconsistency", continue_, 86, 73),
    ],
)
def test_every_file_is_judged_as_its_authors_do_but_for_the_one_that_is_named(
    kind: str, verify: Callable[[Case], None], files: int, judged: int
) -> None:
    found = cases(kind)
    from_leaf_0 = {name: case for name, case in found.items() if case.get("start", 0) == 0}
    assert (len(found), len(from_leaf_0)) == (files, judged)
    differing = {name for name, case in from_leaf_0.items() if is_refused(verify, case) != case["wantErr"]}
    assert differing == {name for name in OTHERWISE if name.startswith(f"{kind}/")}


def test_the_table_s_rows_for_full_length_roots_are_so() -> None:
    root = leaf_hash(b"")
    verify_consistency(0, 1, [], EMPTY_ROOT, root)
    verify_consistency(0, 0, [], EMPTY_ROOT, EMPTY_ROOT)
    verify_consistency(1, 1, [], root, root)
    refused: list[tuple[int, int, list[bytes], bytes, bytes]] = [
        (1, 1, [], root, EMPTY_ROOT),
        (1, 1, [root], root, root),
        (0, 1, [root], EMPTY_ROOT, root),
        (0, 1, [], root, root),
        (0, 0, [], root, root),
    ]
    for case in refused:
        with pytest.raises(BadProof):
            verify_consistency(*case)
