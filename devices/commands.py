"""`regrade devices`: what can be connected, what bytes mean, and emulated devices to try without hardware.

Drivers and emulators are imported inside the commands, so that `regrade --help` answers at once.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from devices.emulation import LineEmulator

Port = Annotated[
    str, typer.Option(help="Where it appears: a path for a pseudo-terminal, or tcp://127.0.0.1:N.")
]


def register(app: typer.Typer) -> None:
    """Mount the commands of this folder."""
    devices = typer.Typer(help="Readers, scanners, cameras and scales of a bench.", no_args_is_help=True)
    devices.command("list")(list_drivers)
    devices.command("emulate")(emulate)
    devices.command("decode")(decode)
    app.add_typer(devices, name="devices")


def list_drivers() -> None:
    """List the drivers with their settings."""
    from rich.console import Console
    from rich.table import Table

    from devices.registry import DRIVERS

    table = Table("driver", "kind", "what it drives", "settings (* needed)")
    for name, driver in DRIVERS.items():
        fields = driver.config.model_fields
        settings = (
            f"{key}*" if field.is_required() else key for key, field in fields.items() if key != "driver"
        )
        table.add_row(name, driver.kind.value, driver.title, " ".join(settings))
    Console().print(table)


def decode(
    protocol: Annotated[str, typer.Argument(help="such as mercury, uhfreader or epc_tds")],
    hex: Annotated[str, typer.Argument(help="the bytes as hex; blanks are allowed")],
    kind: Annotated[
        str | None, typer.Option(help="cmd_... for bytes from the host; default: from the device")
    ] = None,
    dialect: Annotated[str | None, typer.Option(help="where the bytes do not tell it")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON list, for programs")] = False,
) -> None:
    """Say what bytes of a device mean. Exits with 2 where the question itself cannot be understood."""
    import json

    from devices.decoding import decode_hex

    try:
        found = decode_hex(protocol, hex, kind, dialect)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    if as_json:
        typer.echo(json.dumps(found))
        return
    for number, fields in enumerate(found, 1):
        typer.echo(f"{number}. " + "  ".join(f"{name}={value}" for name, value in fields.items()))


def emulate(
    name: Annotated[str, typer.Argument(help="a driver of `regrade devices list`")],
    port: Port,
) -> None:
    """Emulate a device on a line until Ctrl-C; lines on the keyboard say what happens.

    Readers: `place HEX`, `remove HEX`, `clear`; scanner: each line is a code; all: `unplug`, `replug`,
    `mute`, `unmute`, `noise HEX`.
    """
    import asyncio

    from devices.registry import DRIVERS

    played = {key: driver.emulator for key, driver in DRIVERS.items() if driver.emulator is not None}
    if name not in played:
        raise typer.BadParameter(f"{name} cannot be emulated on a port: take one of {', '.join(played)}")
    module, _, made = played[name].partition(":")
    emulator: LineEmulator = getattr(import_module(module), made)(port)
    asyncio.run(_play(emulator, f"{DRIVERS[name].title} answers at {port}"))


async def _play(emulator: "LineEmulator", greeting: str) -> None:
    async with emulator:
        await _obey(greeting, emulator.obey)


async def _obey(greeting: str, order: "Callable[[str], None]") -> None:
    """Say hello, then take one order per line; at the end of the input only Ctrl-C is left."""
    import asyncio
    import sys
    import threading

    loop = asyncio.get_running_loop()

    def listen() -> None:
        for line in sys.stdin:
            loop.call_soon_threadsafe(_try, order, line.strip())

    typer.echo(greeting)
    # A daemon: a thread that waits for the keyboard must not keep the program from ending.
    threading.Thread(target=listen, name="orders", daemon=True).start()
    await asyncio.Event().wait()


def _try(order: "Callable[[str], None]", line: str) -> None:
    try:
        if line:
            order(line)
    except ValueError as error:
        typer.echo(f"not understood: {error}", err=True)
