"""Statements in the database's own words, and many rows in one of them.

SQLAlchemy composes a statement, and describes its result, anew each time; for what is asked and written with
every record that takes several times as long as SQLite takes to answer.
"""

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

import orjson
from sqlalchemy import Column, Connection, Table
from sqlalchemy.exc import DBAPIError

MOST_TOGETHER = 64
"""Rows of one statement: a power of two, so that few texts do for every number of rows."""
_ENDINGS = {False: "", True: " ON CONFLICT DO NOTHING"}


def run(connection: Connection, text: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Run one statement of ours in the connection's transaction; all rows that it gives, none for a change.

    Values and rows are SQLite's own: no column type turns them into anything. Raises what `execute` raises.
    """
    cursor, failed = connection.connection.cursor(), connection.dialect.loaded_dbapi.Error
    try:
        cursor.execute(text, values)
        return list(cursor.fetchall()) if cursor.description else []
    except failed as error:
        raise DBAPIError.instance(text, tuple(values), error, failed) from error


def insert_rows(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], *, or_ignore: bool = False
) -> None:
    """Insert rows that all name the same columns; `or_ignore` leaves those alone that are there already.

    Raises IntegrityError as an insert does. No rows are no statement.
    """
    if rows:
        columns = tuple(rows[0])
        values = [tuple([row[name] for name in columns]) for row in rows]
        write_rows(connection, _opening(table.name, columns), values, _ENDINGS[or_ignore])


def write_rows(
    connection: Connection, opening: str, rows: Sequence[tuple[Any, ...]], ending: str = ""
) -> None:
    """Run `opening`, which ends before its VALUES, with all rows in as few statements as there can be.

    The driver gives up the interpreter for every row that it is handed by itself, and then waits for its
    turn: while records were being checked beside it, the writer waited longer for that than it worked.
    """
    start = 0
    while start < len(rows):
        many = min(MOST_TOGETHER, 1 << (len(rows) - start).bit_length() - 1)
        part = rows[start : start + many]
        text = _statement(opening, len(part[0]), many, ending)
        run(connection, text, tuple(chain.from_iterable(part)))
        start += many


def find_rows(
    connection: Connection,
    wanted: Sequence[Column[Any]],
    key: Column[Any],
    names: Iterable[str],
    /,
    **mine: str,
) -> Sequence[Any]:
    """The wanted columns of the rows whose `key` is one of `names`; `mine` says what other columns hold.

    The names go as one JSON list, so that the statement stays the same however many there are.
    """
    columns = tuple(column.name for column in wanted)
    text = _question(key.table.name, columns, key.name, tuple(mine))
    asked = (*mine.values(), orjson.dumps(list(names)).decode())
    return list(map(_row(columns), run(connection, text, asked)))


@lru_cache(maxsize=64)
def _row(columns: tuple[str, ...]) -> Callable[[tuple[Any, ...]], Any]:
    named: Callable[..., Any] = namedtuple
    make: Callable[[tuple[Any, ...]], Any] = named("Row", columns)._make
    return make


@lru_cache(maxsize=64)
def _question(table: str, columns: tuple[str, ...], key: str, mine: tuple[str, ...]) -> str:
    names = ", ".join(f'"{name}"' for name in columns)
    held = " AND ".join(f'"{name}" = ?' for name in mine)
    among = "IN (SELECT value FROM json_each(?))"
    return f'SELECT {names} FROM "{table}" WHERE {held} AND "{key}" {among}'  # noqa: S608 # our own names


@lru_cache(maxsize=64)
def _opening(table: str, columns: tuple[str, ...]) -> str:
    names = ", ".join(f'"{name}"' for name in columns)
    return f'INSERT INTO "{table}" ({names})'


@lru_cache(maxsize=256)
def _statement(opening: str, columns: int, rows: int, ending: str) -> str:
    row = f"({', '.join('?' * columns)})"
    return f"{opening} VALUES {', '.join([row] * rows)}{ending}"
