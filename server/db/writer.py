"""One thread writes; whatever waits is committed together.

Each unit of work runs in a savepoint of its own: one that fails leaves the others alone. No
caller gets its answer before the one commit (and its fsync) that holds all of them.
"""

import asyncio
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from server.errors import Busy, StorageFailed

T = TypeVar("T")
Work = Callable[[Connection], T]

GROUP = 128
"""Most units of work in one commit: bounds how long the first of them waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    work: Work[Any]
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    order: _Order
    value: Any = None
    error: Exception | None = None


class Writer:
    """The only way to change the database. `limit` is how many units of work may wait."""

    def __init__(self, engine: Engine, *, limit: int = 512) -> None:
        self._engine = engine
        self._queue: queue.Queue[_Order | None] = queue.Queue(limit)
        self._thread = threading.Thread(target=self._serve, name="writer", daemon=True)
        self._closed = False

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    async def submit(self, work: Work[T]) -> T:
        """Run `work` and commit; returns what it returned once that is durable.

        Raises what `work` raised, Busy when the queue is full, StorageFailed when the disk did
        not take the commit.
        """
        loop = asyncio.get_running_loop()
        order = _Order(work=work, future=loop.create_future(), loop=loop)
        if self._closed:
            raise Busy("the centre is stopping")
        try:
            self._queue.put_nowait(order)
        except queue.Full as error:
            raise Busy("the centre has more to write than it can: send the same again shortly") from error
        value: T = await order.future
        return value

    @property
    def waiting(self) -> int:
        """How many units of work wait."""
        return self._queue.qsize()

    def close(self) -> None:
        """Write what waits, then stop and close the connection."""
        self._closed = True
        self._queue.put(None)
        self._thread.join()
        self._engine.dispose()

    def _serve(self) -> None:
        stopping = False
        while not stopping:
            group, stopping = self._take()
            if group:
                self._commit(group)

    def _take(self) -> tuple[list[_Order], bool]:
        """Wait for one order, then take what else is there; True when told to stop."""
        group: list[_Order] = []
        order = self._queue.get()
        while order is not None:
            group.append(order)
            if len(group) == GROUP:
                return group, False
            try:
                order = self._queue.get_nowait()
            except queue.Empty:
                return group, False
        return group, True

    def _commit(self, group: list[_Order]) -> None:
        try:
            with self._engine.begin() as connection:
                done = [_run(connection, order) for order in group]
        except SQLAlchemyError as error:
            failed = StorageFailed("the database did not take the commit; nothing was recorded")
            failed.__cause__ = error
            done = [_Done(order=order, error=failed) for order in group]
        for each in done:
            _tell(each)


def _run(connection: Connection, order: _Order) -> _Done:
    connection.exec_driver_sql("SAVEPOINT work")
    try:
        value = order.work(connection)
    except OperationalError:  # the disk, not the work: nothing of this group is to be trusted
        raise
    except Exception as error:  # it is the caller's: handed back to whoever asked
        connection.exec_driver_sql("ROLLBACK TO work")
        connection.exec_driver_sql("RELEASE work")
        return _Done(order=order, error=error)
    connection.exec_driver_sql("RELEASE work")
    return _Done(order=order, value=value)


def _tell(done: _Done) -> None:
    with suppress(RuntimeError):  # the caller's loop is gone: nobody waits any more
        done.order.loop.call_soon_threadsafe(_settle, done)


def _settle(done: _Done) -> None:
    if done.order.future.done():  # the caller was cancelled; what it asked for is recorded all the same
        return
    if done.error is not None:
        done.order.future.set_exception(done.error)
    else:
        done.order.future.set_result(done.value)
