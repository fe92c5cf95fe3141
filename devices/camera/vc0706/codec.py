"""VC0706 bytes to frames and back; touches no port.

Nothing on this wire has a check. Commands and replies are told from noise by their first byte and by a
code and a length that fit together; a part of a picture by the reply that stands on both sides of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from devices.camera.vc0706.frames import Block, Code, Command, Hold, Reply
from devices.framing import BadFrame, Framer, Front

COMMAND, REPLY = 0x56, 0x76
HEAD_SIZE = 4
REPLY_SIZE = 5
MOST_DATA = 32
"""Bytes of arguments or data; the longest known is the version text with some twenty."""
LARGEST_BLOCK = 4096

ARGUMENTS: Mapping[Code, int] = {
    Code.VERSION: 0,
    Code.SET_PORT: 3,
    Code.RESET: 0,
    Code.READ_PICTURE: 12,
    Code.PICTURE_LENGTH: 1,
    Code.PICTURE: 1,
}
"""How many bytes a command has, where it is always the same."""
ANSWERS: Mapping[Code, tuple[int, ...]] = {
    Code.VERSION: tuple(range(MOST_DATA + 1)),
    Code.READ_DATA: tuple(range(MOST_DATA + 1)),
    Code.PICTURE_LENGTH: (0, 4),
    Code.MOTION_STATUS: (0, 1),
    Code.MOTION_SETTINGS: (0, 1),
    Code.GET_ZOOM: (0, 10, 14),
    Code.DOWNSIZE_STATUS: (0, 1),
}
"""How much data a reply may have; the byte in its place is an error code for all others."""

BAUDS: Mapping[int, bytes] = {
    9600: b"\xae\xc8",
    19200: b"\x56\xe4",
    38400: b"\x2a\xf2",
    57600: b"\x1c\x1c",
    115200: b"\x0d\xa6",
}
SIZES: Mapping[str, int] = {"640x480": 0x00, "320x240": 0x11, "160x120": 0x22}


@dataclass(slots=True)
class Expected:
    """What the host asked for, which the bytes do not tell."""

    block: int = 0
    """Bytes of the picture that stand behind the next reply to `READ_PICTURE`."""


def encode(frame: Command | Reply | Block) -> bytes:
    """Return the bytes of a frame."""
    if isinstance(frame, Block):
        side = encode(Reply(code=Code.READ_PICTURE, serial=frame.serial))
        return side + frame.content + side
    if isinstance(frame, Command):
        if len(frame.args) > MOST_DATA:
            raise BadFrame(f"{len(frame.args)} bytes of arguments do not fit into a command")
        length = len(frame.args) if frame.announced is None else frame.announced
        return bytes((COMMAND, frame.serial, frame.code, length)) + frame.args
    if frame.code in ANSWERS:
        return bytes((REPLY, frame.serial, frame.code, frame.status, len(frame.data))) + frame.data
    return bytes((REPLY, frame.serial, frame.code, frame.status, frame.error))


def commands() -> Framer[Command]:
    """A fresh decoder of what the host says."""
    return Framer(_look_at_command)


def replies(expected: Expected | None = None) -> Framer[Reply | Block]:
    """A fresh decoder of what the camera says; without `expected` no parts of pictures."""
    asked = expected or Expected()
    return Framer(lambda buffer: _look_at_reply(buffer, asked))


def _code(buffer: bytearray) -> Code | None:
    try:
        return Code(buffer[2])
    except ValueError:
        return None


def _look_at_command(buffer: bytearray) -> Front[Command]:
    if buffer[0] != COMMAND:
        return Front(0)
    if len(buffer) < HEAD_SIZE:
        return Front(HEAD_SIZE if len(buffer) < 3 or _code(buffer) else 0)
    code, length = _code(buffer), buffer[3]
    if code is Code.VERSION and length == 1:
        return Front(HEAD_SIZE, Command(code=code, serial=buffer[1], announced=length))
    if code is None or length > MOST_DATA or ARGUMENTS.get(code, length) != length:
        return Front(0)
    size = HEAD_SIZE + length
    if len(buffer) < size:
        return Front(size)
    return Front(size, Command(code=code, args=bytes(buffer[HEAD_SIZE:size]), serial=buffer[1]))


def _look_at_reply(buffer: bytearray, expected: Expected) -> Front[Reply | Block]:
    if buffer[0] != REPLY:
        return Front(0)
    if len(buffer) < REPLY_SIZE:
        return Front(REPLY_SIZE if len(buffer) < 3 or _code(buffer) else 0)
    code, last = _code(buffer), buffer[4]
    if code is None or last not in ANSWERS.get(code, (last,)):
        return Front(0)
    reply = Reply(code=code, status=buffer[3], serial=buffer[1], error=0 if code in ANSWERS else last)
    if code in ANSWERS:
        size = REPLY_SIZE + last
        if len(buffer) < size:
            return Front(size)
        data = bytes(buffer[REPLY_SIZE:size])
        return Front(size, Reply(code=code, status=reply.status, serial=reply.serial, data=data))
    if code is Code.READ_PICTURE and reply.is_good and expected.block:
        return _look_at_block(buffer, expected.block)
    return Front(REPLY_SIZE, reply)


def _look_at_block(buffer: bytearray, block: int) -> Front[Reply | Block]:
    size = block + 2 * REPLY_SIZE
    if len(buffer) < size:
        return Front(size)
    if buffer[size - REPLY_SIZE : size] != buffer[:REPLY_SIZE]:
        return Front(size, fault="cut_short")
    return Front(size, Block(content=bytes(buffer[REPLY_SIZE : size - REPLY_SIZE]), serial=buffer[1]))


def hold(how: Hold) -> Command:
    """Freeze the picture, or let it run again."""
    return Command(code=Code.PICTURE, args=bytes((how,)))


def picture_length() -> Command:
    """Ask how many bytes the frozen picture has."""
    return Command(code=Code.PICTURE_LENGTH, args=b"\x00")


def read_picture(address: int, size: int) -> Command:
    """Ask for a part of the frozen picture; both multiples of 8 but for the last part."""
    where = address.to_bytes(4, "big") + size.to_bytes(4, "big")
    return Command(code=Code.READ_PICTURE, args=b"\x00\x0a" + where + b"\x00\x0a")


def set_size(size: str) -> Command:
    """Ask for pictures of `640x480`, `320x240` or `160x120`."""
    return Command(code=Code.WRITE_DATA, args=bytes((0x04, 0x01, 0x00, 0x19, SIZES[size])))


def set_compression(ratio: int) -> Command:
    """Ask for smaller files of less quality: 0x36 is the camera's own, 0xFF the smallest."""
    return Command(code=Code.WRITE_DATA, args=bytes((0x01, 0x01, 0x12, 0x04, ratio)))


def set_baud(baud: int) -> Command:
    """Ask for another rate of the line, from the reply on."""
    return Command(code=Code.SET_PORT, args=b"\x01" + BAUDS[baud])


def read_length(reply: Reply) -> int:
    """The bytes of the frozen picture; raises BadFrame where the reply has none."""
    if len(reply.data) != 4:
        raise BadFrame(f"no length of a picture: {reply.data.hex(' ')}")
    return int.from_bytes(reply.data, "big")
