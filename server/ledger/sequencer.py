"""Who gives entries their places: one small interface, so that another database can stand behind it."""

from collections.abc import Callable, Sequence
from typing import Protocol

from sqlalchemy import Connection

from server.db.writer import Writer
from server.ledger.log import Entry, Log, Place


class Sequencer(Protocol):
    """Appends to one log, one entry after the other, however many callers there are."""

    async def append(self, entry: Entry) -> Place:
        """Append; returns where the leaf stands once that is durable.

        An id that is there already returns its leaf and changes nothing. Raises Busy or StorageFailed
        when the same is to be sent again, BadMessage when the leaf would be too long.
        """
        ...


class WriterSequencer:
    """Over the one writer of an SQLite database: whatever waits is appended in one statement."""

    def __init__(self, writer: Writer, log: Log, now: Callable[[], str]) -> None:
        self._writer = writer
        self._log = log
        self._now = now

    async def append(self, entry: Entry) -> Place:
        """As the Protocol says; `recorded_at` is the moment of the group, not of each entry."""
        return await self._writer.join(self._append_all, entry)

    def _append_all(self, connection: Connection, entries: Sequence[Entry]) -> Sequence[Place]:
        return self._log.append_all(connection, tuple(entries), self._now())
