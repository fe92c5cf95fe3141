"""Grades and dispositions of today as two bars; every share has its word and its number."""

from collections.abc import Callable, Mapping, Sequence

from nicegui import ui

from inspection.grades import Disposition, Grade
from inspection.operator import BINS
from inspection.words.catalog import Words
from server.console.marks import draw_bin, text
from server.console.overview import Overview


def draw_today(overview: Overview, words: Words) -> None:
    """Both bars, or a sentence where there is nothing to draw."""
    today = overview.today
    if not today.grades:
        text(words.say("console.nothing_today"), "quiet", "p")
        return
    _draw_bar("grade", today.grades, tuple(Grade), words)
    _draw_bar("disposition", today.dispositions, tuple(Disposition), words)


def share(count: int, total: int) -> str:
    """A share in whole percent; what is there is never said to be none, nor a part to be all."""
    percent = round(100 * count / total) if total else 0
    if 0 < count < total:
        percent = min(99, max(1, percent))
    return f"{percent} %"


def _draw_bar(
    kind: str, counts: Mapping[str, int], order: Sequence[Grade | Disposition], words: Words
) -> None:
    total = sum(counts.values())
    with ui.element("div").classes("chart"):
        text(words.say(f"console.by_{kind}"), "soft small", "h3")
        with ui.element("div").classes("bar").props('aria-hidden="true"'):
            for code in order:
                if counts.get(code):
                    _draw_segment(kind, code, counts[code], words)
        with ui.element("div").classes("legend"):
            for code in order:
                _draw_share(code, counts.get(code, 0), total, words)


def _draw_segment(kind: str, code: Grade | Disposition, count: int, words: Words) -> None:
    css = f"fill-{code.value}" if isinstance(code, Grade) else f"fill-{BINS[code].color}"
    with ui.element("div").classes(f"segment {css}").style(f"flex-grow: {count}"):
        text(f"{count:,}", "figures strong")
        text(words.name(code), "name")


def _draw_share(code: Grade | Disposition, count: int, total: int, words: Words) -> None:
    with ui.element("div").classes("share" if count else "share soft"):
        SIGNS[type(code)](code.value)
        text(words.name(code), "cut")
        text(f"{count:,}", "figures strong end")
        text(share(count, total), "figures soft percent")


def _draw_swatch(grade: str) -> None:
    ui.element("i").classes(f"swatch fill-{grade}").props('aria-hidden="true"')


SIGNS: Mapping[type, Callable[[str], None]] = {Grade: _draw_swatch, Disposition: draw_bin}
