"""What a device reported, before anyone drew a conclusion from it.

Times are timezone-aware UTC on the station's clock; a reader's own clock is kept
beside it, never instead of it.
"""

from dataclasses import dataclass
from datetime import datetime

LONGEST_EPC = 62
"""Bytes: 31 words of the EPC bank (Gen2, PC length field)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TagRead:
    """One sighting of an RFID tag by one antenna.

    Source: GS1 LLRP 1.1, TagReportData.
    """

    epc: bytes
    """EPC as sent over the air: 12 bytes for EPC-96, 1..62 bytes in general."""
    reader: str
    """Name of the device in the station's configuration."""
    antenna: int | None
    """Antenna port, counted from 1; None where the dialect does not say."""
    rssi_dbm: float | None
    """Peak signal, -128..0 dBm, nearer to 0 is stronger; None where not reported."""
    seen_at: datetime
    """When the station received it; where the reader says when it was, that moment on the station's clock."""
    reader_time: datetime | None = None
    """What the reader's own clock said."""
    pc: int | None = None
    """Protocol control word that was sent before the EPC, 16 bits; None where the dialect does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One image as the camera sent it; the bytes are evidence and never re-encoded."""

    view: str
    """Named view of the bench, such as `top`."""
    camera: str
    content: bytes
    media_type: str
    """`image/jpeg` or `image/png`, found from the magic bytes."""
    captured_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """One stable weight of a scale."""

    weight_g: int | None
    """Rounded to whole grams, for rules; None where the unit is no weight, such as pieces."""
    as_sent: str
    """Value and unit as the scale sent them, such as `100.00 g`: this is the evidence."""
    scale: str
    measured_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """One code read by a barcode scanner, without its line ending."""

    content: bytes
    """The code's bytes, AIM prefix taken off, 0x1D kept."""
    symbology: str | None
    """AIM symbology identifier such as `]d2`; None where the scanner sends none."""
    scanner: str
    scanned_at: datetime

    @property
    def text(self) -> str:
        """The code as text; bytes that are not UTF-8 become U+FFFD."""
        return self.content.decode("utf-8", errors="replace")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """A general-purpose input of a reader changed: a light barrier, a foot switch, a button."""

    source: str
    """Name of the device in the station's configuration."""
    input: int
    """Counted from 1, as printed on the device."""
    active: bool
    seen_at: datetime


Reading = TagRead | Frame | Weight | Scan | Trigger
