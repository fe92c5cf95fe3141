"""What counts as one code that was meant, whatever read it: a scanner on a line, or a camera.

Two codes stuck together are refused here already: half of them would be the wrong item.

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

    @property
    def is_command(self) -> bool:
        """Whether it is a printed card of ours, and no item."""
        return COMMAND.match(self.content) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class BadCode:
    """Bytes that are not one code."""

    reason: str
    """`too_long`, `cut_short` or `stuck_together`."""
    sentence: str


class Guard:
    """Lets each code through once; times are seconds of any clock that only moves forward."""

    def __init__(self, *, same_item_s: float = SAME_ITEM_S) -> None:
        self._same_item_s = same_item_s
        self._seen: dict[bytes, float] = {}

    def judged(self, content: bytes, now_s: float) -> Iterator[Code | BadCode]:
        """What this is, read now; nothing where it was read just before. An AIM identifier may lead it."""
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
        window_s = SAME_COMMAND_S if COMMAND.search(content, 0, 9) else self._same_item_s
        last = self._seen.pop(content, None)
        self._seen[content] = now_s
        if len(self._seen) > MOST_REMEMBERED:
            self._seen.pop(next(iter(self._seen)))
        return last is not None and now_s - last < window_s
