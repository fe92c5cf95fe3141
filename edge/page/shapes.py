"""Small pictures made of numbers: bin marks, boxes over a photo, and the size of a photo."""

from collections.abc import Iterable
from html import escape
from struct import unpack
from typing import Any

from inspection.operator import BinMark

OUTLINES = {
    "circle": '<circle cx="50" cy="50" r="46"/>',
    "square": '<rect x="6" y="6" width="88" height="88" rx="8"/>',
    "triangle": '<path d="M50 4 L97 92 L3 92 Z" stroke-linejoin="round"/>',
    "diamond": '<path d="M50 2 L98 50 L50 98 L2 50 Z" stroke-linejoin="round"/>',
}
LETTER_HEIGHT = {"triangle": 76}
SEVERITY_COLORS = {"minor": "#f5b301", "major": "#ff7a1a", "critical": "#ff3b4e"}
FALLBACK_SIZE = (4, 3)
START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def bin_svg(mark: BinMark) -> str:
    """A bin's shape in its colour, with its letter."""
    height = LETTER_HEIGHT.get(mark.shape, 66)
    return (
        f'<svg viewBox="0 0 100 100" class="bin bin-{escape(mark.color)}" role="img" '
        f'aria-label="{escape(mark.letter)}">{OUTLINES[mark.shape]}'
        f'<text x="50" y="{height}" text-anchor="middle">{escape(mark.letter)}</text></svg>'
    )


def boxes_svg(findings: Iterable[dict[str, Any]], view: str, size: tuple[int, int]) -> str:
    """Findings of a view as numbered boxes, in the photo's own pixels."""
    width, height = size
    unit = max(width, height) / 100
    drawn = [
        _box(number, finding, width, height, unit)
        for number, finding in enumerate(findings, start=1)
        if finding["view"] == view and finding["region_ppm"]
    ]
    return "".join(drawn)


def _box(number: int, finding: dict[str, Any], width: int, height: int, unit: float) -> str:
    left, top, wide, high = finding["region_ppm"]
    x, y = left * width / 1e6, top * height / 1e6
    w, h = wide * width / 1e6, high * height / 1e6
    color = SEVERITY_COLORS.get(finding["severity"], "#ffffff")
    radius = 2.2 * unit
    place = f'x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" rx="{0.8 * unit:.1f}"'
    at_x, at_y = max(radius, x), max(radius, y)
    return (
        f'<rect {place} fill="none" stroke="#10141c" stroke-opacity="0.55" stroke-width="{0.9 * unit:.1f}"/>'
        f'<rect {place} fill="{color}" fill-opacity="0.08" stroke="{color}" '
        f'stroke-width="{0.45 * unit:.1f}"/>'
        f'<circle cx="{at_x:.1f}" cy="{at_y:.1f}" r="{radius:.1f}" fill="{color}"/>'
        f'<text x="{at_x:.1f}" y="{at_y + 0.95 * unit:.1f}" text-anchor="middle" fill="#10141c" '
        f'font-weight="700" font-size="{2.8 * unit:.1f}">{number}</text>'
    )


def size_of(content: bytes) -> tuple[int, int]:
    """Width and height of a JPEG or PNG from its header; 4:3 where it has none.

    Source: ITU-T T.81, B.2.2 (start of frame); PNG specification, 11.2.2 (IHDR).
    """
    if content[:8] == b"\x89PNG\r\n\x1a\n" and len(content) >= 24:
        width, height = unpack(">II", content[16:24])
        return (width, height) if width and height else FALLBACK_SIZE
    at = 2
    while at + 9 <= len(content) and content[at] == 0xFF:
        marker, length = content[at + 1], unpack(">H", content[at + 2 : at + 4])[0]
        if marker in START_OF_FRAME:
            height, width = unpack(">HH", content[at + 5 : at + 9])
            return (width, height) if width and height else FALLBACK_SIZE
        at += 2 + length
    return FALLBACK_SIZE
