"""The light card on a sheet of A4, as PDF or PNG, with a ruler that shows whether it was printed true.

The PDF is written by hand (ISO 32000-1): rectangles and two lines of text need no library.
"""

import struct
import zlib
from collections.abc import Iterator

import cv2
import numpy as np

from models.bench.card import Card, Patch, patches
from models.errors import BadName

PAGE_MM = (297.0, 210.0)
RULER_MM = 100.0
TEXT_MM = 4.0
POINTS_PER_MM = 72.0 / 25.4
DOTS_PER_MM = 12
"""Of the PNG: 304.8 dots per inch."""
INK = 90
"""Grey of the cut line and the ruler."""


def printed(card: Card, ending: str) -> bytes:
    """The sheet by the ending of its file, `.pdf` or `.png`; raises BadName for another one."""
    if ending == ".pdf":
        return as_pdf(card)
    if ending == ".png":
        return as_png(card)
    raise BadName(f"{ending or 'no ending'!r} is not printed: name the file .pdf or .png")


def as_pdf(card: Card) -> bytes:
    """One page of A4, lying."""
    width, height = (side * POINTS_PER_MM for side in PAGE_MM)
    drawn = "\n".join((*(_rectangle(patch) for patch in sheet(card)), *_texts(card))).encode()
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width:.3f} {height:.3f}] /Contents 4 0 R "
        "/Resources << /Font << /F1 5 0 R >> >> >>".encode(),
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(drawn), drawn),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    return _pdf_file(objects)


def as_png(card: Card) -> bytes:
    """The same page as a picture that says how large it is to be printed."""
    width, height = (round(side * DOTS_PER_MM) for side in PAGE_MM)
    page = np.full((height, width), 255, np.uint8)
    for patch in sheet(card):
        left, top = round(patch.left * DOTS_PER_MM), round(patch.top * DOTS_PER_MM)
        right, low = (patch.left + patch.width) * DOTS_PER_MM, (patch.top + patch.height) * DOTS_PER_MM
        page[top : round(low), left : round(right)] = patch.grey
    for text, left_mm, top_mm in labels(card):
        at = (round(left_mm * DOTS_PER_MM), round(top_mm * DOTS_PER_MM))
        cv2.putText(page, text, at, cv2.FONT_HERSHEY_SIMPLEX, 1.4, INK, 3, cv2.LINE_AA)
    _, content = cv2.imencode(".png", page)
    return _with_size(content.tobytes())


def sheet(card: Card) -> Iterator[Patch]:
    """All rectangles of the page: the card in its middle, its cut line, the ruler below."""
    left, top = _corner(card)
    yield from _frame(left, top, card.width_mm, card.height_mm)
    for patch in patches(card):
        yield Patch(
            left=left + patch.left,
            top=top + patch.top,
            width=patch.width,
            height=patch.height,
            grey=patch.grey,
        )
    start, low = (PAGE_MM[0] - RULER_MM) / 2, PAGE_MM[1] - 14.0
    yield Patch(left=start, top=low, width=RULER_MM, height=0.3, grey=INK)
    for tick in range(11):
        yield Patch(left=start + 10.0 * tick - 0.1, top=low - 3.0, width=0.2, height=3.0, grey=INK)


def labels(card: Card) -> Iterator[tuple[str, float, float]]:
    """Text with the millimetres of its lower left corner; figures, so that it needs no language."""
    left, top = _corner(card)
    yield f"REGRADE {card.width_mm:g} x {card.height_mm:g} mm", left, top - 2.0
    start = (PAGE_MM[0] - RULER_MM) / 2
    yield "0", start, PAGE_MM[1] - 8.0
    yield "100 mm", start + RULER_MM - 8.0, PAGE_MM[1] - 8.0


def _corner(card: Card) -> tuple[float, float]:
    return (PAGE_MM[0] - card.width_mm) / 2, (PAGE_MM[1] - 16.0 - card.height_mm) / 2


def _frame(left: float, top: float, width: float, height: float) -> Iterator[Patch]:
    thin = 0.15
    for across in (top, top + height):
        yield Patch(left=left, top=across, width=width, height=thin, grey=INK)
    for along in (left, left + width):
        yield Patch(left=along, top=top, width=thin, height=height, grey=INK)


def _rectangle(patch: Patch) -> str:
    low = PAGE_MM[1] - patch.top - patch.height
    numbers = (patch.left, low, patch.width, patch.height)
    shape = " ".join(f"{number * POINTS_PER_MM:.3f}" for number in numbers)
    return f"{patch.grey / 255:.4f} g {shape} re f"


def _texts(card: Card) -> Iterator[str]:
    for text, left, top in labels(card):
        x, y = left * POINTS_PER_MM, (PAGE_MM[1] - top) * POINTS_PER_MM
        size = TEXT_MM * POINTS_PER_MM
        yield f"BT /F1 {size:.2f} Tf {INK / 255:.4f} g {x:.3f} {y:.3f} Td ({text}) Tj ET"


def _pdf_file(objects: tuple[bytes, ...]) -> bytes:
    """Objects with their cross-reference table (ISO 32000-1, 7.5)."""
    content, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(content))
        content += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    rows = b"".join(b"%010d 00000 n \n" % place for place in places)
    table = b"xref\n0 %d\n0000000000 65535 f \n%b" % (len(objects) + 1, rows)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n" % (len(objects) + 1, len(content))
    return content + table + trailer + b"%%EOF\n"


def _with_size(png: bytes) -> bytes:
    """Put the resolution (ISO/IEC 15948, 11.3.5.3 pHYs) behind the header of 33 bytes."""
    body = b"pHYs" + struct.pack(">IIB", DOTS_PER_MM * 1000, DOTS_PER_MM * 1000, 1)
    return png[:33] + struct.pack(">I", 9) + body + struct.pack(">I", zlib.crc32(body)) + png[33:]
