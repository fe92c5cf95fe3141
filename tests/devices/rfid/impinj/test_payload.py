import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.rfid.impinj.payload import LARGEST_PAYLOAD, BadEvent, OtherEvent, TagEvent, read_events

SAMPLES = Path(__file__).parents[5] / "shared" / "vectors" / "mqtt_samples"
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


def sample(name: str) -> Any:
    path = SAMPLES / f"{name}.json"
    if not path.exists():
        pytest.skip("shared vectors are not on this machine")
    return json.loads(path.read_text())["payload"]


def tags(payload: bytes) -> list[TagEvent]:
    events = read_events(payload)
    assert all(isinstance(event, TagEvent) for event in events), events
    return [event for event in events if isinstance(event, TagEvent)]


@pytest.mark.parametrize("name", EXPECTED)
def test_a_real_readers_message_gives_its_tags(name: str) -> None:
    found = tags(json.dumps(sample(name)).encode())
    assert [(t.epc.hex(), t.antenna, t.rssi_dbm) for t in found] == EXPECTED[name]
    assert all(tag.reader_time and tag.reader_time.tzinfo for tag in found)


def test_nanoseconds_and_the_hostname_are_read() -> None:
    second = tags(json.dumps(sample("impinj_r700_hostname_real")).encode())[1]
    assert second.hostname == "impinj-14-4a-8b"
    assert second.reader_time and second.reader_time.isoformat() == "2021-02-02T18:39:34.385793+00:00"


@pytest.mark.parametrize("between", ["\n", "", " , ", "\r\n\r\n"])
def test_several_documents_in_one_message_are_all_read(between: str) -> None:
    assert len(tags((json.dumps(TAG) + between + json.dumps([TAG, TAG])).encode())) == 3


@pytest.mark.parametrize("payload", [b"", b"  \n", b"[]", b"[]\n[]"])
def test_a_keep_alive_is_nothing(payload: bytes) -> None:
    assert read_events(payload) == []


def test_other_events_are_named_and_skipped() -> None:
    payload = (
        b'[{"overflowEvent": {}}, {"timestamp": "x", "inventoryStatusEvent": {"inventoryStatus": "idle"}}]'
    )
    assert read_events(payload) == [OtherEvent(name="overflowEvent"), OtherEvent(name="inventoryStatusEvent")]


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"not json", "not_json"),
        (b"\xff\xfe{", "not_json"),
        (b"[" * 100_000, "not_json"),
        (b"{" + b'"a":{' * 50_000, "not_json"),
        (b"3", "not_an_event"),
        (b"[null]", "not_an_event"),
        (b'{"a": 1}', "not_an_event"),
        (b'{"tagInventoryEvent": {}}', "bad_epc"),
        (b'{"tagInventoryEvent": {"epc": "4oARYGAAAgpmgfI/+"}}', "bad_epc"),
        (b'{"tagInventoryEvent": {"epcHex": "E2G0"}}', "bad_epc"),
        (b'{"tagInventoryEvent": {"epcHex": ""}}', "bad_epc"),
        (b'{"tagInventoryEvent": {"epcHex": "' + b"00" * 63 + b'"}}', "bad_epc"),
        (b"[" + b"3," * 2000 + b"3]", "too_many"),
        (bytes(LARGEST_PAYLOAD + 1), "too_large"),
    ],
    ids=str,
)
def test_what_is_no_event_is_refused_by_name(payload: bytes, reason: str) -> None:
    last = read_events(payload)[-1]
    assert isinstance(last, BadEvent)
    assert last.reason == reason
    assert len(last.sentence) < 200


@pytest.mark.parametrize("value", ["true", '"3"', "NaN", "1e999", "9" * 400, "-1", "[]", "null"])
def test_a_field_that_makes_no_sense_is_left_out(value: str) -> None:
    event = '{"timestamp": %s, "tagInventoryEvent": {"epcHex": "00", "antennaPort": %s, "peakRssiCdbm": %s}}'
    [tag] = tags((event % (value, value, value)).encode())
    assert tag.antenna is None
    assert tag.reader_time is None
    assert tag.rssi_dbm in (None, -0.01)


def test_a_bad_event_does_not_spoil_its_neighbours() -> None:
    events = read_events(json.dumps([TAG, 3, TAG]).encode())
    assert [type(event) for event in events] == [TagEvent, BadEvent, TagEvent]


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(payload: bytes) -> None:
    assert all(isinstance(event, TagEvent | OtherEvent | BadEvent) for event in read_events(payload))


@given(st.binary(min_size=1, max_size=62))
def test_every_epc_comes_through_both_writings(epc: bytes) -> None:
    import base64

    coded = base64.urlsafe_b64encode(epc).decode()
    for field in ({"epc": coded}, {"epcHex": epc.hex().upper()}):
        [tag] = tags(json.dumps({"tagInventoryEvent": field}).encode())
        assert tag.epc == epc
