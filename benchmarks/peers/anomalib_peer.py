"""anomalib's PatchCore and PaDiM on the splits of `regrade evaluate`, with the same backbone weights.

Runs in an environment of its own (`make peers`), reads the splits, writes the rows that
`regrade evaluate peers FILE` sets beside ours:

    regrade evaluate splits --data FOLDER --json > splits.json
    .venv/peers/bin/python -m benchmarks.peers.anomalib_peer splits.json FOLDER peers.json

Of Regrade it takes the measure of maps (`models/evaluation/pro.py`), so that both are measured alike, and the
published backbone file, for a check of the weights.
"""

import argparse
import json
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from io import StringIO
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.peers import lite0
from models.evaluation.pro import aupro, pro_parts

ZOO_FILE = Path("models/zoo/efficientnet-lite0/model.onnx")
PARITY_LIMIT = 1e-3
Map = NDArray[np.float32]
NOTE = f"{lite0.SIDE}x{lite0.SIDE} squeezed, strides 8+16, one thread"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """What a model says of all test pictures."""

    scores: dict[str, float]
    maps: dict[str, Map]
    wall_ms: list[float]
    """Of each picture, from its bytes to its score and map."""
    cpu_ms: float
    """Mean of the process."""


def fit_patchcore(references: Sequence[Path]) -> Any:
    """The bank of the references: a coreset of 10 %."""
    model = lite0.patchcore().train()
    for path in references:
        model(lite0.read(path))
    with redirect_stderr(StringIO()):  # a bar of its own
        model.subsample_embedding(lite0.CORESET)
    return model.eval()


def fit_padim(references: Sequence[Path]) -> Any:
    """One Gaussian per place."""
    model = lite0.padim().train()
    for path in references:
        model(lite0.read(path))
    model.fit()
    return model.eval()


PEERS: dict[str, tuple[str, Callable[[Sequence[Path]], Any], str]] = {
    "patchcore": ("anomalib PatchCore", fit_patchcore, f"coreset {lite0.CORESET}, 9 neighbours, {NOTE}"),
    "padim": ("anomalib PaDiM", fit_padim, f"{lite0.PADIM_FEATURES} features, {NOTE}"),
}
"""Name on the command line -> name in the table, how it is fitted, what a reader must know."""


Key = tuple[str, str, int]
"""Title of the peer, set, seed."""


def rows(
    splits: dict[str, Any], folder: Path, wanted: argparse.Namespace, done: Collection[Key]
) -> Iterator[dict[str, Any]]:
    """One row per peer, set and seed that is wanted and not done."""
    for name in wanted.sets or splits["sets"]:
        for split in splits["sets"][name]["splits"][: wanted.seeds]:
            for peer in wanted.peers:
                if (PEERS[peer][0], name, split["seed"]) not in done:
                    yield row(peer, name, split, folder)


def row(peer: str, name: str, split: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Fit on the references of one split, score all of its test pictures."""
    title, fit, note = PEERS[peer]
    torch.manual_seed(split["seed"])  # the coreset begins anywhere
    np.random.seed(split["seed"])
    began = perf_counter()
    model = fit([folder / path for path in split["references"]])
    fitted_s = perf_counter() - began
    scored = score_all(model, folder, [*split["good"], *split["bad"]])
    area = area_under([scored.scores[p] for p in split["good"]], [scored.scores[p] for p in split["bad"]])
    told = f"{name} {split['seed']} {title}: {area:.4f}, {scored.cpu_ms:.0f} CPU-ms, fit {fitted_s:.1f} s"
    print(told, file=sys.stderr, flush=True)
    return {
        "peer": title,
        "version": version("anomalib"),
        "backbone": "EfficientNet-Lite0",
        "note": note,
        "set": name,
        "seed": split["seed"],
        "auroc": area,
        "aupro": pixel_area(scored.maps, folder, split),
        "cpu_ms": scored.cpu_ms,
        "p50_ms": float(np.percentile(scored.wall_ms, 50)),
        "p95_ms": float(np.percentile(scored.wall_ms, 95)),
        "scores": scored.scores,
    }


def score_all(model: Any, folder: Path, paths: Sequence[str]) -> Scored:
    """Look at every picture, one by one."""
    scores, maps, wall_ms = {}, {}, []
    with torch.inference_mode():
        model(lite0.read(folder / paths[0]))  # the first run also makes torch's own buffers
        cpu = process_time()
        for path in paths:
            began = perf_counter()
            answer = model(lite0.read(folder / path))
            scores[path], maps[path] = round(float(answer.pred_score), 5), answer.anomaly_map[0, 0].numpy()
            wall_ms.append((perf_counter() - began) * 1000.0)
    cpu_ms = (process_time() - cpu) * 1000.0 / len(paths)
    return Scored(scores=scores, maps=maps, wall_ms=wall_ms, cpu_ms=cpu_ms)


def pixel_area(maps: dict[str, Map], folder: Path, split: dict[str, Any]) -> float | None:
    """Pixel AUPRO by Regrade's own measure; None for a set without masks."""
    masks = {path: read_mask(folder / path) for path in split["bad"]}
    if all(mask is None for mask in masks.values()):
        return None
    paths = [*split["good"], *(path for path, mask in masks.items() if mask is not None)]
    parts = pro_parts([maps[path] for path in paths], [masks.get(path) for path in paths])
    return float(aupro(parts, np.ones((1, len(paths))))[0])


def read_mask(picture: Path) -> NDArray[np.bool_] | None:
    """Where the defect is, from the file beside the picture."""
    path = picture.with_name(f"{picture.stem}_mask.png")
    mask = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) if path.is_file() else None
    return None if mask is None else np.asarray(mask > 0)


def area_under(good: Sequence[float], bad: Sequence[float]) -> float:
    """Area under the ROC curve; ties count half."""
    low, high = np.array(good)[None], np.array(bad)[:, None]
    return float((high > low).mean() + 0.5 * (high == low).mean())


def main() -> None:
    """Check the weights, then write all rows to one file; those that stand in it already are kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("splits", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS))
    parser.add_argument("--sets", nargs="+")
    parser.add_argument("--seeds", type=int, default=5)
    wanted = parser.parse_args()
    lite0.prepare()
    apart = lite0.parity(ZOO_FILE)
    if apart > PARITY_LIMIT:
        raise SystemExit(f"timm's maps lie {apart:.2e} from the published backbone's: not the same weights")
    print(f"largest difference to the published backbone {apart:.2e}", file=sys.stderr)
    found = json.loads(wanted.out.read_text())["rows"] if wanted.out.exists() else []
    done = {(each["peer"], each["set"], each["seed"]) for each in found}
    for each in rows(json.loads(wanted.splits.read_text()), wanted.folder, wanted, done):
        found.append(each)
        wanted.out.write_text(text_of(found))


def text_of(found: Sequence[dict[str, Any]]) -> str:
    """JSON with one row a line, so that a difference can be read."""
    head = {"measured": f"{datetime.now(UTC):%Y-%m-%d}", "machine": "2 cores, Linux, CPU only", "threads": 1}
    lines = ",\n".join(json.dumps(each) for each in found)
    return json.dumps(head)[:-1] + f', "rows": [\n{lines}\n]}}\n'


if __name__ == "__main__":
    main()
