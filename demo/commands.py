"""Commands of the demo: `regrade demo`, and the shop that it starts.

Heavy modules are imported inside the command functions, so that `regrade --help` answers at once.
"""

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add this folder's commands to the front door."""
    group = typer.Typer(help="Play a virtual warehouse.")
    group.command("shop", hidden=True)(shop)
    app.add_typer(group, name="demo")


def shop(
    dir: Annotated[Path, typer.Option("--dir", help="The shop's folder.", file_okay=False)],
    port: Annotated[int, typer.Option("--port", help="Port on 127.0.0.1.", min=1, max=65535)],
) -> None:
    """Run the demo's shop; the virtual warehouse starts it by itself."""
    from demo.shop.run import run

    run(dir, port)
