"""Every driver of a line with its emulator, made from the registry and the driver's own page."""

import asyncio
import gc
import re
import threading
import tomllib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from devices.config import parse_devices
from devices.driver import Kind, Surroundings
from devices.emulation import LineEmulator
from devices.errors import WrongSetUp
from devices.quality import Standing, quality_of
from devices.registry import DRIVERS
from devices.supervisor import Supervisor
from link.mqtt import MqttConfig
from link.ports import free_ports

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = re.compile(r"<!-- config: device -->\n```toml\n(.*?)```", re.S)
IMPATIENT = {"reply_timeout_ms": 400, "poll_ms": 20, "timeout_ms": 200, "poll_s": 0.05}
"""Settings that only cost a test time, where a driver has them."""


def free_port() -> str:
    """A TCP port of this machine that nobody listens at."""
    return f"tcp://127.0.0.1:{free_ports(1)[0]}"


def settings_of(name: str, port: str) -> dict[str, Any]:
    """The device on the driver's page, at another port."""
    page = (ROOT / f"docs/devices/{name}.md").read_text(encoding="utf-8")
    found = EXAMPLE.search(page)
    assert found is not None
    shown: dict[str, Any] = tomllib.loads(found[1])["devices"][0]
    fields = DRIVERS[name].config.model_fields
    quick = {key: value for key, value in IMPATIENT.items() if key in fields}
    return {**shown, **quick, "port": port}


def _takes_a_device_file(name: str) -> bool:
    """Not LLRP, which has tests of its own: it is TCP and nothing else."""
    try:
        parse_devices([settings_of(name, "/dev/ttyUSB0")])
    except WrongSetUp:
        return False
    return True


LINES = tuple(
    name
    for name, driver in DRIVERS.items()
    if driver.emulator and "port" in driver.config.model_fields and _takes_a_device_file(name)
)
"""Drivers that stand on a byte stream and can be emulated on one."""
NOTICES_SILENCE = tuple(
    name for name in LINES if quality_of(DRIVERS[name])["silence"].standing is Standing.DONE
)


def emulator_of(name: str, port: str) -> LineEmulator:
    """As `regrade devices emulate` makes it."""
    module, _, made = str(DRIVERS[name].emulator).partition(":")
    emulator: LineEmulator = getattr(import_module(module), made)(port)
    return emulator


def supervisor_of(*tables: Mapping[str, Any], mqtt: MqttConfig | None = None) -> Supervisor:
    """A bench of these devices."""
    surroundings = Surroundings(clock=lambda: datetime.now(UTC), mqtt=mqtt)
    return Supervisor(
        parse_devices([dict(table) for table in tables]),
        surroundings=surroundings,
        registry=CollectorRegistry(),
    )


def device_of(name: str, port: str) -> Any:
    """The driver alone, without a supervisor."""
    (config,) = parse_devices([settings_of(name, port)])
    surroundings = Surroundings(clock=lambda: datetime.now(UTC))
    return DRIVERS[name].build(config, surroundings, lambda code, sentence: None)


def waiting_of(name: str, device: Any) -> Any:
    """What a supervisor waits for: readings, or the end of an on-demand device."""
    streams = {Kind.READER: "reads", Kind.SCANNER: "scans", Kind.SCALE: "weights"}
    method = streams.get(DRIVERS[name].kind)
    return anext(getattr(device, method)()) if method else device.watch()


def open_handles() -> Iterator[str]:
    """What this process has open."""
    for entry in Path("/proc/self/fd").iterdir():
        yield entry.name


def held() -> tuple[int, int, int]:
    """Handles, threads and tasks of this process."""
    gc.collect()
    return len(list(open_handles())), len(running_threads()), len(asyncio.all_tasks())


async def nothing_is_left(before: tuple[int, ...], of: Callable[[], tuple[int, ...]] = held) -> None:
    """Wait until this process holds no more than before; fails after a minute.

    A socket that was closed goes with the loop's next turns, and what an earlier test left may go too.
    """
    for _ in range(1200):  # a loaded machine takes its time
        now = of()
        if all(each <= most for each, most in zip(now, before, strict=True)):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{before} became {now}")


def running_threads() -> list[str]:
    """Threads of this process by name, without the loop's own pool: how many those are is chance."""
    return [each.name for each in threading.enumerate() if not each.name.startswith("asyncio_")]
