"""Runs a station in one event loop until it is told to stop, and ends it in order: the page first."""

import asyncio
import signal
import socket
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from edge.build import Running, open_station
from edge.config import StationConfig
from edge.identity import Identity
from edge.lamps import shine
from edge.serving import PageServer
from edge.station import Station
from edge.tidying import Tidying
from edge.web import create_app


async def run_station(
    folder: Path,
    config: StationConfig,
    identity: Identity,
    listener: socket.socket,
    *,
    page: bool,
    ready: Callable[[str], None],
) -> None:
    """Run until SIGTERM or SIGINT; `ready` is told one line once the page server answers."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with open_station(folder, config, identity) as running:
        app = create_app(running.reporting)
        if page:
            # imported here: the page's tool kit takes longer to load than the whole station
            from edge.page.bench import add_page

            add_page(app, running.reporting)
        server = PageServer(app)
        serving = asyncio.create_task(server.serve([listener]))
        working = asyncio.create_task(_work(running))
        try:
            await _either(server.ready.wait(), serving, working)
            ready(_line(running, listener))
            await _either(stop.wait(), serving, working)
        finally:  # also when the work has failed: a server cut off in the middle prints its trace
            await _end(server, serving, working)
        await running.sync.farewell(running.reporting)


async def _work(running: Running) -> None:
    """Everything that goes on for ever; the first that fails ends all."""
    ground = running.ground
    told = asyncio.Event()
    tidying = Tidying(ground.database, ground.vault, ground.clocks, ground.config.retention, ground.faults)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_warm_up(running))
        tasks.create_task(running.station.run())
        tasks.create_task(running.uplink.run(running.sync.checked, running.sync.catch_up))
        tasks.create_task(running.sync.run(running.reporting, told))
        tasks.create_task(running.references.run())
        tasks.create_task(tidying.run())
        tasks.create_task(_watch_devices(running.station))
        tasks.create_task(_announce(running.station, told))
        station = running.station
        tasks.create_task(shine(station.bench, station.seeing.senses, station.changes))


async def _watch_devices(station: Station) -> None:
    while True:
        await station.seeing.senses.wait_for_change()
        station.changes.bump()


async def _announce(station: Station, told: asyncio.Event) -> None:
    """Ask for a health message when the state of the bench or of a device changes."""
    before: tuple[object, ...] = ()
    seen = station.changes.version
    while True:
        seen = await station.changes.wait(seen)
        now = (station.bench.state, tuple((d.state, d.reason) for d in station.seeing.senses.snapshot()))
        if now != before:
            before = now
            told.set()


async def _warm_up(running: Running) -> None:
    """Load the models beside all else; one that does not load ends the station, and its line says which."""
    await asyncio.get_running_loop().run_in_executor(running.executor, running.detectors.warm_up)


async def _either(event: Coroutine[Any, Any, Any], *tasks: asyncio.Task[None]) -> None:
    """Wait for an event; a task that ends before it ends everything, with its error."""
    waiting = asyncio.create_task(event)
    try:
        done, _ = await asyncio.wait({waiting, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        for task in done - {waiting}:
            await task
    finally:
        waiting.cancel()


async def _end(server: PageServer, serving: asyncio.Task[None], working: asyncio.Task[None]) -> None:
    server.should_exit = True
    await serving
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)


def _line(running: Running, listener: socket.socket) -> str:
    place = running.station.place
    return f"station {place.station} ready on http://127.0.0.1:{listener.getsockname()[1]}"
