"""How the database is opened: one connection that writes, a few that only read.

SQLite 3.40 may, rarely, damage a WAL file when two connections write or checkpoint it at once
(sqlite.org/wal.html, "WAL-reset bug", fixed in 3.51.3). So one connection writes and alone
checkpoints; every other is `mode=ro`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import anyio.to_thread
from sqlalchemy import Connection, Engine, QueuePool, create_engine, event

T = TypeVar("T")
BUSY_TIMEOUT_MS = 5000
READERS = 4


def writing_engine(path: Path) -> Engine:
    """The one connection that writes; its owner holds the database's lock."""
    path.touch(mode=0o600)
    return for_writing(create_engine(f"sqlite:///{path}", poolclass=QueuePool, pool_size=1, max_overflow=0))


def for_writing(engine: Engine) -> Engine:
    """Let an engine of one connection write as the centre does: WAL, and a sync before every answer."""
    event.listen(engine, "connect", _prepare_writer)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def reading_engine(path: Path) -> Engine:
    """Connections that cannot write; the file must be there."""
    url = f"sqlite:///file:{path.absolute()}?mode=ro&uri=true"
    engine = create_engine(url, poolclass=QueuePool, pool_size=READERS, max_overflow=0)
    event.listen(engine, "connect", _prepare_reader)
    event.listen(engine, "begin", _begin)
    return engine


class Reader:
    """Runs short reads in threads, so that the event loop never waits for the disk."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one read transaction: it sees one state of the database."""
        return await anyio.to_thread.run_sync(self.run_now, work)

    def run_now(self, work: Callable[[Connection], T]) -> T:
        """As `run`, in the thread of the caller."""
        with self._engine.begin() as connection:
            return work(connection)

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()


def _prepare_writer(connection: Any, _: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _prepare_reader(connection: Any, _: object) -> None:
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
