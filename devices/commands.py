"""`regrade devices`: what can be connected, and emulated devices to try a bench without hardware.

Drivers and emulators are imported inside the commands, so that `regrade --help` answers at once.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from devices.rfid.uhfreader.emulator import UhfReaderEmulator

Port = Annotated[Path, typer.Option(help="Where the port appears: a link to a pseudo-terminal.")]


def register(app: typer.Typer) -> None:
    """Mount the commands of this folder."""
    devices = typer.Typer(help="Readers, scanners and cameras of a bench.", no_args_is_help=True)
    devices.command("list")(list_drivers)
    devices.command("emulate")(emulate)
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


def emulate(
    name: Annotated[str, typer.Argument(help="uhfreader or scanner")],
    port: Port,
) -> None:
    """Emulate a serial device until Ctrl-C; lines on the keyboard say what happens.

    uhfreader: `place HEX`, `remove HEX`, `clear`, `unplug`, `replug`. scanner: each line is a code.
    """
    import asyncio

    play = {"uhfreader": _play_reader, "scanner": _play_scanner}.get(name)
    if play is None:
        raise typer.BadParameter(f"{name} cannot be emulated on a port: take uhfreader or scanner")
    asyncio.run(play(port))


async def _play_reader(port: Path) -> None:
    from devices.rfid.uhfreader.emulator import UhfReaderEmulator

    async with UhfReaderEmulator(port) as emulator:
        await _obey(f"a UHFReader18 answers at {port}", lambda line: _reader_order(emulator, line))


async def _play_scanner(port: Path) -> None:
    from devices.scanner.emulator import ScannerEmulator

    async with ScannerEmulator(port) as emulator:
        await _obey(f"a scanner sends to {port}", emulator.scan)


def _reader_order(emulator: "UhfReaderEmulator", line: str) -> None:
    word, _, rest = line.partition(" ")
    orders: dict[str, Callable[[], None]] = {
        "place": lambda: emulator.place(bytes.fromhex(rest)),
        "remove": lambda: emulator.remove(bytes.fromhex(rest)),
        "clear": emulator.clear,
        "unplug": emulator.unplug,
        "replug": emulator.replug,
    }
    if word not in orders:
        raise ValueError(f"{word!r} is none of {' '.join(orders)}")
    orders[word]()


async def _obey(greeting: str, order: Callable[[str], None]) -> None:
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


def _try(order: Callable[[str], None], line: str) -> None:
    try:
        if line:
            order(line)
    except ValueError as error:
        typer.echo(f"not understood: {error}", err=True)
