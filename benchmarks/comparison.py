"""Comparison with good references on real picture sets: what it finds, with intervals.

`python -m benchmarks.comparison FOLDER bottle:20 filled_bottle:20 phone_screen:10` prints
Markdown. Each set is a folder with `good/` and one folder per defect. The first N good pictures
by name are the references, then four random draws of N (seeds 0 to 3); the limit comes from the
references alone, and every other picture is a test picture. Two baselines that cannot know
anything (file size, mean brightness) stand in the same table.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from inspection.evidence import Evidence
from inspection.readings import Frame
from models.backbone import Backbone, load_backbone
from models.enrol import enrol
from models.framing import see
from models.pipeline import ReferencePipeline
from models.store import ReferenceStore

SEEDS = (None, 0, 1, 2, 3)
"""None: the first good pictures by name."""
Z95 = 1.959964


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Score divided by the limit, for every test picture; above 1 is called different."""

    good: tuple[float, ...]
    bad: dict[str, tuple[float, ...]]
    """By defect folder."""
    faults: int
    """Test pictures that the quality gate refused; they are in neither list."""

    @property
    def all_bad(self) -> tuple[float, ...]:
        """Every defective picture."""
        return tuple(ratio for ratios in self.bad.values() for ratio in ratios)

    @property
    def auroc(self) -> float:
        """Chance that a defective picture scores above a good one."""
        return area_under(self.good, self.all_bad)


def area_under(good: Sequence[float], bad: Sequence[float]) -> float:
    """Area under the ROC curve; ties count half."""
    low, high = np.array(good)[None], np.array(bad)[:, None]
    return float((high > low).mean() + 0.5 * (high == low).mean())


def compare_set(backbone: Backbone, folder: Path, shots: int, seed: int | None = None) -> Outcome:
    """Fit on `shots` good pictures of a set, look at all the others."""
    good = pictures(folder / "good")
    references = chosen(good, shots, seed)
    with tempfile.TemporaryDirectory() as store_folder:
        store = ReferenceStore(Path(store_folder))
        contents = [path.read_bytes() for path in references]
        enrol(store, backbone, sku="set", view="top", photos=contents)
        pipeline = ReferencePipeline(backbone, store)
        rest = [path for path in good if path not in references]
        seen = {name: [ratio(pipeline, path) for path in paths] for name, paths in defects(folder).items()}
        fine = [ratio(pipeline, path) for path in rest]
    missed = sum(one is None for one in [*fine, *(r for ratios in seen.values() for r in ratios)])
    return Outcome(
        good=tuple(r for r in fine if r is not None),
        bad={name: tuple(r for r in ratios if r is not None) for name, ratios in seen.items()},
        faults=missed,
    )


def pictures(folder: Path) -> list[Path]:
    """The JPEG pictures of a folder by name."""
    return sorted(folder.glob("*.jpg"))


def defects(folder: Path) -> dict[str, list[Path]]:
    """Pictures of each defect folder."""
    names = sorted(path.name for path in folder.iterdir() if path.is_dir() and path.name != "good")
    return {name: pictures(folder / name) for name in names}


def chosen(good: list[Path], shots: int, seed: int | None) -> list[Path]:
    """The references: the first by name, or a random draw."""
    if seed is None:
        return good[:shots]
    return [good[i] for i in np.random.default_rng(seed).choice(len(good), shots, replace=False)]


def ratio(pipeline: ReferencePipeline, path: Path) -> float | None:
    """Score divided by the limit; None when the gate refused the picture."""
    content, now = path.read_bytes(), datetime.now(UTC)
    frame = Frame(view="top", camera="file", content=content, media_type="image/jpeg", captured_at=now)
    detection = pipeline.detect("set", Evidence(frames=(frame,)))
    return detection.views[0].score / detection.views[0].limit if detection.views else None


def wilson(hits: int, of: int) -> str:
    """Share with its 95 % interval (Wilson, 1927)."""
    if of == 0:
        return "none"
    share, square = hits / of, Z95 * Z95
    middle = (share + square / (2 * of)) / (1 + square / of)
    half = Z95 / (1 + square / of) * float(np.sqrt(share * (1 - share) / of + square / (4 * of * of)))
    return f"{hits}/{of} = {share:.3f} [{middle - half:.3f}, {middle + half:.3f}]"


def row(label: str, outcome: Outcome) -> str:
    """One row of the table."""
    bad = outcome.all_bad
    found = wilson(sum(r > 1 for r in bad), len(bad))
    alarms = wilson(sum(r > 1 for r in outcome.good), len(outcome.good))
    return f"| {label} | {outcome.auroc:.4f} | {found} | {alarms} | {outcome.faults} |"


def shortcuts(folder: Path) -> Iterator[str]:
    """Rows of two baselines; a method that does not beat them has learnt nothing."""
    measures: dict[str, Callable[[Path], float]] = {
        "file size": lambda path: float(path.stat().st_size),
        "mean brightness": lambda path: float(see(path.read_bytes()).mean()),
    }
    good, bad = pictures(folder / "good"), [p for paths in defects(folder).values() for p in paths]
    for name, measure in measures.items():
        area = area_under([measure(p) for p in good], [measure(p) for p in bad])
        yield f"| baseline: {name} | {max(area, 1 - area):.4f} | | | |"


def report(backbone: Backbone, folder: Path, shots: int) -> Iterator[str]:
    """The Markdown of one set."""
    yield f"## {folder.name}, {shots} references\n"
    yield "| references | AUROC | found (recall) | false alarms | refused by the gate |\n" + "|---" * 5 + "|"
    outcomes = {seed: compare_set(backbone, folder, shots, seed) for seed in SEEDS}
    for seed, outcome in outcomes.items():
        yield row("first by name" if seed is None else f"random, seed {seed}", outcome)
    yield from shortcuts(folder)
    yield (
        "\nFound by defect (first by name): "
        + "; ".join(
            f"{name} {sum(r > 1 for r in ratios)}/{len(ratios)}"
            for name, ratios in outcomes[None].bad.items()
        )
        + ".\n"
    )


def main(arguments: Sequence[str]) -> None:
    """Print the report of the sets named as NAME:SHOTS."""
    root, backbone = Path(arguments[0]), load_backbone()
    sys.stdout.write(f"Measured {datetime.now(UTC):%Y-%m-%d}, model {backbone.version.sha256[:16]}.\n\n")
    for argument in arguments[1:]:
        name, _, shots = argument.partition(":")
        for text in report(backbone, root / name, int(shots)):
            sys.stdout.write(text + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
