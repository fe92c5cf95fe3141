"""Line charts as SVG: a few lines over one axis, drawn with plain text and no library."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 60, 150, 40, 50
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Okabe and Ito: told apart by colour-blind eyes."""

Line = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Some lines; the first axis is told by its places alone, evenly spaced."""

    title: str
    across: str
    up: str
    places: Sequence[float]
    lines: Mapping[str, Line]
    """Name -> (place, value)."""
    top: float
    """Largest value shown."""
    limit: float | None = None
    """A value that is drawn as a dashed line."""
    percent: bool = True


def svg(chart: Chart) -> str:
    """The chart as the text of an SVG file."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        _text(LEFT, 22, chart.title, size=14),
        *_axes(chart),
        *(part for number, name in enumerate(chart.lines) for part in _line(chart, name, number)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _axes(chart: Chart) -> list[str]:
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    parts = []
    for step in range(6):
        value = chart.top * step / 5
        y = _y(chart, value)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{right}" stroke="#dddddd"/>')
        parts.append(_text(LEFT - 6, y + 4, _said(chart, value), anchor="end"))
    for place in chart.places:
        parts.append(_text(_x(chart, place), bottom + 16, f"{place:,g}", anchor="middle"))
    if chart.limit is not None:
        y = _y(chart, chart.limit)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{right}" stroke="#333333" stroke-dasharray="5 4"/>')
    parts.append(_text((LEFT + right) / 2, HEIGHT - 12, chart.across, anchor="middle"))
    parts.append(_text(LEFT, TOP - 6, chart.up))
    return parts


def _line(chart: Chart, name: str, number: int) -> list[str]:
    colour = COLOURS[number % len(COLOURS)]
    points = [(_x(chart, place), _y(chart, value)) for place, value in chart.lines[name]]
    way = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
    label_y = TOP + 16 + 20 * number
    return [
        f'<polyline points="{way}" fill="none" stroke="{colour}" stroke-width="2"/>',
        *dots,
        f'<path d="M{WIDTH - RIGHT + 12} {label_y - 4}h16" stroke="{colour}" stroke-width="2"/>',
        _text(WIDTH - RIGHT + 34, label_y, name),
    ]


def _x(chart: Chart, place: float) -> float:
    width = WIDTH - LEFT - RIGHT
    return LEFT + width * (list(chart.places).index(place) + 0.5) / len(chart.places)


def _y(chart: Chart, value: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(value, chart.top) / chart.top


def _said(chart: Chart, value: float) -> str:
    return f"{value:.0%}" if chart.percent else f"{value:g}"


def _text(x: float, y: float, text: str, *, size: int = 12, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}">{escape(text)}</text>'
