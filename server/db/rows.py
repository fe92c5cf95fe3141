"""Many rows in one statement whose text is made once.

SQLAlchemy composes a statement and works its values out anew each time; for what is asked and written with
every record that takes longer than SQLite takes to answer.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import Column, Connection, Table


def insert_rows(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], *, or_ignore: bool = False
) -> None:
    """Insert rows that all name the same columns; `or_ignore` leaves those alone that are there already.

    Raises IntegrityError as an insert does. No rows are no statement.
    """
    if rows:
        columns = tuple(rows[0])
        values = [tuple([row[name] for name in columns]) for row in rows]
        connection.exec_driver_sql(_text(table.name, columns, or_ignore), values)


def find_rows(
    connection: Connection, wanted: Sequence[Column[Any]], key: Column[Any], names: Iterable[str], **mine: str
) -> Sequence[Any]:
    """The wanted columns of the rows whose `key` is one of `names`; `mine` says what other columns hold.

    The names go as one JSON list, so that the statement stays the same however many there are.
    """
    columns = tuple(column.name for column in wanted)
    text = _question(str(key.table), columns, key.name, tuple(mine))
    asked = (*mine.values(), orjson.dumps(list(names)).decode())
    return connection.exec_driver_sql(text, asked).all()


@lru_cache(maxsize=64)
def _question(table: str, columns: tuple[str, ...], key: str, mine: tuple[str, ...]) -> str:
    names = ", ".join(f'"{name}"' for name in columns)
    held = " AND ".join(f'"{name}" = ?' for name in mine)
    among = "IN (SELECT value FROM json_each(?))"
    return f'SELECT {names} FROM "{table}" WHERE {held} AND "{key}" {among}'  # noqa: S608 # our own names


@lru_cache(maxsize=64)
def _text(table: str, columns: tuple[str, ...], or_ignore: bool) -> str:
    names, marks = ", ".join(f'"{name}"' for name in columns), ", ".join("?" * len(columns))
    ending = " ON CONFLICT DO NOTHING" if or_ignore else ""
    return f'INSERT INTO "{table}" ({names}) VALUES ({marks}){ending}'  # noqa: S608 # our own tables' names
