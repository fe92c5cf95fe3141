"""The options of `regrade train reasons`."""

from pathlib import Path
from typing import Annotated

import typer

SENTENCES = Path("datasets/claims")
OUT = Path("inspection/claims/weights.npz")


def train(
    sentences: Annotated[Path, typer.Option("--sentences", help="Folder of the sentences.")] = SENTENCES,
    out: Annotated[Path, typer.Option("--out", help="File of the model.")] = OUT,
) -> None:
    """Learn to read return reasons; the same sentences give the same file. Needs no extra."""
    from inspection.claims.grams import write_weights
    from models.evaluation.sentences import read_sentences
    from models.training.reasons.fitting import fit

    content = write_weights(fit(read_sentences(sentences)))
    out.write_bytes(content)
    typer.echo(f"Written: {out}, {len(content):,} bytes")
