"""Key events to the bytes that a scanner on a line would have sent; touches no device.

A scanner that plays a keyboard presses the keys of one layout, and has to be set to the US one. Control and
`]` is the byte 0x1D, as scanners type FNC1; Alt with digits on the keypad is the sign of that number, which
some scanners use to be free of layouts. A key held down repeats in the kernel only, and is not typed again.
Where the kernel had to drop keys, a byte that no text has stands in their place, so that nobody takes what is
left for a code.
"""

from collections.abc import Iterator
from struct import Struct

from devices.scanner.wedge.frames import (
    ENTER,
    EV_KEY,
    EV_SYN,
    KEYPAD,
    KEYPAD_ENTER,
    LEFT_ALT,
    LEFT_CTRL,
    LEFT_SHIFT,
    PLAIN,
    RIGHT_BRACE,
    RIGHT_CTRL,
    RIGHT_SHIFT,
    SHIFTED,
    SYN_DROPPED,
    SYN_REPORT,
    TAB,
    KeyEvent,
)

EVENT = Struct("@llHHi")
"""`struct input_event` of this machine: seconds, microseconds, type, code, value."""
GROUP_SEPARATOR = b"\x1d"
MISSING = b"\xff"
"""What UTF-8 never has."""
MOST_DIGITS = 4
"""Of a sign typed by its number."""
TYPED = {ENTER: b"\r", KEYPAD_ENTER: b"\r", TAB: b"\t"}
MODIFIERS = frozenset({LEFT_CTRL, RIGHT_CTRL, LEFT_SHIFT, RIGHT_SHIFT, LEFT_ALT})


def encode(event: KeyEvent) -> bytes:
    """One event as the kernel writes it, without a time."""
    return EVENT.pack(0, 0, EV_KEY, event.code, event.value)


class Keyboard:
    """Feeds on events in any pieces and gives what was typed; holds back less than one event."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._down: set[int] = set()
        self._number = ""
        self._is_torn = False

    def feed(self, content: bytes) -> bytes:
        """Take bytes; return what was typed."""
        return b"".join(self._typed(event) if event else self._torn() for event in self._events(content))

    def _events(self, content: bytes) -> Iterator[KeyEvent | None]:
        """Keys that were pressed or let go; None where some are missing."""
        self._buffer += content
        whole = len(self._buffer) // EVENT.size * EVENT.size
        for _, _, type, code, value in EVENT.iter_unpack(bytes(self._buffer[:whole])):
            if (type, code) == (EV_SYN, SYN_DROPPED):
                self._is_torn = True
                yield None
            elif (type, code) == (EV_SYN, SYN_REPORT):
                self._is_torn = False
            elif type == EV_KEY and not self._is_torn:
                yield KeyEvent(code=code, value=value)
        del self._buffer[:whole]

    def _torn(self) -> bytes:
        """Nothing is known of the keys that were down."""
        self._down.clear()
        self._number = ""
        return MISSING

    def _typed(self, event: KeyEvent) -> bytes:
        if event.code in MODIFIERS:
            return self._modified(event)
        if event.value != 1:
            return b""
        if LEFT_ALT in self._down:
            self._number = (self._number + KEYPAD.get(event.code, ""))[-MOST_DIGITS:]
            return b""
        if self._down & {LEFT_CTRL, RIGHT_CTRL}:
            return GROUP_SEPARATOR if event.code == RIGHT_BRACE else b""
        signs = SHIFTED if self._down & {LEFT_SHIFT, RIGHT_SHIFT} else PLAIN
        return TYPED.get(event.code, signs.get(event.code, "").encode())

    def _modified(self, event: KeyEvent) -> bytes:
        if event.value:
            self._down.add(event.code)
            return b""
        self._down.discard(event.code)
        number, self._number = self._number, ""
        if event.code != LEFT_ALT or not number.isdigit():
            return b""
        return chr(int(number)).encode("utf-8")
