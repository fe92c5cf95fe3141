"""The whole training: samples, two stages, export, reading by validation, manifest."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import torch

from models.backbone import Backbone, load_backbone
from models.manifest import Manifest, Metric
from models.segmenter import Curve, Reading, load_segmenter
from models.training.segmenter.building import build_compared, build_object, build_packages, samples_in
from models.training.segmenter.calibrating import reading_of
from models.training.segmenter.export import OPSET, PARITY_SIZES, export, parity, sealed
from models.training.segmenter.learning import Plan, Said, learn
from models.training.segmenter.looking import beside_references, looked, loudness_of_intact
from models.training.segmenter.network import Decoder
from models.training.segmenter.pictures import TAUGHT, Package, Rendered, packages, rendered
from models.training.segmenter.publishing import Export, metric, package_set, publish, rendered_set
from models.training.segmenter.scoring import alarms, score_kinds

COMPARED_EVERY = 8
"""Of the intact packages every eighth also stands beside references of itself."""
SHARES = {"packages": 0.1, "compared": 0.1, "rendered": 0.8}
"""How the second stage draws its samples; the first knows packages alone."""
FIRST = Plan(steps=400, schedule=600)
SECOND = Plan(steps=2400, forget_references=0.2, seed=20_27)
UNREAD = Reading(
    compared=Curve(slope=1, offset=0, quiet=0.5),
    confirmed=Curve(slope=1, offset=0, quiet=0.5),
    alone=Curve(slope=1, offset=0, quiet=0.5),
    areas={},
)
"""Before anything was measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Folders, and how long to learn."""

    packages: Path
    rendered: tuple[Path, ...]
    """Folders with an index each; several where more was rendered than is kept."""
    work: Path
    """Samples (some GB) and checkpoints; a stopped run goes on where it was."""
    out: Path
    first: Plan = FIRST
    second: Plan = SECOND


def run(wish: Wish, say: Said) -> Manifest:
    """Train and publish; raises BadTrainingSet, CannotTrain, ModelRefused."""
    backbone = load_backbone(threads=1)
    intact, returns = packages(wish.packages), rendered(*wish.rendered)
    lessons = [row for row in intact if row.split == "train"]
    first = staged(wish, "first", lambda: first_stage(wish, backbone, lessons, say))
    taught = [row for row in returns if row.split in TAUGHT]
    second = staged(wish, "second", lambda: second_stage(wish, backbone, lessons, taught, first, say))
    say("reading the answer by the validation pictures")
    content, metrics = read_by_validation(wish, backbone, second, intact, returns)
    trained_on = [package_set(lessons), rendered_set(taught)]
    return publish(wish.out, content, backbone, trained_on, metrics)


def staged(wish: Wish, name: str, work: Callable[[], Decoder]) -> Decoder:
    """A stage's network from its checkpoint, or by doing the work."""
    path = wish.work / f"{name}.pt"
    if path.exists():
        network = Decoder()
        network.load_state_dict(torch.load(path, weights_only=True))
        return network.eval()
    wish.work.mkdir(parents=True, exist_ok=True)
    network = work()
    torch.save(network.state_dict(), path)
    return network


def first_stage(wish: Wish, backbone: Backbone, lessons: Sequence[Package], say: Said) -> Decoder:
    """Drawn defects on intact packages, without references."""
    folder = wish.work / "packages"
    build_packages(backbone, lessons, folder, counted("packages", say))
    paths = list(samples_in([folder]))
    return learn(paths, [1.0] * len(paths), wish.first, say)


def second_stage(
    wish: Wish,
    backbone: Backbone,
    lessons: Sequence[Package],
    taught: Sequence[Rendered],
    start: Decoder,
    say: Said,
) -> Decoder:
    """Rendered returns and packages, with references and without."""
    build_compared(backbone, lessons[::COMPARED_EVERY], wish.work / "compared", counted("compared", say))
    for name in sorted({row.object for row in taught}):
        build_object(backbone, [row for row in taught if row.object == name], wish.work / "rendered")
        say(f"samples of {name}")
    paths: list[Path] = []
    chances: list[float] = []
    for name, share in SHARES.items():
        found = list(samples_in([wish.work / name]))
        paths += found
        chances += [share / max(len(found), 1)] * len(found)
    return learn(paths, chances, wish.second, say, start)


def read_by_validation(
    wish: Wish, backbone: Backbone, network: Decoder, intact: Sequence[Package], returns: Sequence[Rendered]
) -> tuple[Export, dict[str, Metric]]:
    """The file with its reading, and the figures that the reading gives."""
    unread = exported(network, UNREAD)
    publish(wish.work / "unread", unread, backbone, [], {})
    head = load_segmenter(wish.work / "unread", threads=1)
    pairs = [looked(head, each) for each in beside_references(backbone, returns, "validation")]
    compared, alone = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    quiet = loudness_of_intact(head, backbone, [row for row in intact if row.split == "validation"])
    reading = reading_of(compared, alone, quiet)
    held = loudness_of_intact(head, backbone, [row for row in intact if row.split == "held_out"])
    day = datetime.now(UTC).date()
    metrics = {
        "false alarms, no references": metric(
            alarms(held, reading.alone) / len(held), "grocery_package, held-out products", day
        )
    }
    for name, pictures, curve in (("compared", compared, reading.compared), ("alone", alone, reading.alone)):
        for score in score_kinds(pictures, curve):
            metrics[f"{score.kind} iou, {name}"] = metric(score.iou, "datasets/rendered, validation", day)
            share = score.found / score.pictures
            metrics[f"{score.kind} found, {name}"] = metric(share, "datasets/rendered, validation", day)
    return exported(network, reading), metrics


def exported(network: Decoder, reading: Reading) -> Export:
    """The file with a reading, and how far it lies from torch."""
    content = sealed(export(network), reading.model_dump(mode="json"))
    return Export(
        content=content,
        against=f"torch {torch.__version__}",
        difference=parity(network, content),
        sizes=PARITY_SIZES,
        opset=OPSET,
    )


def counted(what: str, say: Said) -> Callable[[int, int], None]:
    """Say the progress now and then."""

    def told(done: int, total: int) -> None:
        if done % 50 == 0 or done == total:
            say(f"{what}: {done} of {total}")

    return told
