"""A scanner that types what it is told to scan on a US keyboard; set `grab` to false to read it."""

from collections.abc import Iterator

from devices.emulation import CodeEmulator
from devices.scanner.wedge.codec import encode
from devices.scanner.wedge.frames import (
    ENTER,
    LEFT_ALT,
    LEFT_CTRL,
    LEFT_SHIFT,
    PLAIN,
    RIGHT_BRACE,
    SHIFTED,
    KeyEvent,
)

KEYS = {sign: (code, False) for code, sign in reversed(list(PLAIN.items()))} | {
    sign: (code, True) for code, sign in SHIFTED.items() if sign != " "
}
KEYPAD_DIGITS = (82, 79, 80, 81, 75, 76, 77, 71, 72, 73)


class WedgeEmulator(CodeEmulator):
    """One emulated scanner on a pseudo-terminal, for nothing here has a real input device."""

    def say(self, content: bytes) -> None:
        """Type a code."""
        super().say(b"".join(encode(event) for event in _presses(content.decode())))


def _presses(text: str) -> Iterator[KeyEvent]:
    for sign in text:
        if sign in "\r\n":
            yield from _press(ENTER)
        elif sign == "\x1d":
            yield from _press(RIGHT_BRACE, LEFT_CTRL)
        elif sign in KEYS:
            code, shifted = KEYS[sign]
            yield from _press(code, *((LEFT_SHIFT,) if shifted else ()))
        else:
            yield from _by_number(ord(sign))


def _press(code: int, *held: int) -> Iterator[KeyEvent]:
    for key in (*held, code):
        yield KeyEvent(code=key, value=1)
    for key in (code, *held):
        yield KeyEvent(code=key, value=0)


def _by_number(number: int) -> Iterator[KeyEvent]:
    """Alt and four digits; a sign beyond 9999 cannot be typed so, and is left out as such scanners do."""
    if number > 9999:
        return
    yield KeyEvent(code=LEFT_ALT, value=1)
    for digit in f"{number:04d}":
        yield from _press(KEYPAD_DIGITS[int(digit)])
    yield KeyEvent(code=LEFT_ALT, value=0)
