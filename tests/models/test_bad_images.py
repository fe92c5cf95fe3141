"""Every broken, hostile or odd picture in one table: right pixels or a named fault, in bounded memory."""

import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from inspection.evidence import ImageFault
from models.errors import BadImage
from models.framing import see
from models.images import MAX_SCANS, Pixels, decode

FIXTURES = Path(__file__).parent / "fixtures"
MOST_MIB = 700
"""Peak of a process that decodes one picture of 40 million pixels at full size; 60 of it are the program."""


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(side: int = 64, *idat: bytes, colour: int = 2, depth: int = 8, more: bytes = b"") -> bytes:
    """A PNG of these IDAT chunks, right or wrong."""
    header = struct.pack(">IIBBBBB", side, side, depth, colour, 0, 0, 0)
    body = b"".join(chunk(b"IDAT", each) for each in idat)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + more + body + chunk(b"IEND", b"")


def rows(side: int, pixel: bytes) -> bytes:
    return zlib.compress((b"\0" + pixel * side) * side, 9)


def bomb(kind: bytes, start: bytes) -> bytes:
    """A chunk that inflates to 64 MiB."""
    return chunk(kind, start + zlib.compress(bytes(2**26), 9))


def scene() -> Pixels:
    """Something with fine detail everywhere, as a camera sends it."""
    noise = np.random.default_rng(5).integers(0, 256, (240, 320, 3), np.uint8)
    return np.asarray(cv2.GaussianBlur(noise, (0, 0), 1.5), dtype=np.uint8)


def jpeg(pixels: NDArray[np.uint8], *settings: int) -> bytes:
    return cv2.imencode(".jpg", pixels, settings)[1].tobytes()


def claiming(height: int, width: int) -> bytes:
    """A small JPEG that says it is large."""
    content = jpeg(scene())
    at = content.index(b"\xff\xc0") + 5
    return content[:at] + struct.pack(">HH", height, width) + content[at + 4 :]


def scanned(times: int) -> bytes:
    """A progressive JPEG whose last scan comes again and again."""
    content = jpeg(scene(), cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    last = content.rindex(b"\xff\xda")
    return content[:last] + content[last:-2] * times + b"\xff\xd9"


PIXEL = b"\x64\x32\x0a"
GOOD = rows(64, PIXEL)
FRAMES = chunk(b"acTL", struct.pack(">II", 1_000_000, 0))
HUGE_FRAME = chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, 60_000, 60_000, 0, 0, 1, 1, 0, 0))
UNREADABLE: dict[str, Callable[[], bytes]] = {
    "PNG without picture": lambda: png(64),
    "PNG with an empty picture": lambda: png(64, b""),
    "PNG with half of its rows": lambda: png(64, zlib.compress((b"\0" + PIXEL * 64) * 32)),
    "PNG with a cut picture and its end": lambda: png(64, GOOD[:-8]),
    "PNG with a wrong filter": lambda: png(64, zlib.compress((b"\x09" + PIXEL * 64) * 64)),
    "PNG with a wrong colour type": lambda: png(64, GOOD, colour=5),
    "PNG with a palette that is missing": lambda: png(64, rows(64, b"\0"), colour=3),
    "PNG with a second header": lambda: png(64, GOOD, more=png(60_000)[8:33]),
    "PNG with an animation frame of 3.6 Gpx": lambda: png(64, GOOD, more=FRAMES + HUGE_FRAME),
    "PNG with an animation": lambda: png(64, GOOD, more=FRAMES),
    "JPEG that claims 36 Mpx": lambda: claiming(6_000, 6_000),
    "JPEG that claims 60,000 pixels in a row": lambda: claiming(240, 60_000),
    "JPEG with two sizes": lambda: jpeg(scene())[:2] + _frame_header() + jpeg(scene())[2:],
    "JPEG with endless scans": lambda: scanned(MAX_SCANS),
    "GIF": (FIXTURES / "indexed.gif").read_bytes,
    "BMP under the name of a JPEG": lambda: cv2.imencode(".bmp", scene())[1].tobytes(),
    "WebP": lambda: cv2.imencode(".webp", scene())[1].tobytes(),
    "TIFF": lambda: cv2.imencode(".tiff", scene())[1].tobytes(),
    "text": lambda: b"<html>camera login</html>",
}
FINE: dict[str, Callable[[], bytes]] = {
    "PNG with an empty part of its picture": lambda: png(64, b"", GOOD),
    "PNG with transparency": lambda: png(64, rows(64, PIXEL + b"\0"), colour=6),
    "PNG of 16 bits": lambda: png(64, rows(64, b"\x64\x01\x32\x02\x0a\x03"), depth=16),
    "PNG with more picture than its size": lambda: png(64, rows(700, PIXEL)[:2] + rows(64, PIXEL)[2:]),
    "PNG with bytes behind its end": lambda: png(64, GOOD) + b"more" * 100,
    "PNG with a text that inflates": lambda: png(64, GOOD, more=bomb(b"zTXt", b"a\0\0")),
    "PNG with a profile that inflates": lambda: png(64, GOOD, more=bomb(b"iCCP", b"a\0\0")),
    "PNG with a picture that inflates": lambda: png(
        64, zlib.compress((b"\0" + PIXEL * 64) * 64 + bytes(2**26))
    ),
    "JPEG with bytes behind its end": lambda: (
        jpeg(np.full((64, 64, 3), list(PIXEL[::-1]), np.uint8)) + b"x" * 999
    ),
}


