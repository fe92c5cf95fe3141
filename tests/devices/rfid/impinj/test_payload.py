import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.rfid.impinj.payload import read_events
from devices.rfid.json_events import Fault, InputEvent, OtherEvent, TagEvent

TAG = {"tagInventoryEvent": {"epcHex": "E28011606000020A6681F23F"}}

EXPECTED = {
    "impinj_r700_all_fields": [("7eda9038051002710002c0ae", 1, -60.0)],
    "impinj_r700_hostname_real": [
        ("329cccc05e2c02c9d8081562301fd644", 1, -40.5),
        ("8170ef0eedc002e4f7c03616166af532", 1, -43.5),
    ],
    "impinj_r700_mqtt_epc_base64_short": [("8a450224", 3, -74.0)],
    "impinj_r700_urlsafe_base64": [("e2801191a5030065f26ccbff", 1, -73.0)],
    "impinj_r700_webhook_batch_real": [
        ("e28011606000020a6681f23f", 1, None),
        ("e28011606000020a66846d40", 1, None),
        ("313630323030303120202020", 1, None),
    ],
}


def tags(payload: bytes) -> list[TagEvent]:
    events = read_events(payload)
    assert all(isinstance(event, TagEvent) for event in events), events
    return [event for event in events if isinstance(event, TagEvent)]


@pytest.mark.parametrize("name", EXPECTED)
def test_a_real_readers_message_gives_its_tags(name: str, sample: Any) -> None:
    found = tags(sample(name))
    assert [(t.epc.hex(), t.antenna, t.rssi_dbm) for t in found] == EXPECTED[name]
    assert all(tag.mark.time and tag.mark.time.tzinfo for tag in found)
    assert len({tag.mark.once for tag in found}) == len(found), "each can be told from the others"


def test_nanoseconds_and_the_hostname_are_read(sample: Any) -> None:
    second = tags(sample("impinj_r700_hostname_real"))[1].mark
    assert second.host == "impinj-14-4a-8b"
    assert second.time and second.time.isoformat() == "2021-02-02T18:39:34.385793+00:00"


def test_other_events_are_passed_on_by_their_name() -> None:
    events = read_events(b'[{"overflowEvent": {}}, {"inventoryStatusEvent": {"inventoryStatus": "idle"}}]')
    assert all(isinstance(event, OtherEvent) for event in events)
    assert [event.name for event in events if isinstance(event, OtherEvent)] == [
        "overflowEvent",
        "inventoryStatusEvent",
    ]


@pytest.mark.parametrize(("edge", "high"), [("low-to-high", True), ("high-to-low", False)])
def test_an_input_that_changed_is_read(edge: str, high: bool) -> None:
    payload = {"timestamp": "2025-05-17T16:03:13Z", "gpiTransitionEvent": {"gpi": 2, "transition": edge}}
    [event] = read_events(json.dumps(payload).encode())
    assert isinstance(event, InputEvent)
    assert (event.input, event.high) == (2, high)


@pytest.mark.parametrize(
    "content", [{}, {"gpi": 0, "transition": "low-to-high"}, {"gpi": 1, "transition": 3}]
)
def test_an_input_that_cannot_be_read_is_only_another_event(content: Any) -> None:
    assert isinstance(read_events(json.dumps({"gpiTransitionEvent": content}).encode())[0], OtherEvent)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b'{"a": 1}', "not_an_event"),
        (b'{"tagInventoryEvent": 3}', "not_an_event"),
        (b'{"tagInventoryEvent": {}}', "bad_epc"),
        (b'{"tagInventoryEvent": {"epc": "4oARYGAAAgpmgfI/+"}}', "bad_epc"),
        (b'{"tagInventoryEvent": {"epcHex": "E2G0"}}', "bad_epc"),
        (b'{"tagInventoryEvent": {"epcHex": ""}}', "bad_epc"),
        (b'{"tagInventoryEvent": {"epcHex": "' + b"00" * 63 + b'"}}', "bad_epc"),
    ],
    ids=str,
)
def test_what_is_no_event_is_refused_by_name(payload: bytes, reason: str) -> None:
    last = read_events(payload)[-1]
    assert isinstance(last, Fault)
    assert last.reason == reason
    assert len(last.sentence) < 200


@pytest.mark.parametrize("value", ["true", '"3"', "NaN", "1e999", "9" * 400, "-1", "[]", "null"])
def test_a_field_that_makes_no_sense_is_left_out(value: str) -> None:
    event = '{"timestamp": %s, "tagInventoryEvent": {"epcHex": "00", "antennaPort": %s, "peakRssiCdbm": %s}}'
    [tag] = tags((event % (value, value, value)).encode())
    assert tag.antenna is None
    assert tag.mark.time is None
    assert tag.rssi_dbm in (None, -0.01)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(payload: bytes) -> None:
    assert all(
        isinstance(event, TagEvent | InputEvent | OtherEvent | Fault) for event in read_events(payload)
    )


@given(st.binary(min_size=1, max_size=62))
def test_every_epc_comes_through_both_writings(epc: bytes) -> None:
    coded = base64.urlsafe_b64encode(epc).decode()
    for field in ({"epc": coded}, {"epcHex": epc.hex().upper()}):
        [tag] = tags(json.dumps({"tagInventoryEvent": field}).encode())
        assert tag.epc == epc
