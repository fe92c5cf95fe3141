"""A serial scanner's bytes to codes; touches no port and no clock.

A code ends with CR, LF or CRLF, or with a gap where the scanner sends no suffix. 0x1D stays, since
GS1 needs it. Two codes stuck together are refused here already: half of them would be the wrong item.

The same code again within 1.5 s is a trembling hand or a scanner left in presentation mode, and is
ignored for as long as it keeps coming. Command, badge and bin codes are printed cards that an inspector
scans on purpose, and "accept, next item, accept" can take less than a second; for them only the
stutter of one trigger pull (150 ms) is ignored. A command that comes too often does no harm: the
journey refuses it where it does not fit.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from inspection.identity.gs1 import are_stuck_together

LONGEST_CODE = 4096
"""Bytes; a PDF417 or QR code holds less."""
GAP_S = 0.05
"""Quiet for so long, a code of a scanner without suffix is complete."""
CUT_SHORT_S = 0.5
"""Quiet for so long, a code of a scanner that does send a suffix was cut short."""
SAME_ITEM_S = 1.5
SAME_COMMAND_S = 0.15
MOST_REMEMBERED = 32

AIM = re.compile(rb"\][A-Za-z][0-9A-Za-z](?=.)", re.DOTALL)
COMMAND = re.compile(rb"(?:CMD|BADGE|BIN):")
COMMAND_INSIDE = re.compile(rb".(?:CMD|BADGE|BIN):", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One code as printed, without AIM identifier and suffix."""

    content: bytes
    symbology: str | None
    """AIM identifier such as `]d2`, where the scanner sends it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BadCode:
    """Bytes that are not one code."""

    reason: str
    """`too_long`, `cut_short` or `stuck_together`."""
    sentence: str


class Decoder:
    """Feeds on bytes in any pieces; times are seconds of any clock that only moves forward."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._too_long = False
        self._sends_suffix = False
        self._seen: dict[bytes, float] = {}

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
            yield from self._judged(content, now_s)

    def _forget(self) -> None:
        self._buffer.clear()
        self._too_long = False

    def _judged(self, content: bytes, now_s: float) -> Iterator[Code | BadCode]:
        if self._is_repeated(content, now_s):
            return
        aim = AIM.match(content)
        symbology = aim.group().decode("ascii") if aim else None
        bare = content[3:] if aim else content
        if COMMAND_INSIDE.search(bare) or are_stuck_together(bare.decode("utf-8", "replace"), symbology):
            shown = bare[:60].decode("utf-8", "replace")
            yield BadCode(reason="stuck_together", sentence=f"two codes were read as one: {shown!r}")
            return
        yield Code(content=bare, symbology=symbology)

    def _is_repeated(self, content: bytes, now_s: float) -> bool:
        """Remember each sighting, so that a code left before the scanner counts once."""
        window_s = SAME_COMMAND_S if COMMAND.search(content, 0, 9) else SAME_ITEM_S
        last = self._seen.pop(content, None)
        self._seen[content] = now_s
        if len(self._seen) > MOST_REMEMBERED:
            self._seen.pop(next(iter(self._seen)))
        return last is not None and now_s - last < window_s
