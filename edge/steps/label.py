"""The label of a bin: drawn in ZPL, for 50 by 30 mm at 203 dots per inch, and sent to the bench's printer."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from devices.errors import DeviceError
from edge.bench import Hold
from edge.item import Item
from inspection.journey import HoldReason
from inspection.operator import BINS
from inspection.verdict import Verdict

log = structlog.get_logger()

PRINT_S = 15.0
"""Longer than a printer may take to say that it cannot."""
LINE_DOTS = 368
PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .,:/-")
LABEL = (
    "^XA^CI28^PW400^LL240^LH0,0"
    "^FO16,16^A0N,150,130^FH^FD{letter}^FS"
    "^FO150,20^A0N,36,32^FH^FD{grade}^FS"
    "^FO150,64^A0N,28,26^FH^FD{disposition}^FS"
    "^FO290,20^BXN,3,200^FH^FD{unit}^FS"
    "^FO16,176^A0N,26,{unit_width}^FH^FD{unit}^FS"
    "^FO16,206^A0N,22,{sku_width}^FH^FD{sku}^FS"
    "^PQ1^XZ"
)


def bin_label(item: Item, verdict: Verdict) -> bytes:
    """The bin's letter, what was decided, and the unit in words and as a Data Matrix; nothing personal."""
    texts = {
        "letter": BINS[verdict.disposition].letter,
        "grade": verdict.grade.value,
        "disposition": verdict.disposition.value,
        "unit": item.unit_id,
        "sku": item.expected.product.sku,
    }
    widths = {f"{name}_width": _width(texts[name]) for name in ("unit", "sku")}
    return LABEL.format(**{name: escaped(text) for name, text in texts.items()}, **widths).encode("ascii")


def _width(text: str) -> int:
    """Of a letter, in dots, so that the line fits: a letter of font 0 takes about 0.6 of what it is given."""
    return max(8, min(22, round(LINE_DOTS / (0.6 * len(text)))))


def escaped(text: str) -> str:
    """Field data behind `^FH`: what may mean something to the printer stands as `_` and two hex digits.

    >>> escaped("A-1^XZ")
    'A-1_5EXZ'
    """
    return "".join(chr(byte) if byte in PLAIN else f"_{byte:02X}" for byte in text.encode())


async def print_label(printing: Callable[[bytes], Awaitable[None]], content: bytes) -> Hold | None:
    """Print, or say why not."""
    try:
        async with asyncio.timeout(PRINT_S):
            await printing(content)
    except DeviceError as error:
        return Hold(reason=HoldReason.PRINTER_LOST, detail=str(error))
    except TimeoutError:
        return Hold(reason=HoldReason.PRINTER_LOST, detail=f"no label within {PRINT_S:g} s")
    except Exception as error:  # a driver may be anybody's: its fault must not stop the station
        log.exception("printer.failed")
        return Hold(reason=HoldReason.PRINTER_LOST, detail=type(error).__name__)
    return None
