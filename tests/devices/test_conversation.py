import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

import pytest

from devices.conversation import Conversation
from devices.framing import Lines

GAP_S = 0.1


class Line:
    """A byte stream whose other end is the test."""

    name = "line"

    def __init__(self) -> None:
        self.coming: asyncio.Queue[bytes] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None: ...

    async def read(self) -> bytes:
        return await self.coming.get()

    async def write(self, content: bytes) -> None: ...


@pytest.fixture
def faults() -> Counter[str]:
    return Counter()


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
def talk(line: Line, faults: Counter[str]) -> Conversation[bytes]:
    def count(code: str, sentence: str) -> None:
        faults[sentence.split()[0]] += 1

    return Conversation(line, lambda: Lines(longest=64), count, gap_s=GAP_S)


AT_LAST_S = 10.0
"""For what comes at once, unless the machine is busy."""


def soon(seconds: float = GAP_S / 10) -> float:
    return asyncio.get_running_loop().time() + seconds


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    began = loop.time()
    yield
    assert loop.time() - began < seconds


async def test_half_a_frame_at_a_deadline_is_completed_afterwards(
    talk: Conversation[bytes], line: Line, faults: Counter[str]
) -> None:
    async with talk:
        line.coming.put_nowait(b"S S  1")
        assert await talk.next(soon()) is None
        line.coming.put_nowait(b"00.00 g\r\n")
        assert await talk.next(soon(AT_LAST_S)) == b"S S  100.00 g"
    assert not faults


async def test_a_pause_of_this_program_is_not_taken_for_one_of_the_line(
    talk: Conversation[bytes], line: Line, faults: Counter[str]
) -> None:
    loop = asyncio.get_running_loop()
    async with talk:
        line.coming.put_nowait(b"S S  1")
        loop.call_later(GAP_S / 4, time.sleep, GAP_S * 2)
        loop.call_later(GAP_S / 2, line.coming.put_nowait, b"00.00 g\r\n")
        assert await talk.next(soon(GAP_S * 10)) == b"S S  100.00 g"
    assert not faults


def stand_still(line: Line, comes: bytes) -> None:
    """In a moment nothing runs here for a while, and then this lies in the buffer."""
    loop = asyncio.get_running_loop()

    def pause() -> None:
        time.sleep(GAP_S * 2)
        loop.call_soon(line.coming.put_nowait, comes)

    loop.call_later(GAP_S / 10, pause)


@pytest.mark.parametrize(("late_too", "heard"), [(True, b"S S  100.00 g"), (False, None)])
async def test_what_came_during_a_pause_of_this_program_is_an_answer_but_no_reading_of_now(
    talk: Conversation[bytes], line: Line, late_too: bool, heard: bytes | None
) -> None:
    async with talk:
        stand_still(line, b"S S  100.00 g\r\n")
        assert await talk.next(soon(GAP_S / 2), late_too=late_too) == heard


async def test_a_question_that_was_answered_during_a_pause_of_this_program_is_asked_once(
    talk: Conversation[bytes], line: Line
) -> None:
    async with talk:
        stand_still(line, b"S S  100.00 g\r\n")
        said = await talk.ask(b"S\r\n", lambda _: True, timeout_s=GAP_S / 2, tries=1)
    assert (said, talk.counts["unanswered"]) == (b"S S  100.00 g", 0)


async def test_half_a_frame_is_given_up_after_the_gap_however_often_it_is_asked_for(
    talk: Conversation[bytes], line: Line, faults: Counter[str]
) -> None:
    async with talk:
        line.coming.put_nowait(b"S S  1")
        with at_most(GAP_S * 10):
            while not faults:
                assert await talk.next(soon()) is None
        assert faults == {"cut_short": 1}
        line.coming.put_nowait(b"S I\r\n")
        assert await talk.next(soon(AT_LAST_S)) == b"S I"


async def test_a_gap_counts_only_while_somebody_listens(talk: Conversation[bytes], line: Line) -> None:
    async with talk:
        line.coming.put_nowait(b"S S  1")
        assert await talk.next(soon()) is None
        await asyncio.sleep(GAP_S * 2)
        line.coming.put_nowait(b"00.00 g\r\n")
        assert await talk.next(soon(AT_LAST_S)) == b"S S  100.00 g"
