"""`regrade devices`: what can be connected, what bytes mean, and emulated devices to try without hardware.

Drivers and emulators are imported inside the commands, so that `regrade --help` answers at once.
"""

from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from devices.driver import DeviceSettings, Driver
    from devices.emulation import LineEmulator
    from devices.emulation_mqtt import MqttEmulator
    from devices.probing import Found

Port = Annotated[
    str,
    typer.Option(
        help="Where it appears: a path for a pseudo-terminal, tcp://127.0.0.1:N, or mqtt://user@host:port/topic."
    ),
]
PASSWORD = "REGRADE_DEVICE_PASSWORD"  # noqa: S105  # the name of a variable
"""Of a device at a broker; everybody can read a command line."""


def register(app: typer.Typer) -> None:
    """Mount the commands of this folder."""
    devices = typer.Typer(help="Readers, scanners, cameras and scales of a bench.", no_args_is_help=True)
    devices.command("list")(list_drivers)
    devices.command("emulate")(emulate)
    devices.command("decode")(decode)
    devices.command("probe")(probe)
    devices.command("watch")(watch)
    app.add_typer(devices, name="devices")


def list_drivers(
    name: Annotated[str | None, typer.Argument(help="a driver, to see how it stands to every rule")] = None,
) -> None:
    """List what can be connected, how well each driver is tested, and its settings."""
    from rich.console import Console

    from devices.listing import details, overview
    from devices.registry import DRIVERS

    if name is not None and name not in DRIVERS:
        raise typer.BadParameter(f"{name} is no driver: take one of {', '.join(DRIVERS)}")
    Console().print(overview() if name is None else details(name))


def probe(
    port: Annotated[list[str] | None, typer.Option(help="ask at this port too; may be given again")] = None,
    broker: Annotated[str, typer.Option(help="host:port of a broker to look for")] = "127.0.0.1:1883",
    ask: Annotated[bool, typer.Option(help="ask at each port who is there")] = True,
) -> None:
    """Find serial ports, cameras and a broker, and say what answers. What is sent changes no device."""
    import asyncio

    from rich.console import Console
    from rich.table import Table

    host, _, number = broker.rpartition(":")
    if not host or not number.isdigit() or not 0 < int(number) < 65536:
        raise typer.BadParameter(f"{broker!r} is not host:port")
    table = Table("what", "where", "driver", "what it says")
    for found in asyncio.run(_probed(tuple(port or ()), (host, int(number)), ask)):
        table.add_row(found.what, found.where, found.driver or "", found.says)
    Console().print(table if table.row_count else "no serial port, no camera and no broker was found")


async def _probed(more: tuple[str, ...], at: tuple[str, int], ask: bool) -> "list[Found]":
    from rich.progress import Progress

    from devices import probing

    named = [*probing.ports(), *((port, "named by you") for port in more)]
    found = list(probing.cameras())
    with Progress(transient=True) as progress:
        task = progress.add_task("asking", total=len(named) + 1)
        answering = await probing.broker(*at)
        found += [answering] if answering else []
        progress.advance(task)
        if not ask:
            return found + [probing.Found(what="port", where=where, says=says) for where, says in named]
        async for each in probing.ask_ports(named):
            found.append(each)
            progress.advance(task)
    return found


