"""Tag records and pins inside Mercury answers.

A record says by its flags which of its fields it has; they stand in the order of the bits. The EPC comes last
with its length in bits, which counts PC, EPC and the tag's own CRC.
"""

from functools import lru_cache

from devices.framing import BadFrame
from devices.rfid.gen2 import pc_of, tag_crc
from devices.rfid.mercury.frames import EVERYTHING, GEN2, Answer, Metadata, Op, Pin, SeenTag

HAS_FLAGS = 0x10
"""Bit of the option byte: the flags of the metadata stand in the report."""
MULTI_SELECT = 0x88
"""An M7e may put this byte before the option."""
TAG_FOLLOWS = 0x01
FAILED = 0x8000
"""Instead of a number of bits: the embedded command failed, and two bytes say why."""
XPC_FOLLOWS, XPC2_FOLLOWS = 0x02, 0x80
NUMBERS = (
    (Metadata.COUNT, "count", 1),
    (Metadata.RSSI, "rssi_dbm", 1),
    (Metadata.ANTENNA, "antenna", 1),
    (Metadata.FREQUENCY, "freq_khz", 3),
    (Metadata.TIMESTAMP, "timestamp_ms", 4),
    (Metadata.PHASE, "phase", 2),
    (Metadata.PROTOCOL, "protocol", 1),
)
"""In the order in which they come: flag, name, size."""
EMBEDDED, PINS, UNKNOWN = int(Metadata.EMBEDDED), int(Metadata.PINS), ~int(EVERYTHING)
"""As plain numbers: an enum's own operators cost more than all the rest of a record."""


class Cursor:
    """Takes bytes off the front; raises BadFrame when they run out."""

    def __init__(self, content: bytes, at: int = 0) -> None:
        self.at = at
        self._content = content

    def take(self, size: int) -> bytes:
        """The next bytes."""
        part = self._content[self.at : self.at + size]
        if len(part) < size:
            raise BadFrame(f"{size} bytes at {self.at} of {len(self._content)}: {self._content.hex(' ')}")
        self.at += size
        return part

    def number(self, size: int, *, signed: bool = False) -> int:
        """The next bytes as a number."""
        return int.from_bytes(self.take(size), "big", signed=signed)


def read_report(answer: Answer) -> SeenTag | None:
    """The tag in a report of a streaming module; None for a keep-alive, a fault or another report.

    Raises BadFrame where its lengths do not add up.
    """
    if answer.opcode != Op.READ_MULTIPLE or answer.status or not answer.data:
        return None
    shift = 1 if answer.data[0] & MULTI_SELECT == MULTI_SELECT else 0
    kind_at = shift + 5
    if len(answer.data) <= kind_at or not answer.data[shift] & HAS_FLAGS:
        return None
    if answer.data[kind_at] != TAG_FOLLOWS:
        return None
    cursor = Cursor(answer.data, kind_at + 1)
    flags = int.from_bytes(answer.data[shift + 3 : kind_at], "big")
    tag = read_tag(cursor, flags)
    if cursor.at != len(answer.data):
        raise BadFrame(f"{len(answer.data) - cursor.at} bytes behind a tag: {answer.data.hex(' ')}")
    return tag


def read_buffer(answer: Answer) -> tuple[SeenTag, ...]:
    """The tags in an answer to `GET_TAGS`; raises BadFrame where lengths do not add up."""
    cursor = Cursor(answer.data)
    flags = cursor.number(2)
    cursor.take(1)
    return tuple(read_tag(cursor, flags) for _ in range(cursor.number(1)))


def read_count(answer: Answer) -> int:
    """How many tags a timed read found: one byte or four, behind option and flags of two lengths."""
    size = {4: 1, 5: 1, 7: 4, 8: 4}.get(len(answer.data))
    if size is None:
        raise BadFrame(f"no count of tags: {answer.data.hex(' ')}")
    return int.from_bytes(answer.data[-size:], "big")


def read_pins(answer: Answer) -> tuple[Pin, ...]:
    """The pins in an answer to `GET_PINS` with option 1: number, direction, level of each."""
    if len(answer.data) % 3 != 1:
        raise BadFrame(f"no triples of pins: {answer.data.hex(' ')}")
    return tuple(
        Pin(number=number, is_output=out == 1, is_high=high == 1)
        for number, out, high in zip(*(iter(answer.data[1:]),) * 3, strict=True)
    )


