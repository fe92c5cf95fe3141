"""NCI, Weigh-Tronix, Brecknell, Adam: `LF xxxx.xxuu CR LF hh CR ETX`, with two or three status characters.

What the bits of the status mean differs between manuals, and we have seen no scale: the NCI 6702's
(p.14) says that bit 0 of the first one is set while the scale moves; a table for SCP-12 scales prints the
opposite. Which one counts is a setting.
"""

import re

from devices.framing import Decoder, Framer, Front
from devices.scale.codec import COLUMN, LONGEST, Dialect, wordless
from devices.scale.frames import Command, Fault, Refusal, Said, Shown, Status, Weighing

FIRST, LAST = 0x0A, 0x03
NUMBER = COLUMN.encode() + rb"|\^+|_+|-[- ]*"
STATUS = rb"[\x30-\x3f\x70-\x7f]{2,3}"
WEIGHT = re.compile(rb"\n(" + NUMBER + rb")( ?[A-Za-z]{1,3} ?|)\r\n(" + STATUS + rb")\r\x03")
STATUS_ONLY = re.compile(rb"\n(" + STATUS + rb")\r\x03")
REFUSED = b"\n?\r\x03"
FAULTS = {"^": Fault.OVERLOAD, "_": Fault.UNDERLOAD, "-": Fault.ZERO_ERROR}
CHARACTERS = {fault: character for character, fault in FAULTS.items()}
MOVING, STILL = "10", "00"
"""The status of a scale that moves, and of one that does not, as the NCI 6702's manual has it."""


def _look(buffer: bytearray) -> Front[Said]:
    if buffer[0] != FIRST:
        return Front(0)
    end = buffer.find(LAST, 0, LONGEST)
    if end < 0:
        return Front(LONGEST if len(buffer) < LONGEST else 0)
    frame = _read(bytes(buffer[: end + 1]))
    return Front(end + 1, frame)


def _read(whole: bytes) -> Said | None:
    if found := WEIGHT.fullmatch(whole):
        number, unit, status = (part.decode("ascii") for part in found.groups())
        fault = None if any(digit.isdigit() for digit in number) else FAULTS[number[0]]
        return Weighing(number=number, unit=unit, stable=None, fault=fault, status=status)
    if found := STATUS_ONLY.fullmatch(whole):
        return Status(status=found[1].decode("ascii"))
    return Refusal(code="?") if whole == REFUSED else None


def decoder() -> Decoder[Said]:
    """A fresh decoder; holds back less than 64 bytes."""
    return Framer(_look)


def write(said: Said) -> bytes:
    """The bytes of what a scale says."""
    match said:
        case Weighing():
            text = f"\n{said.number}{said.unit}\r\n{said.status}\r\x03"
        case Status():
            text = f"\n{said.status}\r\x03"
        case Refusal():
            text = f"\n{said.code}\r\x03"
        case _:
            raise wordless(said)
    return text.encode("ascii")


def show(shown: Shown) -> Said:
    """What a scale says that shows this."""
    if shown.fault is not None:
        number = CHARACTERS[shown.fault] * 6
        return Weighing(number=number, unit="", stable=None, fault=shown.fault, status="02")
    negative, digits = shown.value.startswith("-"), shown.value.removeprefix("-")
    number = ("-" if negative else "") + digits.rjust(7 - negative, "0")
    return Weighing(number=number, unit=shown.unit, stable=None, status=MOVING if shown.moves else STILL)


NCI = Dialect(name="nci", question=Command(text="W"), decoder=decoder, write=write, show=show, host_end=b"\r")
