"""`ST,GS,     0.0,kg` of Dini Argeo, Tiger, Selleton and many more; with an address in front on RS-485."""

import re

from devices.scale.codec import COLUMN, Dialect, line, lines, no_more
from devices.scale.frames import Command, Fault, Refusal, Said, Shown, Weighing

FAULTS = {"OL": Fault.OVERLOAD, "UL": Fault.UNDERLOAD, "TL": Fault.TILT}
HEADS = {fault: head for head, fault in FAULTS.items()}
MODES = {"GS": "gross", "NT": "net"}
LETTERS = {mode: letters for letters, mode in MODES.items()}
WEIGHT = re.compile(rf"(\d\d)?(ST|US),(GS|NT),({COLUMN})(,? *[A-Za-z]{{1,4}} ?)")
NO_WEIGHT = re.compile(r"(\d\d)?(OL|UL|TL),(GS|NT),([ +\-_^.\d]{0,12})(,? *[A-Za-z]{0,4} ?)")
REFUSAL = re.compile(r"ERR\d\d")


def read(text: str) -> Said | None:
    """What a line means; None where it is none of a scale's."""
    found = WEIGHT.fullmatch(text) or NO_WEIGHT.fullmatch(text)
    if found is None:
        return Refusal(code=text) if REFUSAL.fullmatch(text) else None
    address, state, mode, number, unit = found.groups()
    fault = FAULTS.get(state)
    return Weighing(
        head=(address or "") + state,
        mode=MODES[mode],
        number=number,
        unit=unit,
        stable=None if fault else state == "ST",
        fault=fault,
    )


def write(said: Said) -> bytes:
    """The bytes of what a scale says."""
    if isinstance(said, Weighing):
        return line(f"{said.head},{LETTERS[said.mode or 'gross']},{said.number}{said.unit}")
    return no_more(said)


def show(shown: Shown) -> Said:
    """What a scale says that shows this."""
    state = HEADS[shown.fault] if shown.fault else "US" if shown.moves else "ST"
    return Weighing(
        head=state,
        mode="gross",
        number="  ------" if shown.fault else f"{shown.value:>8}",
        unit=f",{shown.unit}",
        stable=None if shown.fault else not shown.moves,
        fault=shown.fault,
    )


STGS = Dialect(name="stgs", question=Command(text="READ"), decoder=lines(read), write=write, show=show)
