import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from devices.framing import BadBytes, BadFrame
from devices.rfid.uhfreader.codec import HEARTBEAT, crc16, decoder, encode, read_info, read_inventory
from devices.rfid.uhfreader.frames import Command, Frame, Heartbeat

TWO_TAGS = bytes.fromhex("20000103020c0000000000000000000003130c0000000000000000000003149ac9")
"""wabson/chafon-rfid, tests/test_uhfreader18.py (MIT)."""
NO_TAGS = bytes.fromhex("050001fbf23d")


def decode(content: bytes, *, from_host: bool = False) -> list[Frame | Heartbeat]:
    feeding = decoder(from_host=from_host)
    found = feeding.feed(content) + feeding.idle()
    return [each for each in found if not isinstance(each, BadBytes)]


def test_the_checksum_is_mcrf4xx() -> None:
    assert crc16(b"123456789") == 0x6F91


@given(st.binary(max_size=251), st.integers(0, 255), st.integers(0, 255))
def test_what_is_encoded_is_decoded(body: bytes, address: int, command: int) -> None:
    frame = Frame(address=address, command=command, body=body)
    wire = encode(frame)
    assume(not wire.startswith(HEARTBEAT))
    assert decode(wire, from_host=True) == [frame]


def test_the_heartbeat_is_no_frame_and_stops_nothing() -> None:
    assert decode(HEARTBEAT + NO_TAGS + HEARTBEAT[:3]) == [Heartbeat(), *decode(NO_TAGS)]


def test_bad_bytes_name_their_place_and_themselves() -> None:
    feeding = decoder()
    assert feeding.feed(b"\x00\x01" + NO_TAGS) == [
        BadBytes(offset=0, content=b"\x00\x01", size=2, reason="noise"),
        *decode(NO_TAGS),
    ]
    spoilt = NO_TAGS[:-1] + b"\x00"
    found = feeding.feed(spoilt) + feeding.idle()
    assert isinstance(found[0], BadBytes)
    assert (found[0].offset, found[0].reason) == (8, "crc")
    assert str(found[0]) == "crc at byte 8: 05 00 01"  # the rest may begin a frame


def test_a_frame_that_never_ends_is_given_up_when_the_line_is_quiet() -> None:
    feeding = decoder()
    assert feeding.feed(TWO_TAGS[:10]) == []
    assert feeding.is_waiting
    assert feeding.idle() == [BadBytes(offset=0, content=TWO_TAGS[:10], size=10, reason="cut_short")]
    assert feeding.feed(NO_TAGS) == decode(NO_TAGS)


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
