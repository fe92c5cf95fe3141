import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.scanner.codec import LONGEST_CODE, Decoder
from devices.scanner.guard import BadCode, Code


def codes(found: list[Code | BadCode]) -> list[bytes]:
    return [each.content for each in found if isinstance(each, Code)]


@pytest.mark.parametrize("suffix", [b"\r", b"\n", b"\r\n"])
@given(cuts=st.lists(st.integers(0, 40)))
def test_any_pieces_give_the_same_codes(suffix: bytes, cuts: list[int]) -> None:
    wire = b"]d2ABC\x1d21X" + suffix + b"4006381333931" + suffix
    decoder = Decoder()
    found: list[Code | BadCode] = []
    for start, end in itertools.pairwise([0, *sorted(min(cut, len(wire)) for cut in cuts), len(wire)]):
        found += decoder.feed(wire[start:end], 0.0)
    assert found == [
        Code(content=b"ABC\x1d21X", symbology="]d2"),
        Code(content=b"4006381333931", symbology=None),
    ]


def test_without_a_suffix_a_gap_ends_a_code() -> None:
    decoder = Decoder()
    assert decoder.feed(b"RMA-1", 0.0) == []
    assert decoder.is_waiting
    assert decoder.gap_s == 0.05
    assert codes(decoder.idle(0.1)) == [b"RMA-1"]


def test_a_scanner_with_a_suffix_never_has_its_codes_cut_by_a_gap() -> None:
    decoder = Decoder()
    decoder.feed(b"RMA-1\rRMA", 0.0)
    assert decoder.gap_s == 0.5
    [bad] = decoder.idle(0.6)
    assert isinstance(bad, BadCode)
    assert bad.reason == "cut_short"
    assert codes(decoder.feed(b"RMA-2\r", 1.0)) == [b"RMA-2"]


def test_the_same_item_counts_once_for_as_long_as_it_keeps_coming() -> None:
    decoder = Decoder()
    times = [0.0, 1.0, 2.0, 3.0, 4.6]
    assert [len(codes(decoder.feed(b"RMA-1\r", at))) for at in times] == [1, 0, 0, 0, 1]


@pytest.mark.parametrize("command", [b"CMD:ACCEPT\r", b"BADGE:0042\r", b"]C0CMD:ACCEPT\r"])
def test_a_command_may_be_repeated_but_a_stutter_may_not(command: bytes) -> None:
    decoder = Decoder()
    assert [len(codes(decoder.feed(command, at))) for at in (0.0, 0.1, 0.3, 0.6)] == [1, 0, 1, 1]


def test_a_word_inside_an_item_makes_it_no_command() -> None:
    decoder = Decoder()
    found = decoder.feed(b"RMA-CMD:1\r", 0.0)
    assert [each.reason for each in found if isinstance(each, BadCode)] == ["stuck_together"]


@pytest.mark.parametrize(
    "wire",
    [b"]C1012345]C1012345", b"RMA-0001RMA-0001", b"CMD:ACCEPTCMD:REJECT", b"40063813339314006381333931"],
)
def test_two_codes_in_one_are_refused(wire: bytes) -> None:
    [bad] = Decoder().feed(wire + b"\r", 0.0)
    assert isinstance(bad, BadCode)
    assert bad.reason == "stuck_together"


def test_a_code_without_end_is_refused_once_and_bounded() -> None:
    decoder = Decoder()
    assert decoder.feed(b"x" * 100_000, 0.0) == []
    assert len(decoder._buffer) == LONGEST_CODE
    [bad] = decoder.feed(b"\r", 0.0)
    assert isinstance(bad, BadCode)
    assert bad.reason == "too_long"
    assert codes(decoder.feed(b"RMA-1\r", 0.0)) == [b"RMA-1"]


@given(st.lists(st.binary(max_size=50), max_size=40))
def test_any_bytes_are_taken(chunks: list[bytes]) -> None:
    decoder = Decoder()
    for number, chunk in enumerate(chunks):
        for found in decoder.feed(chunk, number / 10) + decoder.idle(number / 10):
            assert isinstance(found, BadCode) or found.content
    assert len(decoder._guard._seen) <= 32
