"""Settings are checked before anything is opened, and every fault names its key."""

from pathlib import Path

import pytest

from edge.config import load_config
from edge.errors import BadConfig

GOOD = """
centre = "https://centre.example"
views = ["top"]
broker = "nats"

[[devices]]
driver = "uhfreader"
name = "gate"
port = "/dev/ttyUSB0"

[[devices]]
driver = "impinj"
name = "portal"
topic = "impinj/events"

[[devices]]
driver = "folder"
name = "cam"
view = "top"
folder = "/pictures"

[timings]
health_s = 2
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "station.toml").write_text(GOOD)
    return tmp_path


def test_a_good_file_is_read(folder: Path) -> None:
    config = load_config(folder, {})
    assert (config.centre, config.views, config.timings.health_s) == ("https://centre.example", ("top",), 2)
    assert [device.name for device in config.devices] == ["gate", "portal", "cam"]
    assert config.references == folder / "references", "relative paths begin at the station's folder"


def test_the_environment_wins(folder: Path) -> None:
    environ = {
        "REGRADE_STATION_PORT": "8499",
        "REGRADE_STATION_AUTO_CAPTURE": "true",
        "REGRADE_STATION_TIMINGS__HEALTH_S": "0.5",
        "REGRADE_STATION_VIEWS": '["top"]',
        "PATH": "/bin",
    }
    config = load_config(folder, environ)
    assert (config.port, config.auto_capture, config.timings.health_s) == (8499, True, 0.5)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('centre = "https://', 'centre = "http://', "in the clear"),
        ('centre = "https://', 'centre = "https://me:secret@', "no password"),
        ('centre = "https://centre.example"', 'centre = "ftp://x"', "https://"),
        ('broker = "nats"', 'broker = "none"', "portal"),
        ('broker = "nats"', 'broker = "external"', "broker_url"),
        ('name = "portal"', 'name = "gate"', "gate"),
        ('views = ["top"]', 'views = ["side"]', "side"),
        ("health_s = 2", "health_s = -2", "timings.health_s"),
        ("health_s = 2", "helth_s = 2", "timings.helth_s"),
        ('driver = "folder"', 'driver = "fax"', "devices.2"),
        ("[timings]", "[timings", "station.toml"),
    ],
)
def test_a_fault_is_named_and_no_secret_is_repeated(folder: Path, old: str, new: str, said: str) -> None:
    (folder / "station.toml").write_text(GOOD.replace(old, new, 1))
    with pytest.raises(BadConfig, match=said) as caught:
        load_config(folder, {})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["REGRADE_STATION_PROT", "REGRADE_STATION_CENTRE__URL", "REGRADE_STATION_VIEWS"]
)
def test_a_misspelt_variable_is_refused(folder: Path, name: str) -> None:
    with pytest.raises(BadConfig):
        load_config(folder, {name: "[nonsense"})


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="enrol"):
        load_config(tmp_path, {})


def test_places_and_a_trigger_are_read(folder: Path) -> None:
    more = 'trigger = "input"\n' + GOOD + '\n[[places]]\nname = "shelf"\nantennas = ["gate/3", "portal"]\n'
    (folder / "station.toml").write_text(more)
    config = load_config(folder, {})
    assert (config.trigger, config.places[0].antennas) == ("input", ("gate/3", "portal"))


def test_a_place_of_an_unknown_reader_is_named(folder: Path) -> None:
    (folder / "station.toml").write_text(GOOD + '\n[[places]]\nname = "shelf"\nantennas = ["cam/1"]\n')
    with pytest.raises(BadConfig, match="no reader is called cam"):
        load_config(folder, {})
