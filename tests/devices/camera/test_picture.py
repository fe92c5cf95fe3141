"""What is taken for a picture, and what each broken one is called."""

import struct
import time
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.camera.picture import JPEG, MIB, PNG, media_type_of
from devices.errors import DeviceFault

SHADES = np.arange(48 * 64 * 3, dtype=np.uint64).reshape(48, 64, 3).astype(np.uint8)


def encoded(suffix: str) -> bytes:
    return cv2.imencode(suffix, SHADES)[1].tobytes()


def png_that_claims(width: int, height: int) -> bytes:
    """A PNG of some bytes: a right header, an empty picture, an end."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    picture = chunk(b"IDAT", zlib.compress(bytes(100)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + picture + chunk(b"IEND", b"")


def jpeg_that_claims(width: int, height: int) -> bytes:
    whole = bytearray(encoded(".jpg"))
    at = whole.index(b"\xff\xc0") + 5
    whole[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(whole)


def asked(content: bytes, *, largest_bytes: int = MIB) -> str:
    return media_type_of(content, view="top", largest_bytes=largest_bytes)


def refused(content: bytes) -> str:
    with pytest.raises(DeviceFault, match="top") as fault:
        asked(content)
    return fault.value.reason


@pytest.mark.parametrize(("suffix", "media_type"), [(".jpg", JPEG), (".png", PNG)])
def test_a_whole_picture_is_taken_and_padding_behind_it_too(suffix: str, media_type: str) -> None:
    assert asked(encoded(suffix)) == media_type
    assert asked(encoded(suffix) + bytes(60)) == media_type


def test_a_progressive_picture_and_one_with_fill_bytes_are_taken() -> None:
    progressive = cv2.imencode(".jpg", SHADES, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes()
    assert asked(progressive) == JPEG
    plain = encoded(".jpg")
    assert asked(plain[:2] + b"\xff\xff" + plain[2:]) == JPEG


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not_a_picture"),
        (b"GIF89a" + bytes(50), "not_a_picture"),
        (b"<html>no camera here</html>", "not_a_picture"),
        (encoded(".jpg")[:-100], "picture_cut_short"),
        (encoded(".jpg")[:-2], "picture_cut_short"),
        (encoded(".png")[:-20], "picture_cut_short"),
        (b"\xff\xd8\xff\xd9", "picture_broken"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(10) + b"\xff\xd9", "picture_broken"),
        (png_that_claims(0, 10), "picture_broken"),
        (png_that_claims(10, 10).replace(b"IDAT", b"tEXt"), "picture_broken"),
        (png_that_claims(60_000, 60_000), "picture_too_large"),
        (jpeg_that_claims(65_000, 65_000), "picture_too_large"),
        (encoded(".jpg") + bytes(MIB), "picture_too_large"),
    ],
    ids=[
        *("empty", "gif", "html", "truncated jpeg", "jpeg without its end", "truncated png", "two markers"),
        *("header only", "png of no width", "png without picture", "png bomb", "jpeg bomb", "huge"),
    ],
)
def test_what_is_no_whole_picture_is_refused_by_name(content: bytes, reason: str) -> None:
    assert refused(content) == reason


def test_a_camera_that_sends_jpeg_only_is_not_believed_another_kind() -> None:
    with pytest.raises(DeviceFault, match="no JPEG"):
        media_type_of(encoded(".png"), view="top", largest_bytes=MIB, kinds=(JPEG,))


@given(st.binary(max_size=400), st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"]))
def test_any_bytes_are_a_picture_or_refused(content: bytes, magic: bytes) -> None:
    try:
        assert asked(magic + content) in (JPEG, PNG)
    except DeviceFault as fault:
        assert fault.reason in {"not_a_picture", "picture_cut_short", "picture_broken", "picture_too_large"}


@pytest.mark.parametrize("filling", [b"\xff", b"\xff\xe0\x00\x02"], ids=["fill bytes", "empty segments"])
def test_a_file_made_to_keep_us_busy_does_not(filling: bytes) -> None:
    content = b"\xff\xd8\xff" + filling * (8 * MIB // len(filling)) + b"\xff\xd9"
    began = time.perf_counter()
    with pytest.raises(DeviceFault):
        asked(content, largest_bytes=32 * MIB)
    assert time.perf_counter() - began < 0.5
