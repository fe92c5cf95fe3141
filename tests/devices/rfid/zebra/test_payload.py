import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.rfid.json_events import CodeEvent, Event, Fault, InputEvent, OtherEvent, TagEvent
from devices.rfid.zebra.payload import ANSWER, BEACON, read_events

EXPECTED = {
    "zebra_ziotc_simple_real": [("e28068900000400e7c91e063", 1, -55.0, 50)],
    "zebra_fxr90_custom": [("aa0004ef55555555aa21bf43", 4, -34.0, None)],
    "zebra_fxr90_no_type": [("07d7fef80080507feff5cb6db0649cb6", 4, -53.0, None)],
    "zebra_fxr60_inventory": [("e2806894000040017790e471", 1, -37.0, 5059)],
    "zebra_fxr60_simple": [("e2806894000040017790e471", None, None, 5036)],
    "zebra_fxr60_user_error": [("e2806894000040017790e471", 1, -37.0, 4828)],
    "zebra_rfd40_dataEVT": [("bedd11112222333344445555", None, -39.0, 1)],
    "zebra_websocket_concatenated": [
        ("e28068900000400e7c91e063", 1, -55.0, 1),
        ("e28068900000400e7c91e064", 1, -56.0, 2),
    ],
}


def tag(**data: Any) -> bytes:
    return json.dumps({"data": {"idHex": "00", **data}, "timestamp": "2024-02-01T01:25:58+0100"}).encode()


@pytest.mark.parametrize("name", EXPECTED)
def test_a_readers_message_gives_its_tags(name: str, sample: Any) -> None:
    found = [event for event in read_events(sample(name)) if isinstance(event, TagEvent)]
    assert [(t.epc.hex(), t.antenna, t.rssi_dbm, t.mark.number) for t in found] == EXPECTED[name]
    assert all(each.mark.time and each.mark.time.tzinfo for each in found)


def test_an_offset_without_a_colon_is_read(sample: Any) -> None:
    [event] = read_events(sample("zebra_ziotc_simple_real"))
    assert isinstance(event, TagEvent)
    assert event.mark.time and event.mark.time.isoformat() == "2024-02-01T00:25:58.569000+00:00"


def test_an_array_of_events_is_a_batch(sample: Any) -> None:
    one = sample("zebra_ziotc_simple_real")
    assert len(read_events(b"[" + one + b"," + one + b"]")) == 2


def test_a_sleds_barcode_is_read_with_its_symbology(sample: Any) -> None:
    [event] = read_events(sample("zebra_rfd40_barcode"))
    assert isinstance(event, CodeEvent)
    assert (event.content, event.symbology) == (b"RMA-2024-0001", "CODE_39")


def test_a_sleds_time_of_a_tag_is_better_than_that_of_its_message() -> None:
    message = {
        "type": "ADVANCED",
        "timestamp": "2019-08-24T14:15:22Z",
        "data": {"tagData": [{"EPCid": "00", "eventNum": 1, "lastSeenTime": 1566656121500, "MAC": "84:24"}]},
    }
    [event] = read_events(json.dumps(message).encode())
    assert isinstance(event, TagEvent)
    assert event.mark.time and event.mark.time.isoformat() == "2019-08-24T14:15:21.500000+00:00"
    assert event.mark.host == "84:24"


def test_a_changed_input_is_read(sample: Any) -> None:
    [event] = read_events(sample("zebra_fxr90_gpi"))
    assert isinstance(event, InputEvent)
    assert (event.input, event.high, event.mark.number) == (2, False, 10)


@pytest.mark.parametrize(
    ("name", "kind", "number"),
    [
        ("zebra_heartbeat_real", "heartbeat", 328),
        ("zebra_rfd40_heartbeat", "heartbeat", 120),
        ("zebra_fxr60_gpo", "gpo", 9),
        ("zebra_fxr60_ble", BEACON, None),
    ],
)
def test_what_is_no_tag_is_passed_on_by_its_name(
    name: str, kind: str, number: int | None, sample: Any
) -> None:
    [event] = read_events(sample(name))
    assert isinstance(event, OtherEvent)
    assert (event.name, event.mark.number) == (kind, number)


def test_answers_among_the_readings_are_none_of_them(sample: Any) -> None:
    found = read_events(sample("zebra_control_answers"))
    assert [event.name for event in found if isinstance(event, OtherEvent)] == [ANSWER, ANSWER]


@pytest.mark.parametrize("field", ["antenna", "peakRssi", "eventNum", "TID", "timestamp"])
@pytest.mark.parametrize("value", ["Error: General Error 0x04", None, True, -1, 1e99, [], {}, 10**400])
def test_a_field_that_makes_no_sense_leaves_the_tag(field: str, value: Any) -> None:
    [event] = read_events(tag(**{field: value}))
    assert isinstance(event, TagEvent)
    assert event.epc == b"\0"
    assert event.antenna is None
    assert event.mark.number is None
    assert event.rssi_dbm in (None, -1.0)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (tag(idHex="Error"), "bad_epc"),
        (tag(idHex=None), "bad_epc"),
        (tag(idHex="00" * 63), "bad_epc"),
        (b'{"data": {"tagData": [3, {}]}}', "bad_epc"),
        (b'{"data": {"barcodeData": [{}]}}', "not_an_event"),
        (b'{"data": {"barcodeData": [{"decodedBarcode": "' + b"A" * 5000 + b'"}]}}', "too_long"),
        (b'{"data": {"pin": 1}}', "not_an_event"),
        (b'{"data": 3}', "not_an_event"),
        (b"{}", "not_an_event"),
        (b'{"data": {"tagData": [' + b"{}," * 2000 + b"{}]}}", "too_many"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_no_event_is_refused_by_name(payload: bytes, reason: str) -> None:
    last = read_events(payload)[-1]
    assert isinstance(last, Fault)
    assert last.reason == reason


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ("data", "idHex", "tagData", "barcodeData", "type", "eventNum", "pin", "command")
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=40)
@given(JSON)
def test_any_json_is_read_or_refused(value: Any) -> None:
    assert all(isinstance(each, Event | Fault) for each in read_events(json.dumps(value).encode()))
