import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.framing import JUNK_KEPT, BadBytes, Framer, Front, Lines, joined


def look(buffer: bytearray) -> Front[bytes]:
    """A frame is `#`, a length, and so many bytes."""
    if buffer[0] != ord("#"):
        return Front(0)
    if len(buffer) < 2:
        return Front(2)
    size = 2 + buffer[1]
    return Front(size, bytes(buffer[2:size]) if len(buffer) >= size else None)


def test_frames_and_noise_come_in_their_order() -> None:
    framer = Framer(look)
    assert framer.feed(b"..#\x02ab#\x01") == [
        BadBytes(offset=0, content=b"..", size=2, reason="noise"),
        b"ab",
    ]
    assert framer.is_waiting
    assert framer.feed(b"c") == [b"c"]


def test_a_long_run_of_noise_is_counted_and_not_kept() -> None:
    [junk] = Framer(look).feed(b"." * 5000)
    assert isinstance(junk, BadBytes)
    assert (junk.size, len(junk.content)) == (5000, JUNK_KEPT)


def test_the_place_of_noise_is_counted_from_the_opening_of_the_line() -> None:
    framer = Framer(look)
    framer.feed(b"#\x01a")
    [junk] = framer.feed(b"!")
    assert isinstance(junk, BadBytes)
    assert junk.offset == 3


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
def test_a_line_ends_with_cr_or_lf_or_both(end: bytes) -> None:
    lines = Lines(longest=10)
    assert lines.feed(b"ab" + end + b"cd" + end + b"e") == [b"ab", b"cd"]
    assert lines.is_waiting
    assert lines.held == 1


def test_a_line_without_its_end_is_cut_short_unless_a_pause_ends_it() -> None:
    lines, paused = Lines(longest=10), Lines(longest=10, pause_ends=True)
    assert lines.feed(b"ab\ncd") == paused.feed(b"ab\ncd") == [b"ab"]
    assert lines.idle() == [BadBytes(offset=3, content=b"cd", size=2, reason="cut_short")]
    assert paused.idle() == [b"cd"]
    assert lines.idle() == []


def test_a_line_that_is_too_long_is_one_fault() -> None:
    lines = Lines(longest=4)
    assert lines.feed(b"123456") == []
    assert lines.held == 4
    assert lines.feed(b"789\nab\n") == [
        BadBytes(offset=0, content=b"1234", size=9, reason="too_long"),
        b"ab",
    ]


@given(st.lists(st.binary(max_size=30), max_size=10))
def test_any_pieces_give_the_same_lines(pieces: list[bytes]) -> None:
    whole, cut = Lines(longest=50), Lines(longest=50)
    found = [each for piece in pieces for each in cut.feed(piece)]
    assert found + cut.idle() == whole.feed(b"".join(pieces)) + whole.idle()


def test_faults_that_touch_are_one() -> None:
    first = BadBytes(offset=0, content=b"a", size=1, reason="crc")
    second = BadBytes(offset=1, content=b"b", size=1, reason="cut_short")
    both = BadBytes(offset=0, content=b"ab", size=2, reason="crc")
    assert joined([first, second, b"frame", second]) == [both, b"frame", second]
