"""`python -m models.training.segmenter --check`: a few steps on drawn samples, export and parity.

Needs torch and onnx; what can be checked without them stands in the tests.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

from models.backbone import load_backbone
from models.framing import Size
from models.segmenter import load_segmenter
from models.training.extra import need
from models.training.segmenter.drawing import PAINTERS, draw_defect, middle
from models.training.segmenter.labels import label_of_package, with_defect
from models.training.segmenter.samples import Scene, keep, sample_of

SIZE = Size(height=96, width=128)
STEPS = 4


def check() -> None:
    """Raise SystemExit where a step, the export or the published model fails."""
    from models.training.segmenter.learning import Plan, learn
    from models.training.segmenter.publishing import PARITY_LIMIT, publish
    from models.training.segmenter.run import UNREAD, exported

    backbone = load_backbone(threads=1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        draw = np.random.default_rng(7)
        ground = draw.integers(90, 160, (SIZE.height, SIZE.width, 3)).astype(np.uint8)
        for kind in PAINTERS:
            drawn = draw_defect(draw, ground, middle(SIZE.height, SIZE.width), kind)
            label = with_defect(label_of_package(SIZE), kind, drawn.cover, SIZE)
            keep(folder, kind, sample_of(backbone, Scene(pixels=drawn.pixels, size=SIZE, label=label)))
        paths = sorted(folder.glob("*.npz"))
        network = learn(paths, [1.0] * len(paths), Plan(steps=STEPS, batch=4), print)
        made = exported(network, UNREAD)
        publish(folder / "model", made, backbone, [], {})
        head = load_segmenter(folder / "model", threads=1)
    print(f"{STEPS} steps, {len(made.content):,} bytes, parity {made.difference:.1e} <= {PARITY_LIMIT:.0e}")
    print(f"loaded again as {head.version.name}")


def main() -> None:
    """Run the check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", required=True)
    parser.parse_args()
    need("torch", "onnx")
    check()


if __name__ == "__main__":
    main()
