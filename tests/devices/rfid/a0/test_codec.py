import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.framing import BadBytes, BadFrame
from devices.rfid.a0.codec import decoder, encode, read_inventory, write_ended, write_tag
from devices.rfid.a0.frames import Command, Ended, Frame, Refused, SeenTag

TAG = bytes.fromhex("a013018b1030003009663781db02974876fc6a672b")
"""Captured in 2024."""
WORDS = st.integers(0, 31).flatmap(lambda words: st.binary(min_size=2 * words, max_size=2 * words))
BYTE = st.integers(0, 255)


def decode(content: bytes) -> list[Frame]:
    feeding = decoder()
    found = feeding.feed(content) + feeding.idle()
    return [each for each in found if not isinstance(each, BadBytes)]


def inventory(body: bytes) -> Frame:
    return Frame(address=1, command=Command.REAL_TIME_INVENTORY, body=body)


@given(st.binary(max_size=252), BYTE, BYTE)
def test_what_is_encoded_is_decoded(body: bytes, address: int, command: int) -> None:
    frame = Frame(address=address, command=command, body=body)
    assert decode(encode(frame)) == [frame]


@given(WORDS, BYTE, BYTE)
def test_a_tag_is_read_as_it_was_written(epc: bytes, freq_ant: int, rssi_raw: int) -> None:
    tag = SeenTag(epc=epc, pc=len(epc) // 2 << 11, freq_ant=freq_ant, rssi_raw=rssi_raw)
    assert read_inventory(inventory(write_tag(tag))) == tag
    assert (tag.channel << 2 | tag.antenna) == freq_ant


def test_the_channel_and_the_antenna_share_a_byte() -> None:
    [frame] = decode(TAG)
    tag = read_inventory(frame)
    assert isinstance(tag, SeenTag)
    assert (tag.freq_ant, tag.channel, tag.antenna, tag.rssi_raw) == (16, 4, 0, 103)


def test_the_end_of_an_inventory_is_read_as_it_was_written() -> None:
    ended = Ended(antenna=3, read_rate=29, total_read=70_000)
    assert read_inventory(inventory(write_ended(ended))) == ended


@pytest.mark.parametrize(("body", "code"), [("22", 0x22), ("36", 0x36), ("0122", 0x22)])
def test_an_inventory_that_was_not_done_says_why(body: str, code: int) -> None:
    assert read_inventory(inventory(bytes.fromhex(body))) == Refused(code=code)


@pytest.mark.parametrize("body", ["", "103000", "1030003009663781db02974876fc67"])
def test_a_tag_that_no_epc_of_whole_words_fits_into_is_refused(body: str) -> None:
    with pytest.raises(BadFrame):
        read_inventory(inventory(bytes.fromhex(body)))


@pytest.mark.parametrize("epc", ["a0" * 12, "a0130189" * 3, "a003017200ea" * 2])
def test_start_bytes_inside_an_epc_begin_nothing(epc: str) -> None:
    tag = SeenTag(epc=bytes.fromhex(epc), pc=0x3000, freq_ant=0, rssi_raw=0xA0)
    frame = inventory(write_tag(tag))
    assert decode(encode(frame) * 3) == [frame] * 3


def test_a_length_too_small_for_a_frame_is_noise() -> None:
    feeding = decoder()
    assert feeding.feed(b"\xa0\x02" + TAG) == [
        BadBytes(offset=0, content=b"\xa0\x02", size=2, reason="noise"),
        *decode(TAG),
    ]


def test_a_body_that_is_too_long_is_refused() -> None:
    with pytest.raises(BadFrame):
        encode(inventory(bytes(253)))