def _frame_header() -> bytes:
    content = jpeg(scene())
    at = content.index(b"\xff\xc0")
    return content[at : at + 2 + int.from_bytes(content[at + 2 : at + 4], "big")]


def mirrored(orientation: int) -> bytes:
    """A red upper left quarter, stored so that the EXIF note of this number turns it there."""
    note = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0%c\0\0\0\0\0\0" % orientation
    upright = np.zeros((96, 160, 3), np.uint8)
    upright[:48, :80] = (0, 0, 255)
    back = {1: lambda x: x, 2: np.fliplr, 3: lambda x: np.rot90(x, 2), 4: np.flipud}
    back |= {5: lambda x: x.transpose(1, 0, 2), 6: np.rot90}
    back |= {7: lambda x: np.rot90(x, 2).transpose(1, 0, 2), 8: lambda x: np.rot90(x, 3)}
    content = jpeg(np.ascontiguousarray(back[orientation](upright)))
    return content[:2] + b"\xff\xe1" + (len(note) + 2).to_bytes(2, "big") + note + content[2:]


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_picture_that_cannot_be_trusted_is_unreadable(name: str) -> None:
    with pytest.raises(BadImage) as caught:
        decode(UNREADABLE[name]())
    assert caught.value.fault is ImageFault.UNREADABLE


@pytest.mark.parametrize("name", FINE)
def test_an_odd_picture_has_its_pixels(name: str) -> None:
    pixels = decode(FINE[name]()).astype(int)
    assert pixels.shape == (64, 64, 3)
    assert np.abs(pixels - list(PIXEL)).max() <= 3


def cuts(content: bytes) -> Iterator[bytes]:
    """The file cut at many places but within its last block, with and without an end marker."""
    for at in range(2, len(content) - 100, max(1, len(content) // 40)):
        yield content[:at]
        yield content[:at] + b"\xff\xd9"


@pytest.mark.parametrize(
    "settings", [(), (cv2.IMWRITE_JPEG_PROGRESSIVE, 1), (cv2.IMWRITE_JPEG_RST_INTERVAL, 2)]
)
@pytest.mark.parametrize("how", [decode, see])
def test_a_jpeg_cut_anywhere_is_unreadable(settings: tuple[int, ...], how: Callable[[bytes], Pixels]) -> None:
    content = jpeg(scene(), *settings)
    assert how(content).size
    for cut in cuts(content):
        with pytest.raises(BadImage) as caught:
            how(cut)
        assert caught.value.fault is ImageFault.UNREADABLE


def test_a_png_cut_anywhere_is_unreadable() -> None:
    content = cv2.imencode(".png", scene())[1].tobytes()
    for at in range(8, len(content) - 12, len(content) // 40):
        with pytest.raises(BadImage):
            decode(content[:at])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_note_turns_the_picture_upright(orientation: int) -> None:
    pixels = decode(mirrored(orientation))
    assert pixels.shape == (96, 160, 3)
    red = pixels[:, :, 0] > 128
    assert red[:40, :72].all() and not red[56:].any() and not red[:, 88:].any()


@pytest.mark.parametrize("value", [0, 90, 255])
def test_a_picture_of_one_colour_is_whole(value: int) -> None:
    assert decode(jpeg(np.full((480, 640, 3), value, np.uint8))).std() == 0


PROBE = """
import sys
from models.errors import BadImage
from models.images import decode
try:
    decode(open(sys.argv[1], 'rb').read())
except BadImage as bad:
    print(bad.fault.value, file=sys.stderr)
# not getrusage: its peak is inherited from the process that started this one
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(int(status["VmHWM"].split()[0]) // 1024)
"""
LARGE: dict[str, Callable[[], bytes]] = {
    "PNG of 40 Mpx": lambda: png(6_324, zlib.compress((b"\0" + bytes(3 * 6_324)) * 6_324)),
    "PNG of 40 Mpx, 16 bits, with transparency": lambda: png(
        6_324, zlib.compress((b"\0" + bytes(8 * 6_324)) * 6_324), colour=6, depth=16
    ),
    "PNG of 100 Mpx": lambda: png(10_000, zlib.compress(bytes(10))),
    "PNG that inflates to a gigabyte": lambda: png(64, gigabyte()),
    "JPEG that claims 40 Mpx": lambda: claiming(6_324, 6_324),
    "progressive JPEG of 40 Mpx": lambda: jpeg(
        np.zeros((6_324, 6_324, 3), np.uint8), cv2.IMWRITE_JPEG_PROGRESSIVE, 1
    ),
}


def gigabyte() -> bytes:
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(bytes(2**20)) for _ in range(1024)) + packer.flush()


@pytest.mark.parametrize("name", LARGE)
def test_no_picture_takes_unbounded_memory(name: str, tmp_path: Path) -> None:
    (tmp_path / "picture").write_bytes(LARGE[name]())
    command = [sys.executable, "-c", PROBE, str(tmp_path / "picture")]
    done = subprocess.run(command, capture_output=True, check=True, cwd=FIXTURES.parents[2], text=True)
    assert int(done.stdout) < MOST_MIB, done.stderr
