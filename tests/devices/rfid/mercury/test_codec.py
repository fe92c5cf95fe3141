from binascii import crc_hqx
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.framing import BadBytes, BadFrame
from devices.rfid.gen2 import tag_crc
from devices.rfid.mercury.codec import LONGEST, crc16, decoder, encode
from devices.rfid.mercury.dialogue import along, inner
from devices.rfid.mercury.frames import EVERYTHING, Answer, Command, Metadata, Multi, Op, SeenTag
from devices.rfid.mercury.records import (
    FAILED,
    Cursor,
    gen2_tag,
    is_intact,
    read_buffer,
    read_count,
    read_pins,
    read_report,
    read_tag,
    write_tag,
)

TAG = bytes.fromhex(
    "ff2822000010001b01ff0101c4110e16400000012700000500000f00803000000000000000000000001545e94a561d"
)
"""SparkFun Simultaneous RFID Tag Reader Library (MIT), from a Nano."""
KEEP_ALIVE = bytes.fromhex("ff0022040084e0")
WRONG_IN_A_DATASHEET = bytes.fromhex("ff0197024bbe")
"""Printed in a maker's datasheet; the right CRC is 4bbf."""


def decode(content: bytes, *, from_host: bool = False) -> list[Command | Answer | BadBytes]:
    feeding = decoder(from_host=from_host)
    return [*feeding.feed(content), *feeding.idle()]


def test_the_crc_is_mercurys_own_and_not_that_of_ccitt() -> None:
    assert crc16(TAG[1:-2]) == 0x561D
    assert crc_hqx(TAG[1:-2], 0xFFFF) == 0xF542


def nibble_crc(content: bytes) -> int:
    """As the maker's API writes it down: half a byte at a time, through a table of 16."""
    table = [value * 0x1021 for value in range(16)]
    crc = 0xFFFF
    for byte in content:
        for half in (byte >> 4, byte & 0xF):
            crc = ((crc << 4 | half) ^ table[crc >> 12]) & 0xFFFF
    return crc


@given(st.binary(min_size=2, max_size=252))
def test_the_crc_is_that_of_the_makers_table(content: bytes) -> None:
    assert crc16(content) == nibble_crc(content)


@given(st.integers(0, 255), st.binary(max_size=250))
def test_what_the_host_sends_is_decoded_again(opcode: int, data: bytes) -> None:
    command = Command(opcode=opcode, data=data)
    assert decode(encode(command), from_host=True) == [command]


@given(st.integers(0, 255), st.integers(0, 65535), st.binary(max_size=248))
def test_what_the_module_sends_is_decoded_again(opcode: int, status: int, data: bytes) -> None:
    answer = Answer(opcode=opcode, status=status, data=data)
    assert decode(encode(answer)) == [answer]


def test_more_data_than_a_frame_holds_is_refused() -> None:
    with pytest.raises(BadFrame):
        encode(Command(opcode=Op.MULTI, data=bytes(251)))
    with pytest.raises(BadFrame):
        encode(Answer(opcode=Op.MULTI, data=bytes(249)))


def test_the_datasheets_wrong_crc_is_refused_and_the_next_frame_is_read() -> None:
    right = bytes.fromhex("ff0197024bbf")
    found = decode(WRONG_IN_A_DATASHEET + right, from_host=True)
    assert isinstance(found[0], BadBytes)
    assert (found[0].content, found[0].reason) == (WRONG_IN_A_DATASHEET, "crc")
    assert found[1:] == [Command(opcode=Op.SET_REGION, data=b"\x02")]


@pytest.mark.parametrize("noise", ["ff", "ffff", "fffffe", "ff00", "00ff", "ffff22", "ff2822", "22ff00"])
def test_noise_with_a_start_byte_in_it_costs_no_frame(noise: str) -> None:
    found = decode(bytes.fromhex(noise) + TAG + KEEP_ALIVE)
    assert [encode(each) for each in found if not isinstance(each, BadBytes)] == [TAG, KEEP_ALIVE]


@pytest.mark.parametrize("length", range(249, 255))
def test_a_length_that_no_frame_has_is_not_waited_for(length: int) -> None:
    feeding = decoder()
    found = feeding.feed(bytes((0xFF, length, 0x22)) + KEEP_ALIVE)
    assert [each for each in found if isinstance(each, Answer)] != []
    assert not feeding.is_waiting


