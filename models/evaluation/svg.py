"""A few shapes as SVG text: charts that any browser shows and any diff reads."""

from collections.abc import Iterable
from html import escape

INK, FAINT, GRID = "#222222", "#666666", "#dddddd"
OURS, FLOOR, PEERS, BAD = "#0b5fa5", "#8a8a8a", "#c2570c", "#b3261e"


def drawing(width: int, height: int, parts: Iterable[str], *, title: str) -> str:
    """A whole file on a white ground."""
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'font-family="sans-serif" role="img" aria-label="{escape(title)}">',
            f"<title>{escape(title)}</title>",
            f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
            *parts,
            "</svg>\n",
        )
    )


def text(x: float, y: float, words: str, *, size: int = 12, anchor: str = "start", fill: str = INK) -> str:
    """Words; `anchor` is start, middle or end."""
    where = f'x="{x:.1f}" y="{y:.1f}"'
    return f'<text {where} font-size="{size}" text-anchor="{anchor}" fill="{fill}">{escape(words)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, *, stroke: str = GRID, width: float = 1) -> str:
    """A straight line."""
    return f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="{stroke}" stroke-width="{width}"/>'


def dot(x: float, y: float, *, fill: str, radius: float = 5, stroke: str = "none") -> str:
    """A round mark; white with a stroke is a hollow one."""
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{fill}" stroke="{stroke}"/>'


def box(x: float, y: float, width: float, height: float, *, fill: str) -> str:
    """A filled rectangle."""
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{fill}"/>'
