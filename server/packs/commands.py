"""`regrade ledger pack`: an evidence pack from the command line, while the centre is stopped.

A running centre is the only one that writes its database, and who makes a pack stands in the ledger:
it is asked over HTTP instead.
"""

from pathlib import Path
from typing import Annotated

import typer

from server.stopped import with_centre

Unit = Annotated[str, typer.Argument(help="The unit's id, `{authorization}/{line}/{index}`.")]
Out = Annotated[Path, typer.Argument(help="Zip to write; must not exist.")]
Dir = Annotated[Path, typer.Option("--dir", help="The centre's folder.", file_okay=False)]
Full = Annotated[bool, typer.Option("--full", help="Show what belongs to the customer and the inspector.")]
By = Annotated[str, typer.Option("--by", help="Who asks for it: it stands in the ledger.")]


def register(ledger: typer.Typer) -> None:
    """Mount the command under `regrade ledger`."""
    ledger.command("pack")(pack)


def pack(unit: Unit, out: Out, dir: Dir, by: By, full: Full = False) -> None:
    """Write everything that proves one return, for people, programs and a browser, into one zip."""
    from server.access import Caller, Scope
    from server.errors import BadRequest
    from server.packs.making import make_pack

    if out.exists():
        raise BadRequest(f"{out} exists; name another file")
    caller = Caller(scope=Scope.CONSOLE, label=by)
    route = f"GET /v1/returns/{unit}/evidence-pack"
    content = with_centre(dir, lambda centre: make_pack(centre, caller, unit, full=full), route)
    _write(out, content)
    print(f"{len(content)} bytes written to {out}")


def _write(out: Path, content: bytes) -> None:
    """To a new file that only its owner may read: photos of somebody's goods are in it."""
    import os
    from functools import partial

    with open(out, "xb", opener=partial(os.open, mode=0o600)) as file:
        file.write(content)
