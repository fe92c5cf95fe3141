import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.rfid import json_events as read
from devices.rfid.json_events import LARGEST_PAYLOAD, MOST_EVENTS, Fault, objects

EVENT = {"a": 1}


@pytest.mark.parametrize("between", ["", "\n", " , ", "\r\n\r\n"])
def test_several_documents_in_one_message_are_all_read(between: str) -> None:
    assert objects((json.dumps(EVENT) + between + json.dumps([EVENT, EVENT])).encode()) == [EVENT] * 3


@pytest.mark.parametrize("payload", [b"", b"  \n", b"[]", b"[]\n[]", b"\xef\xbb\xbf[]"])
def test_a_keep_alive_is_nothing(payload: bytes) -> None:
    assert objects(payload) == []


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"not json", "not_json"),
        (b"\xff\xfe{", "not_json"),
        (b"[" * 100_000, "not_json"),
        (b"{" + b'"a":{' * 50_000, "not_json"),
        (b"9" * 5_000, "not_json"),
        (b"3", "not_an_event"),
        (b"[null]", "not_an_event"),
        (b"[[{}]]", "not_an_event"),
        (b"[" + b"3," * 2000 + b"3]", "too_many"),
        (b"1 " * 100_000, "too_many"),
        (bytes(LARGEST_PAYLOAD + 1), "too_large"),
        (b"{" * 10_000_000, "too_large"),
    ],
    ids=lambda value: str(value)[:12],
)
def test_what_is_no_object_is_refused_by_name(payload: bytes, reason: str) -> None:
    found = objects(payload)
    last = found[-1]
    assert isinstance(last, Fault)
    assert last.reason == reason
    assert len(last.sentence) < 200
    assert len(found) <= MOST_EVENTS + 1


def test_what_cannot_be_read_does_not_spoil_its_neighbours() -> None:
    found = objects(json.dumps([EVENT, 3, EVENT]).encode() + b"}")
    assert [type(each) for each in found] == [dict, Fault, dict, Fault]


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("2024-02-01T01:25:58.569+0100", "2024-02-01T00:25:58.569000+00:00"),
        ("2021-02-02T18:39:34.385793625Z", "2021-02-02T18:39:34.385793+00:00"),
        ("2026-08-21T21:04:37.086+03:00", "2026-08-21T18:04:37.086000+00:00"),
        ("2026-08-21T21:04:37", "2026-08-21T21:04:37+00:00"),
        ("1970-01-01T00:00:01Z", "1970-01-01T00:00:01+00:00"),
        ("0001-01-01T00:00:00+14:00", None),
        ("07/09/2026 12:22", None),
        ("2026-08-21T21:04:37" + "0" * 100, None),
        (1706119203, None),
    ],
)
def test_a_readers_time_is_read_as_it_writes_it(written: Any, utc: str | None) -> None:
    found = read.moment(written)
    assert (found.isoformat() if found else None) == utc


@pytest.mark.parametrize("value", [True, "1", None, [], float("nan"), float("inf"), 10**400, 1.5, 0, 256])
def test_what_is_no_antenna_is_none(value: Any) -> None:
    assert read.whole(value, 1, 255) is None


@pytest.mark.parametrize(("value", "dbm"), [(-55, -55.0), (0, 0.0), (-1e9, None), ("-55", None), (99, None)])
def test_what_is_no_signal_is_none(value: Any, dbm: float | None) -> None:
    assert read.signal(value) == dbm


@pytest.mark.parametrize(
    ("reader", "written"),
    [
        (read.hex_bytes, "30 74 25 7b"),
        (read.base64_bytes, "MHQlew=="),
        (read.ascii_hex_bytes, "3330373432353762"),
        (read.ascii_bytes, "0t%{"),
    ],
)
def test_one_epc_is_read_from_every_writing(reader: Any, written: str) -> None:
    assert reader(written) == bytes.fromhex("3074257b")
    for wrong in ("", "é", None, 3, "00" * 140):
        with pytest.raises(ValueError):
            reader(wrong)


@settings(max_examples=40)
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists))
def test_any_value_is_read_or_left_out(value: Any) -> None:
    assert read.number(value) is None or isinstance(value, int | float)
    for each in (read.moment, read.name, read.signal):
        each(value)
