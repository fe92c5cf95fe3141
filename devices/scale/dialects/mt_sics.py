"""Mettler-Toledo MT-SICS: `S S     100.00 g`, the value right-aligned in ten columns."""

import re

from devices.scale.codec import COLUMN, Dialect, line, lines, no_more
from devices.scale.frames import Answer, Command, Fault, Refusal, Said, Shown, Weighing

WEIGHT = re.compile(rf"S ([SD])({COLUMN}) (\S{{1,5}})")
FAULTS = {"+": Fault.OVERLOAD, "-": Fault.UNDERLOAD}
SIGNS = {fault: sign for sign, fault in FAULTS.items()}
ERRORS = frozenset({"ES", "ET", "EL"})
"""Syntax, transmission, logical error."""
ANSWER = re.compile(r"(?:[A-Z]{1,3}\d{0,2}|@) [ABILRS+-](?: .*)?")


def read(text: str) -> Said | None:
    """What a line means; None where it is none of a scale's."""
    if found := WEIGHT.fullmatch(text):
        stable, number, unit = found.groups()
        return Weighing(number=number, unit=unit, stable=stable == "S")
    if text[:2] == "S " and text[2:] in FAULTS:
        return Weighing(number="", unit="", stable=None, fault=FAULTS[text[2:]])
    if text in ERRORS or text in ("S I", "S L"):
        return Refusal(code=text.removeprefix("S "))
    return Answer(text=text) if ANSWER.fullmatch(text) and not text.startswith("S ") else None


def write(said: Said) -> bytes:
    """The bytes of what a scale says."""
    match said:
        case Weighing(fault=None):
            return line(f"S {'S' if said.stable else 'D'}{said.number} {said.unit}")
        case Weighing(fault=fault) if fault in SIGNS:
            return line(f"S {SIGNS[fault]}")
        case Refusal(code="I" | "L"):
            return line(f"S {said.code}")
        case _:
            return no_more(said)


def show(shown: Shown) -> Said:
    """What a scale says that shows this."""
    if shown.fault is not None:
        return Weighing(number="", unit="", stable=None, fault=shown.fault)
    return Weighing(number=f" {shown.value:>10}", unit=shown.unit, stable=not shown.moves)


MT_SICS = Dialect(name="mt_sics", question=Command(text="SI"), decoder=lines(read), write=write, show=show)
