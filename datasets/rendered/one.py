"""Renders one unit into files; Blender is imported at the first call, so that help comes at once."""

from pathlib import Path
from typing import Any

from datasets.rendered.plan import Unit


def render_unit(unit: Unit, scratch: Path, home: Path) -> dict[str, Any]:
    """Render one unit below `home` and return what its mask says."""
    from PIL import Image

    from datasets.rendered import unit as maker

    scene, truth = maker.build(unit, scratch)
    mask = home / f"masks/{unit.stem}.png"
    mask.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(truth.mask).save(mask, optimize=True)
    maker.picture(scene, unit.seed, scratch, home / f"pictures/{unit.stem}.jpg")
    return {"defects": truth.defects, "item_px": truth.item_px}
