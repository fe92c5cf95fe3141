"""UHFReader18/288 bytes to frames and back; touches no port.

Frame: `LEN ADR CMD BODY CRClo CRChi`, where LEN counts the bytes behind itself and the checksum
is CRC-16/MCRF4XX over all bytes before it. There is no start byte, so after noise the decoder
tries each offset in turn; a candidate that is not complete yet is waited for until `idle()`.
"""

from collections.abc import Iterator

from devices.rfid.uhfreader.frames import (
    WITH_TAGS,
    BadBytes,
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


class BadFrame(ValueError):
    """A frame with a right checksum whose body is not what its command asks for."""


def crc16(content: bytes) -> int:
    """CRC-16/MCRF4XX: polynomial 0x8408 reflected, initial FFFF.

    >>> hex(crc16(b"123456789"))
    '0x6f91'
    """
    value = 0xFFFF
    for byte in content:
        value = value >> 8 ^ TABLE[(value ^ byte) & 0xFF]
    return value


def encode(frame: Frame) -> bytes:
    """Return the bytes of a frame, checksum included."""
    if len(frame.body) > LONGEST_BODY:
        raise BadFrame(f"a body of {len(frame.body)} bytes does not fit into a frame")
    head = bytes((len(frame.body) + 4, frame.address, frame.command)) + frame.body
    return head + crc16(head).to_bytes(2, "little")


class Decoder:
    """Feeds on bytes in any pieces; holds back less than one frame (256 bytes)."""

    def __init__(self, *, shortest: int = SHORTEST_ANSWER) -> None:
        self._shortest = shortest
        self._buffer = bytearray()
        self._junk = bytearray()
        self._junk_reason = ""
        self._offset = 0

    @property
    def is_waiting(self) -> bool:
        """Whether the beginning of something that may be a frame is held back."""
        return bool(self._buffer)

    def feed(self, content: bytes) -> list[Frame | Heartbeat | BadBytes]:
        """Take bytes; return what is complete, in order."""
        self._buffer += content
        return list(self._drain(line_is_quiet=False))

    def idle(self) -> list[Frame | Heartbeat | BadBytes]:
        """The line was quiet: what is held back will not be completed any more."""
        return list(self._drain(line_is_quiet=True))

    def _drain(self, *, line_is_quiet: bool) -> Iterator[Frame | Heartbeat | BadBytes]:
        while self._buffer:
            size, found = self._candidate()
            if found is not None:
                yield from self._report_junk()
                self._drop(size)
                yield found
            elif size > len(self._buffer) and not line_is_quiet:
                break
            else:
                self._skip("cut_short" if size > len(self._buffer) else "checksum" if size else "noise")
        yield from self._report_junk()

    def _candidate(self) -> tuple[int, Frame | Heartbeat | None]:
        """Size of what may begin at the front (0: nothing can), and it itself where it is complete."""
        buffer = self._buffer
        if HEARTBEAT.startswith(buffer[: len(HEARTBEAT)]):
            return len(HEARTBEAT), Heartbeat() if len(buffer) >= len(HEARTBEAT) else None
        if buffer[0] < self._shortest:
            return 0, None
        size = buffer[0] + 1
        whole = bytes(buffer[:size])
        if len(whole) < size or crc16(whole[:-2]) != int.from_bytes(whole[-2:], "little"):
            return size, None
        return size, Frame(address=whole[1], command=whole[2], body=whole[3:-2])

    def _skip(self, reason: str) -> None:
        self._junk_reason = self._junk_reason or reason
        self._junk.append(self._buffer[0])
        self._drop(1)

    def _drop(self, size: int) -> None:
        del self._buffer[:size]
        self._offset += size

    def _report_junk(self) -> Iterator[BadBytes]:
        if self._junk:
            start = self._offset - len(self._junk)
            yield BadBytes(offset=start, content=bytes(self._junk), reason=self._junk_reason)
            self._junk.clear()
            self._junk_reason = ""


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
