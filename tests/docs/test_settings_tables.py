"""Every setting stands on its page with the default that the program has."""

import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from devices.registry import DRIVERS
from edge.config import StationConfig, load_config
from server.settings import ServerSettings

Table = Callable[[str, str], list[dict[str, str]]]
STATIONS, CENTRE = "docs/stations.md", "docs/centre.md"
UNITS = {"_ms": "ms", "_s": "s", "_mib": "MiB", "_bytes": "bytes", "_days": "days"}


def shown(field: FieldInfo) -> str:
    """How a page writes a default: as TOML would, or `needed`, or `none`."""
    value = field.default
    if value is PydanticUndefined:
        return "needed"
    if value is None:
        return "none"
    if isinstance(value, Path):
        return f'"{value}"'
    return orjson.dumps(plain(value)).decode().replace(",", ", ")


def plain(value: Any) -> Any:
    """Whole seconds without their `.0`."""
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def flat(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Each setting by its name in the file, tables as `table.name`."""
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from flat(inner, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", field


def test_the_stations_settings_are_the_programs(table: Table) -> None:
    wanted = [(name, shown(field)) for name, field in flat(StationConfig)]
    assert [(row["setting"], row["default"]) for row in table(STATIONS, "station-settings")] == wanted


def test_the_devices_settings_are_the_drivers(table: Table) -> None:
    wanted = [
        (driver, name, shown(field))
        for driver, made in DRIVERS.items()
        for name, field in made.config.model_fields.items()
        if name != "driver"
    ]
    rows = table(STATIONS, "device-settings")
    assert [(row["driver"], row["setting"], row["default"]) for row in rows] == wanted


def test_the_centres_settings_are_the_programs_with_its_own_words(table: Table) -> None:
    fields = ServerSettings.model_fields.items()
    wanted = [(name, shown(field), field.description) for name, field in fields]
    rows = table(CENTRE, "server-settings")
    assert [(row["setting"], row["default"], row["meaning"]) for row in rows] == wanted


@pytest.mark.parametrize("title", ["station-settings", "device-settings"])
def test_the_unit_of_a_setting_is_the_one_in_its_name(table: Table, title: str) -> None:
    for row in table(STATIONS, title):
        unit = next((unit for end, unit in UNITS.items() if row["setting"].endswith(end)), "")
        assert row["unit"] == unit, row


def test_the_bench_on_the_page_is_one_that_the_station_takes(
    blocks: Callable[[str], list[Any]], tmp_path: Path
) -> None:
    (text,) = (block.text for block in blocks(STATIONS) if block.mark == "config: station.toml")
    (tmp_path / "station.toml").write_text(text, encoding="utf-8")
    config = load_config(tmp_path, {"REGRADE_STATION_PORT": "8412", "REGRADE_STATION_TIMINGS__HEALTH_S": "2"})
    assert {device.driver for device in config.devices} == set(DRIVERS)
    assert (config.port, config.timings.health_s) == (8412, 2)
    assert set(tomllib.loads(text)) <= set(StationConfig.model_fields)