def test_the_longest_length_that_may_be_one_is_waited_for_and_then_given_up() -> None:
    feeding = decoder()
    assert feeding.feed(bytes((0xFF, 248, 0x22)) + KEEP_ALIVE) == []
    found = [*feeding.feed(KEEP_ALIVE * 40), *feeding.idle()]
    assert feeding.held == 0
    assert sum(isinstance(each, Answer) for each in found) == 41, "no frame behind it is lost"


def test_the_decoder_holds_one_frame_at_most() -> None:
    feeding = decoder()
    feeding.feed(bytes((0xFF, 248)) * 1000)
    assert feeding.held < LONGEST


def test_a_frame_byte_by_byte_is_the_same_frame() -> None:
    feeding = decoder()
    found = [each for byte in TAG + KEEP_ALIVE for each in feeding.feed(bytes((byte,)))]
    assert found == decode(TAG + KEEP_ALIVE)


def records() -> st.SearchStrategy[SeenTag]:
    """What a module may say of a tag."""
    return st.builds(
        gen2_tag,
        st.binary(min_size=1, max_size=31).map(lambda half: half * 2),
        rssi_dbm=st.integers(-128, 0),
        antenna=st.integers(0, 255),
        freq_khz=st.integers(0, 2**24 - 1),
        timestamp_ms=st.integers(0, 2**32 - 1),
    )


@given(records(), st.integers(0, 0x1FF))
def test_a_record_is_read_as_it_was_written_whatever_fields_it_has(tag: SeenTag, flags: int) -> None:
    content = write_tag(tag, flags)
    cursor = Cursor(content)
    read = read_tag(cursor, flags)
    assert cursor.at == len(content)
    assert (read.epc, read.epc_crc, is_intact(read)) == (tag.epc, tag.epc_crc, True)
    assert read.rssi_dbm == (tag.rssi_dbm if flags & Metadata.RSSI else None)
    assert read.timestamp_ms == (tag.timestamp_ms if flags & Metadata.TIMESTAMP else None)
    if flags == EVERYTHING:
        assert read == tag


@given(records(), st.data())
def test_a_record_that_is_cut_anywhere_is_refused(tag: SeenTag, data: st.DataObject) -> None:
    content = write_tag(tag)
    with pytest.raises(BadFrame):
        read_tag(Cursor(content[: data.draw(st.integers(0, len(content) - 1))]), EVERYTHING)


@given(records())
def test_a_bit_that_turns_in_the_air_is_found_by_the_tags_own_crc(tag: SeenTag) -> None:
    turned = bytes((tag.epc[0] ^ 1,)) + tag.epc[1:]
    assert not is_intact(read_tag(Cursor(write_tag(tag).replace(tag.pc + tag.epc, tag.pc + turned)), 0x1FF))


@pytest.mark.parametrize("bit", range(16))
def test_two_bits_that_mercurys_crc_overlooks_are_found_by_the_tags(bit: int) -> None:
    """The last two bytes go into Mercury's CRC unshifted: the same bit of both turns, and nothing is seen."""
    turned = int.from_bytes(TAG[-4:], "big") ^ (0x0001_0001 << bit)
    [found] = decode(TAG[:-4] + turned.to_bytes(4, "big"))
    assert isinstance(found, Answer)
    tag = read_report(found)
    assert tag is not None
    assert not is_intact(tag)


def report(content: bytes, *, head: str = "10001b01ff01") -> SeenTag | None:
    return read_report(Answer(opcode=Op.READ_MULTIPLE, data=bytes.fromhex(head) + content))


def a_tag() -> SeenTag:
    return gen2_tag(bytes(12), rssi_dbm=-60, antenna=0x11, freq_khz=923200, timestamp_ms=5)


def test_an_m7e_with_its_option_in_front_is_read_too() -> None:
    assert report(write_tag(a_tag()), head="8810051b01ff01") == a_tag()


def test_bytes_behind_a_tag_are_refused() -> None:
    with pytest.raises(BadFrame, match="1 bytes behind"):
        report(write_tag(a_tag()) + b"\x00")


