"""What VC0706 cameras (PTC08, LinkSprite, Adafruit 397 and 613) and their host say to each other.

Source: adafruit/Adafruit-VC0706-Serial-Camera-Library, e11b41a; replies from a public capture.
Nothing here was tried on a physical camera by us.
"""

from dataclasses import dataclass
from enum import IntEnum


class Code(IntEnum):
    """Command bytes."""

    VERSION = 0x11
    SET_PORT = 0x24
    RESET = 0x26
    READ_DATA = 0x30
    WRITE_DATA = 0x31
    READ_PICTURE = 0x32
    PICTURE_LENGTH = 0x34
    PICTURE = 0x36
    MOTION_CONTROL = 0x37
    MOTION_STATUS = 0x38
    MOTION_DETECTED = 0x39
    MOTION_SWITCH = 0x42
    MOTION_SETTINGS = 0x43
    TV_OUT = 0x44
    OSD = 0x45
    SET_ZOOM = 0x52
    GET_ZOOM = 0x53
    DOWNSIZE = 0x54
    DOWNSIZE_STATUS = 0x55


class Hold(IntEnum):
    """Argument of `PICTURE`."""

    FREEZE = 0
    FREEZE_NEXT = 1
    STEP = 2
    RESUME = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """`56 SN CMD LEN ARGS`, from the host."""

    code: Code
    args: bytes = b""
    serial: int = 0
    announced: int | None = None
    """LEN, where it is not that of the arguments: Adafruit's library asks for the version with 1 and none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """`76 SN CMD STATUS LEN DATA`, from the camera."""

    code: Code
    status: int = 0
    data: bytes = b""
    error: int = 0
    """What stands in place of LEN where the command has no data to answer with; 0 for none."""
    serial: int = 0

    @property
    def is_good(self) -> bool:
        """Whether the camera did what it was told."""
        return self.status == 0 and self.error == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A part of the picture between two replies to `READ_PICTURE`."""

    content: bytes
    serial: int = 0
