"""The printed command sheet: every command as a QR code, with its words in both languages.

A bench works with a scanner alone; this page is its keyboard. Plain HTML with SVG inside, so that it
prints from any browser without anything else.
"""

from collections.abc import Callable
from html import escape

from devices.scanner.qr import qr_modules
from inspection.operator import BINS, CommandCode
from inspection.verdict import OverrideReason
from inspection.words.catalog import Words, words

QUIET = 4
"""Blank modules around a QR code (ISO/IEC 18004, 6.3.8)."""

PAGE = """<!doctype html><html lang="zh"><head><meta charset="utf-8"><title>Regrade</title><style>
@page {{ size: A4; margin: 12mm; }}
body {{ font: 13px/1.35 "Noto Sans", "Noto Sans CJK SC", sans-serif; margin: 0; color: #000; }}
main {{ display: grid; grid-template-columns: repeat(4, 1fr); gap: 8mm 6mm; }}
figure {{ margin: 0; text-align: center; break-inside: avoid; }}
svg {{ width: 30mm; height: 30mm; }}
b {{ display: block; font-size: 15px; }} code {{ font-size: 10px; color: #444; }}
</style></head><body><main>{codes}</main></body></html>
"""


def sheet() -> str:
    """The whole page as HTML."""
    commands = [(f"CMD:{code.value}", command_words(code)) for code in CommandCode]
    bins = [(f"BIN:{mark.letter}", bin_words(mark.letter)) for mark in BINS.values()]
    return PAGE.format(codes="".join(_figure(text, said) for text, said in (*commands, *bins)))


def command_words(code: CommandCode) -> tuple[str, str]:
    """A command in Chinese and English; a reason tile by its reason."""
    number = code.value.removeprefix("REASON")
    if number != code.value:
        reason = list(OverrideReason)[int(number) - 1]
        return _both(lambda said: f"{number} · {said.name(reason)}")
    return _both(lambda said: said.name(code))


def bin_words(letter: str) -> tuple[str, str]:
    """A bin with its colour and shape, in both languages."""
    mark = next(mark for mark in BINS.values() if mark.letter == letter)

    def told(said: Words) -> str:
        return f"{letter} · {said.say(f'color.{mark.color}')} · {said.say(f'shape.{mark.shape}')}"

    return _both(told)


def qr_svg(text: str) -> str:
    """A text as a QR code; one path of unit squares."""
    rows, width = qr_modules(text)
    side = width + 2 * QUIET
    dark = ((x + QUIET, y + QUIET) for y, row in enumerate(rows) for x, is_dark in enumerate(row) if is_dark)
    squares = "".join(f"M{x} {y}h1v1h-1z" for x, y in dark)
    return (
        f'<svg viewBox="0 0 {side} {side}" shape-rendering="crispEdges" role="img" '
        f'aria-label="{escape(text)}"><path d="{squares}"/></svg>'
    )


def _figure(text: str, said: tuple[str, str]) -> str:
    chinese, english = (escape(each) for each in said)
    return f"<figure>{qr_svg(text)}<b>{chinese}</b>{english}<br><code>{escape(text)}</code></figure>"


def _both(told: Callable[[Words], str]) -> tuple[str, str]:
    return told(words("zh_CN")), told(words("en"))
