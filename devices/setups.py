"""The devices that a command line names, or those of a station's settings."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from devices.registry import DRIVERS

LARGEST_FILE = 1_000_000


def chosen(named: Sequence[str], settings: Path | None) -> list[dict[str, Any]]:
    """Tables of devices, as `parse_devices` takes them; raises ValueError in words, or OSError.

    >>> chosen(["scanner:port=/dev/ttyACM0,baud=9600"], None)
    [{'driver': 'scanner', 'name': 'scanner-1', 'port': '/dev/ttyACM0', 'baud': '9600'}]
    """
    tables = [_table(text, number) for number, text in enumerate(named, 1)]
    return tables + (_from_file(settings) if settings is not None else [])


def _table(text: str, number: int) -> dict[str, Any]:
    driver, colon, rest = text.partition(":")
    pairs = [part.partition("=") for part in rest.split(",") if part]
    if not colon or not all(equals for _, equals, _ in pairs):
        raise ValueError(f"{text!r} is not DRIVER:key=value,key=value")
    return {"driver": driver, "name": f"{driver}-{number}", **{key: value for key, _, value in pairs}}


def _from_file(path: Path) -> list[dict[str, Any]]:
    """Devices of a station.toml; those of its broker are left out: the station owns that."""
    with path.open("rb") as file:
        content = file.read(LARGEST_FILE)
    try:
        tables = tomllib.loads(content.decode("utf-8")).get("devices", [])
    except ValueError as error:
        raise ValueError(f"{path} cannot be read: {error}") from error
    return [table for table in tables if not _needs_broker(table)]


def _needs_broker(table: dict[str, Any]) -> bool:
    driver = DRIVERS.get(str(table.get("driver")))
    return driver is not None and driver.topics is not None