def test_fields_that_we_never_ask_for_are_refused_and_not_guessed() -> None:
    with pytest.raises(BadFrame, match="3fff"):
        report(write_tag(a_tag()), head="10001b3fff01")


@pytest.mark.parametrize("head", ["10001b01ff02", "10001b01ff00", "00001b02", "10", ""])
def test_other_reports_are_no_tags(head: str) -> None:
    assert report(b"", head=head) is None


def test_data_that_was_read_along_is_kept_apart_from_the_epc() -> None:
    tag = replace(a_tag(), embedded_bits=20, embedded=b"\x01\x02\x30")
    assert report(write_tag(tag)) == tag


def test_a_failed_read_along_brings_two_bytes_of_reason() -> None:
    tag = replace(a_tag(), embedded_bits=FAILED, embedded=b"\x04\x0b")
    assert report(write_tag(tag)) == tag


@pytest.mark.parametrize(("pc", "xpc"), [("3200", "0123"), ("3200", "81234567")])
def test_the_extended_pc_is_no_part_of_the_epc(pc: str, xpc: str) -> None:
    air = bytes.fromhex(pc + xpc) + bytes(12)
    words = {"pc": bytes.fromhex(pc), "xpc": bytes.fromhex(xpc)}
    tag = replace(a_tag(), **words, epc_bits=(len(air) + 2) * 8, epc_crc=tag_crc(air))  # type: ignore[arg-type]
    found = report(write_tag(tag))
    assert found is not None
    assert (found.epc, found.xpc.hex(), is_intact(found)) == (bytes(12), xpc, True)


def test_a_tag_of_another_protocol_has_no_pc() -> None:
    found = report(write_tag(replace(a_tag(), protocol=3, pc=b"", epc=b"12345678", epc_bits=80)))
    assert found is not None
    assert (found.pc, found.epc) == (b"", b"12345678")


def test_several_tags_of_a_buffer_are_read_from_one_answer() -> None:
    both = write_tag(a_tag()) * 2
    answer = Answer(opcode=Op.GET_TAGS, data=b"\x01\xff\x00\x02" + both)
    assert read_buffer(answer) == (a_tag(), a_tag())
    with pytest.raises(BadFrame):
        read_buffer(Answer(opcode=Op.GET_TAGS, data=b"\x01\xff\x00\x03" + both))


@pytest.mark.parametrize(
    ("data", "count"),
    [("00000307", 7), ("0000000307", 7), ("00001300000107", 263), ("8800001300000107", 263)],
)
def test_the_count_of_a_search_is_its_last_byte_or_its_last_four(data: str, count: int) -> None:
    assert read_count(Answer(opcode=Op.READ_MULTIPLE, data=bytes.fromhex(data))) == count


@pytest.mark.parametrize("data", ["", "07", "000000000000"])
def test_a_count_of_another_length_is_refused(data: str) -> None:
    with pytest.raises(BadFrame):
        read_count(Answer(opcode=Op.READ_MULTIPLE, data=bytes.fromhex(data)))


def test_pins_come_as_number_direction_and_level() -> None:
    [one, two] = read_pins(Answer(opcode=Op.GET_PINS, data=bytes.fromhex("01010001020100")))
    assert (one.number, one.is_output, one.is_high) == (1, False, True)
    assert (two.number, two.is_output, two.is_high) == (2, True, False)
    with pytest.raises(BadFrame):
        read_pins(Answer(opcode=Op.GET_PINS, data=b"\x01\x00\x01"))


def test_a_command_rides_along_as_the_makers_program_sends_it() -> None:
    """JADAK's API 1.37.5 switches pin 3 so while it reads."""
    switch = along(Command(opcode=Op.SET_PIN, data=b"\x03\x01"))
    assert encode(switch).hex().startswith("ff072f00000402960301")


def test_an_answer_that_rode_along_is_unwrapped_and_any_other_left_alone() -> None:
    whole = Answer(opcode=Op.MULTI, data=bytes((Multi.COMMAND, 1, Op.GET_REGION, 0, 0, 8)))
    assert inner(whole) == Answer(opcode=Op.GET_REGION, data=b"\x08")
    for other in (Answer(opcode=Op.MULTI, data=b"\x02"), Answer(opcode=Op.MULTI, data=whole.data + b"\x00")):
        assert inner(other) is other
