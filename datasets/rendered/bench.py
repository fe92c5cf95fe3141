"""The empty benches: one picture for every family's camera and every rig that it meets."""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from datasets.rendered.index import digest
from datasets.rendered.plan import Product, benches, product

BENCHES = "benches.jsonl"


def render_benches(home: Path, numbers: Sequence[int]) -> None:
    """Render every empty bench of these products below `home`, and write their index."""
    with tempfile.TemporaryDirectory() as scratch:
        rows = [
            _render(home, _product(family, rig, numbers), Path(scratch)) for family, rig in benches(numbers)
        ]
    (home / BENCHES).write_text("".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows))


def _render(home: Path, seen: Product, scratch: Path) -> dict[str, Any]:
    from datasets.rendered import unit as maker

    picture = f"pictures/{seen.family}/bench/rig{seen.rig}.jpg"
    maker.empty_bench(seen.family, seen, scratch, home / picture)
    return {
        "picture": picture,
        "sha256": digest(home / picture),
        "family": seen.family,
        "rig": seen.rig,
        "seed": seen.seed,
    }


def _product(family: str, rig: int, numbers: Sequence[int]) -> Product:
    """Return the first product of the family that meets the rig."""
    products = [product(family, number) for number in numbers]
    return next(product for product in products if product.rig == rig)
