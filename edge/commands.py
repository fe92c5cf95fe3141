"""`regrade station ...`: enrol a station, run it, print its command sheet.

Heavy modules are imported inside the commands, so that `regrade --help` answers at once.
"""

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

Folder = Annotated[Path, typer.Option("--dir", help="The station's folder.")]


def register(app: typer.Typer) -> None:
    """Mount the `station` verbs."""
    station = typer.Typer(help="A scanning station.", no_args_is_help=True)
    station.command("enrol")(enrol)
    station.command("run")(run)
    station.command("codes")(codes)
    app.add_typer(station, name="station")


def enrol(
    code: Annotated[str, typer.Argument(help="One-time code of the centre, such as ABCD-EFGH-IJKL-MN23.")],
    centre: Annotated[str, typer.Option(help="Address of the centre.")],
    folder: Folder = Path("station"),
) -> None:
    """Make this station's key and let the centre know it."""
    from edge.enrol import enrol as enrol_station

    done = asyncio.run(enrol_station(folder, centre, code))
    print(f"station {done.station} of site {done.site} is enrolled; its key lies in {folder}")


def run(
    folder: Folder = Path("station"),
    page: Annotated[bool, typer.Option("--page/--no-page", help="Serve the inspector's page.")] = True,
    port: Annotated[int | None, typer.Option(help="Port of the page, on 127.0.0.1; 0: a free one.")] = None,
) -> None:
    """Run the station until it is told to stop."""
    from edge.config import load_config
    from edge.identity import read_identity
    from edge.logs import log_to_stderr
    from edge.running import run_station
    from edge.serving import open_port

    log_to_stderr()
    config = load_config(folder, os.environ)
    identity = read_identity(folder)
    with open_port(config.port if port is None else port) as listener:
        asyncio.run(run_station(folder, config, identity, listener, page=page, ready=_say))


def codes(
    out: Annotated[Path, typer.Argument(help="The HTML file to write, such as codes.html.")],
) -> None:
    """Write the printed sheet of all command codes, in Chinese and English."""
    from edge.sheet import sheet

    out.write_text(sheet(), encoding="utf-8")
    print(f"open {out} in a browser and print it")


def _say(line: str) -> None:
    print(line)
    sys.stdout.flush()
