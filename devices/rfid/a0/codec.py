"""A0 bytes to frames and back; touches no port.

Frame: `A0 LEN ADR CMD BODY CHK`, where LEN counts the bytes behind itself and CHK makes the sum of all bytes
0 modulo 256. A0 stands inside bodies too, so frames are found by their length.
"""

from devices.framing import BadFrame, Framer, Front
from devices.rfid.a0.frames import Ended, Frame, Refused, SeenTag

HEAD = 0xA0
SHORTEST = 3
"""Smallest LEN: address, command, check."""
LONGEST = 2 + 255
LONGEST_BODY = 255 - SHORTEST
ENDED_SIZE = 7
"""Body of the last frame of an inventory. A tag's body is even: four bytes and an EPC of whole words."""
AROUND_EPC = 4
ANTENNA_REFUSED_SIZE = 2
"""An antenna and a code: what some readers send where a single byte is expected."""


def encode(frame: Frame) -> bytes:
    """Return the bytes of a frame, check included."""
    if len(frame.body) > LONGEST_BODY:
        raise BadFrame(f"a body of {len(frame.body)} bytes does not fit into a frame")
    before = bytes((HEAD, len(frame.body) + SHORTEST, frame.address, frame.command)) + frame.body
    return before + bytes((-sum(before) & 0xFF,))


def decoder() -> Framer[Frame]:
    """A fresh decoder; holds back less than one frame (257 bytes). Both directions look the same."""
    return Framer(_look)


def _look(buffer: bytearray) -> Front[Frame]:
    if buffer[0] != HEAD:
        return Front(0)
    if len(buffer) < 2:
        return Front(2 + SHORTEST)
    if buffer[1] < SHORTEST:
        return Front(0)
    size = 2 + buffer[1]
    if len(buffer) < size:
        return Front(size)
    if sum(buffer[:size]) & 0xFF:
        return Front(size, fault="checksum")
    body = bytes(buffer[4 : size - 1])
    return Front(size, Frame(address=buffer[2], command=buffer[3], body=body))


def read_inventory(frame: Frame) -> SeenTag | Ended | Refused:
    """Read one frame of an inventory; raises BadFrame where no EPC of whole words fits into it.

    Whether a tag's PC names the same length is judged with its other reads.
    """
    body = frame.body
    if len(body) == 1:
        return Refused(code=body[0])
    if len(body) == ANTENNA_REFUSED_SIZE:
        return Refused(code=body[1])
    if len(body) == ENDED_SIZE:
        return Ended(
            antenna=body[0],
            read_rate=int.from_bytes(body[1:3], "big"),
            total_read=int.from_bytes(body[3:], "big"),
        )
    return _tag(body)


def _tag(body: bytes) -> SeenTag:
    size = len(body) - AROUND_EPC
    if size < 0 or size % 2:
        raise BadFrame(f"{len(body)} bytes are no answer to an inventory: {body.hex(' ')}")
    pc = int.from_bytes(body[1:3], "big")
    return SeenTag(freq_ant=body[0], pc=pc, epc=body[3:-1], rssi_raw=body[-1])


def write_tag(tag: SeenTag) -> bytes:
    """The body of a tag's frame."""
    return bytes((tag.freq_ant,)) + tag.pc.to_bytes(2, "big") + tag.epc + bytes((tag.rssi_raw,))


def write_ended(ended: Ended) -> bytes:
    """The body of an inventory's last frame."""
    rates = ended.read_rate.to_bytes(2, "big") + ended.total_read.to_bytes(4, "big")
    return bytes((ended.antenna,)) + rates
