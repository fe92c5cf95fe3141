import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.framing import BadBytes, BadFrame
from devices.rfid.gen2 import pc_of, tag_crc
from devices.rfid.m100.codec import LONGEST, decoder, encode, read_tag, write_tag
from devices.rfid.m100.frames import HEADS, Command, Frame, FrameKind, SeenTag

TAG = bytes.fromhex("bb02220011c9340030751feb705c5904e3d50d703a76ef7e")
"""The manual's example."""
WORDS = st.integers(0, 31).flatmap(lambda words: st.binary(min_size=2 * words, max_size=2 * words))


def decode(content: bytes, dialect: str = "m100", *, from_host: bool = False) -> list[Frame]:
    feeding = decoder(HEADS[dialect], from_host=from_host)
    found = feeding.feed(content) + feeding.idle()
    return [each for each in found if not isinstance(each, BadBytes)]


def notice(epc: bytes, pc: int | None = None, rssi_raw: int = 0xC9) -> Frame:
    pc = pc_of(epc) if pc is None else pc
    tag = SeenTag(epc=epc, pc=pc, rssi_raw=rssi_raw, crc=tag_crc(pc.to_bytes(2, "big") + epc))
    return Frame(kind=FrameKind.NOTICE, command=Command.POLL, body=write_tag(tag))


@given(
    st.binary(max_size=255), st.sampled_from(FrameKind), st.integers(0, 255), st.sampled_from(sorted(HEADS))
)
def test_what_is_encoded_is_decoded(body: bytes, kind: FrameKind, command: int, dialect: str) -> None:
    frame = Frame(head=HEADS[dialect], kind=kind, command=command, body=body)
    assert decode(encode(frame), dialect, from_host=kind == FrameKind.COMMAND) == [frame]


@given(WORDS)
def test_an_epc_of_any_length_is_read_by_the_frames_own_length(epc: bytes) -> None:
    [frame] = decode(encode(notice(epc)))
    assert read_tag(frame).epc == epc


@given(st.lists(st.sampled_from([b"\xbb\x7e", b"\x7e\xbb", b"\xbb\x02"]), min_size=1, max_size=20))
def test_marks_inside_an_epc_end_nothing(words: list[bytes]) -> None:
    epc = b"".join(words)
    assert [read_tag(frame).epc for frame in decode(encode(notice(epc)) * 2)] == [epc, epc]


def test_an_r200_marks_its_frames_otherwise_and_the_two_are_never_mixed_up() -> None:
    frame = Frame(head=HEADS["r200"], kind=FrameKind.COMMAND, command=0xF1)
    assert encode(frame).hex() == "aa00f10000f1dd"  # as rfid-r200 notes it from its module
    assert decode(encode(frame), "r200", from_host=True) == [frame]
    assert decode(encode(frame), "m100", from_host=True) == []
    assert decode(TAG, "r200") == []


def test_a_length_beyond_any_answer_is_not_waited_for() -> None:
    feeding = decoder(HEADS["m100"])
    found = feeding.feed(b"\xbb\x02\x22\xff\xff" + TAG)
    assert found == [
        BadBytes(offset=0, content=b"\xbb\x02\x22\xff\xff", size=5, reason="noise"),
        *decode(TAG),
    ]
    assert feeding.held < LONGEST


def test_a_frame_without_its_end_mark_is_none() -> None:
    feeding = decoder(HEADS["m100"])
    [fault] = feeding.feed(TAG[:-1] + b"\x7f")
    assert isinstance(fault, BadBytes)
    assert (fault.size, fault.reason) == (len(TAG), "noise")


@pytest.mark.parametrize(("raw", "dbm"), [(0xC9, -55), (0x80, -128), (0, 0), (0x01, None), (0x7F, None)])
def test_a_signal_is_twos_complement_and_never_above_one_milliwatt(raw: int, dbm: int | None) -> None:
    assert read_tag(notice(bytes(12), rssi_raw=raw)).rssi_dbm == dbm


def test_a_pc_that_names_another_length_is_passed_on_to_be_judged() -> None:
    tag = read_tag(notice(bytes(12), pc=0x2C00))
    assert (len(tag.epc), tag.pc) == (12, 0x2C00)


@pytest.mark.parametrize("size", [0, 4, 6, 16])
def test_a_notice_that_no_epc_of_whole_words_fits_into_is_refused(size: int) -> None:
    with pytest.raises(BadFrame):
        read_tag(Frame(kind=FrameKind.NOTICE, command=Command.POLL, body=bytes(size)))


def test_a_body_that_is_too_long_is_refused() -> None:
    with pytest.raises(BadFrame):
        encode(Frame(kind=FrameKind.COMMAND, command=1, body=bytes(256)))
