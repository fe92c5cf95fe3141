"""LLRP bytes to messages and back; touches no port and needs no llrpkit."""

import struct

from devices.framing import BadFrame, Framer, Front
from devices.rfid.llrp.frames import LlrpStatus, Message

HEAD = struct.Struct(">HII")
"""Three reserved bits, version (3) and type (10); length of the whole; id."""
LONGEST = 1 << 20
"""Bytes; ours: a report of a thousand tags has a tenth of it."""
VERSIONS = (1, 2)
STATUS_HEAD = struct.Struct(">HHHH")
"""Parameter type, its length, the code, the length of the text."""
STATUS = 287


def encode(message: Message) -> bytes:
    """Return the bytes of a message."""
    size = HEAD.size + len(message.body)
    if size > LONGEST or message.version not in VERSIONS or not 0 <= message.type < 1 << 10:
        raise BadFrame(f"no LLRP message: version {message.version}, type {message.type}, {size} bytes")
    return HEAD.pack(message.version << 10 | message.type, size, message.id) + message.body


def decoder() -> Framer[Message]:
    """A fresh decoder; holds back less than one message (1 MiB)."""
    return Framer(_look)


def _look(buffer: bytearray) -> Front[Message]:
    if buffer[0] >> 2 not in VERSIONS:
        return Front(0)
    if len(buffer) < HEAD.size:
        return Front(HEAD.size)
    first, size, identity = HEAD.unpack_from(buffer)
    if not HEAD.size <= size <= LONGEST:
        return Front(0)
    if len(buffer) < size:
        return Front(size)
    body = bytes(buffer[HEAD.size : size])
    return Front(size, Message(version=first >> 10, type=first & 0x3FF, id=identity, body=body))


def read_status(message: Message) -> LlrpStatus | None:
    """The status that answers begin with; None where there is none. Raises BadFrame where it is cut short."""
    body = message.body
    if body[:2] != STATUS.to_bytes(2, "big"):
        return None
    if len(body) < STATUS_HEAD.size:
        raise BadFrame(f"a status that is cut short: {body.hex(' ')}")
    _, size, code, text_size = STATUS_HEAD.unpack_from(body)
    text = body[STATUS_HEAD.size : STATUS_HEAD.size + text_size]
    if not STATUS_HEAD.size + text_size <= size <= len(body) or len(text) < text_size:
        raise BadFrame(f"a status whose lengths do not add up: {body[:64].hex(' ')}")
    return LlrpStatus(code=code, text=text.decode("utf-8", errors="replace"))
