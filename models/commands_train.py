"""`regrade train ...`: one command per kind of model that a site can train.

Each trainer is a folder (or file) of `models/training/` with a light `command.py`: its function names the
options, and imports torch, ultralytics and its own heavy modules inside. So `regrade --help` answers at
once, and the command is listed where the training extra is not installed.
"""

from collections.abc import Callable

import typer

from models.training.reasons import command as reasons
from models.training.segmenter import command as segmenter
from models.training.verdicts import command as verdicts
from models.training.yolo import command as yolo

TRAINERS: dict[str, Callable[..., None]] = {
    "calibration": verdicts.calibration,
    "head": verdicts.head,
    "reasons": reasons.train,
    "rows": verdicts.rows,
    "segmenter": segmenter.train,
    "yolo": yolo.train,
    "yolo-folder": yolo.write_folder,
}
"""Command -> the function that carries it out."""


def register(app: typer.Typer) -> None:
    """Add `train` with every trainer to the front door."""
    group = typer.Typer(help="Train a model of your own, and export it to ONNX.", no_args_is_help=True)
    for name, trainer in TRAINERS.items():
        group.command(name)(trainer)
    app.add_typer(group, name="train")
