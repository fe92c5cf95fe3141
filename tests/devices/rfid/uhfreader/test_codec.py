import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from devices.rfid.uhfreader.codec import (
    HEARTBEAT,
    SHORTEST_COMMAND,
    BadFrame,
    Decoder,
    crc16,
    encode,
    read_info,
    read_inventory,
)
from devices.rfid.uhfreader.frames import BadBytes, Command, Frame, Heartbeat

VECTORS = Path(__file__).parents[5] / "shared" / "vectors" / "devices.json"
TWO_TAGS = bytes.fromhex("20000103020c0000000000000000000003130c0000000000000000000003149ac9")
"""wabson/chafon-rfid, tests/test_uhfreader18.py (MIT)."""
NO_TAGS = bytes.fromhex("050001fbf23d")


def vectors() -> list[Any]:
    if not VECTORS.exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason="shared vectors are not on this machine"))]
    found = [v for v in json.loads(VECTORS.read_text()) if v["protocol"] == "uhfreader"]
    return [pytest.param(v, id=v["kind"]) for v in found]


def frames_in(found: list[Frame | Heartbeat | BadBytes]) -> list[Frame | Heartbeat]:
    return [each for each in found if not isinstance(each, BadBytes)]


def decode(content: bytes, *, shortest: int = 5) -> list[Frame | Heartbeat]:
    decoder = Decoder(shortest=shortest)
    return frames_in(decoder.feed(content) + decoder.idle())


@pytest.mark.parametrize("vector", vectors())
def test_every_known_frame_means_what_its_source_says(vector: dict[str, Any]) -> None:
    wire, expect = bytes.fromhex(vector["bytes"]), vector["expect"]
    is_command = vector["kind"].startswith("cmd_")
    found = decode(wire, shortest=SHORTEST_COMMAND if is_command else 5)
    if not vector["valid"]:
        assert found == []
        return
    [frame] = found
    assert isinstance(frame, Frame)
    assert encode(frame) == wire
    assert frame.command == expect["cmd"]
    assert frame.address == expect.get("adr", frame.address)
    if "status" in expect:
        assert frame.body[0] == expect["status"]
    if "data" in expect:
        assert frame.body[0 if is_command else 1 :].hex() == expect["data"]
    _same_inventory(frame, vector)
    _same_info(frame, expect)


def _same_inventory(frame: Frame, vector: dict[str, Any]) -> None:
    expect = vector["expect"]
    if "tags" not in expect:
        return
    dialect = "288" if "288" in vector["kind"] else "18"
    inventory = read_inventory(frame, dialect)
    assert inventory.antenna == expect.get("antenna")
    if dialect == "288":
        assert [[tag.epc.hex(), tag.rssi_raw] for tag in inventory.tags] == expect["tags"]
    else:
        assert [tag.epc.hex() for tag in inventory.tags] == expect["tags"]


