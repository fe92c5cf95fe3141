"""What people made of the machine's grades, kept for learning: one row for each inspection of a unit.

A row is written in the transaction of its record, so neither is there without the other. It says neither who
decided nor whose return it was. Every function takes the open transaction, as in `edge.journal`.
"""

from collections.abc import Iterator

from sqlalchemy import Connection, delete, insert, inspect, select

from edge.tables import verdicts
from inspection.confirmed import Confirmed

AT_ONCE = 1000
"""Rows in memory while they are read."""


def keep(connection: Connection, inspection: int, row: Confirmed) -> None:
    """Keep a row, in place of an earlier one of the same inspection: a refused record may be made again."""
    key = {"merchant": row.merchant, "unit": row.unit, "inspection": inspection}
    connection.execute(delete(verdicts).filter_by(**key))
    connection.execute(insert(verdicts).values(**key, line=row.to_line()))


def drop_oldest(connection: Connection, keep: int) -> None:
    """Keep the newest rows only, at most so many."""
    newest_first = select(verdicts.c.id).order_by(verdicts.c.id.desc())
    beyond = newest_first.offset(keep).limit(1).scalar_subquery()
    connection.execute(delete(verdicts).where(verdicts.c.id <= beyond))


def kept(connection: Connection) -> Iterator[str]:
    """Every row as its line of JSON, the oldest first; none in a journal from before there were any."""
    if not inspect(connection).has_table(verdicts.name):
        return
    found = connection.execution_options(yield_per=AT_ONCE).execute(
        select(verdicts.c.line).order_by(verdicts.c.id)
    )
    yield from found.scalars()
