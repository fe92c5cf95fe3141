"""One thread writes; whatever waits is committed together.

Each unit of work runs in a savepoint of its own: one that fails leaves the others alone. Neighbours
that ask for the same joint work are one unit, done in one call. No caller gets its answer before the
one commit (and its fsync) that holds all of them.
"""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from server.db.rows import run
from server.errors import Busy, StorageFailed

T = TypeVar("T")
Item = TypeVar("Item")
Work = Callable[[Connection], T]
JointWork = Callable[[Connection, Sequence[Item]], Sequence[T]]
"""What is done for many callers at once: one result for each item, in their order."""

LOG, PAGES = "log", "pages"
"""What is scrubbed."""
PRIMARY = 0xFF
"""What is left of SQLite's extended error codes: https://sqlite.org/rescode.html."""
GROUP = 128
"""Most orders in one commit: bounds how long the first of them waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    work: JointWork[Any, Any]
    item: Any
    alone: bool
    """True when no neighbour may share the call."""
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
        self._to_scrub: frozenset[str] = frozenset()

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    async def submit(self, work: Work[T]) -> T:
        """Run `work` and commit; returns what it returned once that is durable.

        Raises what `work` raised, Busy when the queue is full, StorageFailed when the disk did
        not take the commit.
        """
        value: T = await self._order(_singly, work, alone=True)
        return value

    async def join(self, work: JointWork[Item, T], item: Item) -> T:
        """As `submit`, for work that is done for all callers who wait for the same at once.

        When it fails for them together, it is done for each alone: nobody fails by another's item.
        """
        value: T = await self._order(work, item, alone=False)
        return value

    async def scrub(self) -> None:
        """Empty the write-ahead log, so that no file holds what was overwritten or deleted.

        Raises StorageFailed where a reader, or the disk, does not let it happen in time.
        """
        await self.submit(self._ask_to_scrub)

    async def rewrite(self) -> None:
        """As `scrub`, and write the whole database anew without its free pages: it shrinks. Takes a while."""
        await self.submit(self._ask_to_rewrite)

    def _ask_to_scrub(self, _: Connection) -> None:
        self._to_scrub |= {LOG}

    def _ask_to_rewrite(self, _: Connection) -> None:
        self._to_scrub |= {LOG, PAGES}

    def _empty_log(self) -> None:
        """Outside any transaction, behind the commit of the group that asked for it."""
        asked, self._to_scrub = self._to_scrub, frozenset()
        connection = self._engine.raw_connection()
        try:
            if PAGES in asked:
                connection.cursor().execute("VACUUM")
            busy, _, _ = connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            connection.close()
        if busy:
            raise StorageFailed("the database's log could not be emptied: a reader holds an older state")

    def _order(self, work: JointWork[Any, Any], item: Any, *, alone: bool) -> asyncio.Future[Any]:
        loop = asyncio.get_running_loop()
        order = _Order(work=work, item=item, alone=alone, future=loop.create_future(), loop=loop)
        if self._closed:
            raise Busy("the centre is stopping")
        try:
            self._queue.put_nowait(order)
        except queue.Full as error:
            raise Busy("the centre has more to write than it can: send the same again shortly") from error
        return order.future

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
                done = [each for unit in _units(group) for each in _run(connection, unit)]
        except SQLAlchemyError as error:
            failed = StorageFailed("the database did not take the commit; nothing was recorded")
            failed.__cause__ = error
            done = [_Done(order=order, error=failed) for order in group]
        _tell(self._scrubbed(done) if self._to_scrub else done)

    def _scrubbed(self, done: list[_Done]) -> list[_Done]:
        try:
            self._empty_log()
        except (StorageFailed, SQLAlchemyError, sqlite3.Error) as error:
            failed = StorageFailed(f"the database's log could not be emptied: {error}")
            asked = (self._ask_to_scrub, self._ask_to_rewrite)
            return [replace(each, error=failed) if each.order.item in asked else each for each in done]
        return done


def _units(group: list[_Order]) -> Iterator[list[_Order]]:
    """What runs in one savepoint each: an order, or neighbours that ask for the same joint work."""
    for _, same in groupby(enumerate(group), key=lambda each: each[0] if each[1].alone else each[1].work):
        yield [order for _, order in same]


def _run(connection: Connection, unit: list[_Order]) -> list[_Done]:
    run(connection, "SAVEPOINT work")
    try:
        values = unit[0].work(connection, [order.item for order in unit])
    except Exception as error:
        if _is_the_disks(error):  # nothing of this group is to be trusted
            raise
        # else it is the caller's: handed back to whoever asked
        run(connection, "ROLLBACK TO work")
        run(connection, "RELEASE work")
        if len(unit) == 1:
            return [_Done(order=unit[0], error=error)]
        return [done for order in unit for done in _run(connection, [order])]
    run(connection, "RELEASE work")
    return [_Done(order=order, value=value) for order, value in zip(unit, values, strict=True)]


def _is_the_disks(error: Exception) -> bool:
    """True for an error that SQLite gives for other reasons than what it was asked."""
    if not isinstance(error, OperationalError):
        return False
    code = getattr(error.orig, "sqlite_errorcode", sqlite3.SQLITE_IOERR)
    return code & PRIMARY != sqlite3.SQLITE_ERROR


def _singly(connection: Connection, items: Sequence[Work[T]]) -> Sequence[T]:
    return [work(connection) for work in items]


def _tell(done: list[_Done]) -> None:
    """One call for all callers of a loop: each call wakes it through a pipe."""
    for loop in {each.order.loop for each in done}:
        with suppress(RuntimeError):  # the callers' loop is gone: nobody waits any more
            loop.call_soon_threadsafe(_settle, [each for each in done if each.order.loop is loop])


def _settle(done: list[_Done]) -> None:
    for each in done:
        if each.order.future.done():  # the caller was cancelled; what it asked for is recorded all the same
            continue
        if each.error is not None:
            each.order.future.set_exception(each.error)
        else:
            each.order.future.set_result(each.value)