def _same_info(frame: Frame, expect: dict[str, Any]) -> None:
    if "fw" not in expect:
        return
    info = read_info(frame)
    assert list(info.firmware) == expect["fw"]
    assert info.kind == expect.get("type", info.kind)
    assert info.band == expect.get("band", info.band)
    assert info.power_dbm == expect.get("power_dbm", info.power_dbm)
    assert info.scan_time_ms == expect.get("scan_100ms", info.scan_time_ms // 100) * 100


def test_the_checksum_is_mcrf4xx() -> None:
    assert crc16(b"123456789") == 0x6F91


@given(st.lists(st.integers(0, len(TWO_TAGS + NO_TAGS) + 6)))
def test_any_pieces_give_the_same_frames(cuts: list[int]) -> None:
    wire = TWO_TAGS + HEARTBEAT + NO_TAGS
    decoder = Decoder()
    found: list[Frame | Heartbeat | BadBytes] = []
    edges = [0, *sorted(cuts), len(wire)]
    for start, end in itertools.pairwise(edges):
        found += decoder.feed(wire[start:end])
    assert found == [*decode(TWO_TAGS), Heartbeat(), *decode(NO_TAGS)]
    assert not decoder.is_waiting


@given(st.lists(st.binary(max_size=40), min_size=3, max_size=3))
def test_any_junk_between_frames_gives_the_same_frames(junk: list[bytes]) -> None:
    assume(not any(decode(part) for part in junk))  # by chance a frame itself
    wire = junk[0] + TWO_TAGS + junk[1] + NO_TAGS + junk[2]
    assert [f for f in decode(wire) if isinstance(f, Frame)] == [*decode(TWO_TAGS), *decode(NO_TAGS)]


@given(st.integers(0, len(TWO_TAGS) * 8 - 1))
def test_a_flipped_bit_gives_no_wrong_frame(bit: int) -> None:
    wire = bytearray(TWO_TAGS)
    wire[bit // 8] ^= 1 << bit % 8
    assert decode(bytes(wire)) == []


@given(st.binary(max_size=251), st.integers(0, 255), st.integers(0, 255))
def test_what_is_encoded_is_decoded(body: bytes, address: int, command: int) -> None:
    frame = Frame(address=address, command=command, body=body)
    wire = encode(frame)
    assume(not wire.startswith(HEARTBEAT))
    assert decode(wire, shortest=SHORTEST_COMMAND) == [frame]


@given(st.lists(st.binary(max_size=600), max_size=20))
def test_the_buffer_stays_smaller_than_one_frame(chunks: list[bytes]) -> None:
    decoder = Decoder()
    for chunk in chunks:
        decoder.feed(chunk)
        assert len(decoder._buffer) < 256


def test_the_heartbeat_is_no_frame_and_stops_nothing() -> None:
    assert decode(HEARTBEAT + NO_TAGS + HEARTBEAT[:3]) == [Heartbeat(), *decode(NO_TAGS)]


def test_bad_bytes_name_their_place_and_themselves() -> None:
    decoder = Decoder()
    assert decoder.feed(b"\x00\x01" + NO_TAGS) == [
        BadBytes(offset=0, content=b"\x00\x01", reason="noise"),
        *decode(NO_TAGS),
    ]
    spoilt = NO_TAGS[:-1] + b"\x00"
    found = decoder.feed(spoilt) + decoder.idle()
    assert isinstance(found[0], BadBytes)
    assert (found[0].offset, found[0].reason) == (8, "checksum")
    assert str(found[0]) == "checksum at byte 8: 05 00 01"  # the rest may begin a frame


def test_a_frame_that_never_ends_is_given_up_when_the_line_is_quiet() -> None:
    decoder = Decoder()
    assert decoder.feed(TWO_TAGS[:10]) == []
    assert decoder.is_waiting
    assert decoder.idle() == [BadBytes(offset=0, content=TWO_TAGS[:10], reason="cut_short")]
    assert decoder.feed(NO_TAGS) == decode(NO_TAGS)


@pytest.mark.parametrize("body", ["01", "0101", "01010c00", "010100ff", "01020401020304"])
def test_an_inventory_whose_lengths_do_not_add_up_is_refused(body: str) -> None:
    frame = Frame(address=0, command=Command.INVENTORY, body=bytes.fromhex(body))
    with pytest.raises(BadFrame, match=body[:2]):
        read_inventory(frame, "18")


@given(st.binary(min_size=1, max_size=251), st.sampled_from(["18", "288"]))
def test_any_body_is_an_inventory_or_is_refused(body: bytes, dialect: str) -> None:
    try:
        read_inventory(Frame(address=0, command=Command.INVENTORY, body=body), dialect)
    except BadFrame as error:
        assert str(error)


def test_a_body_that_is_too_long_is_refused() -> None:
    with pytest.raises(BadFrame):
        encode(Frame(address=0, command=1, body=bytes(252)))


def test_information_that_is_cut_short_is_refused() -> None:
    with pytest.raises(BadFrame):
        read_info(Frame(address=0, command=Command.INFO, body=b"\x00\x01"))
