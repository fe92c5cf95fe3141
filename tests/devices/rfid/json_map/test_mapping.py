import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from devices.rfid.impinj.payload import read_events as impinj_events
from devices.rfid.json_events import Fault, TagEvent
from devices.rfid.json_map.driver import JsonConfig
from devices.rfid.json_map.mapping import JsonMap, Path, look_up, read_events

WHERE = {
    "smartreader_mqtt_tag_event": JsonMap(
        tags="tag_reads",
        epc="epc",
        antenna="antennaPort",
        rssi="peakRssi",
        time="firstSeenTimestamp",
        time_unit="us",
    ),
    "starfish_hub_mqtt": JsonMap(epc="U", antenna="S", only_field="E", only_values=("R", "C")),
    "springcard_rdr_evt": JsonMap(epc="TagId", number="Sequence"),
    "springcard_uhf": JsonMap(
        epc="TagId", rssi="Rssi", number="Sequence", only_field="State", only_values=("Insert",)
    ),
    "newland_urf_tag": JsonMap(tags="tags", epc="epc", antenna="ant", rssi="rssi", time="ts", time_unit="ms"),
    "keonn_template": JsonMap(
        tags="items", epc="data.hex", antenna="antenna.port", rssi="rssi", time="at", time_unit="s"
    ),
    "zebra_fxr90_custom": JsonMap(
        epc="data.idHex", antenna="data.antenna", rssi="data.peakRssi", time="timestamp"
    ),
}
EXPECTED = {
    "smartreader_mqtt_tag_event": ("e28011606000020934d6faf7", 1, -51.25, "2024-01-24T18:00:03.123456+00:00"),
    "starfish_hub_mqtt": ("082b278907", 82, None, None),
    "springcard_rdr_evt": ("262ba1b0", None, None, None),
    "springcard_uhf": ("e28011606000020a6681f23f", None, -61.0, None),
    "newland_urf_tag": ("e28011606000020a6681f23f", 2, -48.5, "2024-01-24T18:00:03.123000+00:00"),
    "keonn_template": ("3074257bf7194e4000001a85", 3, -54.0, "2024-01-24T18:00:03.250000+00:00"),
    "zebra_fxr90_custom": ("aa0004ef55555555aa21bf43", 4, -34.0, "2026-08-13T09:14:28.651000+00:00"),
}


def tag(value: Any, **where: Any) -> Any:
    [event] = read_events(json.dumps(value).encode(), JsonMap(**{"epc": "e", **where}))
    return event


@pytest.mark.parametrize("name", WHERE)
def test_each_makers_message_is_read_by_its_paths(name: str, sample: Any) -> None:
    [event] = read_events(sample(name), WHERE[name])
    assert isinstance(event, TagEvent)
    time = event.mark.time.isoformat() if event.mark.time else None
    assert (event.epc.hex(), event.antenna, event.rssi_dbm, time) == EXPECTED[name]


def test_a_readers_own_count_is_read(sample: Any) -> None:
    [event] = read_events(sample("springcard_rdr_evt"), WHERE["springcard_rdr_evt"])
    assert isinstance(event, TagEvent)
    assert event.mark.number == 78


def test_the_paths_find_what_a_driver_of_its_own_finds(sample: Any) -> None:
    where = JsonMap(
        tags="tagInventoryEvent",
        epc="epc",
        coding="base64url",
        antenna="antennaPort",
        rssi="peakRssiCdbm",
        rssi_scale=0.01,
        time="timestamp",
    )
    for name in ("impinj_r700_urlsafe_base64", "impinj_r700_mqtt_epc_base64_short"):
        [mine], [theirs] = read_events(sample(name), where), impinj_events(sample(name))
        assert isinstance(mine, TagEvent) and isinstance(theirs, TagEvent)
        assert (mine.epc, mine.antenna, mine.rssi_dbm, mine.mark.time) == (
            theirs.epc,
            theirs.antenna,
            theirs.rssi_dbm,
            theirs.mark.time,
        )


@pytest.mark.parametrize(
    ("coding", "written"),
    [("hex", "3074"), ("base64", "MHQ="), ("base64url", "MHQ="), ("ascii", "0t"), ("ascii-hex", "33303734")],
)
def test_every_coding_gives_the_same_epc(coding: Any, written: str) -> None:
    assert tag({"e": written}, coding=coding).epc == b"0t"


