"""What the database is asked while a block runs, whoever composed it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection


@contextmanager
def statements(connection: Connection) -> Iterator[list[str]]:
    """The statements as SQLite runs them, with their values in place."""
    driver: Any = connection.connection.driver_connection
    said: list[str] = []
    driver.set_trace_callback(said.append)
    try:
        yield said
    finally:
        driver.set_trace_callback(None)


def plans(connection: Connection, said: list[str]) -> list[str]:
    """How SQLite goes about each of these statements, a line for every step."""
    driver: Any = connection.connection.driver_connection
    return [row[3] for text in said for row in driver.execute(f"EXPLAIN QUERY PLAN {text}").fetchall()]
