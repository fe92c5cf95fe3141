"""`regrade train segmenter`; heavy modules are imported inside."""

from pathlib import Path
from typing import Annotated

import typer


def train(
    packages: Annotated[
        Path, typer.Option("--packages", help="Folder of intact goods: one folder of JPEGs per product.")
    ],
    rendered: Annotated[
        list[Path],
        typer.Option("--rendered", help="Rendered returns with masks; several folders may be named."),
    ] = [Path("datasets/rendered")],  # noqa: B006 - typer reads it once and changes nothing
    work: Annotated[Path, typer.Option("--work", help="Samples and checkpoints; some GB.")] = Path(
        "var/segmenter"
    ),
    out: Annotated[Path, typer.Option("--out", help="Folder for the model.")] = Path(
        "var/models/defect-segmenter"
    ),
) -> None:
    """Train the typed defect segmenter on drawn and rendered defects, and export it to ONNX."""
    from models.training.extra import need

    need("torch", "onnx")
    from models.training.segmenter.run import Wish, run

    wish = Wish(packages=packages, rendered=tuple(rendered), work=work, out=out)
    manifest = run(wish, typer.echo)
    for figure, metric in manifest.metrics.items():
        typer.echo(f"{figure}: {metric.value:.3f}")
    typer.echo(f"{out}: {manifest.bytes:,} bytes, {manifest.licence}. Nobody approved it yet.")
