"""Aliases of antennas."""

from datetime import UTC, datetime

import pytest

from devices.config import parse_devices
from devices.errors import WrongSetUp
from devices.presence.places import Places, PlaceSettings, places_of
from inspection.readings import TagRead

DEVICES = parse_devices(
    [
        {"driver": "uhfreader", "name": "gate", "port": "/dev/gate", "dialect": "18"},
        {"driver": "uhfreader", "name": "door", "port": "/dev/door", "dialect": "18"},
        {"driver": "scanner", "name": "hand", "port": "/dev/hand"},
    ]
)


def place(name: str, *antennas: str) -> PlaceSettings:
    return PlaceSettings(name=name, antennas=antennas)


def where(places: Places, reader: str, antenna: int | None) -> str:
    now = datetime.now(UTC)
    return places.of(TagRead(epc=b"\x30", reader=reader, antenna=antenna, rssi_dbm=None, seen_at=now))


def test_without_settings_everything_is_the_bench() -> None:
    assert where(places_of((), DEVICES), "gate", 4) == "bench"


def test_an_antenna_is_of_the_place_that_names_it_and_else_of_the_bench() -> None:
    places = places_of([place("shelf", "gate/3", "gate/4"), place("door", "door")], DEVICES)
    asked = [("gate", 1), ("gate", 3), ("gate", 4), ("gate", None), ("door", 1), ("door", None)]
    assert [where(places, *each) for each in asked] == ["bench", "shelf", "shelf", "bench", "door", "door"]


def test_one_antenna_of_a_reader_may_watch_another_place_than_the_rest() -> None:
    places = places_of([place("door", "door"), place("bench", "door/2")], DEVICES)
    assert [where(places, "door", antenna) for antenna in (1, 2)] == ["door", "bench"]


@pytest.mark.parametrize(
    ("places", "said"),
    [
        ([place("shelf", "gait/1")], "no reader is called gait"),
        ([place("shelf", "hand")], "no reader is called hand"),
        ([place("shelf", "gate/1"), place("bench", "gate/1")], "two places claim"),
    ],
)
def test_aliases_that_do_not_fit_are_named(places: list[PlaceSettings], said: str) -> None:
    with pytest.raises(WrongSetUp, match=said):
        places_of(places, DEVICES)
