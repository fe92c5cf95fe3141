"""Small things that every part is drawn with: text, marks of shape and colour, and bins.

A mark is never colour alone: its word stands beside it.
"""

from html import escape

from nicegui import ui

from inspection.grades import Disposition
from inspection.operator import BINS, BinMark

OUTLINES = {
    "circle": '<circle cx="50" cy="50" r="46"/>',
    "square": '<rect x="6" y="6" width="88" height="88" rx="8"/>',
    "triangle": '<path d="M50 4 L97 92 L3 92 Z" stroke-linejoin="round"/>',
    "diamond": '<path d="M50 2 L98 50 L50 98 L2 50 Z" stroke-linejoin="round"/>',
}
LETTER_HEIGHT = {"triangle": 80}


def text(words: str, css: str = "", tag: str = "span") -> ui.element:
    """Plain text in an element of its own."""
    element = ui.element(tag).classes(css)
    with element:
        ui.label(words)
    return element


def mark(shape: str, tone: str) -> None:
    """A shape in a colour; the word stands beside it, so a screen reader passes over the shape."""
    with ui.element("i").classes(f"mark {tone}").props('aria-hidden="true"'):
        ui.label(shape)


def rows() -> ui.element:
    """A list that shows as many whole rows as there is room for."""
    return ui.element("div").classes("rows")


def draw_bin(disposition: str) -> None:
    """The mark of the bin that goods of this disposition lie in."""
    ui.html(bin_svg(BINS[Disposition(disposition)]), sanitize=False).classes("bin-place")


def bin_svg(mark: BinMark) -> str:
    """A bin as it is painted in the warehouse: shape, colour and letter."""
    height = LETTER_HEIGHT.get(mark.shape, 67)
    return (
        f'<svg viewBox="0 0 100 100" class="bin bin-{escape(mark.color)}" role="img" '
        f'aria-label="{escape(mark.letter)}">{OUTLINES[mark.shape]}'
        f'<text x="50" y="{height}" text-anchor="middle">{escape(mark.letter)}</text></svg>'
    )
