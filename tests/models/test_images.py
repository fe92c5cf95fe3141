"""Pictures that cameras, cables and people send: right pixels, or a fault with a name."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from inspection.evidence import ImageFault
from models import framing
from models.errors import BadImage
from models.framing import Size, input_size, see, see_each
from models.images import MAX_BYTES, Pixels, decode, read_header

FIXTURES = Path(__file__).parent / "fixtures"


def encoded(pixels: NDArray[np.uint8] | NDArray[np.uint16], kind: str = ".jpg") -> bytes:
    done, content = cv2.imencode(kind, pixels)
    assert done
    return content.tobytes()


def halves(height: int = 100, width: int = 200) -> Pixels:
    """BGR as OpenCV writes it: left half red."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, : width // 2] = (0, 0, 255)
    return pixels


def turned(content: bytes, orientation: int) -> bytes:
    """The JPEG with an EXIF note of how it must be turned."""
    note = (
        b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0"
        + bytes([orientation])
        + b"\0\0"
        + b"\0" * 4
    )
    return content[:2] + b"\xff\xe1" + (len(note) + 2).to_bytes(2, "big") + note + content[2:]


JPEG = encoded(halves())
PNG = encoded(halves(), ".png")


def png_claiming(width: int, height: int) -> bytes:
    return PNG[:16] + width.to_bytes(4, "big") + height.to_bytes(4, "big") + PNG[24:]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", ImageFault.UNREADABLE),
        (b"hello", ImageFault.UNREADABLE),
        (JPEG[:3], ImageFault.UNREADABLE),
        (JPEG[:100], ImageFault.UNREADABLE),
        (JPEG[: len(JPEG) // 2], ImageFault.UNREADABLE),
        (JPEG[:-1], ImageFault.UNREADABLE),
        (PNG[:20], ImageFault.UNREADABLE),
        (PNG[:-20], ImageFault.UNREADABLE),
        (PNG[:60] + bytes([PNG[60] ^ 255]) + PNG[61:], ImageFault.UNREADABLE),
        ((FIXTURES / "indexed.gif").read_bytes(), ImageFault.UNREADABLE),
        (encoded(halves(1, 1)), ImageFault.TOO_SMALL),
        (encoded(halves(1, 1), ".png"), ImageFault.TOO_SMALL),
        (encoded(halves(31, 400)), ImageFault.TOO_SMALL),
        (png_claiming(100_000, 100_000), ImageFault.TOO_LARGE),
        (png_claiming(0, 0), ImageFault.TOO_SMALL),
        (JPEG + b"\0" * MAX_BYTES, ImageFault.TOO_LARGE),
    ],
)
def test_a_picture_that_cannot_be_used_has_a_fault(content: bytes, fault: ImageFault) -> None:
    with pytest.raises(BadImage) as caught:
        decode(content)
    assert caught.value.fault is fault
    assert str(caught.value)


@pytest.mark.parametrize("name", ["cmyk.jpg", "progressive.jpg"])
def test_unusual_jpegs_have_the_right_colours(name: str) -> None:
    pixels = decode((FIXTURES / name).read_bytes()).astype(int)
    assert pixels.shape == (48, 64, 3)
    assert np.abs(pixels[5, 50] - (200, 40, 40)).max() <= 6
    assert np.abs(pixels[40, 50] - (40, 60, 200)).max() <= 6


def test_sixteen_bits_become_eight() -> None:
    deep = (np.arange(64 * 48 * 3, dtype=np.uint16) * 7).reshape(48, 64, 3)
    pixels = decode(encoded(deep, ".png"))
    assert pixels.dtype == np.uint8
    assert np.array_equal(pixels[:, :, ::-1], (deep >> 8).astype(np.uint8))


def test_a_grey_picture_has_three_equal_colours() -> None:
    pixels = decode(encoded(np.full((48, 64), 90, np.uint8), ".png"))
    assert (pixels == 90).all()
    assert pixels.shape == (48, 64, 3)


@pytest.mark.parametrize(
    ("orientation", "shape", "red_at"),
    [
        (1, (100, 200), (50, 5)),
        (3, (100, 200), (50, 194)),
        (6, (200, 100), (5, 50)),
        (8, (200, 100), (194, 50)),
    ],
)
def test_a_turned_camera_gives_an_upright_picture(
    orientation: int, shape: tuple[int, int], red_at: tuple[int, int]
) -> None:
    pixels = decode(turned(JPEG, orientation))
    assert pixels.shape[:2] == shape
    assert pixels[red_at][0] > 200


@pytest.mark.parametrize(
    ("need", "height"), [(0, 1080), (1080, 1080), (541, 1080), (540, 540), (256, 270), (99, 135)]
)
def test_a_large_jpeg_is_decoded_no_larger_than_needed(need: int, height: int) -> None:
    assert decode(encoded(halves(1080, 1920)), need_side=need).shape[0] == height


def test_a_reduced_picture_shows_the_same_as_the_full_one() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (1080, 1920, 3), np.uint8)
    content = encoded(np.asarray(cv2.GaussianBlur(noise, (0, 0), 6), dtype=np.uint8))
    small = see(content, Size(height=256, width=416)).astype(float)
    full = cv2.resize(decode(content), (416, 256), interpolation=cv2.INTER_AREA).astype(float)
    assert np.abs(small - full).mean() < 1.0


@pytest.mark.parametrize(
    "shape", [(1080, 1920), (1081, 1923), (1920, 1080), (480, 640), (2500, 3000), (90, 900)]
)
@pytest.mark.parametrize("kind", [".jpg", ".png"])
def test_a_picture_is_the_same_whatever_other_sizes_are_made_of_it(shape: tuple[int, int], kind: str) -> None:
    content = encoded(halves(*shape), kind)
    whole, finer = (input_size(*shape, side) for side in (320, 640))
    beside = see_each(content, (whole, finer))
    assert [one.shape[:2] for one in beside] == [(size.height, size.width) for size in (whole, finer)]
    assert np.array_equal(beside[0], see(content, whole))
    assert np.array_equal(beside[1], see(content, finer))
    assert np.array_equal(see(content), see(content, whole))


def test_two_sizes_are_decoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[int] = []

    def counting(content: bytes, *, need_side: int) -> Pixels:
        decoded.append(need_side)
        return decode(content, need_side=need_side)

    monkeypatch.setattr(framing, "decode", counting)
    see_each(encoded(halves(1080, 1920)), (Size(height=256, width=416), Size(height=480, width=864)))
    assert decoded == [480]
    see_each(encoded(halves(1080, 1920)), (Size(height=256, width=416), Size(height=960, width=1728)))
    assert sorted(decoded[1:]) == [480, 960]


@given(st.binary(max_size=300), st.sampled_from([b"", b"\xff\xd8\xff", PNG[:33], JPEG[:160]]))
def test_no_bytes_raise_anything_but_a_named_fault(tail: bytes, start: bytes) -> None:
    try:
        header = read_header(start + tail)
    except BadImage:
        return
    assert header.width > 0


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(JPEG) - 1), st.integers(1, 255), st.sampled_from([JPEG, PNG]))
def test_a_flipped_byte_gives_pixels_or_a_named_fault(at: int, flip: int, content: bytes) -> None:
    broken = bytearray(content)
    broken[at % len(broken)] ^= flip
    try:
        pixels = decode(bytes(broken))
    except BadImage:
        return
    assert pixels.dtype == np.uint8
