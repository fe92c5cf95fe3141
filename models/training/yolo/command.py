"""`regrade train yolo` and `regrade train yolo-folder`; heavy modules are imported inside."""

from pathlib import Path
from typing import Annotated, Literal

import typer

TrainingFolder = Annotated[
    Path, typer.Argument(metavar="DIR", help="Folder with data.yaml, images/ and labels/.")
]
Task = Annotated[Literal["detect", "segment"], typer.Option("--task", help="Boxes, or boxes with outlines.")]


def train(
    folder: TrainingFolder,
    out: Annotated[Path | None, typer.Option("--out", help="New folder for the model.")] = None,
    task: Task = "detect",
    epochs: Annotated[int, typer.Option("--epochs", min=1, max=10_000)] = 100,
    size: Annotated[int, typer.Option("--size", min=64, max=1280, help="Pixels, a multiple of 32.")] = 320,
    name: Annotated[str, typer.Option("--name", help="Of the model, in records.")] = "yolo",
    weights: Annotated[Path | None, typer.Option("--weights", help="Begin with these (.pt).")] = None,
    minutes: Annotated[float | None, typer.Option("--minutes", min=0.1, help="Stop after so long.")] = None,
    batch: Annotated[int, typer.Option("--batch", min=1, max=512)] = 16,
    threads: Annotated[int, typer.Option("--threads", min=1, max=64)] = 2,
    check: Annotated[bool, typer.Option("--check", help="Only look whether the folder can be used.")] = False,
) -> None:
    """Train a YOLO detector (ultralytics, AGPL-3.0) on pictures of your own, and export it to ONNX."""
    from models.training.extra import need
    from models.training.yolo.folder import read_folder

    if size % 32:
        raise typer.BadParameter("--size must be a multiple of 32")
    found = read_folder(folder, task)
    told = ", ".join(f"{name} {count}" for name, count in found.labelled.items())
    typer.echo(f"{len(found.train)} pictures to learn from, {len(found.val)} to measure on; {told}.")
    if check:
        return
    if out is None:
        raise typer.BadParameter("--out must name a new folder for the model")
    need("torch", "torchvision", "ultralytics", "onnx")
    from models.training.yolo.fit import Wish
    from models.training.yolo.run import run

    wish = Wish(epochs=epochs, side=size, weights=weights, minutes=minutes, batch=batch, threads=threads)
    manifest = run(name, found, wish, out)
    for figure, metric in manifest.metrics.items():
        typer.echo(f"{figure}: {metric.value:.3f}")
    typer.echo(f"{out}: {manifest.bytes:,} bytes, {manifest.licence}. Nobody approved it yet.")


def write_folder(
    rendered: Annotated[Path, typer.Argument(help="Folder of rendered returns, as in datasets/rendered.")],
    out: Annotated[Path, typer.Argument(help="New folder for data.yaml, images/ and labels/.")],
    task: Task = "detect",
) -> None:
    """Turn rendered returns with their masks into a YOLO folder."""
    from models.training.yolo.rendered import write_folder as write

    if out.exists():
        raise typer.BadParameter(f"{out} exists already")
    counted = write(rendered, out, task)
    typer.echo(", ".join(f"{kind} {count}" for kind, count in sorted(counted.items())) + ".")
