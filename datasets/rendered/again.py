"""Compares what is rendered again with what was, byte by byte."""

import random
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from datasets.rendered.index import Row, digest, read
from datasets.rendered.one import render_unit
from datasets.rendered.plan import Unit, plan


def verify(count: int) -> int:
    """Render `count` random pictures again; return how many differ from those kept, or their masks."""
    rows = {row["picture"]: row for row in read()}
    units = [unit for unit in plan() if f"pictures/{unit.stem}.jpg" in rows]
    chosen = random.SystemRandom().sample(units, min(count, len(units)))
    return sum(not _same(unit, rows[f"pictures/{unit.stem}.jpg"]) for unit in chosen)


def _same(unit: Unit, row: Row) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        render_unit(unit, scratch, scratch)
        picture = digest(scratch / row["picture"]) == row["sha256"]
        mask = digest(scratch / row["mask"]) == row["mask_sha256"]
    said = ("differs", "same")
    print(f"{unit.stem}: picture {said[picture]}, mask {said[mask]}", file=sys.stderr, flush=True)
    return bool(picture and mask)


def differing(rows: Sequence[Row], path: Path) -> int:
    """Say which pictures have other bytes than the rows of an index tell; return how many."""
    told = {row["picture"]: row for row in read(path)}
    other = [row["picture"] for row in rows if row["picture"] in told and row != told[row["picture"]]]
    for picture in other:
        print(f"{picture}: differs", file=sys.stderr, flush=True)
    why = ": another kind of processor rounds differently, see CARD.md" if other else ""
    print(f"{len(rows)} pictures, {len(other)} differ from the index{why}", file=sys.stderr, flush=True)
    return len(other)
