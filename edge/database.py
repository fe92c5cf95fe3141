"""One SQLite file, one connection, one thread that writes; one process per station folder.

WAL with FULL sync: what `write` returned is on the disk. A single connection also keeps clear
of SQLite's rare WAL-reset corruption (3.7.0 to 3.51.2), which needs two writers.
"""

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool, QueuePool

from edge.errors import AlreadyRunning, BadConfig, DiskFull, JournalBroken
from edge.tables import SCHEMA_VERSION, metadata

T = TypeVar("T")

JOURNAL = "station.sqlite"

PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",
    "PRAGMA busy_timeout=5000",
)


class Database:
    """The station's journal file, opened exclusively; raises SetUpWrong kinds when it cannot be."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = _take_lock(folder / "station.lock")
        try:
            self._engine = _engine(folder / JOURNAL)
            self._prepare(folder / JOURNAL)
        except BaseException:
            os.close(self._lock)
            raise
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @property
    def engine(self) -> Engine:
        """For tests that interrupt statements."""
        return self._engine

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Do `work` in one transaction in the writer thread; on return it is durable."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self.run_now, work)

    def run_now(self, work: Callable[[Connection], T]) -> T:
        """Do `work` in one transaction in this thread; all of it or nothing."""
        try:
            with self._engine.begin() as connection:
                return work(connection)
        except OperationalError as error:
            if "full" in str(error.orig):
                raise DiskFull("the disk is full: nothing more can be written down") from error
            raise JournalBroken(f"{JOURNAL} cannot be written: {error.orig}") from error

    async def scrub(self) -> None:
        """Rewrite the file without its free pages and empty its log: what was deleted is in neither."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._scrub)

    def _scrub(self) -> None:
        connection = self._engine.raw_connection()  # outside a transaction, where VACUUM must be
        try:
            for statement in ("PRAGMA temp_store=MEMORY", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
                connection.cursor().execute(statement)
        except sqlite3.OperationalError as error:
            raise DiskFull(f"the journal cannot be rewritten now: {error}") from error
        finally:
            connection.close()

    def close(self) -> None:
        """Finish what is being written, close the file, give the folder free."""
        self._thread.shutdown(wait=True)
        self._engine.dispose()
        os.close(self._lock)

    def _prepare(self, path: Path) -> None:
        try:
            self.run_now(_migrate)
        except DBAPIError as error:
            raise JournalBroken(
                f"{path.name} is damaged ({error.orig}): move it aside and keep it, then start again"
            ) from error
        path.chmod(0o600)


@contextmanager
def reading(folder: Path) -> Iterator[Connection]:
    """The journal to read from, also while the station runs; raises BadConfig or JournalBroken."""
    path = (folder / JOURNAL).resolve()
    if not path.is_file():
        raise BadConfig(f"{folder} holds no {JOURNAL}: has the station run, and is this its folder?")
    source = f"{path.as_uri()}?mode=ro"
    engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(source, uri=True), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            _refuse_newer(connection)
            yield connection
    except DBAPIError as error:
        raise JournalBroken(f"{JOURNAL} cannot be read: {error.orig}") from error


def _refuse_newer(connection: Connection) -> None:
    found = connection.execute(text("PRAGMA user_version")).scalar_one()
    if found > SCHEMA_VERSION:
        raise JournalBroken(f"{JOURNAL} has version {found}; this program knows {SCHEMA_VERSION}")


def _migrate(connection: Connection) -> None:
    _refuse_newer(connection)
    metadata.create_all(connection)
    connection.execute(text(f"PRAGMA user_version={SCHEMA_VERSION}"))


def _engine(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", poolclass=QueuePool, pool_size=1, max_overflow=0)

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _: object) -> None:
        connection.isolation_level = None  # SQLAlchemy says BEGIN, not the driver
        for pragma in PRAGMAS:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _take_lock(path: Path) -> int:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise AlreadyRunning(f"another station already works in {path.parent}") from error
    return handle
