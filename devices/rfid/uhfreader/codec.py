"""UHFReader18/288 bytes to frames and back; touches no port.

Frame: `LEN ADR CMD BODY CRClo CRChi`, where LEN counts the bytes behind itself and the checksum
is CRC-16/MCRF4XX over all bytes before it. There is no start byte, so after noise the decoder
tries each offset in turn; a candidate that is not complete yet is waited for until `idle()`.
"""

from collections.abc import Iterator

from devices.framing import BadFrame, Framer, Front
from devices.rfid.uhfreader.frames import (
    WITH_TAGS,
    Frame,
    Heartbeat,
    Inventory,
    ReaderInfo,
    SeenTag,
    Status,
)

HEARTBEAT = bytes.fromhex("560000000000")
SHORTEST_COMMAND = 4
"""Smallest LEN of a host's frame: address, command, checksum."""
SHORTEST_ANSWER = 5
"""Smallest LEN of a reader's frame: one status more."""
LONGEST_BODY = 251
BANDS = {0b0001: "CN", 0b0010: "US", 0b0011: "KR", 0b0100: "EU"}


def _table_entry(value: int) -> int:
    for _ in range(8):
        value = value >> 1 ^ (0x8408 if value & 1 else 0)
    return value


TABLE = tuple(_table_entry(byte) for byte in range(256))
"""At a wrong baud rate every byte begins a candidate: bit by bit that would fill a core."""


def crc16(content: bytes) -> int:
    """CRC-16/MCRF4XX: polynomial 0x8408 reflected, initial FFFF.

    >>> hex(crc16(b"123456789"))
    '0x6f91'
    """
    value = 0xFFFF
    for byte in content:
        value = value >> 8 ^ TABLE[(value ^ byte) & 0xFF]
    return value


def encode(frame: Frame | Heartbeat) -> bytes:
    """Return the bytes of a frame, checksum included."""
    if isinstance(frame, Heartbeat):
        return HEARTBEAT
    if len(frame.body) > LONGEST_BODY:
        raise BadFrame(f"a body of {len(frame.body)} bytes does not fit into a frame")
    head = bytes((len(frame.body) + 4, frame.address, frame.command)) + frame.body
    return head + crc16(head).to_bytes(2, "little")


def decoder(*, from_host: bool = False) -> Framer[Frame | Heartbeat]:
    """A fresh decoder; holds back less than one frame (256 bytes)."""
    shortest = SHORTEST_COMMAND if from_host else SHORTEST_ANSWER
    return Framer(lambda buffer: _look(buffer, shortest))


def _look(buffer: bytearray, shortest: int) -> Front[Frame | Heartbeat]:
    if HEARTBEAT.startswith(buffer[: len(HEARTBEAT)]):
        return Front(len(HEARTBEAT), Heartbeat() if len(buffer) >= len(HEARTBEAT) else None)
    if buffer[0] < shortest:
        return Front(0)
    size = buffer[0] + 1
    if len(buffer) < size:
        return Front(size)
    whole = bytes(buffer[:size])
    if crc16(whole[:-2]) != int.from_bytes(whole[-2:], "little"):
        return Front(size, fault="crc")
    return Front(size, Frame(address=whole[1], command=whole[2], body=whole[3:-2]))


def read_inventory(frame: Frame, dialect: str) -> Inventory:
    """Read an inventory answer; the bytes do not tell the dialect (`18` or `288`).

    Raises BadFrame where lengths do not add up.
    """
    status, rest = frame.body[0], frame.body[1:]
    if status not in WITH_TAGS:
        return Inventory(status=status, antenna=None, tags=())
    with_rssi = dialect == "288"
    antenna = _antenna(rest[0]) if with_rssi and rest else None
    count_at = 1 if with_rssi else 0
    if len(rest) <= count_at:
        raise BadFrame(f"inventory without a count: {frame.body.hex(' ')}")
    tags = tuple(_tags(frame, rest[count_at + 1 :], with_rssi))
    if len(tags) != rest[count_at]:
        raise BadFrame(f"inventory of {rest[count_at]} tags holds {len(tags)}: {frame.body.hex(' ')}")
    return Inventory(status=status, antenna=antenna, tags=tags)


def _tags(frame: Frame, rest: bytes, with_rssi: bool) -> Iterator[SeenTag]:
    at = 0
    while at < len(rest):
        end = at + 1 + rest[at]
        if rest[at] == 0 or end + with_rssi > len(rest):
            raise BadFrame(f"EPC length {rest[at]} at byte {at} of the tags: {frame.body.hex(' ')}")
        yield SeenTag(epc=rest[at + 1 : end], rssi_raw=rest[end] if with_rssi else None)
        at = end + with_rssi


def _antenna(bits: int) -> int | None:
    """One bit per antenna; None where it is not exactly one."""
    return bits.bit_length() if bits.bit_count() == 1 else None


def read_info(frame: Frame) -> ReaderInfo:
    """Read the answer to `INFO`; raises BadFrame where it is too short or a refusal."""
    body = frame.body
    if len(body) < 9 or body[0] != Status.SUCCESS:
        raise BadFrame(f"no reader information: {body.hex(' ')}")
    return ReaderInfo(
        firmware=(body[1], body[2]),
        kind=body[3],
        band=BANDS.get(body[5] >> 6 << 2 | body[6] >> 6),
        power_dbm=body[7],
        scan_time_ms=body[8] * 100,
    )


def read_pins(frame: Frame) -> tuple[tuple[bool, ...], tuple[bool, ...]]:
    """Inputs and outputs, from 1, of the answer to `PINS`: bit 0 is IN1, bits 4 and 5 are Out1 and Out2.

    Raises BadFrame where there is none.
    """
    body = frame.body
    if len(body) != 2 or body[0] != Status.SUCCESS:
        raise BadFrame(f"no state of inputs and outputs: {body.hex(' ')}")
    return (bool(body[1] & 1),), (bool(body[1] & 0x10), bool(body[1] & 0x20))
