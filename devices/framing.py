"""From bytes to frames for any protocol of a line; touches no port.

After noise the bytes are searched, one offset after the other, for the next frame that holds: no protocol
here has a start byte that cannot also stand inside a frame. A frame that is not complete yet is waited for
until the line was quiet (`idle`); then its first byte is skipped like any other noise.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

F = TypeVar("F")

JUNK_KEPT = 1024
"""Bytes of one run of noise that are kept for its report; the rest is only counted."""


class BadFrame(ValueError):
    """A frame with a right check whose content is not what its command asks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BadBytes:
    """Bytes that are no frame, skipped."""

    offset: int
    """Of the first of them, counted from the opening of the line."""
    content: bytes
    """At most the first 1024 of them."""
    size: int
    reason: str
    """What was wrong at the first of them: `noise`, `cut_short`, or the codec's own, such as `crc`."""

    def __str__(self) -> str:
        return f"{self.reason} at byte {self.offset}: {self.content[:32].hex(' ')}"


@dataclass(frozen=True, slots=True)
class Front(Generic[F]):
    """What stands at the front of the buffer, as one look says.

    `size` 0: nothing can begin here. `size` beyond the buffer: it may be one, but more is needed.
    Otherwise `frame` is it, or `fault` says why it is none.
    """

    size: int
    frame: F | None = None
    fault: str = "noise"


class Decoder(Protocol[F]):
    """Feeds on bytes in any pieces."""

    @property
    def is_waiting(self) -> bool:
        """Whether the beginning of something that may be a frame is held back."""
        ...

    @property
    def held(self) -> int:
        """Bytes held back."""
        ...

    def feed(self, content: bytes) -> list[F | BadBytes]:
        """Take bytes; return what is complete, in order."""
        ...

    def idle(self) -> list[F | BadBytes]:
        """The line was quiet: what is held back will not be completed any more."""
        ...


class Framer(Generic[F]):
    """A Decoder over a function that looks at the front of a buffer.

    Holds back less than the largest `size` that `look` ever asks for.
    """

    def __init__(self, look: Callable[[bytearray], Front[F]]) -> None:
        self._look = look
        self._buffer = bytearray()
        self._offset = 0
        self._junk = bytearray()
        self._junk_size = 0
        self._junk_reason = ""

    @property
    def is_waiting(self) -> bool:
        """Whether the beginning of something that may be a frame is held back."""
        return bool(self._buffer)

    @property
    def held(self) -> int:
        """Bytes held back."""
        return len(self._buffer)

    def feed(self, content: bytes) -> list[F | BadBytes]:
        """Take bytes; return what is complete, in order."""
        self._buffer += content
        return list(self._drain(line_is_quiet=False))

    def idle(self) -> list[F | BadBytes]:
        """The line was quiet: what is held back will not be completed any more."""
        return list(self._drain(line_is_quiet=True))

    def _drain(self, *, line_is_quiet: bool) -> Iterator[F | BadBytes]:
        while self._buffer:
            front = self._look(self._buffer)
            if front.frame is not None:
                yield from self._report_junk()
                self._drop(front.size)
                yield front.frame
            elif front.size > len(self._buffer):
                if not line_is_quiet:
                    break
                self._skip("cut_short")
            else:
                self._skip(front.fault)
        yield from self._report_junk()

    def _skip(self, reason: str) -> None:
        self._junk_reason = self._junk_reason or reason
        self._junk_size += 1
        if len(self._junk) < JUNK_KEPT:
            self._junk.append(self._buffer[0])
        self._drop(1)

    def _drop(self, size: int) -> None:
        del self._buffer[:size]
        self._offset += size

    def _report_junk(self) -> Iterator[BadBytes]:
        if self._junk_size:
            start, size = self._offset - self._junk_size, self._junk_size
            yield BadBytes(offset=start, content=bytes(self._junk), size=size, reason=self._junk_reason)
            self._junk.clear()
            self._junk_size, self._junk_reason = 0, ""


class ReadLines(Generic[F]):
    """A Decoder of text lines that end with CR, LF or both; empty lines are nothing.

    `read` says what a line means, and None where it means nothing: that line is noise. A line without an
    end is complete after a pause where `pause_ends` says so, else it was cut short.
    """

    def __init__(self, read: Callable[[bytes], F | None], *, longest: int, pause_ends: bool = False) -> None:
        self._read = read
        self._longest = longest
        self._pause_ends = pause_ends
        self._line = bytearray()
        self._size = 0
        self._offset = 0

    @property
    def is_waiting(self) -> bool:
        """Whether the beginning of a line is held back."""
        return self._size > 0

    @property
    def held(self) -> int:
        """Bytes held back."""
        return len(self._line)

    def feed(self, content: bytes) -> list[F | BadBytes]:
        """Take bytes; return the lines that are complete, without their ends."""
        found: list[F | BadBytes] = []
        *ended, rest = content.replace(b"\r", b"\n").split(b"\n")
        for part in ended:
            self._add(part)
            found += self._complete()
            self._offset += 1
        self._add(rest)
        return found

    def idle(self) -> list[F | BadBytes]:
        """The line was quiet."""
        return self._complete(cut_short=not self._pause_ends)

    def _add(self, part: bytes) -> None:
        self._line += part[: max(0, self._longest - len(self._line))]
        self._size += len(part)

    def _complete(self, *, cut_short: bool = False) -> list[F | BadBytes]:
        line, size, start = bytes(self._line), self._size, self._offset
        self._line.clear()
        self._size = 0
        self._offset += size
        if not size:
            return []
        if size > self._longest:
            return [_not_a_line(start, line, size, "too_long")]
        if cut_short:
            return [_not_a_line(start, line, size, "cut_short")]
        read = self._read(line)
        return [read if read is not None else _not_a_line(start, line, size, "noise")]


class Lines(ReadLines[bytes]):
    """ReadLines that takes every line as it is."""

    def __init__(self, *, longest: int, pause_ends: bool = False) -> None:
        super().__init__(bytes, longest=longest, pause_ends=pause_ends)


def _not_a_line(start: int, line: bytes, size: int, reason: str) -> BadBytes:
    return BadBytes(offset=start, content=line[:JUNK_KEPT], size=size, reason=reason)


def joined(found: list[Any]) -> list[Any]:
    """The same, with BadBytes that touch each other put together: one fault, one report."""
    together: list[Any] = []
    for each in found:
        last = together[-1] if together else None
        if isinstance(each, BadBytes) and isinstance(last, BadBytes):
            content = (last.content + each.content)[:JUNK_KEPT]
            together[-1] = BadBytes(
                offset=last.offset, content=content, size=last.size + each.size, reason=last.reason
            )
        else:
            together.append(each)
    return together
