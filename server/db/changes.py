"""The cursor of the worklist: every change of a product, unit or inspector gets the next number."""

from sqlalchemy import Connection

from server.db.rows import run

NAME = "changes"
TAKE = (
    "INSERT INTO counters (site, name, value) VALUES (?, ?, ?) "
    "ON CONFLICT (site, name) DO UPDATE SET value = value + excluded.value RETURNING value"
)


def next_changes(connection: Connection, site: str, count: int) -> range:
    """Take `count` numbers; never given out twice, and in the order of the commits."""
    last: int = run(connection, TAKE, (site, NAME, count))[0][0]
    return range(last - count + 1, last + 1)
