import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.device import Condition
from devices.rfid.zebra.health import Wanted, condition, dropped

ANY = Wanted()


def content(sample: Any, name: str) -> Any:
    return json.loads(sample(name))["data"]


def test_a_real_heartbeat_says_how_the_reader_is(sample: Any) -> None:
    heartbeat = content(sample, "zebra_heartbeat_real")
    found = condition(heartbeat, Wanted(antennas=(4,)))
    assert found.troubles == {}
    assert found.values == {
        "antennas": "4 of 8",
        "radio": "inactive",
        "inputs": "1=HIGH 2=HIGH 3=HIGH 4=HIGH",
        "outputs": "1=LOW 2=LOW 3=LOW 4=LOW",
        "ntp_offset": "-1",
        "temperature_c": "23",
        "messages_dropped": "0",
    }


def test_an_antenna_that_must_be_there_and_is_not_is_a_trouble(sample: Any) -> None:
    heartbeat = content(sample, "zebra_heartbeat_real")
    assert condition(heartbeat, Wanted(antennas=(2, 4, 9))).troubles == {
        "antenna_error": "the reader has no antenna at 2"
    }


def test_a_reader_that_was_to_read_and_does_not_is_in_trouble(sample: Any) -> None:
    heartbeat = content(sample, "zebra_heartbeat_real")
    assert "not_reading" in condition(heartbeat, Wanted(reading=True)).troubles
    heartbeat["radio_control"]["radioConnection"] = "disconnected"
    assert "radio_lost" in condition(heartbeat, ANY).troubles


def test_a_sleds_heartbeat_tells_its_battery(sample: Any) -> None:
    heartbeat = content(sample, "zebra_rfd40_heartbeat")
    assert condition(heartbeat, ANY) == Condition(values={"inventory": "INPROGRESS", "battery_percent": "85"})
    heartbeat["batteryAlert"]["status"] = "CRITICAL"
    heartbeat["inventoryStatus"]["rfidStatus"] = "STOPPED"
    assert set(condition(heartbeat, Wanted(reading=True)).troubles) == {"battery_low", "not_reading"}


@pytest.mark.parametrize(
    ("gateway", "count"),
    [
        ({"dataPathStatistics": [{"numDataMessagesDropped": 3}, {"numDataMessagesDropped": 4}, None]}, 7),
        ({"numDataMessagesDropped": 5}, 5),
        ({"dataPathStatistics": [{"numDataMessagesDropped": "3"}]}, 0),
        (None, 0),
    ],
)
def test_dropped_messages_are_counted_in_both_shapes(gateway: Any, count: int) -> None:
    assert dropped({"reader_gateway": gateway}) == count


KEYS = st.sampled_from(
    ("radio_control", "antennas", "system", "ntp", "offset", "temperature", "GPI", "reader_gateway", "1")
)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=40)
@given(st.dictionaries(KEYS, ANY_JSON, max_size=5))
def test_any_heartbeat_is_a_condition(heartbeat: Any) -> None:
    found = condition(heartbeat, Wanted(antennas=(1,), reading=True))
    assert all(isinstance(value, str) and len(value) < 400 for value in found.values.values())
    assert dropped(heartbeat) >= 0
