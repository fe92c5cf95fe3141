"""M100/R200 bytes to frames and back; touches no port.

Frame: `BB KIND CMD PLhi PLlo BODY SUM 7E` (R200: `AA .. DD`), where PL counts the body and SUM is the sum of
all bytes between the first one and itself, modulo 256. Both marks stand inside bodies too, so frames are
found by their length and never by the end mark.
"""

from devices.framing import BadFrame, Framer, Front
from devices.rfid.gen2 import tag_crc
from devices.rfid.m100.frames import TAILS, Frame, FrameKind, SeenTag

HEAD_SIZE = 5
AROUND = HEAD_SIZE + 2
"""Bytes of a frame beside its body."""
LONGEST_BODY = 255
"""Ours: the length has two bytes, and the longest answer that we know of is a tag of 67."""
LONGEST = AROUND + LONGEST_BODY
AROUND_EPC = 5
"""Bytes of a notice beside the EPC."""
FROM_HOST = frozenset({FrameKind.COMMAND})
FROM_MODULE = frozenset({FrameKind.RESPONSE, FrameKind.NOTICE})


def encode(frame: Frame) -> bytes:
    """Return the bytes of a frame, sum included."""
    if len(frame.body) > LONGEST_BODY:
        raise BadFrame(f"a body of {len(frame.body)} bytes does not fit into a frame")
    summed = bytes((frame.kind, frame.command)) + len(frame.body).to_bytes(2, "big") + frame.body
    return bytes((frame.head,)) + summed + bytes((sum(summed) & 0xFF, TAILS[frame.head]))


def decoder(head: int, *, from_host: bool = False) -> Framer[Frame]:
    """A fresh decoder; holds back less than one frame (262 bytes)."""
    kinds = FROM_HOST if from_host else FROM_MODULE
    return Framer(lambda buffer: _look(buffer, head, kinds))


def _look(buffer: bytearray, head: int, kinds: frozenset[FrameKind]) -> Front[Frame]:
    if buffer[0] != head or (len(buffer) > 1 and buffer[1] not in kinds):
        return Front(0)
    if len(buffer) < HEAD_SIZE:
        return Front(HEAD_SIZE)
    body_size = buffer[3] << 8 | buffer[4]
    if body_size > LONGEST_BODY:
        return Front(0)
    size = AROUND + body_size
    if len(buffer) < size:
        return Front(size)
    if buffer[size - 1] != TAILS[head]:
        return Front(size)
    if sum(buffer[1 : size - 2]) & 0xFF != buffer[size - 2]:
        return Front(size, fault="checksum")
    body = bytes(buffer[HEAD_SIZE : size - 2])
    return Front(size, Frame(head=head, kind=buffer[1], command=buffer[2], body=body))


def read_tag(frame: Frame) -> SeenTag:
    """Read a notice; raises BadFrame where no EPC of whole words fits into it.

    Whether the PC names the same length is judged with the tag's other reads.
    """
    body = frame.body
    size = len(body) - AROUND_EPC
    if size < 0 or size % 2:
        raise BadFrame(f"a tag's notice of {len(body)} bytes: {body.hex(' ')}")
    return SeenTag(
        rssi_raw=body[0],
        pc=int.from_bytes(body[1:3], "big"),
        epc=body[3 : 3 + size],
        crc=int.from_bytes(body[3 + size :], "big"),
    )


def is_intact(tag: SeenTag) -> bool:
    """Whether the tag's own CRC holds over its PC and EPC."""
    return tag_crc(tag.pc.to_bytes(2, "big") + tag.epc) == tag.crc


def write_tag(tag: SeenTag) -> bytes:
    """The body of a notice."""
    return bytes((tag.rssi_raw,)) + tag.pc.to_bytes(2, "big") + tag.epc + tag.crc.to_bytes(2, "big")
