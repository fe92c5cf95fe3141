"""What M100/R200 modules and their host say to each other.

Source: the family's manual and public captures; see the vectors named in the tests.
Nothing here was tried on a physical module by us.
"""

from dataclasses import dataclass
from enum import IntEnum

TAILS = {0xBB: 0x7E, 0xAA: 0xDD}
"""Last byte of a frame by its first: M100 and QM100 send the first pair, R200 firmware the second."""
HEADS = {"m100": 0xBB, "r200": 0xAA}
"""First byte by dialect."""


class FrameKind(IntEnum):
    """Second byte of a frame."""

    COMMAND = 0
    RESPONSE = 1
    NOTICE = 2
    """A tag, sent while polling."""


class Command(IntEnum):
    """Command bytes that we use."""

    INFO = 0x03
    SET_REGION = 0x07
    POLL = 0x22
    MULTI_POLL = 0x27
    STOP = 0x28
    SET_POWER = 0xB6
    GET_POWER = 0xB7
    FAILED = 0xFF
    """Stands in a response in place of the command that could not be done."""


class Failure(IntEnum):
    """What a `FAILED` response says in its first byte."""

    NO_TAG = 0x15
    """An inventory found nothing."""
    BAD_COMMAND = 0x17
    NO_CHANNEL = 0x20
    """No free channel for the frequency hopping was found."""


class Region(IntEnum):
    """What the radio law of a place asks for."""

    CN_900 = 1
    US = 2
    EU = 3
    CN_800 = 4
    KR = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """`HEAD KIND CMD PLhi PLlo BODY SUM TAIL`, checked."""

    kind: int
    command: int
    body: bytes = b""
    head: int = HEADS["m100"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenTag:
    """The body of a `NOTICE`: signal, PC word, EPC and the CRC that the tag sent."""

    epc: bytes
    pc: int
    """Protocol control word; its top five bits count the EPC's words."""
    rssi_raw: int
    """As sent; the manual's example C9 is -55 dBm, the two's complement."""
    crc: int

    @property
    def rssi_dbm(self) -> int | None:
        """-128..0; None for a byte that would be a signal above 1 mW, which no tag sends back."""
        value = self.rssi_raw - 256 if self.rssi_raw > 127 else self.rssi_raw
        return value if value <= 0 else None