@pytest.mark.parametrize(
    ("value", "path", "found"),
    [
        ({"a": {"b": 3}}, "a.b", 3),
        ({"a": [{"b": 3}]}, "a.0.b", 3),
        ({"a": [1]}, "a.1", None),
        ({"a": [1]}, "a.99999", None),
        ({"a": 1}, "a.b", None),
        ({"0": 1}, "0", 1),
        ("x", ".", "x"),
    ],
)
def test_a_path_leads_to_what_stands_there_or_to_nothing(value: Any, path: str, found: Any) -> None:
    assert look_up(value, path) == found


def test_a_list_of_plain_epcs_is_read() -> None:
    events = read_events(b'{"tags": ["3074", "3075", 3]}', JsonMap(tags="tags", epc="."))
    assert [type(event) for event in events] == [TagEvent, TagEvent, Fault]


@pytest.mark.parametrize(("written", "reads"), [(5, 5), ("5", 5), (0, 1), (None, 1), (-3, 1), (1.5, 1)])
def test_an_event_that_stands_for_several_reads_says_so(written: Any, reads: int) -> None:
    assert tag({"e": "00", "n": written}, reads="n").reads == reads


def test_what_a_tag_lacks_is_taken_from_around_it() -> None:
    event = tag({"tags": [{"e": "00"}], "antenna": 7}, tags="tags", antenna="antenna")
    assert event.antenna == 7


def test_what_the_filter_does_not_want_is_passed_over() -> None:
    where = JsonMap(epc="e", tags="tags", only_field="kind", only_values=("read", "true"))
    for payload in (b'{"kind": "status"}', b'{"kind": "gone", "tags": [{"e": "00"}]}', b'{"tags": [{}]}'):
        assert read_events(payload, where) == []
    assert len(read_events(b'{"tags": [{"e": "00", "kind": true}, {"e": "00", "kind": 1}]}', where)) == 1


@pytest.mark.parametrize(
    ("value", "where", "reason"),
    [
        ({"x": 1}, {}, "bad_epc"),
        ({"e": "zz"}, {}, "bad_epc"),
        ({"status": "up"}, {"tags": "tags"}, "not_an_event"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(value: Any, where: Any, reason: str) -> None:
    assert tag(value, **where).reason == reason


def test_a_message_of_too_many_tags_is_cut() -> None:
    payload = json.dumps({"tags": ["00"] * 1500}).encode()
    *_, last = read_events(payload, JsonMap(tags="tags", epc="."))
    assert isinstance(last, Fault)
    assert last.reason == "too_many"


@pytest.mark.parametrize("written", [1706119203.25, "1706119203.25"])
def test_a_time_with_a_fraction_tells_a_repetition(written: Any) -> None:
    assert tag({"e": "00", "t": written}, time="t", time_unit="s").mark.once
    assert tag({"e": "00", "t": 1706119203}, time="t", time_unit="s").mark.once is None


@pytest.mark.parametrize("value", [True, None, [], {}, "x", -1, 1e30, "9" * 50, 10**400])
def test_a_field_that_makes_no_sense_leaves_the_tag(value: Any) -> None:
    for unit in ("iso", "s", "ms", "us"):
        event = tag({"e": "00", "f": value}, antenna="f", rssi="f", time="f", time_unit=unit, number="f")
        assert (event.epc, event.antenna, event.mark.time, event.mark.number) == (b"\0", None, None, None)


@pytest.mark.parametrize("path", ["", "a..b", ".a", "a.", "a b", "a[0]", "a." * 9 + "a", "a" * 200])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Path).validate_python(path)


def test_a_filter_without_its_values_is_refused() -> None:
    for half in ({"only_field": "a"}, {"only_values": ["x"]}):
        with pytest.raises(ValidationError, match="belong together"):
            JsonConfig.model_validate({"driver": "json", "name": "x", "topic": "a", **half})


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(("tags", "e", "t", "0")), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=40)
@given(ANY_JSON)
def test_any_json_is_read_or_refused(value: Any) -> None:
    for where in (JsonMap(epc="e", tags="tags", time="t", time_unit="s"), JsonMap(epc="e.0", rssi="t")):
        assert all(
            isinstance(each, TagEvent | Fault) for each in read_events(json.dumps(value).encode(), where)
        )
