"""`regrade evaluate folder|standard|splits`: how well the models see, by one protocol.

Heavy modules are imported inside the command functions, so that `regrade --help` answers at once.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from models.evaluation.folder_run import ObjectFigures
    from models.evaluation.methods import RememberingBackbone
    from models.evaluation.pictures import Progress

SHOTS = 8
SEEDS = 5

Folder = Annotated[Path, typer.Argument(help="Folder of objects: <object>/good/* and <object>/<other>/*.")]
Shots = Annotated[int, typer.Option("--shots", help="Good pictures to learn from.")]
Seeds = Annotated[int, typer.Option("--seeds", help="Draws of these pictures: seeds 0, 1, ...")]
Threads = Annotated[int, typer.Option("--threads", min=1, max=64, help="Threads of the model.")]
AsJson = Annotated[bool, typer.Option("--json", help="Answer as one JSON object.")]


def register(app: typer.Typer) -> None:
    """Add `evaluate` to the front door."""
    group = typer.Typer(help="How well the models see, by one protocol.", no_args_is_help=True)
    group.command("folder")(evaluate_folder)
    app.add_typer(group, name="evaluate")


def evaluate_folder(
    folder: Folder,
    shots: Shots = SHOTS,
    seeds: Seeds = SEEDS,
    good: Annotated[str, typer.Option("--good", help="Name of the folder of good pictures.")] = "good",
    match: Annotated[str, typer.Option("--match", help="Pattern that file names must fit.")] = "*",
    group_by: Annotated[
        str | None,
        typer.Option("--group-by", help="Regular expression: file names that give the same stay together."),
    ] = None,
    threads: Threads = 2,
    as_json: AsJson = False,
) -> None:
    """Learn from a few good pictures of each object, and tell the other good ones from the bad."""
    backbone = _backbone(threads)
    from models.evaluation import folder_run
    from models.evaluation.folders import Selection
    from models.evaluation.methods import shipped

    selection = Selection(good=good, match=match, group_by=group_by)
    with _progress() as progress:
        rows = folder_run.evaluate_folder(
            folder, shipped(backbone), selection, shots=shots, seeds=seeds, progress=progress
        )
    _tell_unreadable(rows)
    answer = folder_run.folder_object(rows)
    if as_json:
        import orjson

        typer.echo(orjson.dumps(answer, option=orjson.OPT_INDENT_2).decode())
        return
    from rich.console import Console

    from models.evaluation.tables import folder_table

    Console().print(folder_table(answer))


def _backbone(threads: int) -> "RememberingBackbone":
    """The shipped backbone, with every library below it bound to so many threads."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", str(threads))  # read once, when NumPy is first imported
    import cv2

    from models.backbone import load_backbone
    from models.evaluation.methods import RememberingBackbone

    cv2.setNumThreads(threads)
    return RememberingBackbone(load_backbone(threads=threads))


def _tell_unreadable(rows: "list[ObjectFigures]") -> None:
    """Name on stderr what could not be read; it takes no part in the figures."""
    refused = [(row.name, one) for row in rows for one in row.unreadable]
    if refused:
        typer.echo(f"{len(refused)} pictures cannot be read and are left out:", err=True)
    for name, one in refused:
        typer.echo(f"  {name}/{one.item.name}: {one.why}", err=True)


@contextmanager
def _progress() -> "Iterator[Progress]":
    """A bar on stderr; rich shows none where stderr is no terminal."""
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda what, done, total: bar.update(task, description=what, completed=done, total=total)
