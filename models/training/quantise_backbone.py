"""Makes 8-bit files of a backbone (static QDQ, by ONNX Runtime's own tools), to be measured.

Recipe: `make training`, then `.venv/train/bin/python -m models.training.quantise_backbone OUT
--packages FOLDER --rendered datasets/rendered`. Calibrated on intact packages and rendered train pictures;
one folder per variant, each with `model.onnx` and `manifest.json`. `python -m benchmarks.backbones` measures
them. What came of it: docs/decisions/0019-backbones.md.
"""

import argparse
import json
import random
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from models.evaluation.rendered import all_pictures
from models.framing import Size, see
from models.manifest import ZOO, read_manifest
from models.session import Tensor

PICTURES = 48
"""Calibrated on, half of them packages."""
SIDE = 320
"""Pixels: what the shipped recipe shows the backbone first."""
OPERATORS = ["Conv", "Clip", "Add"]
"""All that the backbone has, but the mean at its end."""
METHODS = CalibrationMethod
PERCENTILE = 99.999


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One way to round to 8 bits; weights always per channel, activations unsigned."""

    method: CalibrationMethod = METHODS.MinMax
    reduced: bool = False
    """7-bit weights, for processors whose 8-bit products overflow (no VNNI)."""
    start: int = 0
    """So many convolutions at the start stay in 32 bits: their channels differ most in range."""
    after: str | None = None
    """Nodes before this output stay in 32 bits."""
    until: str | None = None
    """Nodes behind this output stay in 32 bits."""


VARIANTS: Mapping[str, Variant] = {
    "int8": Variant(reduced=True, start=3),
    "all": Variant(),
    "all-reduced": Variant(reduced=True),
    "all-percentile": Variant(method=METHODS.Percentile),
    "stem-kept": Variant(start=1),
    "first-block-kept": Variant(start=3),
    "first-block-kept-entropy": Variant(method=METHODS.Entropy, start=3),
    "two-blocks-kept": Variant(start=6),
    "two-blocks-kept-reduced": Variant(reduced=True, start=6),
    "f4-kept": Variant(after="f4"),
    "behind-f16-kept": Variant(until="f16"),
    "behind-f8-kept": Variant(until="f8"),
}
"""What was tried; the name stands in the file's name. `int8` is the fastest that came near both bounds of
the plan, and its products overflow on no processor."""


class Pictures(CalibrationDataReader):
    """The calibration pictures, one after another."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._left = iter(paths)

    def get_next(self) -> dict[str, Tensor] | None:
        """The next one as the backbone takes it; None after the last."""
        path = next(self._left, None)
        return None if path is None else {"image": numbers(path)}


def numbers(path: Path) -> Tensor:
    """A picture file as the backbone takes it: RGB, (x-127)/128, NCHW."""
    pixels = see(path.read_bytes(), Size(height=SIDE, width=SIDE))
    blob = cv2.dnn.blobFromImages([pixels], 1 / 128.0, mean=(127.0, 127.0, 127.0), swapRB=False)
    return np.asarray(blob, dtype=np.float32)


def calibration_pictures(packages: Path, rendered: Path) -> list[Path]:
    """Half packages, half rendered train pictures; drawn with seed 0."""
    draw = random.Random(0)  # noqa: S311 - a draw anyone can repeat
    whole = sorted(packages.glob("*/*.jpg"))
    rows = [row for found in all_pictures(rendered).values() for row in found if row.split == "train"]
    half = PICTURES // 2
    return draw.sample(whole, half) + [rendered / row.picture for row in draw.sample(rows, half)]


def nodes_until(model: onnx.ModelProto, output: str) -> set[str]:
    """Names of the nodes that an output is made by."""
    maker = {name: node for node in model.graph.node for name in node.output}
    found, waiting = set(), [output]
    while waiting:
        node = maker.get(waiting.pop())
        if node is not None and node.name not in found:
            found.add(node.name)
            waiting += node.input
    return found


def left_out(model: onnx.ModelProto, variant: Variant) -> Iterator[str]:
    """Names of the nodes that stay in 32 bits."""
    nodes = model.graph.node
    early = nodes_until(model, variant.after) if variant.after else set()
    inside = nodes_until(model, variant.until) if variant.until else {node.name for node in nodes}
    convolutions = 0
    for node in nodes:
        convolutions += node.op_type == "Conv"
        if node.name in early or node.name not in inside or convolutions <= variant.start:
            yield node.name


