"""Ohaus: `       12.73 g    ?`, the weight right-aligned in eleven or twelve columns, `?` while it moves.

What an overloaded one sends is in none of its manual's pages that we read: here it sends nothing.
"""

import re

from devices.scale.codec import COLUMN, Dialect, line, lines, no_more
from devices.scale.frames import Command, Refusal, Said, Shown, Weighing

WEIGHT = re.compile(rf"({COLUMN})( [A-Za-z%]{{1,5}} *)(\??)( *(?:[A-Z][A-Z ]{{0,15}})?)")
WIDTHS = (11, 12)
"""Asked for: the rest of a line whose beginning was lost would be another weight."""
UNKNOWN = "ES"


def read(text: str) -> Said | None:
    """What a line means; None where it is none of a scale's."""
    if text == UNKNOWN:
        return Refusal(code=text)
    found = WEIGHT.fullmatch(text)
    if found is None or len(found[1]) not in WIDTHS:
        return None
    number, unit, mark, legend = found.groups()
    mode = "net" if "NET" in legend.split() else None
    return Weighing(number=number, unit=unit, stable=not mark, status=legend, mode=mode)


def write(said: Said) -> bytes:
    """The bytes of what a scale says."""
    if isinstance(said, Weighing):
        mark = "" if said.stable else "?"
        return line(f"{said.number}{said.unit}{mark}{said.status or ''}")
    return no_more(said)


def show(shown: Shown) -> Said | None:
    """What a scale says that shows this."""
    if shown.fault is not None:
        return None
    stable = not shown.moves
    tail = " " if stable else ""
    return Weighing(number=f"{shown.value:>12}", unit=f" {shown.unit:<5}", stable=stable, status=tail)


OHAUS = Dialect(name="ohaus", question=Command(text="IP"), decoder=lines(read), write=write, show=show)
