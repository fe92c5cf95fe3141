"""The options of `regrade train reasons`."""

from pathlib import Path
from typing import Annotated

import typer

SENTENCES = Path("datasets/claims")
OUT = Path("inspection/claims/weights.npz")
HEAD = Path("inspection/claims/head.npz")


def train(
    sentences: Annotated[Path, typer.Option("--sentences", help="Folder of the sentences.")] = SENTENCES,
    out: Annotated[
        Path | None, typer.Option("--out", help=f"File of the model: {OUT}, or {HEAD} of the embedding.")
    ] = None,
    embedding: Annotated[
        bool, typer.Option("--embedding", help="Learn the head over the embedding (`make reasons`) instead.")
    ] = False,
) -> None:
    """Learn to read return reasons; the same sentences give the same file. Needs no extra."""
    content, usual = _head(sentences) if embedding else _letter_groups(sentences)
    path = out or usual
    path.write_bytes(content)
    typer.echo(f"Written: {path}, {len(content):,} bytes")


def _letter_groups(sentences: Path) -> tuple[bytes, Path]:
    from inspection.claims.grams import write_weights
    from models.evaluation.sentences import read_sentences
    from models.training.reasons.fitting import fit

    return write_weights(fit(read_sentences(sentences))), OUT


def _head(sentences: Path) -> tuple[bytes, Path]:
    from functools import cache

    from inspection.claims.embedding import installed_embedder, write_head
    from models.evaluation.sentences import read_sentences
    from models.training.reasons.heading import fit_head

    embed = cache(installed_embedder().embed)
    return write_head(fit_head(read_sentences(sentences), embed)), HEAD
