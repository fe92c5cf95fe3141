"""Every form in which a picture comes, and what each broken one is called."""

import base64
import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.camera.mqtt_image.emulator import messages_of
from devices.camera.mqtt_image.payload import Assembler, NoPicture, unpack
from tests.contracts.camera_rigs import jpeg

PICTURE = jpeg(90)
TEXT = base64.b64encode(PICTURE)
LARGEST = 100_000


def wrapped(text: bytes) -> bytes:
    return b"\r\n".join(text[at : at + 76] for at in range(0, len(text), 76)) + b"\n"


@pytest.mark.parametrize(
    ("payload", "path"),
    [
        (PICTURE, []),
        (TEXT, []),
        (TEXT.rstrip(b"="), []),
        (base64.urlsafe_b64encode(PICTURE), []),
        (wrapped(TEXT), []),
        (b"data:image/jpeg;base64," + TEXT, []),
        (b"DATA:text/html;BASE64," + TEXT, []),
        (json.dumps({"data": {"image": TEXT.decode()}}).encode(), ["data", "image"]),
        (json.dumps([{"image": "data:image/png;base64," + TEXT.decode()}]).encode(), ["0", "image"]),
    ],
    ids=[
        *("raw", "base64", "no padding", "url-safe", "in lines", "data uri", "data uri that lies"),
        *("json", "data uri in a json list"),
    ],
)
def test_every_form_gives_the_same_picture(payload: bytes, path: list[str]) -> None:
    assert unpack(payload, path, LARGEST) == PICTURE


@pytest.mark.parametrize(
    ("payload", "path", "reason"),
    [
        (b"no picture", [], "not_a_picture"),
        (b"offline", [], "not_a_picture"),
        (b"GIF89a" + bytes(50), [], "not_a_picture"),
        (b"data:image/jpeg," + TEXT, [], "not_a_picture"),
        (TEXT[:-3].rstrip(b"=") + b"A" * ((1 - len(TEXT[:-3].rstrip(b"="))) % 4), [], "picture_cut_short"),
        (b"{", ["image"], "not_json"),
        (b"[" * 100_000, ["image"], "not_json"),
        (b'{"image": 5}', ["image"], "not_a_picture"),
        (b'{"other": "x"}', ["image"], "not_a_picture"),
        (b"[]", ["0"], "not_a_picture"),
        (PICTURE + bytes(LARGEST), [], "picture_too_large"),
        (TEXT + b"A" * 2 * LARGEST, [], "picture_too_large"),
    ],
)
def test_what_holds_no_picture_is_refused_by_name(payload: bytes, path: list[str], reason: str) -> None:
    with pytest.raises(NoPicture) as refusal:
        unpack(payload, path, LARGEST)
    assert refusal.value.reason == reason


def assembler(**settings: object) -> Assembler:
    given = {"start": b"start", "end": b"end", "largest_bytes": LARGEST, "longest_gap_s": 5.0} | settings
    return Assembler(**given)  # type: ignore[arg-type]  # a test may leave the end out


def put_together(into: Assembler, *messages: bytes) -> list[bytes | str]:
    found: list[bytes | str] = []
    for number, message in enumerate(messages):
        try:
            whole = into.feed(message, number / 100)
        except NoPicture as refusal:
            found.append(refusal.reason)
        else:
            found += [whole] if whole is not None else []
    return found


def test_parts_are_put_together() -> None:
    assert put_together(assembler(), *messages_of(PICTURE, "chunks")) == [PICTURE]
    sizes = (b"start;size=%d;parts=2" % len(PICTURE), PICTURE[:300], PICTURE[300:])
    assert put_together(assembler(end=None), *sizes) == [PICTURE]
    assert put_together(assembler(), b"start", PICTURE, b"end\n") == [PICTURE]


@pytest.mark.parametrize(
    ("messages", "found"),
    [
        ([b"start 6", b"abc", b"end"], ["picture_cut_short"]),
        ([b"start 3", b"abc", b"abc", b"end"], ["picture_too_large", "picture_cut_short"]),
        ([b"abc", b"start 3", b"abc", b"end"], ["picture_cut_short", b"abc"]),
        ([b"start 6", b"abc", b"start 3", b"xyz", b"end"], ["picture_cut_short", b"xyz"]),
        ([b"start", b"x" * LARGEST, b"x"], ["picture_too_large"]),
        ([b"end"], ["picture_cut_short"]),
    ],
    ids=["a part lost", "a part twice", "the beginning lost", "the end lost", "without end", "end alone"],
)
def test_parts_that_do_not_fit_are_dropped_and_the_next_picture_taken(
    messages: list[bytes], found: list[bytes | str]
) -> None:
    into = assembler()
    assert put_together(into, *messages) == found
    assert put_together(into, b"start 2", b"ok", b"end") == [b"ok"]


def test_a_beginning_without_a_size_is_no_use_where_nothing_marks_the_end() -> None:
    assert put_together(assembler(end=None), b"start", b"abc") == ["picture_cut_short"] * 2


def test_a_picture_whose_rest_comes_too_late_is_given_up() -> None:
    into = assembler()
    into.feed(b"start 3", 0.0)
    into.feed(b"ab", 4.0)
    with pytest.raises(NoPicture, match="too late"):
        into.feed(b"c", 10.0)
    assert into.held == 0


@given(st.lists(st.one_of(st.binary(max_size=400), st.sampled_from([b"start 900", b"start", b"end"]))))
def test_no_messages_hold_more_than_one_picture(messages: list[bytes]) -> None:
    into = assembler(largest_bytes=1000)
    for message in messages:
        put_together(into, message)
        assert into.held <= 1000


@given(cuts=st.lists(st.integers(1, len(PICTURE) - 1), max_size=30))
def test_any_parts_give_the_same_picture(cuts: list[int]) -> None:
    places = [0, *sorted(set(cuts)), len(PICTURE)]
    parts = [PICTURE[start:end] for start, end in itertools.pairwise(places)]
    assert put_together(assembler(), b"start %d" % len(PICTURE), *parts, b"end") == [PICTURE]


@given(st.binary(max_size=300), st.sampled_from([[], ["a"]]))
def test_any_bytes_are_a_picture_or_refused(payload: bytes, path: list[str]) -> None:
    try:
        assert len(unpack(payload, path, LARGEST)) <= LARGEST
    except NoPicture as refusal:
        assert refusal.reason
