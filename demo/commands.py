"""Commands of the demo: `regrade demo`, and the shop that it starts.

Heavy modules are imported inside the command functions, so that `regrade --help` answers at once.
"""

from pathlib import Path
from typing import Annotated

import typer


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
    seed: Annotated[int, typer.Option(help="The same seed plays the same run.")] = 1,
    photos: Annotated[
        Path | None, typer.Option(help="Folder of photos to inspect instead of drawings.")
    ] = None,
    broker: Annotated[str, typer.Option(help="Broker of the MQTT bench: nats or mosquitto.")] = "nats",
    folder: Annotated[
        Path | None, typer.Option("--dir", help="Where everything is kept; else in a folder that is removed.")
    ] = None,
) -> None:
    """Start a centre, a shop, two stations and their devices on this machine, and play.

    With --check: ends with one line of JSON on stdout. Exit code 0 only if nothing was lost, doubled or
    left unverified, every refund came to the planned amount, and every kind of bad input showed.
    """
    if context.invoked_subcommand:
        return
    if check:
        raise typer.Exit(_check(items, seed, broker, photos, folder))


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
