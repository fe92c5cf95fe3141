"""Commands of the kit: `regrade verify` and `regrade witness`."""

import typer

from kit.commands_verify import verify
from kit.commands_witness import witness


def register(app: typer.Typer) -> None:
    """Add this folder's commands to the front door."""
    app.add_typer(verify, name="verify")
    app.add_typer(witness, name="witness")
