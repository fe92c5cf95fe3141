"""Judge the lines of a long log in two processes; what comes out is the same as in one.

The second process keeps no state and opens nothing: it is sent lines and answers with their pieces. While it
is busy the first goes on with the lines behind them. It ends when its input does, so also when the first was
killed; when it fails itself, the first judges what it was asked.
"""

import os
import pickle
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from types import TracebackType
from typing import IO, Self, cast

from kit.export import Header, Raw
from kit.plain import Pieces, judge

WORTH_IT = 50_000
"""Entries from which on a second process saves more than it costs to start."""
SHARE = 6
"""Batches that it is asked at a time."""
AHEAD = 8
"""Batches that the first process judges meanwhile, at most: they are kept until the answer is there."""
START = "import sys; sys.path[:] = sys.argv[1:]; from kit.judging import serve; serve()"

Batch = list[Raw]
Judged = Iterator[tuple[Batch, Pieces]]


@contextmanager
def judged(batches: Iterator[Batch], log: Header, *, thorough: bool) -> Iterator[Judged]:
    """Each batch in its order, with its pieces; the second process ends with the block."""

    def here(batch: Batch) -> Pieces:
        return judge(batch, log.origin, thorough=thorough)

    second = _second(log, thorough)
    if second is None:
        yield ((batch, here(batch)) for batch in batches)
        return
    with second:
        yield _in_two(batches, here, second)


def _second(log: Header, thorough: bool) -> "Second | None":
    """None where it would not help, or cannot be: Windows cannot ask whether an answer is there."""
    if log.size < WORTH_IT or (os.cpu_count() or 1) < 2 or sys.platform == "win32" or not sys.executable:
        return None
    with suppress(OSError):  # no more processes, no more memory: one is enough
        return Second(log.origin, thorough=thorough)
    return None


def _in_two(batches: Iterator[Batch], here: Callable[[Batch], Pieces], second: "Second") -> Judged:
    asked: list[Batch] = []
    while not second.ready() and (batch := next(batches, None)) is not None:
        yield batch, here(batch)  # while it starts
    while True:
        own = list(_meanwhile(batches, here, second))
        answer = second.answer()
        done = [*zip(asked, answer or map(here, asked), strict=True), *own]
        asked = list(islice(batches, SHARE)) if answer is not None else []
        second.ask(asked)
        yield from done  # what is made of them is made while the second process is busy
        if not asked:
            break
    yield from ((batch, here(batch)) for batch in batches)  # some are left where it failed


def _meanwhile(batches: Iterator[Batch], here: Callable[[Batch], Pieces], second: "Second") -> Judged:
    for _ in range(AHEAD):
        if second.ready() or (batch := next(batches, None)) is None:
            return
        yield batch, here(batch)


class Second:
    """A second process that judges; the first answer, an empty one, says that it is ready."""

    def __init__(self, origin: str, *, thorough: bool) -> None:
        # -P: the folder where it is started, which may hold a stranger's files, is not searched for code
        command = [sys.executable, "-P", "-c", START, *sys.path]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL)
        self._in, self._out = cast(IO[bytes], self._process.stdin), cast(IO[bytes], self._process.stdout)
        self._tell((origin, thorough))

    def ask(self, batches: list[Batch]) -> None:
        """Send lines, once the answer before is taken."""
        self._tell(batches)

    def ready(self) -> bool:
        """True when `answer` need not wait for long."""
        return bool(select.select([self._out], [], [], 0)[0])

    def answer(self) -> list[Pieces] | None:
        """The pieces of each batch; None when the process is gone."""
        with suppress(EOFError, pickle.UnpicklingError):
            found: list[Pieces] = pickle.load(self._out)  # noqa: S301 - from a process of our own
            return found
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        with suppress(BrokenPipeError):
            self._process.__exit__(kind, error, trace)

    def _tell(self, what: object) -> None:
        with suppress(BrokenPipeError):  # `answer` says that it is gone
            pickle.dump(what, self._in, pickle.HIGHEST_PROTOCOL)
            self._in.flush()


def serve() -> None:
    """The second process, until its input ends."""
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    with suppress(EOFError, BrokenPipeError):
        origin, thorough = pickle.load(source)  # noqa: S301 - from the process that started this one
        answer: list[Pieces] = []
        while True:
            pickle.dump(answer, sink, pickle.HIGHEST_PROTOCOL)
            sink.flush()
            answer = [judge(each, origin, thorough=thorough) for each in pickle.load(source)]  # noqa: S301
