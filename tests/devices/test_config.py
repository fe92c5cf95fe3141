from typing import Any, Literal

import pytest

from devices.config import parse_devices
from devices.errors import WrongSetUp
from devices.registry import DRIVERS

READER = {"driver": "uhfreader", "name": "gate", "port": "/dev/ttyUSB0"}
CAMERA = {"driver": "folder", "name": "cam", "view": "top", "folder": "/pictures"}
R700 = {"driver": "impinj", "name": "r700", "topic": "devices/r700/tags"}


def test_a_bench_is_read_from_its_settings() -> None:
    devices = parse_devices([READER, CAMERA, R700, {"driver": "scanner", "name": "hand", "port": "/dev/x"}])
    assert [device.driver for device in devices] == ["uhfreader", "folder", "impinj", "scanner"]


@pytest.mark.parametrize("name", DRIVERS)
def test_every_driver_is_chosen_by_its_name(name: str) -> None:
    annotation: object = DRIVERS[name].config.model_fields["driver"].annotation
    assert annotation == Literal[name]


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ([{**READER, "driver": "laser"}], "laser"),
        ([{**READER, "name": "a b"}], "name"),
        ([{**READER, "speed": 1}], "speed"),
        ([{**R700, "topic": "a b"}], "no topic"),
        ([READER, {**READER, "port": "/dev/x"}], "called gate"),
        ([CAMERA, {**CAMERA, "name": "other"}], "called view top"),
        ([{"name": "x"}], "driver"),
    ],
)
def test_a_set_up_that_cannot_work_is_refused_in_words(tables: list[dict[str, Any]], words: str) -> None:
    with pytest.raises(WrongSetUp, match=words) as refusal:
        parse_devices(tables)
    assert refusal.value.reason == "bad_config"
