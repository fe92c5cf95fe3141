"""`regrade train head`, `calibration`, `rows`, from confirmed verdicts; heavy modules are imported inside."""

from pathlib import Path
from typing import Annotated

import typer

ConfirmedFile = Annotated[
    Path, typer.Argument(metavar="CONFIRMED.jsonl", help="Confirmed verdicts, one JSON object a line.")
]
Out = Annotated[Path, typer.Option("--out", help="New folder for the model.")]


def head(confirmed: ConfirmedFile, out: Out) -> None:
    """Train the condition head on verdicts that people confirmed."""
    from datetime import UTC, datetime

    from models.manifest import ModelKind
    from models.training.verdicts.head import learn
    from models.training.verdicts.rows import read_verdicts
    from models.training.verdicts.writing import measured, write_model

    _refuse_existing(out)
    verdicts = read_verdicts(confirmed)
    learnt = learn(verdicts)
    today, what = datetime.now(UTC).date(), "confirmed verdicts, unseen items and days"
    unseen, before = learnt.unseen, learnt.fixed_map
    metrics = {
        "error": measured(unseen.error, what, today, unseen.error_low, unseen.error_high),
        "error_of_fixed_map": measured(before.error, what, today, before.error_low, before.error_high),
        "log_loss": measured(unseen.log_loss, what, today),
        "ece": measured(unseen.ece, what, today),
        "ece_of_fixed_map": measured(before.ece, what, today),
    }
    manifest = write_model(
        out,
        name="condition-head",
        kind=ModelKind.CONDITION_HEAD,
        file=learnt.file,
        verdicts=verdicts,
        metrics=metrics,
        classes=("new", "used", "damaged"),
    )
    typer.echo(f"{unseen.rows} verdicts of {', '.join(learnt.file.categories)}.")
    typer.echo(f"error on unseen items and days: {unseen.error:.1%}, of the fixed map {before.error:.1%}")
    typer.echo(f"calibration error: {unseen.ece:.3f}, of the fixed map {before.ece:.3f}")
    typer.echo(f"{out}: {manifest.bytes:,} bytes. Nobody approved it yet.")


def calibration(
    confirmed: ConfirmedFile,
    out: Out,
    over: Annotated[
        Path | None, typer.Option("--head", help="Folder of the condition head whose shares are calibrated.")
    ] = None,
) -> None:
    """Calibrate the shares on verdicts that people confirmed."""
    from datetime import UTC, datetime

    from models.condition import load_head
    from models.manifest import ModelKind
    from models.training.verdicts.rows import read_verdicts
    from models.training.verdicts.shares import fit_shares
    from models.training.verdicts.writing import measured, write_model

    _refuse_existing(out)
    verdicts = read_verdicts(confirmed)
    file = fit_shares(verdicts, load_head(over) if over else None)
    today, what = datetime.now(UTC).date(), "confirmed verdicts, unseen items and days"
    metrics = {
        f"ece {one.category} {one.proposed.value}": measured(one.ece_after, what, today) for one in file.maps
    }
    manifest = write_model(
        out,
        name="share-calibration",
        kind=ModelKind.CALIBRATION,
        file=file,
        verdicts=verdicts,
        metrics=metrics,
    )
    for one in file.maps:
        typer.echo(
            f"{one.category}, proposed {one.proposed.value}: {one.items} items, {one.method}, "
            f"calibration error {one.ece_before:.3f} before, {one.ece_after:.3f} after"
        )
    typer.echo(f"{out}: {manifest.bytes:,} bytes. Nobody approved it yet.")


def rows(
    export: Annotated[Path, typer.Argument(metavar="LEDGER.jsonl", help="Export of the centre's ledger.")],
    products: Annotated[Path, typer.Option("--products", help="Table with the columns sku and category.")],
    out: Annotated[Path, typer.Option("--out", help="New file for the confirmed verdicts.")],
) -> None:
    """Take confirmed verdicts out of the ledger: for a calibration or an audit, not for a head."""
    from models.training.verdicts.ledger import read_categories, read_ledger

    _refuse_existing(out)
    taken = read_ledger(export, read_categories(products))
    out.write_text("".join(row.to_line() + "\n" for row in taken.rows), encoding="utf-8")
    skipped = ", ".join(f"{name} {count}" for name, count in taken.skipped.items())
    typer.echo(f"{len(taken.rows)} confirmed verdicts; left aside: {skipped}.")


def _refuse_existing(out: Path) -> None:
    if out.exists():
        raise typer.BadParameter(f"{out} exists already: name a new one")
