"""One line to one device: what it says, what it was asked, and what was not understood."""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from typing import Generic, Self, TypeVar

from devices.device import CountFault
from devices.errors import LinkLost
from devices.framing import BadBytes, Decoder
from devices.transport.base import ByteStream

F = TypeVar("F")

CHECKS = frozenset({"crc", "checksum"})
"""Reasons for which a whole frame was refused, and not only noise skipped."""
GAP_S = 0.05
"""A line that is quiet for so long in the middle of a frame will not complete it."""
LATE_S = 0.01
"""Woken so much later than it asked for, this program stood still itself: that says nothing of the line."""


class Conversation(Generic[F]):
    """Frames out of a byte stream; an async context manager that may be entered again.

    What is no frame is counted as `bad_bytes` and shown; `counts` says how much went over the line.
    """

    def __init__(
        self,
        stream: ByteStream,
        decoder: Callable[[], Decoder[F]],
        count: CountFault,
        *,
        gap_s: float = GAP_S,
    ) -> None:
        self.counts: Counter[str] = Counter()
        """`frames`, `bytes`, `resyncs`, `bad_checks` (of the resyncs), `unanswered`."""
        self.stream = stream
        self._fresh = decoder
        self._decoder = decoder()
        self._count = count
        self._gap_s = gap_s
        self._heard: deque[F] = deque()
        self._quiet_s = 0.0
        """How long nothing was heard, as far as anybody listened."""

    async def __aenter__(self) -> Self:
        self._decoder = self._fresh()
        self._heard.clear()
        self._quiet_s = 0.0
        await self.stream.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stream.__aexit__(*exc)

    async def open(self, greet: Callable[[], Awaitable[object]]) -> None:
        """Enter and greet, or close again: a port without a device behind it must not look ready."""
        await self.__aenter__()
        try:
            await greet()
        except BaseException:
            await self.__aexit__()
            raise

    async def send(self, content: bytes) -> None:
        """Send bytes; raises LinkLost on a hang-up."""
        await self.stream.write(content)

    async def next(self, deadline: float | None = None, *, late_too: bool = False) -> F | None:
        """The next frame; None when the loop's time passes `deadline` first.

        `late_too`: what came while this program stood still counts, though it may be as old as that pause.
        """
        loop = asyncio.get_running_loop()
        while not self._heard:
            began = loop.time()
            left = None if deadline is None else deadline - began
            if left is not None and left <= 0:
                return None
            gap = self._gap_s - self._quiet_s if self._decoder.is_waiting else None
            wait = min((each for each in (left, gap) if each is not None), default=None)
            try:
                async with asyncio.timeout(wait):
                    self._take(await self.stream.read())
            except TimeoutError:
                waited = loop.time() - began
                if wait is not None and waited - wait > LATE_S:
                    # the frame, or the rest of it, may lie in the buffer unread
                    if late_too and deadline is not None:
                        deadline, late_too = max(deadline, loop.time() + LATE_S), False
                    continue
                self._quiet_s += waited
                # Half a frame at the deadline of whoever asks is not half a frame for ever.
                if gap is not None and self._quiet_s >= self._gap_s:
                    self._sort(self._decoder.idle())
        return self._heard.popleft()

    async def ask(
        self, question: bytes, answers: Callable[[F], bool], *, timeout_s: float, tries: int = 3
    ) -> F:
        """Ask until it is answered; frames that are no answer are dropped. Raises LinkLost after `tries`."""
        loop = asyncio.get_running_loop()
        for _ in range(tries):
            await self.send(question)
            deadline = loop.time() + timeout_s
            while (frame := await self.next(deadline, late_too=True)) is not None:
                if answers(frame):
                    return frame
            self.counts["unanswered"] += 1
        raise LinkLost(f"nothing answers at {self.stream.name}: is the device powered?", reason="silent")

    def _take(self, content: bytes) -> None:
        self._quiet_s = 0.0
        self.counts["bytes"] += len(content)
        self._sort(self._decoder.feed(content))

    def _sort(self, found: list[F | BadBytes]) -> None:
        for each in found:
            if isinstance(each, BadBytes):
                self.counts["resyncs"] += 1
                self.counts["bad_checks"] += each.reason in CHECKS
                self._count("bad_bytes", str(each))
            else:
                self.counts["frames"] += 1
                self._heard.append(each)
