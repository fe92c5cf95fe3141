"""What UHFReader18/288 readers and their host say to each other.

Source: the family's command manual, UHFReader288MP manual v1.14 for inputs and outputs, and public captures;
see the vectors named in the tests.
Nothing here was tried on a physical reader by us.
"""

from dataclasses import dataclass
from enum import IntEnum

BROADCAST = 0xFF


class Command(IntEnum):
    """Command bytes that we use, or that a reader sends by itself."""

    INVENTORY = 0x01
    INVENTORY_SINGLE = 0x0F
    INFO = 0x21
    SCAN_TIME = 0x25
    POWER = 0x2F
    ANSWER_MODE = 0x35
    WORK_MODE = 0x36
    SET_OUTPUTS = 0x46
    """One bit per output, bit 0 is Out1; only readers that have some."""
    PINS = 0x47
    """Asks for inputs and outputs."""
    PUSH = 0xEE
    """Sent unasked by a reader in scan mode."""


class Status(IntEnum):
    """Third byte of an answer."""

    SUCCESS = 0x00
    DONE = 0x01
    TIME_OVER = 0x02
    MORE_FOLLOWS = 0x03
    MEMORY_FULL = 0x04
    ANTENNA_ERROR = 0xF8
    NO_TAGS = 0xFB
    BAD_LENGTH = 0xFD
    ILLEGAL_COMMAND = 0xFE


WITH_TAGS = frozenset({Status.DONE, Status.TIME_OVER, Status.MORE_FOLLOWS, Status.MEMORY_FULL})
"""Statuses of an inventory answer that list tags."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """`LEN ADR CMD BODY CRClo CRChi`, checked; an answer's body begins with its status."""

    address: int
    command: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """`56 00 00 00 00 00`, which readers in scan mode send while idle; no frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenTag:
    """One tag of an inventory answer."""

    epc: bytes
    rssi_raw: int | None = None
    """As sent; the unit is not documented, so it is never taken for dBm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """One answer to an inventory; several of them may belong together."""

    status: int
    antenna: int | None
    """From 1; None in the 18 dialect, which does not say."""
    tags: tuple[SeenTag, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderInfo:
    """The answer to `INFO`."""

    firmware: tuple[int, int]
    kind: int
    band: str | None
    """`US`, `EU`, `KR`, `CN`, or None where the bits name none of them."""
    power_dbm: int
    scan_time_ms: int
    """How long an inventory may take before the reader answers."""
