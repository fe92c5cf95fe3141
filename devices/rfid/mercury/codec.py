"""Mercury bytes to frames and back; touches no port.

`FF` begins a frame and may stand anywhere inside one, so it is only ever a candidate: a length that no frame
has is passed over at once, any other is waited for and then checked, and after a fault the search goes on at
the next byte.
"""

from binascii import crc_hqx

from devices.framing import BadFrame, Framer, Front
from devices.rfid.mercury.frames import Answer, Command, Version

START = 0xFF
LONGEST = 255
"""Bytes of a whole frame, either way: the module's user guide, 7.1 and 7.2."""
COMMAND_EXTRA = 5
"""Bytes of a command around its data; an answer has two more for its status."""
ANSWER_EXTRA = 7


def crc16(content: bytes | bytearray) -> int:
    """Mercury's own CRC over LEN to the last byte of data: polynomial 1021, initial FFFF, big-endian.

    Unlike CRC-16/CCITT-FALSE it does not push 16 zero bits behind the message, so the last two bytes go in
    unshifted. That is the standard library's CRC of all the bytes before them, begun with 1D0F.

    >>> hex(crc16(bytes.fromhex("0003")))
    '0x1d0c'
    """
    return crc_hqx(content[:-2], 0x1D0F) ^ int.from_bytes(content[-2:], "big")


def encode(frame: Command | Answer) -> bytes:
    """Return the bytes of a frame, CRC included; raises BadFrame for more data than fits."""
    status = frame.status.to_bytes(2, "big") if isinstance(frame, Answer) else b""
    content = bytes((len(frame.data) & 0xFF, frame.opcode)) + status + frame.data
    if len(content) + 3 > LONGEST:
        raise BadFrame(f"{len(frame.data)} bytes of data do not fit into a frame")
    return bytes((START,)) + content + crc16(content).to_bytes(2, "big")


def decoder(*, from_host: bool = False) -> Framer[Command | Answer]:
    """A fresh decoder; holds back at most one frame (255 bytes)."""
    return Framer(_look_for_command if from_host else _look_for_answer)


def _look_for_command(buffer: bytearray) -> Front[Command | Answer]:
    size, whole = _whole(buffer, COMMAND_EXTRA)
    if whole is None:
        return size
    return Front(len(whole), Command(opcode=whole[2], data=whole[3:-2]))


def _look_for_answer(buffer: bytearray) -> Front[Command | Answer]:
    size, whole = _whole(buffer, ANSWER_EXTRA)
    if whole is None:
        return size
    status = int.from_bytes(whole[3:5], "big")
    return Front(len(whole), Answer(opcode=whole[2], status=status, data=whole[5:-2]))


def _whole(buffer: bytearray, extra: int) -> tuple[Front[Command | Answer], bytes | None]:
    """The checked bytes at the front, or what to make of them."""
    if buffer[0] != START:
        return Front(0), None
    if len(buffer) < 2:
        return Front(extra), None
    size = buffer[1] + extra
    if size > LONGEST:
        return Front(0), None
    if len(buffer) < size:
        return Front(size), None
    whole = bytes(buffer[:size])
    if crc16(whole[1:-2]) != int.from_bytes(whole[-2:], "big"):
        return Front(size, fault="crc"), None
    return Front(size), whole


def read_version(answer: Answer) -> Version:
    """Read the answer to `VERSION` or `BOOT`; raises BadFrame where it has another length."""
    data = answer.data
    if len(data) != 20:
        raise BadFrame(f"a version of {len(data)} bytes: {data.hex(' ')}")
    return Version(
        bootloader=data[:4],
        hardware=data[4:8],
        firmware_date=data[8:12],
        firmware=data[12:16],
        protocols=int.from_bytes(data[16:], "big"),
    )
