"""ZPL bytes to frames and back; touches no port.

The three lines of a status are taken together or not at all: half a status would say "paper" and not "head
open".
"""

import re

from devices.framing import Framer, Front
from devices.printer.zpl.frames import Ask, Frame, HostStatus, Label

STX, TILDE = 0x02, 0x7E
LONGEST_STATUS = 128
LONGEST_LABEL = 65_536
BEGIN, END = b"^XA", b"^XZ"
FIRST = rb"\d{3},[01],[01],\d{3,5},\d{3},[01],[01],[01],\d{3},[01],[01],[01]"
SECOND = rb"\d{3},\d,[01],[01],[01],[0-9A-Z],\d,[01],\d{8},[01],\d{3}"
THIRD = rb"[0-9A-Za-z]{4},[01]"
STATUS = re.compile(
    rb"\x02(" + FIRST + rb")\x03\r\n\x02(" + SECOND + rb")\x03\r\n\x02(" + THIRD + rb")\x03\r\n"
)
ASK = re.compile(rb"~([A-Z]{2})")


def encode(frame: Frame) -> bytes:
    """The bytes of a frame."""
    match frame:
        case Ask():
            return f"~{frame.command}".encode("ascii")
        case Label():
            return frame.content
        case HostStatus():
            lines = (frame.first, frame.second, frame.third)
            return b"".join(b"\x02" + ",".join(line).encode("ascii") + b"\x03\r\n" for line in lines)


def decoder(*, from_host: bool = False) -> Framer[Frame]:
    """A fresh decoder; holds back less than one status, or from the host less than 65,536 bytes."""
    return Framer(_look_at_host if from_host else _look)


def _look(buffer: bytearray) -> Front[Frame]:
    if buffer[0] != STX:
        return Front(0)
    found = STATUS.match(buffer)
    if found is None:
        return Front(LONGEST_STATUS)
    first, second, third = (part.decode("ascii") for part in found.groups())
    status = HostStatus(
        first=tuple(first.split(",")), second=tuple(second.split(",")), third=tuple(third.split(","))
    )
    return Front(found.end(), status)


def _look_at_host(buffer: bytearray) -> Front[Frame]:
    if buffer[0] == TILDE:
        found = ASK.match(buffer)
        return Front(3, Ask(command=found[1].decode("ascii")) if found else None)
    if not BEGIN.startswith(buffer[: len(BEGIN)]):
        return Front(0)
    end = buffer.find(END, len(BEGIN), LONGEST_LABEL)
    if end < 0:
        return Front(LONGEST_LABEL)
    size = end + len(END)
    return Front(size, Label(content=bytes(buffer[:size])))
