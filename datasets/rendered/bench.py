"""The empty benches: one picture for every family's camera and every rig that it meets."""

import json
import tempfile
from pathlib import Path
from typing import Any

from datasets.rendered.index import HOME, digest
from datasets.rendered.plan import OBJECTS, Product, benches, product

BENCHES = HOME / "benches.jsonl"


def render_benches() -> None:
    """Render every empty bench, and write their index."""
    with tempfile.TemporaryDirectory() as scratch:
        rows = [_render(family, rig, Path(scratch)) for family, rig in benches()]
    BENCHES.write_text("".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows))


def _render(family: str, rig: int, scratch: Path) -> dict[str, Any]:
    from datasets.rendered import unit as maker

    seen = _product(family, rig)
    picture = f"pictures/{family}/bench/rig{rig}.jpg"
    maker.empty_bench(family, seen, scratch, HOME / picture)
    return {
        "picture": picture,
        "sha256": digest(HOME / picture),
        "family": family,
        "rig": rig,
        "seed": seen.seed,
    }


def _product(family: str, rig: int) -> Product:
    """Return the first product of the family that meets the rig."""
    products = [product(family, number) for number in range(OBJECTS)]
    return next(product for product in products if product.rig == rig)