def read_tag(cursor: Cursor, flags: int) -> SeenTag:
    """Read one record; raises BadFrame for fields that we never ask for."""
    if flags & UNKNOWN:
        raise BadFrame(f"a record with unknown fields {flags:04x}")
    size, announced = _announced(flags)
    head = cursor.take(size)
    found = {
        name: int.from_bytes(head[start:end], "big", signed=signed) for name, start, end, signed in announced
    }
    embedded_bits, embedded = 0, b""
    if flags & EMBEDDED:
        embedded_bits = cursor.number(2)
        embedded = cursor.take(2 if embedded_bits == FAILED else _bytes(embedded_bits))
    pins = cursor.number(1) if flags & PINS else None
    bits = cursor.number(2)
    pc, xpc, epc, crc = _split(cursor.take(_bytes(bits)), found.get("protocol", GEN2))
    return SeenTag(
        **found,
        embedded_bits=embedded_bits,
        embedded=embedded,
        pins=pins,
        epc_bits=bits,
        pc=pc,
        xpc=xpc,
        epc=epc,
        epc_crc=crc,
    )


@lru_cache(maxsize=64)
def _announced(flags: int) -> tuple[int, tuple[tuple[str, int, int, bool], ...]]:
    """The fields that these flags announce: size of all, then name, start, end and sign of each.

    The same ones come with every record of a run.
    """
    found, at = [], 0
    for flag, name, size in NUMBERS:
        if flags & flag:
            found.append((name, at, at + size, flag is Metadata.RSSI))
            at += size
    return at, tuple(found)


def _bytes(bits: int) -> int:
    return (bits + 7) // 8


def _split(content: bytes, protocol: int) -> tuple[bytes, bytes, bytes, int]:
    """PC, extended PC, EPC and CRC; only a Gen2 tag has the first two."""
    if protocol != GEN2:
        if len(content) < 2:
            raise BadFrame(f"a tag of {len(content)} bytes: {content.hex(' ')}")
        return b"", b"", content[:-2], int.from_bytes(content[-2:], "big")
    end = 2
    if len(content) > 3 and content[0] & XPC_FOLLOWS:
        end = 6 if content[2] & XPC2_FOLLOWS else 4
    if len(content) < end + 2:
        raise BadFrame(f"a tag of {len(content)} bytes: {content.hex(' ')}")
    return content[:2], content[2:end], content[end:-2], int.from_bytes(content[-2:], "big")


def is_intact(tag: SeenTag) -> bool:
    """Whether the tag's own CRC holds over what the module says of it."""
    return tag_crc(tag.pc + tag.xpc + tag.epc) == tag.epc_crc


def gen2_tag(epc: bytes, *, rssi_dbm: int, antenna: int, freq_khz: int, timestamp_ms: int) -> SeenTag:
    """A record as a module makes it of a tag that it has just read."""
    pc = pc_of(epc).to_bytes(2, "big")
    return SeenTag(
        count=1,
        rssi_dbm=rssi_dbm,
        antenna=antenna,
        freq_khz=freq_khz,
        timestamp_ms=timestamp_ms,
        phase=0,
        protocol=GEN2,
        pins=0x0F,
        epc_bits=(len(epc) + 4) * 8,
        pc=pc,
        epc=epc,
        epc_crc=tag_crc(pc + epc),
    )


def write_tag(tag: SeenTag, flags: int = EVERYTHING) -> bytes:
    """The bytes of one record, the inverse of `read_tag`."""
    numbers = (
        (Metadata.COUNT, tag.count, 1),
        (Metadata.RSSI, tag.rssi_dbm, 1),
        (Metadata.ANTENNA, tag.antenna, 1),
        (Metadata.FREQUENCY, tag.freq_khz, 3),
        (Metadata.TIMESTAMP, tag.timestamp_ms, 4),
        (Metadata.PHASE, tag.phase, 2),
        (Metadata.PROTOCOL, tag.protocol, 1),
        (Metadata.EMBEDDED, tag.embedded_bits, 2),
    )
    head = b"".join(
        (value or 0).to_bytes(size, "big", signed=flag is Metadata.RSSI)
        for flag, value, size in numbers
        if flags & flag
    )
    pins = bytes((tag.pins or 0,)) if flags & Metadata.PINS else b""
    body = tag.pc + tag.xpc + tag.epc + tag.epc_crc.to_bytes(2, "big")
    return head + tag.embedded + pins + tag.epc_bits.to_bytes(2, "big") + body
