"""What A0 readers and their host say to each other.

Source: the family's manual and public captures; see the vectors named in the tests.
Nothing here was tried on a physical reader by us.
"""

from dataclasses import dataclass
from enum import IntEnum

BROADCAST = 0xFF


class Command(IntEnum):
    """Command bytes that we use."""

    FIRMWARE = 0x72
    SET_ANTENNA = 0x74
    REAL_TIME_INVENTORY = 0x89
    SESSION_INVENTORY = 0x8B


INVENTORIES = frozenset({Command.REAL_TIME_INVENTORY, Command.SESSION_INVENTORY})


class Code(IntEnum):
    """What an answer of one byte says."""

    SUCCESS = 0x10
    FAIL = 0x11
    ANTENNA_MISSING = 0x22
    NO_TAG = 0x36
    BAD_PARAMETER = 0x41
    NO_SUCH_ANTENNA = 0x47


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """`A0 LEN ADR CMD BODY CHK`, checked."""

    address: int
    command: int
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenTag:
    """One tag of a running inventory."""

    epc: bytes
    pc: int
    """Protocol control word; its top five bits count the EPC's words."""
    freq_ant: int
    """As sent: six bits of channel, two of antenna."""
    rssi_raw: int
    """As sent; its unit is not documented and libraries disagree, so it is never taken for dBm."""

    @property
    def antenna(self) -> int:
        """Counted from 0, as the reader counts."""
        return self.freq_ant & 0b11

    @property
    def channel(self) -> int:
        """Number of the frequency in the reader's table."""
        return self.freq_ant >> 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The last frame of an inventory that was done."""

    antenna: int
    """Counted from 0."""
    read_rate: int
    """Reads per second."""
    total_read: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The only frame of an inventory that was not done."""

    code: int
