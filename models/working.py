"""Work beside the model: OpenCV and the readers of codes let Python go, so another thread may do it.

What is done, and in which order it comes back, is the same with any pool and without one.
"""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

AHEAD = 1
"""Pieces of work that are begun before they are asked for: each holds a decoded picture."""


class AtOnce(Executor):
    """No thread: does everything where it is handed in."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Done when it returns; what it raised comes out of the result."""
        done: Future[T] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:  # whoever asks for the result gets it
            done.set_exception(error)
        return done


AT_ONCE = AtOnce()
"""It holds nothing."""


def beside_the_model(threads: int) -> Executor:
    """One thread where the model's own leave a core over, else none.

    On two cores that two threads of the model fill, it slows the model by more than it saves
    (docs/peers/seeing-2026-11-28.md).
    """
    return one_thread() if len(os.sched_getaffinity(0)) > threads else AT_ONCE


def one_thread() -> ThreadPoolExecutor:
    """A thread for work beside the model, whatever cores there are."""
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="beside-the-model")


def ahead(pool: Executor, work: Iterable[Callable[[], T]]) -> Generator[T, None, None]:
    """What each piece of work gives, in order, the next ones already under way."""
    begun: deque[Future[T]] = deque()
    try:
        for piece in work:
            begun.append(pool.submit(piece))
            if len(begun) > AHEAD:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
    finally:
        for left in begun:
            left.cancel()
