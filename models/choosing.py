"""Which backbone a command uses: the shipped one, or another that the site's stations run.

Heavy modules are imported inside the functions, so that `regrade --help` answers at once.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from models.backbone import Backbone

BackboneFolder = Annotated[
    Path | None,
    typer.Option("--backbone", help="Model folder of the backbone that the stations run."),
]


def chosen(folder: Path | None) -> "Backbone":
    """The backbone of the folder, or the shipped one; raises ModelRefused."""
    from models.backbone import load_backbone

    return load_backbone() if folder is None else load_backbone(folder)
