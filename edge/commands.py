"""`regrade station ...`: enrol, run and calibrate a station, take its verdicts; and `references push|pull`.

Heavy modules are imported inside the commands, so that `regrade --help` answers at once.
"""

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated, TextIO

import typer

from edge import commands_references

Folder = Annotated[Path, typer.Option("--dir", help="The station's folder.")]


def register(app: typer.Typer) -> None:
    """Mount the `station` verbs."""
    station = typer.Typer(help="A scanning station.", no_args_is_help=True)
    station.command("enrol")(enrol)
    station.command("run")(run)
    station.command("codes")(codes)
    station.command("card")(card)
    station.command("calibrate")(calibrate)
    station.command("verdicts")(verdicts)
    app.add_typer(station, name="station")
    commands_references.register(app)


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


def card(
    out: Annotated[Path, typer.Option("--print", help="The file to write, .pdf or .png.")],
    size: Annotated[str, typer.Option(help="small (75 mm), medium (150 mm) or large (240 mm).")] = "medium",
) -> None:
    """Write the light card that a bench is calibrated with."""
    from edge.calibrate import print_card

    print(print_card(out, size))


def calibrate(
    folder: Folder = Path("station"),
    view: Annotated[str | None, typer.Option(help="One view; else all of the station's.")] = None,
    empty: Annotated[
        Path | None, typer.Option(help="Picture of the empty bench, instead of the camera.")
    ] = None,
    card: Annotated[Path | None, typer.Option(help="Picture with the light card on the bench.")] = None,
    card_size_mm: Annotated[float | None, typer.Option(help="Width of the printed card by a ruler.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Only compare with the calibration.")] = False,
    accept: Annotated[str | None, typer.Option(help="Who lets the station work on with its drift.")] = None,
) -> None:
    """Calibrate the bench: take it empty, then with the light card. Exit code 1 with --check on a drift."""
    from edge import calibrate as steps
    from edge.config import load_config
    from edge.logs import log_to_stderr

    log_to_stderr()
    config = load_config(folder, os.environ)
    wish = steps.Wish(view=view, empty=empty, card=card, card_size_mm=card_size_mm)
    if accept is not None:
        steps.accept_views(config, view, accept, _say)
    elif check:
        raise typer.Exit(0 if steps.check_views(config, view, card or empty, _say) else 1)
    else:
        steps.calibrate_views(config, wish, _wait, _say)


def verdicts(
    out: Annotated[Path, typer.Option("--out", help="New file for the confirmed verdicts (JSON lines).")],
    folder: Folder = Path("station"),
) -> None:
    """Write what people made of the machine's grades, for `regrade train`. The station may run meanwhile."""
    from edge.database import reading
    from edge.verdicts import kept

    with reading(folder) as journal, _new_file(out) as file:
        written = sum(file.write(f"{line}\n") > 0 for line in kept(journal))
    print(f"{written} confirmed verdicts: {out}")


def _new_file(path: Path) -> TextIO:
    try:
        return path.open("x", encoding="utf-8")
    except FileExistsError as error:
        raise typer.BadParameter(f"{path} exists already: name a new one") from error
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror}") from error


def _wait(text: str) -> None:
    typer.prompt(text, default="", show_default=False, prompt_suffix=" ")


def _say(line: str) -> None:
    print(line)
    sys.stdout.flush()