def quantise(source: Path, variant: Variant, pictures: Sequence[Path]) -> bytes:
    """The 8-bit file."""
    with tempfile.TemporaryDirectory() as folder:
        ready, made = Path(folder) / "ready.onnx", Path(folder) / "made.onnx"
        quant_pre_process(source, ready, skip_symbolic_shape=True)
        quantize_static(
            ready,
            made,
            Pictures(pictures),
            op_types_to_quantize=OPERATORS,
            per_channel=True,
            reduce_range=variant.reduced,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=list(left_out(onnx.load(ready), variant)),
            calibrate_method=variant.method,
            extra_options={"CalibPercentile": PERCENTILE},
        )
        return made.read_bytes()


def difference(source: bytes, made: bytes, pictures: Sequence[Path], outputs: Sequence[str]) -> float:
    """Largest absolute difference over all outputs of some of the pictures."""
    sessions = [
        onnxruntime.InferenceSession(one, providers=["CPUExecutionProvider"]) for one in (source, made)
    ]
    worst = 0.0
    for path in pictures:
        answers = [session.run(list(outputs), {"image": numbers(path)}) for session in sessions]
        worst = max([worst, *(float(np.abs(one - other).max()) for one, other in zip(*answers, strict=True))])
    return worst


def calibrated_on(pictures: Sequence[Path]) -> list[dict[str, object]]:
    """Both halves of the calibration pictures, as a manifest names sets."""
    half = PICTURES // 2
    halves = {"grocery_package": ("MIT", pictures[:half]), "rendered": ("CC0-1.0", pictures[half:])}
    return [
        {
            "name": f"{name}, for the ranges of the numbers alone",
            "sha256": sha256(
                "\n".join(sha256(one.read_bytes()).hexdigest() for one in of).encode()
            ).hexdigest(),
            "licence": licence,
            "pictures": len(of),
        }
        for name, (licence, of) in halves.items()
    ]


def write(folder: Path, source: Path, name: str, content: bytes, pictures: Sequence[Path]) -> None:
    """The file and its manifest; its parity is that to the 32-bit file, on calibration pictures.

    An approval stays when the file is the one that was approved, and so do its figures.
    """
    base, path = read_manifest(source), folder / "manifest.json"
    some = pictures[:: PICTURES // 6]
    worst = difference((source / base.file).read_bytes(), content, some, list(base.outputs))
    written = json.loads(path.read_text()) if path.exists() else {}
    kept = written if written.get("sha256") == sha256(content).hexdigest() else {}
    said = base.model_dump(mode="json", exclude={"approval"}, exclude_none=True) | {
        "name": f"{base.name}-{name}",
        "sha256": sha256(content).hexdigest(),
        "bytes": len(content),
        "trained_on": calibrated_on(pictures),
        "parity": {
            "against": f"{base.name} in 32 bits, sha256 {base.sha256}",
            "max_abs_difference": worst,
            "limit": worst,
            "sizes": [[1, SIDE, SIDE]],
        },
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / base.file).write_bytes(content)
    said |= {field: kept[field] for field in ("metrics", "approval") if field in kept}
    path.write_text(json.dumps(said, indent=2) + "\n")


def main() -> None:
    """Make the variants that are asked for, all by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--packages", type=Path, required=True)
    parser.add_argument("--rendered", type=Path, required=True)
    parser.add_argument("--of", type=Path, default=ZOO / "efficientnet-lite0", help="folder of the backbone")
    parser.add_argument("--variant", choices=sorted(VARIANTS), action="append")
    asked = parser.parse_args()
    pictures = calibration_pictures(asked.packages, asked.rendered)
    for name in asked.variant or VARIANTS:
        content = quantise(asked.of / read_manifest(asked.of).file, VARIANTS[name], pictures)
        write(asked.out / f"{read_manifest(asked.of).name}-{name}", asked.of, name, content, pictures)
        print(f"{name}: {len(content):,} bytes")


if __name__ == "__main__":
    main()
