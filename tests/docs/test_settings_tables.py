"""Every setting stands on its page with the default that the program has."""

import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import orjson
import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from devices.config import parse_devices
from devices.registry import DRIVERS
from edge.config import StationConfig, load_config
from edge.watch import Sort
from edge.window import TriggerKind
from server.settings import ServerSettings

Table = Callable[[str, str], list[dict[str, str]]]
ROOT = Path(__file__).resolve().parents[2]
STATIONS, CENTRE = "docs/stations.md", "docs/centre.md"
UNITS = {"_ms": "ms", "_s": "s", "_mib": "MiB", "_bytes": "bytes", "_days": "days", "_g": "g"}


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


def pages() -> list[str]:
    return sorted(path.stem for path in (ROOT / "docs/devices").glob("*.md") if path.stem != "README")


def test_every_driver_has_a_page_that_the_index_names(page: Callable[[str], str]) -> None:
    assert pages() == sorted(DRIVERS)
    index = page("docs/devices/README.md")
    assert all(f"| `{name}` | [" in index and f"]({name}.md) |" in index for name in DRIVERS)


@pytest.mark.parametrize("name", DRIVERS)
def test_a_drivers_settings_are_on_its_page(table: Table, name: str) -> None:
    fields = DRIVERS[name].config.model_fields.items()
    wanted = [(key, shown(field)) for key, field in fields if key != "driver"]
    rows = table(f"docs/devices/{name}.md", "device-settings")
    assert [(row["setting"], row["default"]) for row in rows] == wanted
    assert all(row["meaning"] for row in rows)
    units = {row["setting"]: row["unit"] for row in rows}
    assert units == {key: unit_of(key) for key in units}


@pytest.mark.parametrize("name", DRIVERS)
def test_the_device_on_a_drivers_page_is_one_that_the_station_takes(
    blocks: Callable[[str], list[Any]], name: str
) -> None:
    (text,) = (block.text for block in blocks(f"docs/devices/{name}.md") if block.mark == "config: device")
    (device,) = parse_devices(tomllib.loads(text)["devices"])
    assert device.driver == name


def test_the_centres_settings_are_the_programs_with_its_own_words(table: Table) -> None:
    fields = ServerSettings.model_fields.items()
    wanted = [(name, shown(field), field.description) for name, field in fields]
    rows = table(CENTRE, "server-settings")
    assert [(row["setting"], row["default"], row["meaning"]) for row in rows] == wanted


def test_the_unit_of_a_setting_is_the_one_in_its_name(table: Table) -> None:
    for row in table(STATIONS, "station-settings"):
        assert row["unit"] == unit_of(row["setting"]), row


def unit_of(setting: str) -> str:
    return next((unit for end, unit in UNITS.items() if setting.endswith(end)), "")


def test_the_bench_on_the_page_is_one_that_the_station_takes(
    blocks: Callable[[str], list[Any]], tmp_path: Path
) -> None:
    (text,) = (block.text for block in blocks(STATIONS) if block.mark == "config: station.toml")
    (tmp_path / "station.toml").write_text(text, encoding="utf-8")
    config = load_config(tmp_path, {"REGRADE_STATION_PORT": "8412", "REGRADE_STATION_TIMINGS__HEALTH_S": "2"})
    assert {device.driver for device in config.devices} <= set(DRIVERS)
    assert (config.port, config.timings.health_s) == (8412, 2)
    assert set(tomllib.loads(text)) <= set(StationConfig.model_fields)


def test_the_triggers_of_a_bench_are_on_its_page(table: Table) -> None:
    assert [row["trigger"] for row in table("docs/presence.md", "triggers")] == list(get_args(TriggerKind))


def test_what_a_tag_is_shown_as_is_on_its_page(table: Table) -> None:
    rows = table("docs/presence.md", "presence-sorts")
    assert [row["shown as"] for row in rows] == list(get_args(Sort))
