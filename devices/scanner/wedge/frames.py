"""What the kernel says of a keyboard. Source: linux/input.h and linux/input-event-codes.h."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

EV_SYN, EV_KEY = 0, 1
SYN_REPORT, SYN_DROPPED = 0, 3
"""Events of the kind EV_SYN: a group of events is whole; the kernel had no room, and events are missing."""
LEFT_CTRL, RIGHT_CTRL, LEFT_SHIFT, RIGHT_SHIFT, LEFT_ALT = 29, 97, 42, 54, 56
ENTER, KEYPAD_ENTER, TAB = 28, 96, 15
RIGHT_BRACE = 27

ROWS = (
    (2, "1234567890-=", "!@#$%^&*()_+"),
    (16, "qwertyuiop[]", "QWERTYUIOP{}"),
    (30, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
    (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
    (57, " ", " "),
)
"""First key code of a row, and its signs without and with shift, on a US keyboard."""
KEYPAD: Mapping[int, str] = MappingProxyType(
    {71: "7", 72: "8", 73: "9", 75: "4", 76: "5", 77: "6", 79: "1", 80: "2", 81: "3", 82: "0"}
    | {55: "*", 74: "-", 78: "+", 83: ".", 98: "/"}
)
PLAIN: Mapping[int, str] = MappingProxyType(
    {first + at: sign for first, signs, _ in ROWS for at, sign in enumerate(signs)} | dict(KEYPAD)
)
SHIFTED: Mapping[int, str] = MappingProxyType(
    {first + at: sign for first, _, signs in ROWS for at, sign in enumerate(signs)}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyEvent:
    """One `input_event` of type EV_KEY."""

    code: int
    value: int
    """0 released, 1 pressed, 2 repeated because it is held."""
