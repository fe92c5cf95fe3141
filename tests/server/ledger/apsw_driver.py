"""apsw as a driver of SQLAlchemy: as much of PEP 249 as the centre's writer asks for.

The standard library's `sqlite3` cannot choose a VFS of ours; apsw can, but has no PEP 249 face.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import apsw

apilevel, threadsafety, paramstyle = "2.0", 1, "qmark"
sqlite_version = apsw.sqlite_lib_version()
sqlite_version_info = tuple(int(part) for part in sqlite_version.split("."))
PARSE_DECLTYPES, PARSE_COLNAMES = 1, 2
Binary = bytes


class Warning(Exception):
    pass


class Error(Exception):
    pass


class DatabaseError(Error):
    pass


class OperationalError(DatabaseError):
    pass


class IntegrityError(DatabaseError):
    pass


InterfaceError = DataError = InternalError = ProgrammingError = NotSupportedError = DatabaseError


@contextmanager
def translated() -> Iterator[None]:
    """apsw's errors and the disk's by PEP 249's names."""
    try:
        yield
    except apsw.ConstraintError as error:
        raise IntegrityError(str(error)) from error
    except (apsw.Error, OSError) as error:
        raise OperationalError(str(error)) from error


class Cursor:
    """Reads every row at once: the statement is over when `execute` returns."""

    arraysize = 1

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._inner = connection.cursor()
        self._inner.exec_trace = self._note
        self._rows: list[Any] = []
        self.description: Sequence[Any] | None = None
        self.rowcount = -1

    @property
    def lastrowid(self) -> int:
        return int(self._connection.last_insert_rowid())

    def execute(self, statement: str, values: Sequence[Any] = ()) -> "Cursor":
        with translated():
            before = self._connection.total_changes()
            self._rows = list(self._inner.execute(statement, tuple(values)))
            self.rowcount = self._connection.total_changes() - before
        return self

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]]) -> "Cursor":
        with translated():
            before = self._connection.total_changes()
            self._rows = list(self._inner.executemany(statement, [tuple(row) for row in rows]))
            self.rowcount = self._connection.total_changes() - before
        return self

    def fetchone(self) -> Any:
        return self._rows.pop(0) if self._rows else None

    def fetchall(self) -> list[Any]:
        rows, self._rows = self._rows, []
        return rows

    def fetchmany(self, size: int = 1) -> list[Any]:
        rows, self._rows = self._rows[:size], self._rows[size:]
        return rows

    def close(self) -> None:
        self._rows = []

    def _note(self, cursor: apsw.Cursor, *_: object) -> bool:
        found = cursor.get_description()
        self.description = [(column[0], *[None] * 6) for column in found] or None
        return True


class Connection:
    """One connection; whoever holds it says BEGIN."""

    isolation_level: str | None = None

    def __init__(self, inner: apsw.Connection) -> None:
        self._inner = inner

    def cursor(self) -> Cursor:
        return Cursor(self._inner)

    def execute(self, statement: str) -> Cursor:
        return self.cursor().execute(statement)

    def create_function(self, name: str, arguments: int, function: Any, **_: bool) -> None:
        """SQLAlchemy's REGEXP, which nothing here uses."""

    def commit(self) -> None:
        if self._inner.in_transaction:
            self.execute("COMMIT")

    def rollback(self) -> None:
        if self._inner.in_transaction:
            self.execute("ROLLBACK")

    def close(self) -> None:
        with suppress(apsw.Error, OSError):  # a disk without power cannot even take a last checkpoint
            self._inner.close(True)


def connect(path: str, vfs: str) -> Connection:
    """Open a database on the named VFS."""
    with translated():
        return Connection(apsw.Connection(path, vfs=vfs))
