"""A&D: `ST,+001234.5  g`, a sign with eight columns and a unit of three."""

import re

from devices.scale.codec import Dialect, line, lines, no_more
from devices.scale.frames import Command, Fault, Refusal, Said, Shown, Weighing

WEIGHT = re.compile(r"(ST|US|QT),([+-](?=[\d.]{8} {0,2}\D)\d+\.?\d*)([ A-Za-z%]{3})")
OVERLOAD = re.compile(r"(OL),([+-][\d.]{3,8}(?:E[+-]\d\d)?)([ A-Za-z%]{0,3})")
REFUSAL = re.compile(r"EC,(E\d\d)")


def read(text: str) -> Said | None:
    """What a line means; None where it is none of a scale's. `QT` counts pieces, and is stable."""
    if found := WEIGHT.fullmatch(text):
        head, number, unit = found.groups()
        return Weighing(head=head, number=number, unit=unit, stable=head != "US")
    if found := OVERLOAD.fullmatch(text):
        head, number, unit = found.groups()
        fault = Fault.UNDERLOAD if number.startswith("-") else Fault.OVERLOAD
        return Weighing(head=head, number=number, unit=unit, stable=None, fault=fault)
    if found := REFUSAL.fullmatch(text):
        return Refusal(code=found[1])
    return None


def write(said: Said) -> bytes:
    """The bytes of what a scale says."""
    match said:
        case Weighing():
            return line(f"{said.head},{said.number}{said.unit}")
        case Refusal():
            return line(f"EC,{said.code}")
        case _:
            return no_more(said)


def show(shown: Shown) -> Said:
    """What a scale says that shows this."""
    unit = f"{shown.unit:>3}"
    if shown.fault is not None:
        sign = "-" if shown.fault is Fault.UNDERLOAD else "+"
        return Weighing(head="OL", number=f"{sign}999999.9", unit=unit, stable=None, fault=shown.fault)
    negative, digits = shown.value.startswith("-"), shown.value.removeprefix("-")
    number = ("-" if negative else "+") + digits.rjust(8, "0")
    head = "US" if shown.moves else "QT" if shown.unit.upper().startswith("PC") else "ST"
    return Weighing(head=head, number=number, unit=unit, stable=not shown.moves)


AND = Dialect(name="and", question=Command(text="Q"), decoder=lines(read), write=write, show=show)
