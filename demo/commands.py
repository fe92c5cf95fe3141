"""Commands of the demo: `regrade demo`, and the shop that it starts.

Heavy modules are imported inside the command functions, so that `regrade --help` answers at once.
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Broker(StrEnum):
    """MQTT brokers that a station can start."""

    NATS = "nats"
    MOSQUITTO = "mosquitto"


class Language(StrEnum):
    """Languages of the screens."""

    EN = "en"
    ZH_CN = "zh_CN"


def register(app: typer.Typer) -> None:
    """Add this folder's commands to the front door."""
    group = typer.Typer(help="Play a virtual warehouse.", invoke_without_command=True)
    group.callback()(demo)
    group.command("shop", hidden=True)(shop)
    app.add_typer(group, name="demo")


def demo(
    context: typer.Context,
    check: Annotated[bool, typer.Option("--check", help="Play a fixed run, judge it, and end.")] = False,
    items: Annotated[int, typer.Option(help="Inspectable items of a checked run.", min=4, max=5000)] = 200,
    seed: Annotated[int, typer.Option(help="The same seed plays the same run.", min=0)] = 1,
    photos: Annotated[Path | None, typer.Option(help="Checked run: folder of photos to inspect.")] = None,
    broker: Annotated[Broker, typer.Option(help="Broker of the MQTT bench.")] = Broker.NATS,
    folder: Annotated[
        Path | None, typer.Option("--dir", help="Keep everything here; else in a folder that is removed.")
    ] = None,
    language: Annotated[Language, typer.Option(help="Of the pages and of this view.")] = Language.EN,
    pace: Annotated[float, typer.Option(help="Seconds before each act of an inspector.", min=0)] = 1.2,
    manual: Annotated[bool, typer.Option("--manual", help="Leave the first station to you.")] = False,
) -> None:
    """Start a centre, a shop, two stations and their devices on this machine, and play until Ctrl-C.

    With --check: ends with one line of JSON on stdout. Exit code 0 only if nothing was lost, doubled or
    left unverified, every refund came to the planned amount, and every kind of bad input showed.
    """
    if context.invoked_subcommand:
        return
    if check:
        raise typer.Exit(_check(items, seed, broker.value, photos, folder))
    _play(seed, broker.value, folder, language.value, pace, manual)


def _play(seed: int, broker: str, folder: Path | None, language: str, pace: float, manual: bool) -> None:
    import asyncio
    from contextlib import suppress

    from rich.console import Console

    from demo.live import Show, play
    from demo.words import say
    from demo.world import kept_or_temporary

    console = Console(highlight=False)
    show = Show(language=language, pace_s=pace, manual=manual, seed=seed, console=console)
    with kept_or_temporary(folder) as root:
        with suppress(KeyboardInterrupt):
            asyncio.run(play(root, show, broker))
        console.print(say(language, "stopped"))
    if folder is not None:
        console.print(say(language, "kept", folder=folder))


def _check(items: int, seed: int, broker: str, photos: Path | None, folder: Path | None) -> int:
    import asyncio
    import sys

    import orjson

    from demo.check import check
    from demo.world import kept_or_temporary

    with kept_or_temporary(folder) as root:
        judgement = asyncio.run(check(root, items=items, seed=seed, broker=broker, photos=photos))
    for failure in judgement.failures:
        print(f"regrade demo: {failure}", file=sys.stderr)
    typer.echo(orjson.dumps(judgement.report).decode())
    return 1 if judgement.failures else 0


def shop(
    dir: Annotated[Path, typer.Option("--dir", help="The shop's folder.", file_okay=False)],
    port: Annotated[int, typer.Option("--port", help="Port on 127.0.0.1.", min=1, max=65535)],
) -> None:
    """Run the demo's shop; the virtual warehouse starts it by itself."""
    from demo.shop.run import run

    run(dir, port)
