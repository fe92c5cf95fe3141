"""`regrade references part`: mark where a product's parts belong.

Heavy modules are imported inside the command functions, so that `regrade --help` answers at once.
"""

from pathlib import Path
from typing import Annotated

import typer

from inspection.findings import Severity
from models.choosing import BackboneFolder, chosen

DEFAULT_STORE = Path("var/references")
WHOLE_PERCENT = 100.0

Sku = Annotated[str, typer.Argument(help="SKU of the product.")]
Name = Annotated[str, typer.Argument(help="Name of the part, such as `cap` or `screw 1`.")]
Box = Annotated[
    str | None,
    typer.Option("--box", metavar="LEFT,TOP,WIDTH,HEIGHT", help="Where it belongs, in percent of the view."),
]
Drop = Annotated[bool, typer.Option("--drop", help="Take the part away.")]
HowBad = Annotated[Severity, typer.Option("--severity", help="How bad it is that the part is missing.")]
View = Annotated[str, typer.Option("--view", help="View of the bench that the pictures show.")]
Store = Annotated[Path, typer.Option("--store", help="Folder of the references.")]
Merchant = Annotated[str, typer.Option("--merchant", help="Whose goods they are.")]


def mark(
    sku: Sku,
    name: Name,
    box: Box = None,
    drop: Drop = False,
    severity: HowBad = Severity.MAJOR,
    view: View = "top",
    store: Store = DEFAULT_STORE,
    merchant: Merchant = "default",
    backbone: BackboneFolder = None,
) -> None:
    """Mark a part of a product (or drop it), and build the view's bank again."""
    from models.enrol import build_bank
    from models.partlist import drop_part, mark_part
    from models.partrows import PartRow
    from models.store import ReferenceStore

    references = ReferenceStore(store, merchant)
    if drop == (box is not None):
        raise typer.BadParameter("say where the part belongs with --box, or --drop it")
    if box is None:
        parts = drop_part(references, sku, view, name)
    else:
        row = PartRow(name=name, severity=severity, **_corner(box))
        parts = mark_part(references, sku, view, row)
    built = build_bank(references, chosen(backbone), sku=sku, view=view)
    names = ", ".join(row.name for row in parts) or "none"
    typer.echo(f"Parts of {sku} {view}: {names}.")
    if built is None:
        typer.echo("Too few good photos yet: nothing is looked for until there are more.")


def _corner(box: str) -> dict[str, int]:
    """A box in percent as millionths."""
    try:
        left, top, width, height = (float(number) / WHOLE_PERCENT for number in box.split(","))
    except ValueError as error:
        raise typer.BadParameter(f"{box!r} is no LEFT,TOP,WIDTH,HEIGHT in percent") from error
    inside = 0 <= left < 1 and 0 <= top < 1 and 0 < width <= 1 - left and 0 < height <= 1 - top
    if not inside:
        raise typer.BadParameter(f"the box {box!r} does not lie within the view")
    named = {"left_ppm": left, "top_ppm": top, "width_ppm": width, "height_ppm": height}
    return {name: round(value * 1_000_000) for name, value in named.items()}
