"""Text for the printed page: each run in a font that has its signs.

Latin comes from Bitstream Vera, which reportlab brings; Chinese from the Droid font beside this
folder (kit/fonts/README.md). The PDF embeds only the signs that it shows.
"""

from functools import cache
from importlib.resources import as_file, files
from itertools import groupby
from xml.sax.saxutils import escape

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Paragraph

from kit.pack.told import Both

LATIN, BOLD, HAN = "Vera", "VeraBd", "DroidSansFallback"
UNKNOWN = "?"
"""Stands for a sign that neither font has."""
SHORT, LONG = 44, 60
"""Signs that fit into one line in both languages; signs of one name that do not."""
INK, SOFT, LINE, PAPER = HexColor("#1c2430"), HexColor("#5c6675"), HexColor("#dde2e8"), HexColor("#f5f7f9")


@cache
def _signs(font: str) -> frozenset[int]:
    """Code points of a font; reportlab keeps one table of fonts for the whole process."""
    if font == HAN:
        with as_file(files("kit") / "fonts" / "DroidSansFallback.ttf") as path:
            read = TTFont(HAN, str(path))
    else:
        read = TTFont(font, f"{font}.ttf")
    pdfmetrics.registerFont(read)
    return frozenset(read.face.charToGlyph)


def _font_of(sign: str, latin: str) -> str:
    return latin if ord(sign) in _signs(latin) or ord(sign) not in _signs(HAN) else HAN


def runs(text: str, latin: str = LATIN) -> list[tuple[str, str]]:
    """The text cut into (font, part); a sign that nobody has becomes UNKNOWN."""
    shown = "".join(sign if sign.isprintable() else " " for sign in text)
    known = _signs(latin) | _signs(HAN)
    shown = "".join(sign if ord(sign) in known else UNKNOWN for sign in shown)
    return [(font, "".join(part)) for font, part in groupby(shown, lambda sign: _font_of(sign, latin))]


def markup(text: str, latin: str = LATIN) -> str:
    """The runs as reportlab's markup."""
    return "".join(f'<font name="{font}">{escape(part)}</font>' for font, part in runs(text, latin))


@cache
def style(size: float, color: Color = INK, *, bold: bool = False, lines: float = 1.35) -> ParagraphStyle:
    """A style of the page; lines wrap between Chinese signs and, where a word is too long, inside it."""
    return ParagraphStyle(
        f"{size}/{color.hexval()}/{bold}/{lines}",
        fontName=BOLD if bold else LATIN,
        fontSize=size,
        leading=size * lines,
        textColor=color,
        splitLongWords=1,
    )


def text(value: str, size: float = 8.5, color: Color = INK, *, bold: bool = False) -> Paragraph:
    """One paragraph in one language."""
    font = BOLD if bold else LATIN
    return Paragraph(markup(value, font), style(size, color, bold=bold))


def both(value: Both, size: float = 8.5, color: Color = INK, *, bold: bool = False) -> list[Paragraph]:
    """Chinese, and English smaller under it; one line where both are the same."""
    if not value.en or value.zh == value.en:
        return [text(value.zh, size, color, bold=bold)]
    return [text(value.zh, size, color, bold=bold), text(value.en, size * 0.86, _softer(color))]


def fitting(value: Both, size: float = 8.5) -> list[Paragraph]:
    """In one line where both are short, else Chinese over English; long names a little smaller."""
    length = sum(len(part) for part in value)
    if length > LONG and " " not in value.zh:
        return both(value, size * 0.9)
    return [line(value, size)] if length <= SHORT else both(value, size)


def line(value: Both, size: float = 8.5, color: Color = INK) -> Paragraph:
    """Both languages in one line."""
    return text(value.zh if value.en in ("", value.zh) else f"{value.zh}  {value.en}", size, color)


def _softer(color: Color) -> Color:
    return SOFT if color == INK else color
