"""Many rows in one statement whose text is made once.

SQLAlchemy's own way works every row's values out anew; for the tables that grow with every record that
takes longer than the insert.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Table


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


@lru_cache(maxsize=64)
def _text(table: str, columns: tuple[str, ...], or_ignore: bool) -> str:
    names, marks = ", ".join(f'"{name}"' for name in columns), ", ".join("?" * len(columns))
    ending = " ON CONFLICT DO NOTHING" if or_ignore else ""
    return f'INSERT INTO "{table}" ({names}) VALUES ({marks}){ending}'  # noqa: S608 # our own tables' names
