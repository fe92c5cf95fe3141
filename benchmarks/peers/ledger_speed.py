"""The ledger's peers, timed in an environment of their own: `make peers-ledger`.

`python -m benchmarks.peers.ledger_speed NAME FOLDER` prints one JSON line. Peers: `pymerkle-memory`,
`pymerkle-sqlite`, `aics-memory` and `aics-disk` (aics-tlog's tile writer, every file synced). Imports
nothing of ours: what runs here is the peer alone.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from statistics import median, quantiles
from typing import Any

LEAF = b"x" * 440
PROOFS = 30
LONG = {
    "pymerkle-memory": 1_000_000,
    "pymerkle-sqlite": 1_000_000,
    "aics-memory": 100_000,
    "aics-disk": 100_000,
}
"""Entries in the log of which proofs are made; a million would keep aics-tlog's disk busy for minutes."""


def leaf(number: int) -> bytes:
    """As long as one of ours."""
    return b"%012d" % number + LEAF


def singles(append: Callable[[int], object], most: int, seconds: float) -> dict[str, float]:
    """Appends one by one, until there are enough or the time is up."""
    waits: list[float] = []
    began = time.perf_counter()
    for number in range(most):
        at = time.perf_counter()
        append(number)
        waits.append(time.perf_counter() - at)
        if time.perf_counter() - began > seconds:
            break
    rate = len(waits) / (time.perf_counter() - began)
    return {"one_per_s": round(rate), "one_p95_ms": round(quantiles(waits, n=100)[94] * 1000, 2)}


def timed(prove: Callable[[int], object], size: int) -> float:
    """Median milliseconds of a proof."""
    dice, taken = Random(1), list[float]()  # noqa: S311 - a draw anyone can repeat
    for _ in range(PROOFS):
        index = dice.randrange(1, size)
        at = time.perf_counter()
        prove(index)
        taken.append(time.perf_counter() - at)
    return round(median(taken) * 1000, 2)


def pymerkle(tree: Any, single: Any, size: int) -> dict[str, Any]:
    """One by one on a fresh tree; a long one made in bulk, then proofs of it."""
    rows: dict[str, Any] = singles(lambda number: single.append_entry(leaf(number)), 20_000, 5)
    began = time.perf_counter()
    tree.append_entries([leaf(number) for number in range(size)])
    rows["bulk_per_s"] = round(size / (time.perf_counter() - began))
    rows["inclusion_ms"] = timed(tree.prove_inclusion, size)
    rows["consistency_ms"] = timed(lambda old: tree.prove_consistency(old, size), size)
    return rows


def aics(store: Any, single: Any, size: int) -> dict[str, Any]:
    """As for pymerkle, with aics-tlog's own proofs from its tiles."""
    from aics_tlog import IncrementalTileWriter, consistency_proof_from_tiles, inclusion_proof_from_tiles

    one, many = IncrementalTileWriter(single), IncrementalTileWriter(store)
    rows: dict[str, Any] = singles(lambda number: one.append([leaf(number)]), 20_000, 5)
    began = time.perf_counter()
    for batch in batches(size, 64):
        many.append(batch)
    rows["batches_of_64_per_s"] = round(size / (time.perf_counter() - began))
    rows["inclusion_ms"] = timed(lambda index: inclusion_proof_from_tiles(store, index, size), size)
    rows["consistency_ms"] = timed(lambda old: consistency_proof_from_tiles(store, old, size), size)
    return rows


def batches(size: int, width: int) -> Iterator[list[bytes]]:
    """The long log in batches."""
    for start in range(0, size, width):
        yield [leaf(number) for number in range(start, min(start + width, size))]


def measure(name: str, folder: Path) -> dict[str, Any]:
    """The named peer's row."""
    size = LONG[name]
    if name.startswith("pymerkle"):
        from pymerkle import InmemoryTree, SqliteTree

        if name == "pymerkle-memory":
            return pymerkle(InmemoryTree(), InmemoryTree(), size)
        return pymerkle(SqliteTree(str(folder / "bulk.db")), SqliteTree(str(folder / "single.db")), size)
    from aics_tlog import DirectoryTileStore, MemoryTileStore

    if name == "aics-memory":
        return aics(MemoryTileStore(), MemoryTileStore(), size)
    return aics(DirectoryTileStore(folder / "bulk"), DirectoryTileStore(folder / "single"), size)


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], Path(sys.argv[2])) | {"proofs_at": LONG[sys.argv[1]]}))
