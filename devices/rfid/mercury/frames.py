"""What Mercury modules and their host say to each other.

Source: SparkFun Simultaneous RFID Tag Reader Library (d52c969, MIT) with the recorded sessions of a Nano in
`Example Communication Logs`, and the headers of JADAK's own API 1.37.5 (MIT). Nothing here was tried on a
physical module by us.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, IntFlag

GEN2 = 5
"""Number of the tag protocol EPC Gen2, the only one that we ask for."""


class Op(IntEnum):
    """Commands that we use, or that a module sends by itself."""

    VERSION = 0x03
    BOOT = 0x04
    """Leaves the boot loader; also sent unasked by a module that was just switched on."""
    SET_BAUD = 0x06
    PROGRAM = 0x0C
    HARDWARE = 0x10
    READ_SINGLE = 0x21
    READ_MULTIPLE = 0x22
    """A timed read into the module's buffer; while it streams, also what it reports."""
    WRITE_TAG_DATA = 0x24
    READ_TAG_DATA = 0x28
    GET_TAGS = 0x29
    CLEAR_TAGS = 0x2A
    MULTI = 0x2F
    """Starts and stops streaming, and carries other commands while it goes on."""
    GET_ANTENNA = 0x61
    GET_READ_POWER = 0x62
    GET_PROTOCOL = 0x63
    GET_WRITE_POWER = 0x64
    GET_HOPS = 0x65
    GET_PINS = 0x66
    GET_REGION = 0x67
    GET_POWER_MODE = 0x68
    GET_CONFIGURATION = 0x6A
    GET_PROTOCOL_PARAM = 0x6B
    PROTOCOLS = 0x70
    REGIONS = 0x71
    SET_ANTENNA = 0x91
    SET_READ_POWER = 0x92
    SET_PROTOCOL = 0x93
    SET_WRITE_POWER = 0x94
    SET_PIN = 0x96
    SET_REGION = 0x97
    SET_POWER_MODE = 0x98
    SET_CONFIGURATION = 0x9A
    SET_PROTOCOL_PARAM = 0x9B


class Status(IntEnum):
    """What an answer says of itself; 0 is well."""

    OK = 0x0000
    WRONG_LENGTH = 0x0100
    UNKNOWN_COMMAND = 0x0101
    UNIMPLEMENTED = 0x0102
    POWER_TOO_HIGH = 0x0103
    BAD_PARAMETER = 0x0105
    POWER_TOO_LOW = 0x0106
    BAD_REGION = 0x010B
    NO_TAGS = 0x0400
    """While it streams: nothing more in this second, sent whether there were tags or not."""
    NO_ANTENNA = 0x0503
    TOO_HOT = 0x0504
    RETURN_LOSS = 0x0505
    BAD_ANTENNA = 0x0507
    BUFFER_FULL = 0x0601


class Multi(IntEnum):
    """Third byte of a `MULTI` command, first of its answer."""

    START = 0x01
    STOP = 0x02
    COMMAND = 0x04
    """Another command rides along; its answer comes back the same way."""


class Key(IntEnum):
    """Settings of `SET_CONFIGURATION`."""

    RSSI_IN_DBM = 0x09
    READ_FILTER = 0x0C
    """While on, a module reports a tag once and then not for a while."""


class Metadata(IntFlag):
    """What a tag record holds, in the order of the bits."""

    COUNT = 0x0001
    RSSI = 0x0002
    ANTENNA = 0x0004
    FREQUENCY = 0x0008
    TIMESTAMP = 0x0010
    PHASE = 0x0020
    PROTOCOL = 0x0040
    EMBEDDED = 0x0080
    PINS = 0x0100


EVERYTHING = Metadata(0x01FF)
"""What we ask for; a module leaves out what it does not know."""

REGIONS: Mapping[str, int] = {
    "na": 1, "eu": 2, "kr": 3, "in": 4, "jp": 5, "prc": 6, "eu2": 7, "eu3": 8, "kr2": 9, "prc2": 10,
    "au": 11, "nz": 12, "na2": 13, "na3": 14, "is": 15, "my": 16, "id": 17, "ph": 18, "tw": 19, "mo": 20,
    "ru": 21, "sg": 22, "jp2": 23, "jp3": 24, "vn": 25, "th": 26, "ar": 27, "hk": 28, "bd": 29, "eu4": 30,
    "open": 255,
}  # fmt: skip
"""Radio rules by the names of JADAK's API. Which of them is lawful depends on the country."""

M6E_FAMILY = frozenset({0x18, 0x19, 0x20, 0x30})
"""First byte of the hardware: M6e, M6e-i, Micro, Nano. They name an antenna by a pair of ports."""
M7E = 0x38


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """`FF LEN OP DATA CRC CRC`, from the host."""

    opcode: int
    data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`FF LEN OP STATUS STATUS DATA CRC CRC`, from the module."""

    opcode: int
    status: int = Status.OK
    data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """The answer to `VERSION` and `BOOT`."""

    bootloader: bytes
    hardware: bytes
    """First byte: the model."""
    firmware_date: bytes
    firmware: bytes
    protocols: int
    """One bit per tag protocol; 0 while only the boot loader runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenTag:
    """One tag record; None where the module leaves it out."""

    count: int | None = None
    rssi_dbm: int | None = None
    """Signed; dBm in all modules but the M5e, which says dBm only once it was told to."""
    antenna: int | None = None
    """As sent: an M6e packs transmit and receive port, an M7e says the antenna."""
    freq_khz: int | None = None
    timestamp_ms: int | None = None
    """Since the last keep-alive, or since the read began."""
    phase: int | None = None
    protocol: int | None = None
    embedded_bits: int = 0
    embedded: bytes = b""
    pins: int | None = None
    """Two meanings in two versions of JADAK's API, so never taken for the state of an input."""
    epc_bits: int
    """Of everything below."""
    pc: bytes
    xpc: bytes = b""
    epc: bytes
    epc_crc: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One general-purpose pin."""

    number: int
    is_output: bool
    is_high: bool