def watch(
    devices: Annotated[
        list[str] | None, typer.Argument(help="DRIVER:key=value,key=value, such as scanner:port=/dev/ttyACM0")
    ] = None,
    settings: Annotated[
        Path | None, typer.Option("--from", help="a station.toml: all its devices that need no broker")
    ] = None,
    seconds: Annotated[float | None, typer.Option(help="stop after so long; default: at Ctrl-C")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object a line, for programs")] = False,
) -> None:
    """Show the readings of devices as they come, with their state and counters. Stop the station first."""
    import asyncio

    from devices.config import parse_devices
    from devices.errors import WrongSetUp
    from devices.setups import chosen

    try:
        wanted = parse_devices(chosen(tuple(devices or ()), settings))
    except (WrongSetUp, ValueError, OSError) as error:
        raise typer.BadParameter(str(error)) from error
    if not wanted:
        raise typer.BadParameter("no device: name one, or take a station.toml with --from")
    with suppress(TimeoutError):
        asyncio.run(_watch(wanted, seconds, as_json))


async def _watch(wanted: "tuple[DeviceSettings, ...]", seconds: float | None, as_json: bool) -> None:
    import asyncio
    import logging
    import sys
    from datetime import UTC, datetime

    import structlog
    from prometheus_client import CollectorRegistry
    from rich.console import Console
    from rich.live import Live as Screen

    from devices import live
    from devices.driver import Surroundings
    from devices.supervisor import Supervisor

    around, console = Surroundings(clock=lambda: datetime.now(UTC)), Console()
    for_people = console.is_terminal and not as_json
    level = logging.CRITICAL if for_people else logging.INFO  # the screen says it already
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    async with Supervisor(wanted, surroundings=around, registry=CollectorRegistry()) as bench:
        say = live.as_json if as_json else live.line
        watching = live.Live(bench, lambda reading: None if for_people else typer.echo(say(reading)))
        async with asyncio.timeout(seconds), asyncio.TaskGroup() as tasks:
            tasks.create_task(watching.run())
            if for_people:
                with Screen(console=console, auto_refresh=False) as shown:
                    while True:
                        shown.update(live.screen(bench.snapshot(), watching.newest), refresh=True)
                        await asyncio.sleep(0.25)


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
    dialect: Annotated[
        str | None, typer.Option(help="as in the settings of the driver, where it has one")
    ] = None,
) -> None:
    """Emulate a device until Ctrl-C; lines on the keyboard say what happens.

    Readers: `place HEX`, `remove HEX`, `clear`; scanner: each line is a code; scale: `put 100.00 g`, `shake`,
    `still`; printer: `paper N`, `pause`, `resume`, `open`, `close`; all: `unplug`, `replug`, `mute`,
    `unmute`, `noise HEX`. A device at a broker takes its password from REGRADE_DEVICE_PASSWORD.
    """
    import asyncio

    from devices.registry import DRIVERS

    played = {key: driver.emulator for key, driver in DRIVERS.items() if driver.emulator is not None}
    if name not in played:
        raise typer.BadParameter(f"{name} cannot be emulated on a port: take one of {', '.join(played)}")
    if dialect is not None and dialect not in (known := _dialects(DRIVERS[name])):
        raise typer.BadParameter(f"{name} has no dialect {dialect!r}; it has: {', '.join(known) or 'none'}")
    asyncio.run(_play(DRIVERS[name], port, {"dialect": dialect} if dialect else {}))


def _dialects(driver: "Driver") -> tuple[str, ...]:
    """What the driver's setting takes."""
    setting = driver.config.model_fields.get("dialect")
    return get_args(setting.annotation) if setting is not None else ()


async def _play(driver: "Driver", port: str, more: "Mapping[str, str]") -> None:
    greeting = f"{driver.title} answers at {port}"
    module, _, made = (driver.emulator or "").partition(":")
    make = getattr(import_module(module), made)
    if driver.topics is None:
        on_line: LineEmulator = make(port, **more)
        async with on_line:
            await _obey(greeting, on_line.obey)
    else:
        at_broker: MqttEmulator = make(*_broker(port))
        async with at_broker:
            await _connected(at_broker)
            await _obey(greeting, at_broker.obey)


def _broker(port: str) -> tuple[object, str]:
    import os

    from devices.emulation_mqtt import broker_port
    from link.errors import NotSent

    try:
        return broker_port(port, os.environ.get(PASSWORD))
    except (ValueError, NotSent) as error:
        raise typer.BadParameter(str(error)) from error


async def _connected(emulator: "MqttEmulator") -> None:
    from link.errors import LinkError

    try:
        await emulator.connected()
    except LinkError as error:
        raise typer.BadParameter(str(error)) from error


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
