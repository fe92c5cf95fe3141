"""A serial scanner's bytes to codes; touches no port and no clock.

A code ends with CR, LF or CRLF, or with a gap where the scanner sends no suffix. 0x1D stays, since
GS1 needs it. What is a code of its own is the guard's to say.
"""

from collections.abc import Iterator

from devices.scanner.guard import BadCode, Code, Guard

LONGEST_CODE = 4096
"""Bytes; a PDF417 or QR code holds less."""
GAP_S = 0.05
"""Quiet for so long, a code of a scanner without suffix is complete."""
CUT_SHORT_S = 0.5
"""Quiet for so long, a code of a scanner that does send a suffix was cut short."""


class Decoder:
    """Feeds on bytes in any pieces; times are seconds of any clock that only moves forward."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._too_long = False
        self._sends_suffix = False
        self._guard = Guard()

    @property
    def is_waiting(self) -> bool:
        """Whether the beginning of a code is held back."""
        return bool(self._buffer)

    @property
    def gap_s(self) -> float:
        """How long to wait for more before calling `idle`."""
        return CUT_SHORT_S if self._sends_suffix else GAP_S

    def feed(self, content: bytes, now_s: float) -> list[Code | BadCode]:
        """Take bytes; return what is complete."""
        found: list[Code | BadCode] = []
        for byte in content:
            if byte in b"\r\n":
                self._sends_suffix = True
                found += self._complete(now_s)
            elif len(self._buffer) < LONGEST_CODE:
                self._buffer.append(byte)
            else:
                self._too_long = True
        return found

    def idle(self, now_s: float) -> list[Code | BadCode]:
        """The line was quiet for `gap_s`."""
        if self._sends_suffix and self._buffer:
            self._forget()
            return [BadCode(reason="cut_short", sentence="a code was cut short: scan it again")]
        return list(self._complete(now_s))

    def _complete(self, now_s: float) -> Iterator[Code | BadCode]:
        content, too_long = bytes(self._buffer), self._too_long
        self._forget()
        if too_long:
            yield BadCode(reason="too_long", sentence=f"a code of more than {LONGEST_CODE} bytes")
        elif content:
            yield from self._guard.judged(content, now_s)

    def _forget(self) -> None:
        self._buffer.clear()
        self._too_long = False
