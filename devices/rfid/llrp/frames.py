"""LLRP's envelope: what every message of the protocol begins with.

Source: GS1 LLRP 1.1, chapter 17. The messages' inner parts are llrpkit's business; of them we read ourselves
only the status, so that what a reader refuses can be looked at without the extra.
"""

from dataclasses import dataclass
from enum import IntEnum


class Type(IntEnum):
    """Message types whose content is read here, or that the emulator and the driver treat apart."""

    GET_READER_CAPABILITIES = 1
    GET_READER_CONFIG = 2
    CLOSE_CONNECTION = 14
    RO_ACCESS_REPORT = 61
    KEEPALIVE = 62
    READER_EVENT_NOTIFICATION = 63
    KEEPALIVE_ACK = 72
    ERROR_MESSAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """`VERSION+TYPE LENGTH ID BODY`: 2, 4 and 4 bytes before the body, no check of any kind."""

    version: int
    """1 for LLRP 1.0.1, 2 for LLRP 1.1."""
    type: int
    id: int
    """Of the question; an answer repeats it."""
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class LlrpStatus:
    """How a reader answers: 0 is success."""

    code: int
    text: str
